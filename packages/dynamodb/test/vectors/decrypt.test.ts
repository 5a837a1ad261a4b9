import { expect, test } from '@jest/globals'
import { canonical } from '../support/canonical.ts'
import {
  describeVectors,
  encryptorFor,
  itemOf,
  type KeyringName,
  readVectors,
  type VectorConfig,
} from '../support/vectors.ts'

interface DecryptVector {
  readonly type: 'positive-decrypt' | 'negative-decrypt'
  readonly description: string
  readonly config: VectorConfig
  readonly plaintext?: Record<string, unknown>
  readonly encrypted: Record<string, unknown>
}

const files = ['decrypt_java_32', 'decrypt_java_33', 'decrypt_dotnet_32', 'decrypt_dotnet_33']

describeVectors('items written by AWS in Java and .NET', () => {
  const all = files.flatMap((file) =>
    Object.entries<DecryptVector>(readVectors(`${file}.json`).tests).map(
      ([id, vector]) => [`${file} ${id}: ${vector.description}`, vector] as const,
    ),
  )

  test('there are 42 vectors, 4 of them negative', () => {
    expect(all).toHaveLength(42)
    expect(all.filter(([, { type }]) => type === 'negative-decrypt')).toHaveLength(4)
  })

  test.each(all)('%s', async (_, { type, config, plaintext, encrypted }) => {
    const opening = encryptorFor(config).decryptItem(itemOf(encrypted))
    if (type === 'negative-decrypt')
      await expect(opening).rejects.toMatchObject({ code: 'ERR_DECRYPT_FAILED' })
    else expect(canonical(await opening)).toEqual(canonical(itemOf(plaintext!)))
  })
})

interface OracleVector {
  readonly keyring: KeyringName
  readonly config: VectorConfig
  readonly decryptConfig?: VectorConfig
  readonly encrypted: Record<string, unknown>
  readonly plaintext: Record<string, unknown>
}

describeVectors("items written by AWS's Go implementation", () => {
  const all = Object.entries<OracleVector>(readVectors('oracle-items.json').tests)

  test('there are 99 of them, under three kinds of keyrings', () => {
    expect(all).toHaveLength(99)
    expect(new Set(all.map(([, { keyring }]) => keyring))).toEqual(new Set(['hier', 'aes', 'multi']))
  })

  test.each(all)('%s', async (_, { keyring, config, decryptConfig, encrypted, plaintext }) => {
    const item = await encryptorFor(decryptConfig ?? config, keyring).decryptItem(itemOf(encrypted))
    expect(canonical(item)).toEqual(canonical(itemOf(plaintext)))
  })

  test('each recipient alone opens the items of two', async () => {
    const two = all.filter(([, { keyring }]) => keyring === 'multi')
    expect(two.length).toBeGreaterThan(0)
    for (const [, { config, decryptConfig, encrypted, plaintext }] of two)
      for (const one of ['hier', 'aes'] as const) {
        const item = await encryptorFor(decryptConfig ?? config, one).decryptItem(itemOf(encrypted))
        expect(canonical(item)).toEqual(canonical(itemOf(plaintext)))
      }
  })
})
