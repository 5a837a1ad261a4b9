// Called by `npm test`, `npm run demo` and the other scripts: sets up, builds, and runs one task.
// Plain Node without dependencies, so that a fresh clone needs nothing but Node and npm.
import path from 'node:path'
import { chdir } from 'node:process'
import { fileURLToPath } from 'node:url'
import { setup } from './setup.mjs'
import { prepare, run } from './spawn.mjs'

chdir(fileURLToPath(new URL('..', import.meta.url)))

const [task, ...args] = process.argv.slice(2)
const bin = (name) => path.join('node_modules', '.bin', name)
// The Node version is not in turbo's hash by itself; turbo.json lists this variable.
const env = { TURBO_TELEMETRY_DISABLED: '1', NODE_MAJOR: process.versions.node.split('.')[0] }

// On Node 20 the SDK would announce the end of its support in every process.
const quiet = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' }

const build = () => prepare('build', bin('turbo'), ['run', 'build', '--output-logs=errors-only'], env)
const check = async () => {
  await run('types', bin('tsc'), ['-p', 'tsconfig.json'])
  await run('types of the page', bin('tsc'), ['-p', 'examples/patient-intake/web/page'])
  await run('types of the reference', bin('tsc'), ['-p', 'tools/reference'])
}
const lint = async () => {
  await run('lint', bin('biome'), ['check', '.'])
  await run('unused files, exports and dependencies', bin('knip'), ['--no-progress'])
  await run('spelling', bin('cspell'), [
    '--no-progress',
    '--no-summary',
    '--cache',
    '--cache-strategy',
    'content',
    '--cache-location',
    '.jest/cspell',
  ])
  await plain('workflows')
}
const jest = () =>
  run(
    'tests',
    process.execPath,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
      ...args,
    ],
    quiet,
  )
const script = (name, file) => run(name, process.execPath, ['tools/ts.mjs', file, ...args], quiet)

/** A script of plain Node in this folder, by its name. */
const plain = (name) => run(name, process.execPath, [`tools/${name}.mjs`, ...args])

const tasks = {
  build: [build],
  check: [check],
  lint: [lint],
  advisories: [() => plain('advisories')],
  format: [() => run('format', bin('biome'), ['check', '--write', '.'])],
  test: [build, check, lint, jest],
  demo: [build, () => script('demo', 'examples/patient-intake/demo/main.ts')],
  reference: [() => script('reference', 'tools/reference/main.ts')],
  long: [build, () => plain('long')],
  bench: [build, () => script('bench', 'bench/main.ts')],
  mutants: [() => script('mutants', 'tools/mutants/main.ts')],
}

if (!(task in tasks)) {
  console.error(`usage: node tools/run.mjs ${Object.keys(tasks).join(' | ')} [arguments]`)
  process.exit(2)
}
await setup()
for (const step of tasks[task]) await step()
