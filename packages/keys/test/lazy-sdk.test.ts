import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { build } from 'esbuild'

/* When the AWS SDK is imported, seen from a process of its own whose SDK is a stand-in that announces itself. */

const folder = mkdtempSync(join(tmpdir(), 'glassine-keys-'))
const bundle = join(folder, 'keys.mjs')

beforeAll(async () => {
  await build({
    stdin: {
      contents:
        "export * from './index.ts'; export * from './raw-aes.ts'; export { serialiseContext } from './internal.ts'",
      resolveDir: fileURLToPath(new URL('../src', import.meta.url)),
      loader: 'ts',
    },
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@glassine/source'],
    external: ['@aws-sdk/client-kms'],
  })
})
afterAll(() => rmSync(folder, { recursive: true }))

const installStandIn = () => {
  const sdk = join(folder, 'node_modules', '@aws-sdk', 'client-kms')
  mkdirSync(sdk, { recursive: true })
  writeFileSync(join(sdk, 'package.json'), JSON.stringify({ type: 'module', exports: './index.js' }))
  writeFileSync(join(sdk, 'index.js'), "console.log('SDK loaded')")
}

const run = (script: string): string[] => {
  writeFileSync(join(folder, 'main.mjs'), `import * as keys from './keys.mjs'\n${script}`)
  return execFileSync(process.execPath, [join(folder, 'main.mjs')], { encoding: 'utf8' })
    .trim()
    .split('\n')
}

const request = `{ suite: 0x0478, context: keys.serialiseContext({}), length: 32, deadline: () => Date.now() + 1000 }`

test('without the SDK, raw keyrings work, and a KMS keyring says what is missing at its first call', () => {
  const out = run(`
    const raw = keys.rawAesKeyring({ namespace: 'n', name: 'k', key: new Uint8Array(32) })
    console.log((await raw.generate(${request})).dataKey.length)
    const kms = keys.kmsKeyring({ keyId: 'alias/x' })
    const error = await kms.generate(${request}).catch((error) => error)
    console.log(error.code, error.cause.option)
  `)
  expect(out).toEqual(['32', 'ERR_OPTION_INVALID client'])
})

test('a raw keyring never loads it; a KMS keyring begins at construction, unless told not to', () => {
  installStandIn()
  const tick = 'await new Promise((resolve) => setTimeout(resolve, 50))'
  expect(
    run(`
    keys.localKeyring()
    keys.kmsKeyring({ keyId: 'alias/x', disablePrefetch: true })
    const nop = () => {}
    keys.kmsKeyring({ keyId: 'alias/x', client: { generateDataKey: nop, encrypt: nop, decrypt: nop } })
    ${tick}
    console.log('before')
    keys.kmsKeyring({ keyId: 'alias/x' })
    ${tick}
    console.log('after')
  `),
  ).toEqual(['before', 'SDK loaded', 'after'])
})

test('bundlers accept that no package of the SDK is installed', async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'glassine-no-sdk-'))
  try {
    const options = { bundle: true, platform: 'node', format: 'esm', logLevel: 'silent' } as const
    await build({
      ...options,
      stdin: {
        contents: "export * from './index.ts'; export * from './internal.ts'",
        resolveDir: fileURLToPath(new URL('../src', import.meta.url)),
        loader: 'ts',
      },
      outfile: join(elsewhere, 'keys.mjs'),
      conditions: ['@glassine/source'],
      external: ['@aws-sdk/*'],
    })
    // Outside the repository, whose node_modules has the SDK.
    const { warnings, outputFiles } = await build({
      ...options,
      entryPoints: [join(elsewhere, 'keys.mjs')],
      write: false,
    })
    expect(warnings).toEqual([])
    for (const name of ['kms', 'dynamodb']) expect(outputFiles[0]!.text).toContain(`@aws-sdk/client-${name}`)
  } finally {
    rmSync(elsewhere, { recursive: true })
  }
})
