// Packs every published package, installs the archives in an empty project as a user would, and there compiles,
// bundles and runs a small program. What only works from source, or is missing from `files`, shows here.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { setup } from './setup.mjs'
import { run } from './spawn.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
await setup()
await run('build', 'node_modules/.bin/turbo', ['run', 'build', '--output-logs=errors-only'], {
  TURBO_TELEMETRY_DISABLED: '1',
})

const root = JSON.parse(readFileSync('package.json', 'utf8'))
const pinned = (names) => Object.fromEntries(names.map((name) => [name, root.devDependencies[name]]))
const folder = mkdtempSync(path.join(tmpdir(), 'glassine-packed-'))
try {
  const packages = readdirSync('packages').map((name) => `./packages/${name}`)
  const [archives] = [
    execFileSync('npm', ['pack', '--json', '--pack-destination', folder, ...packages], { encoding: 'utf8' }),
  ]
  const packed = JSON.parse(archives)
  for (const { name, files } of Array.isArray(packed) ? packed : Object.values(packed)) {
    const names = files.map((file) => file.path)
    for (const needed of ['README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts'])
      if (!names.includes(needed)) throw new Error(`${name} does not ship ${needed}`)
    const stray = names.filter(
      (file) => !/^(dist\/.*\.(js|d\.ts)|README\.md|LICENSE|package\.json)$/.test(file),
    )
    if (stray.length > 0) throw new Error(`${name} ships ${stray.join(', ')}`)
  }
  const local = Object.fromEntries(
    (Array.isArray(packed) ? packed : Object.values(packed)).map(({ name, filename }) => [
      name,
      `file:./${filename}`,
    ]),
  )
  cpSync('tools/packed', folder, { recursive: true })
  writeFileSync(
    path.join(folder, 'package.json'),
    JSON.stringify({
      name: 'packed',
      private: true,
      type: 'module',
      dependencies: {
        ...local,
        ...pinned(['@aws-sdk/client-kms', '@middy/core', '@aws-lambda-powertools/logger']),
      },
      devDependencies: pinned([
        'typescript',
        'esbuild',
        '@types/node',
        '@types/aws-lambda',
        '@jest/globals',
        'jest',
      ]),
      overrides: root.overrides,
    }),
  )
  const at = (command, ...args) =>
    run(`${command} ${args[0] ?? ''}`, 'sh', ['-c', 'cd "$0" && exec "$@"', folder, command, ...args])
  await at('npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error')
  await at('node_modules/.bin/tsc', '-p', '.')
  await at('node', 'dist/main.js')
  await at('node', 'required.cjs')
  await at(
    'node',
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
