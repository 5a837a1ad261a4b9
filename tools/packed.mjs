// Packs every published package, installs the archives in an empty project like a user, and there compiles,
// bundles and runs programs. This shows what only works from source, or is missing from `files`.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkArchives, pack } from './packed/archives.mjs'
import { runDeploy } from './packed/deploy.mjs'
import { runProjects } from './packed/projects.mjs'
import { runQuickStart } from './packed/quick-start.mjs'
import { runRawAes } from './packed/raw-aes.mjs'
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
// Not `finally`: a failing step ends the process.
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const packed = pack(folder)
await checkArchives(folder, packed)

// A project for all packages. What follows is in folders of it.
const main = path.join(folder, 'main')
cpSync('tools/packed', main, { recursive: true })
writeFileSync(
  path.join(main, 'package.json'),
  JSON.stringify({
    name: 'packed',
    private: true,
    type: 'module',
    dependencies: {
      ...Object.fromEntries(packed.map(({ name, filename }) => [name, `file:../${filename}`])),
      ...pinned([
        '@aws-sdk/client-dynamodb',
        '@aws-sdk/client-kms',
        '@aws-sdk/lib-dynamodb',
        '@aws-lambda-powertools/logger',
        '@middy/core',
        'dynalite',
      ]),
      // Tried by docs/tables-in-practice.md, and used nowhere else.
      'dynamodb-toolbox': '2.10.6',
      electrodb: '3.9.3',
    },
    devDependencies: pinned(['typescript', '@types/node', '@types/aws-lambda', '@jest/globals', 'jest']),
    overrides: root.overrides,
  }),
)
/** A step is a text for the shell; `npm install` in it is quiet and runs no scripts. */
const shell = (name, cwd, text) => {
  const install = 'npm install --ignore-scripts --no-audit --no-fund --loglevel=error'
  return run(name, 'sh', ['-ec', `cd "$0"\n${text.replaceAll('npm install', install)}`, cwd])
}
await shell('install the archives', main, 'npm install')
await shell('types', main, 'node_modules/.bin/tsc -p .')
await shell('a program', main, 'node dist/main.js')
await shell('other libraries for DynamoDB', main, 'node dist/orms.js')
await shell('require', main, 'node required.cjs')
await shell(
  'a test',
  main,
  'node --experimental-vm-modules --disable-warning=ExperimentalWarning node_modules/jest/bin/jest.js',
)

/** The archive of a package of ours, which is not published yet; the rest in the version of the lock. */
const archives = new Map(packed.map(({ name, filename }) => [name, path.join(folder, filename)]))
const fromHere = (name) => archives.get(name) ?? `${name}@${root.devDependencies[name]}`

const start = path.join(folder, 'quick-start')
await runQuickStart({ folder: start, archives, fromHere, shell })
await runDeploy({ folder: path.join(start, 'deploy'), shell })
await runProjects({ folder: path.join(main, 'projects'), root })
await runRawAes({ folder: path.join(folder, 'raw-aes'), archives, fromHere, shell })
