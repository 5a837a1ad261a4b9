// Projects as users have them, on the packed packages: each tool that docs/runners-and-bundlers.md names, with the
// settings that the page shows, and without them where it says what then happens. One install serves all.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { run } from '../spawn.mjs'
import { blocks, runners } from './page.mjs'

const jest = 'node ../node_modules/jest/bin/jest.js'
// Only what it writes matters: it does not know the types of newer versions.
const ts51 =
  'node ../node_modules/typescript-5.1/bin/tsc --target es2022 --module nodenext --noResolve --noLib'
const node10 =
  '--noEmit --strict --target es2022 --skipLibCheck --types node --module commonjs --moduleResolution node handler.ts'

/**
 * `name` of the folder; `module`, if it is CommonJS; `files` of tools/packed/projects beside the quick start's handler;
 * `settings`, files by the heading of the page under which their text is; `command`; `fails`, the text that the page
 * says the command ends with; and `until`, the first version of Node on which it no longer does.
 */
export const projects = [
  {
    name: 'jest-esm-swc',
    files: ['jest.test.ts'],
    settings: { 'jest.config.js': '### Jest with TypeScript' },
    command: `node --experimental-vm-modules ../node_modules/jest/bin/jest.js`,
  },
  {
    name: 'jest-commonjs-swc',
    module: 'commonjs',
    files: ['commonjs.test.ts'],
    settings: { 'jest.config.js': '### Jest in CommonJS: swc' },
    command: jest,
  },
  {
    name: 'jest-commonjs-without-settings',
    module: 'commonjs',
    files: ['commonjs.test.ts'],
    settings: { 'jest.config.js': '### Jest in CommonJS: swc' },
    command: `sed -i.bak /transformIgnorePatterns/d jest.config.js && ${jest}`,
    fails: 'Must use import to load ES Module',
    until: [24, 9],
  },
  {
    name: 'jest-commonjs-ts-jest',
    module: 'commonjs',
    files: ['commonjs.test.ts'],
    settings: { 'jest.config.js': '### Jest in CommonJS: ts-jest' },
    command: jest,
  },
  {
    name: 'vitest',
    files: ['vitest.test.ts'],
    settings: { 'tsconfig.json': '### Vitest 4 and Vite 8' },
    command: 'vitest run',
  },
  {
    name: 'vitest-without-settings',
    files: ['vitest.test.ts'],
    command: 'vitest run',
    fails: 'SyntaxError: Invalid or unexpected token',
  },
  {
    name: 'vite',
    files: ['index.html', 'page.ts', 'browser.mjs'],
    settings: { 'tsconfig.json': '### Vitest 4 and Vite 8' },
    command: 'vite build && node --check dist/assets/*.js && node browser.mjs dist',
    browser: true,
  },
  {
    name: 'vite-without-settings',
    files: ['index.html', 'page.ts'],
    command: 'vite build && node --check dist/assets/*.js',
    fails: 'SyntaxError: Invalid or unexpected token',
  },
  {
    name: 'legacy-tsc',
    module: 'commonjs',
    files: ['service.ts'],
    settings: { 'tsconfig.json': '### Beside other decorators' },
    command: ['tsc', '../../node_modules/.bin/tsc']
      .map((tsc) => `${tsc} -p . --outDir dist --rootDir . && node dist/service.js && rm -r dist`)
      .join(' && '),
  },
  {
    name: 'legacy-swc',
    files: ['service.ts', 'swc.mjs'],
    settings: { '.swcrc': '### Beside other decorators' },
    command: 'node swc.mjs service.ts && node service.js',
  },
  {
    name: 'swc',
    files: ['swc.mjs'],
    settings: { '.swcrc': '### swc' },
    command: 'node swc.mjs handler.ts && node ../../bundled.mjs handler.js',
  },
  {
    name: 'swc-without-settings',
    files: ['swc.mjs'],
    command: 'WITHOUT_SETTINGS=1 node swc.mjs handler.ts',
    fails: 'Expression expected',
  },
  {
    name: 'typescript-5.1',
    command: `${ts51} handler.ts >types.txt || node handler.js`,
    fails: 'no decorator metadata: runners-and-bundlers.md',
  },
  {
    name: 'node10',
    command: `tsc ${node10}`,
    fails: "Consider updating to 'node16', 'nodenext', or 'bundler'",
  },
  {
    name: 'node10-typescript-7',
    command: `../../node_modules/.bin/tsc ${node10} --ignoreConfig`,
    fails: 'TS5108',
  },
  {
    name: 'unbundled-require',
    module: 'commonjs',
    command: `node --no-experimental-require-module -e "require('@glassine/core')"`,
    fails: 'ERR_REQUIRE_ESM',
  },
  {
    name: 'unbundled-import',
    module: 'commonjs',
    settings: { 'index.cjs': '### Unbundled in Lambda' },
    command: `esbuild handler.ts --target=node20 --format=esm --outfile=patients.mjs --log-level=warning &&
      node --no-experimental-require-module ../../bundled.mjs patients.mjs index.cjs`,
  },
]

