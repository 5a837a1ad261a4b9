// Packs every published package, installs the archives in an empty project like a user, and there compiles,
// bundles and runs a small program. This shows what only works from source, or is missing from `files`.
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
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
// Not `finally`: a failing step ends the process.
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const names = readdirSync('packages').map((name) => `./packages/${name}`)
const answer = JSON.parse(
  execFileSync('npm', ['pack', '--json', '--pack-destination', folder, ...names], { encoding: 'utf8' }),
)
// npm 10 answers with a list, npm 11 with an object by name.
const packed = Array.isArray(answer) ? answer : Object.values(answer)

for (const { name, files } of packed) {
  const shipped = files.map((file) => file.path)
  for (const needed of ['README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts'])
    if (!shipped.includes(needed)) throw new Error(`${name} does not ship ${needed}`)
  const stray = shipped.filter(
    (file) => !/^(dist\/.*\.(js|d\.ts)|README\.md|LICENSE|package\.json)$/.test(file),
  )
  if (stray.length > 0) throw new Error(`${name} ships ${stray.join(', ')}`)
}

// On a registry's page a relative link is dead. Those to the repository must lead to a file that it has.
const repository = 'https://github.com/glassine-dev/glassine/'
for (const { name, filename } of packed) {
  const text = execFileSync('tar', ['-xzOf', path.join(folder, filename), 'package/README.md'], {
    encoding: 'utf8',
  }).replace(/^```[\s\S]*?^```/gm, '')
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link)
  const dead = links.filter((link) => {
    if (!link.startsWith(repository)) return !/^(https:|#)/.test(link)
    const [, file] = /^(?:tree|blob)\/main\/([^#]+)/.exec(link.slice(repository.length)) ?? []
    return file === undefined || !existsSync(file)
  })
  if (dead.length > 0) throw new Error(`The README of ${name} has dead links: ${dead.join(', ')}`)
}

// What each archive tells Node, bundlers and the compiler about its entries must be right. ESM only: `require()` of it
// is the Node versions that can.
for (const { name, filename } of packed) {
  const archive = path.join(folder, filename)
  await run(`publint ${name}`, 'node_modules/.bin/publint', ['--strict', archive])
  await run(`types of ${name}`, 'node_modules/.bin/attw', [archive, '--profile', 'esm-only', '--quiet'])
}

cpSync('tools/packed', folder, { recursive: true })
writeFileSync(
  path.join(folder, 'package.json'),
  JSON.stringify({
    name: 'packed',
    private: true,
    type: 'module',
    dependencies: {
      ...Object.fromEntries(packed.map(({ name, filename }) => [name, `file:./${filename}`])),
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
const step = (name, command, ...args) =>
  run(name, 'sh', ['-c', 'cd "$0" && exec "$@"', folder, command, ...args])
await step(
  'install the archives',
  'npm',
  'install',
  '--ignore-scripts',
  '--no-audit',
  '--no-fund',
  '--loglevel=error',
)
await step('types', 'node_modules/.bin/tsc', '-p', '.')
await step('a program', 'node', 'dist/main.js')
await step('other libraries for DynamoDB', 'node', 'dist/orms.js')
await step('require', 'node', 'required.cjs')
await step(
  'a test',
  'node',
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
)

// The quick start, from the README alone: its install line, its two files, its command.
const start = readFileSync('README.md', 'utf8').split('\n## Start\n')[1].split('\n## ')[0]
const blocks = [...start.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, language, text]) => ({
  language,
  text,
}))
const [install, command] = blocks.filter(({ language }) => language === 'sh').map(({ text }) => text)
const fresh = path.join(folder, 'quick-start')
mkdirSync(fresh)
for (const { language, text } of blocks) {
  const [, file] = /^\/\/ (\S+)\n/.exec(text) ?? []
  if (language === 'ts') writeFileSync(path.join(fresh, file), text)
}
/** Our packages are not published yet: their archives are installed, the rest in the versions of the lock. */
const archives = new Map(packed.map(({ name, filename }) => [name, path.join(folder, filename)]))
const fromHere = (name) => archives.get(name) ?? `${name}@${root.devDependencies[name]}`
const typed = install
  .replace(/(?<=install.* )(?:@[\w-]+\/)?[a-z][\w-]*(?=[ \n])/g, fromHere)
  // What they need of each other, which a registry would add by itself.
  .replace('npm install', `npm install ${[...archives.values()].join(' ')}`)
  .replaceAll('npm install', 'npm install --no-audit --no-fund --loglevel=error')
const shell = (name, text) => run(`quick start: ${name}`, 'sh', ['-ec', `cd "$0"\n${text}`, fresh])
await shell('a new project', 'npm init -y >/dev/null')
await shell('install', typed)
await shell('its test', command)

// The same in CommonJS, and the bundles of docs/runners-and-bundlers.md, by its own command: without an AWS SDK that is
// not installed, in each format, and as Lambda starts Node.
for (const file of ['handler.cjs', 'handler.test.cjs'])
  cpSync(path.join('examples/quick-start', file), path.join(fresh, file))
await shell('its CommonJS test', 'node --test handler.test.cjs')
cpSync('tools/packed/bundled.mjs', path.join(fresh, 'bundled.mjs'))
const bundling = /^esbuild handler\.ts .*$/m.exec(readFileSync('docs/runners-and-bundlers.md', 'utf8'))[0]
const bundle = bundling.replace(' --external:@aws-sdk/*', '')
const banner =
  '"--banner:js=import { createRequire } from \'node:module\'; const require = createRequire(import.meta.url)"'
for (const [name, text] of [
  ['the SDK outside', bundling],
  ['CommonJS', bundle.replace('--format=esm', '--format=cjs').replace('handler.mjs', 'handler.cjs')],
  ['ES modules of the SDK', `${bundle} --main-fields=module,main --minify`],
  ['a banner', `${bundle} ${banner}`],
])
  await shell(
    `a bundle, ${name}`,
    `rm -rf dist; PATH=node_modules/.bin:$PATH ${text} --log-level=warning
    node --no-experimental-require-module bundled.mjs dist/*`,
  )

// Jest with TypeScript, by the page's own configuration.
const [, jestConfig] = readFileSync('docs/runners-and-bundlers.md', 'utf8').split(
  '```js\n// jest.config.js\n',
)
const withJest = path.join(fresh, 'with-jest')
mkdirSync(withJest)
writeFileSync(path.join(withJest, 'jest.config.js'), jestConfig.split('```')[0])
writeFileSync(path.join(withJest, 'package.json'), '{ "type": "module" }')
cpSync('tools/packed/typescript.test.ts', path.join(withJest, 'handler.test.ts'))
cpSync('examples/quick-start/handler.ts', path.join(withJest, 'handler.ts'))
await shell(
  'Jest for TypeScript',
  `npm install --ignore-scripts --no-audit --no-fund --loglevel=error @swc/jest@0.2.39 ${[
    'jest',
    '@jest/globals',
    '@swc/core',
  ]
    .map((name) => `${name}@${root.devDependencies[name]}`)
    .join(' ')}
  cd with-jest && node --experimental-vm-modules ../node_modules/jest/bin/jest.js`,
)

// The versions of TypeScript that docs/runners-and-bundlers.md names; the first needs an option.
const compilers = { ts54: '5.4.5', ts57: '5.7.3', ts7: '7.0.2' }
writeFileSync(
  path.join(fresh, 'typed.json'),
  JSON.stringify({
    compilerOptions: { noEmit: true, strict: true, target: 'es2022', module: 'nodenext', types: ['node'] },
    files: ['handler.ts'],
  }),
)
const compile = (name, flags = '') =>
  ['', '--experimentalDecorators'].map(
    (kind) => `node node_modules/${name}/bin/tsc -p typed.json ${flags} ${kind}`,
  )
await shell(
  'TypeScript from 5.4 to 7',
  [
    `npm install --ignore-scripts --no-audit --no-fund --loglevel=error ${[
      ...['@types/aws-lambda', '@types/node'].map(fromHere),
      ...Object.entries(compilers).map(([name, version]) => `${name}@npm:typescript@${version}`),
    ].join(' ')}`,
    ...compile('ts54', '--skipLibCheck'),
    ...compile('ts57'),
    ...compile('ts7'),
  ].join('\n'),
)

// The templates of docs/deploy.md. CDK is large, and needed nowhere else.
const deploy = path.join(fresh, 'deploy')
mkdirSync(deploy)
for (const file of [
  'tools/packed/deploy/synth.mjs',
  'tools/packed/bundled.mjs',
  'examples/deploy/cdk/stack.mjs',
  'examples/deploy/sam/template.yaml',
  'examples/quick-start/handler.ts',
])
  cpSync(file, path.join(deploy, path.basename(file)))
await shell(
  'CDK',
  'npm install --ignore-scripts --no-audit --no-fund --loglevel=error aws-cdk-lib@2.276.0 constructs@10.8.1',
)
await shell('synthesised, and its bundle answers', 'cd deploy && node synth.mjs')
