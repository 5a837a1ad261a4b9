// A raw AES keyring alone, in a project without any AWS SDK; bundled in both formats and both kinds of decorators,
// minified with the names of classes and without. What one bundle encrypts, every other one decrypts.
import { cpSync, existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { blocks, runners } from './page.mjs'

const ours = ['core', 'dynamodb', 'keys', 'local-kms', 'message', 'middy', 'session', 'testing']

export const runRawAes = async ({ folder, archives, fromHere, shell }) => {
  cpSync('tools/packed/raw-aes', folder, { recursive: true })
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  const names = [...ours.map((name) => archives.get(`@glassine/${name}`)), fromHere('@middy/core')]
  await shell('raw AES: install', folder, `npm install ${names.join(' ')} ${fromHere('esbuild')}`)
  if (existsSync(path.join(folder, 'node_modules/@aws-sdk'))) throw new Error('An AWS SDK is installed')

  const [{ text }] = blocks(runners, '## Bundles for Lambda')
  const command = text.trim().replace(' --external:@aws-sdk/*', '')
  const builds = ['mjs', 'cjs'].flatMap((extension) =>
    ['legacy', 'tc39'].flatMap((decorators) =>
      ['', '--keep-names'].map((names) => {
        const outfile = `${decorators}${names}.${extension}`
        const legacy = { compilerOptions: { experimentalDecorators: decorators === 'legacy' } }
        return [
          command.replace('handler.mjs', outfile).replace('=esm', extension === 'cjs' ? '=cjs' : '=esm'),
          `--minify --log-level=warning ${names} '--tsconfig-raw=${JSON.stringify(legacy)}'`,
        ].join(' ')
      }),
    ),
  )
  await shell(
    'raw AES: eight minified bundles',
    folder,
    [
      'PATH=node_modules/.bin:$PATH',
      ...builds,
      'node --no-experimental-require-module crossed.mjs dist/*',
    ].join('\n'),
  )
}
