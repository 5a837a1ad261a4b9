// What Glassine adds to a Lambda: bytes of the minified bundle, and CPU of importing it.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { atMost, type BenchOptions, type Figure, reported } from './figure.ts'
import { median } from './paired.ts'

const run = promisify(execFile)
const here = fileURLToPath(new URL('..', import.meta.url))

const glassine = ['core', 'keys', 'message', 'middy'].map(
  (name) => `export * as ${name} from '@glassine/${name}'`,
)
/** What a handler like the example's imports; the rest is tree-shaken. */
const usual = [
  "export { Encrypted, Masked, Model, Nested } from '@glassine/core'",
  "export { keyMaterial, kmsKeyring } from '@glassine/keys'",
  "export { messageEnvelope } from '@glassine/message'",
  "export { assertEncrypted, decryptRequest, encryptResponse, requireTls } from '@glassine/middy'",
]
const awsKms =
  "export { KMSClient, GenerateDataKeyCommand, DecryptCommand, EncryptCommand } from '@aws-sdk/client-kms'"

/** What a page loads to encrypt the fields of `defineFields`. */
const device = ["export { createClient } from '@glassine/client'"]
const declaring = "export { defineFields } from '@glassine/core'"

/** Size in kB of a bundle for browsers, minified and compressed like usual servers do. */
const browserKb = async (lines: readonly string[], external: string[] = []): Promise<number> => {
  const { outputFiles } = await build({
    stdin: { contents: lines.join('\n'), resolveDir: here, loader: 'ts' },
    external,
    bundle: true,
    write: false,
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    minify: true,
    logLevel: 'error',
  })
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length / 1000
}

const bundle = async (lines: readonly string[], outfile: string, external: string[] = []): Promise<void> => {
  await build({
    stdin: { contents: lines.join('\n'), resolveDir: here, loader: 'ts' },
    outfile,
    external,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    mainFields: ['module', 'main'],
    minify: true,
    logLevel: 'error',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  })
}

/** CPU time in ms until a fresh process has loaded the module, without the process's own start. */
const importCpu = async (file: string): Promise<number> => {
  const code = `const from = process.cpuUsage(); await import(${JSON.stringify(file)});
    const { user, system } = process.cpuUsage(from); console.log((user + system) / 1000)`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code])
  return Number(stdout)
}

const importing = (ms: number): Figure =>
  atMost(
    'import-cpu-ms',
    ms,
    { bar: 60, goal: 10 },
    'ms',
    'CPU of importing client-kms and Glassine, less client-kms alone; fresh processes in turn',
  )

/** `bundle-kb`, `client-gzip-kb` and `import-cpu-ms`. */
export const bundleFigures = async ({ rounds, kinds }: BenchOptions): Promise<readonly Figure[]> => {
  const folder = mkdtempSync(path.join(here, '.bench-'))
  try {
    const own = path.join(folder, 'own.mjs')
    const sdk = path.join(folder, 'sdk.mjs')
    const both = path.join(folder, 'both.mjs')
    await bundle(glassine, own, ['@aws-sdk/*', '@middy/*'])
    await bundle([awsKms], sdk)
    await bundle([awsKms, ...glassine], both)
    const bytes = readFileSync(own)
    const handler = path.join(folder, 'handler.mjs')
    await bundle(usual, handler, ['@aws-sdk/*', '@middy/*'])

    const differences: number[] = []
    for (let round = 0; round < (kinds.includes('time') ? rounds : 0); round++)
      differences.push((await importCpu(both)) - (await importCpu(sdk)))

    const client = '@glassine/client for browsers, minified by esbuild, gzip'
    const what = 'core, keys, message and middy, minified by esbuild, without the AWS SDK and Middy'
    return [
      atMost('bundle-kb', bytes.length / 1000, { bar: 128, goal: 40 }, 'kB', what),
      reported('bundle-gzip-kb', gzipSync(bytes, { level: 9 }).length / 1000, 'kB', `${what}, gzip`),
      reported(
        'bundle-handler-kb',
        readFileSync(handler).length / 1000,
        'kB',
        'what the example imports of them',
      ),
      atMost(
        'client-gzip-kb',
        await browserKb(device, ['@glassine/core', '@glassine/core/*']),
        { bar: 6.6, goal: 5 },
        'kB',
        `${client}, without core`,
      ),
      reported(
        'client-with-core-gzip-kb',
        await browserKb([...device, declaring]),
        'kB',
        `${client}, with core and defineFields: all that a page loads`,
      ),
      ...(differences.length > 0 ? [importing(median(differences))] : []),
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
