// The quick start, from the README alone: its install line, its two files, its command. Then the same in CommonJS, in
// bundles, under Jest, and with older compilers.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { blocks, runners } from './page.mjs'

export const runQuickStart = async ({ folder, archives, fromHere, shell }) => {
  const step = (name, text) => shell(`quick start: ${name}`, folder, text)
  const start = blocks('README.md', '## Start')
  const [install, command] = start.filter(({ language }) => language === 'sh').map(({ text }) => text)
  mkdirSync(folder)
  for (const { language, file, text } of start)
    if (language === 'ts') writeFileSync(path.join(folder, file), text)
  const typed = install
    .replace(/(?<=install.* )(?:@[\w-]+\/)?[a-z][\w-]*(?=[ \n])/g, fromHere)
    // What they need of each other, which a registry would add by itself.
    .replace('npm install', `npm install ${[...archives.values()].join(' ')}`)
  await step('a new project', 'npm init -y >/dev/null')
  await step('install', typed)
  await step('its test', command)

  for (const file of ['handler.cjs', 'handler.test.cjs'])
    cpSync(path.join('examples/quick-start', file), path.join(folder, file))
  await step('its CommonJS test', 'node --test handler.test.cjs')

  // Without an AWS SDK that is not installed, in each format, and as Lambda starts Node.
  cpSync('tools/packed/bundled.mjs', path.join(folder, 'bundled.mjs'))
  for (const [name, text] of bundles())
    await step(
      `a bundle, ${name}`,
      `rm -rf dist; PATH=node_modules/.bin:$PATH ${text} --log-level=warning
      node --no-experimental-require-module bundled.mjs dist/*`,
    )

  await step('TypeScript from 5.4 to 7', typeScript(folder, fromHere))
}

/** The bundles of docs/runners-and-bundlers.md, by its own command. */
const bundles = () => {
  const [{ text }] = blocks(runners, '## Bundles for Lambda')
  const outside = text.trim()
  const bundle = outside.replace(' --external:@aws-sdk/*', '')
  const commonJs = bundle.replace('--format=esm', '--format=cjs').replace('handler.mjs', 'handler.cjs')
  const banner =
    '"--banner:js=import { createRequire } from \'node:module\'; const require = createRequire(import.meta.url)"'
  return [
    ['the SDK outside', outside],
    ['CommonJS', commonJs],
    ['CommonJS, minified', `${commonJs} --minify`],
    ['ES modules of the SDK', `${bundle} --main-fields=module,main --minify`],
    ['a banner', `${bundle} ${banner}`],
  ]
}

/** The versions of TypeScript that docs/runners-and-bundlers.md names; the first needs an option. */
const typeScript = (folder, fromHere) => {
  const compilers = { ts54: '5.4.5', ts57: '5.7.3', ts7: '7.0.2' }
  writeFileSync(
    path.join(folder, 'typed.json'),
    JSON.stringify({
      compilerOptions: { noEmit: true, strict: true, target: 'es2022', module: 'nodenext', types: ['node'] },
      files: ['handler.ts'],
    }),
  )
  // Declarations are the same for both kinds of decorators: the second compilation does not check them again.
  const compile = (name, flags = '') =>
    [flags, '--experimentalDecorators --skipLibCheck'].map(
      (all) => `node node_modules/${name}/bin/tsc -p typed.json ${all}`,
    )
  return [
    `npm install ${[
      ...['@types/aws-lambda', '@types/node'].map(fromHere),
      ...Object.entries(compilers).map(([name, version]) => `${name}@npm:typescript@${version}`),
    ].join(' ')}`,
    ...compile('ts54', '--skipLibCheck'),
    ...compile('ts57'),
    ...compile('ts7'),
  ].join('\n')
}