/** Runs the projects in a folder below the one where the packages are installed. */
export const runProjects = async ({ folder, root }) => {
  checkVersions(JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')), root)
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  await run('projects: install', 'npm', ['install', '--prefix', folder, ...quiet])
  const browser = chromium()
  const [major, minor] = process.versions.node.split('.').map(Number)
  const fitting = projects.filter(({ until: [first, second] = [major + 1] }) =>
    first === major ? minor < second : major < first,
  )
  for (const project of fitting) {
    if (project.browser && browser === undefined) skip(project.name)
    else runProject(folder, project, { GLASSINE_CHROMIUM: browser })
  }
}

/** What the repository uses too has its version; ts-jest alone needs an older compiler. */
const checkVersions = ({ devDependencies }, root) => {
  for (const [name, version] of Object.entries(devDependencies))
    if (name !== 'typescript' && version !== (root.devDependencies[name] ?? version))
      throw new Error(`tools/packed/projects has another ${name} than the repository`)
}

const chromium = () => {
  if (process.env.GLASSINE_CHROMIUM) return process.env.GLASSINE_CHROMIUM
  const { status, stdout } = spawnSync('which', ['chromium'], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

const skip = (name) => {
  const missing = 'there is no Chromium'
  if (process.env.GLASSINE_REQUIRE?.split(',').includes('browser'))
    throw new Error(`GLASSINE_REQUIRE names browser, and ${missing}`)
  console.error(`Skipped: ${name}: ${missing}`)
}

const runProject = (folder, project, env) => {
  const { name, module = 'module', files = [], settings = {}, command, fails } = project
  const own = path.join(folder, name)
  mkdirSync(own)
  writeFileSync(path.join(own, 'package.json'), JSON.stringify({ private: true, type: module }))
  cpSync('examples/quick-start/handler.ts', path.join(own, 'handler.ts'))
  for (const file of [...files, 'cases.ts']) cpSync(path.join(folder, file), path.join(own, file))
  for (const [file, heading] of Object.entries(settings))
    writeFileSync(path.join(own, file), blocks(runners, heading).find((block) => block.file === file).text)

  const started = Date.now()
  const { status, stdout, stderr } = spawnSync('sh', ['-ec', command], {
    cwd: own,
    encoding: 'utf8',
    timeout: 120_000,
    env: { ...process.env, ...env, NO_COLOR: '1', PATH: `../node_modules/.bin:${process.env.PATH}` },
  })
  const fault = faultOf(fails, status, stdout + stderr)
  if (fault !== undefined) throw new Error(`project ${name}: ${fault}\n${stdout}${stderr}`)
  console.error(`✓ project ${name} ${((Date.now() - started) / 1000).toFixed(1)} s`)
}

/** What is not as the page says. */
const faultOf = (fails, status, output) => {
  if (fails === undefined) return status === 0 ? undefined : `ended with ${status}`
  if (status === 0) return 'works without the settings that the page asks for'
  if (!output.includes(fails)) return `did not end with "${fails}"`
  return readFileSync(runners, 'utf8').includes(fails) ? undefined : `the page lacks "${fails}"`
}
