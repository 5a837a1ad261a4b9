// Who pays for what: a function that uses KMS alone must not carry the key store, nor load the SDK of DynamoDB.
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { build } from 'esbuild'

/** Bundles a line of code, and returns the files of ours that are in it and the packages that it asks for, and how. */
const bundled = async (code: string) => {
  const { metafile } = await build({
    stdin: { contents: code, resolveDir: fileURLToPath(new URL('..', import.meta.url)), loader: 'ts' },
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    outfile: 'main.mjs',
    conditions: ['@glassine/source'],
    external: ['@aws-sdk/*'],
  })
  const [output] = Object.values(metafile.outputs)
  return {
    files: Object.entries(output!.inputs).flatMap(([file, { bytesInOutput }]) =>
      bytesInOutput > 0 ? [file] : [],
    ),
    sdks: output!.imports.flatMap(({ path, kind }) =>
      path.startsWith('@aws-sdk/') ? [`${kind} ${path}`] : [],
    ),
  }
}

test('kmsKeyring and keyMaterial: no other keyring, no key store, and only KMS, lazily', async () => {
  const { files, sdks } = await bundled(
    `import { keyMaterial, kmsKeyring } from '@glassine/keys'
     console.log(keyMaterial({ keyring: kmsKeyring({ keyId: 'alias/patients' }) }))`,
  )
  expect(files.filter((file) => /key-store|branch-key|raw-aes|multi/.test(file))).toEqual([])
  expect(sdks).toEqual(['dynamic-import @aws-sdk/client-kms'])
})

test('hierarchicalKeyring over your own source: no SDK at all', async () => {
  const { files, sdks } = await bundled(
    `import { hierarchicalKeyring } from '@glassine/keys/key-store'
     console.log(hierarchicalKeyring)`,
  )
  // Neither the table nor KMS: `key-store.ts`, `table.ts`, `branch-key-kms.ts` and what they import.
  expect(files.flatMap((file) => /key-store.(.*)\.ts$/.exec(file)?.[1] ?? []).sort()).toEqual([
    'branch-key',
    'branch-keys',
    'hierarchical-keyring',
    'wrap',
  ])
  expect(sdks).toEqual([])
})

test('keyStore: both SDKs, lazily', async () => {
  const { sdks } = await bundled(
    `import { keyStore } from '@glassine/keys/key-store'
     console.log(keyStore)`,
  )
  expect(sdks.sort()).toEqual([
    'dynamic-import @aws-sdk/client-dynamodb',
    'dynamic-import @aws-sdk/client-kms',
  ])
})
