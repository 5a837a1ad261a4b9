import type { DecryptionKeyRequest, EncryptedDataKey } from '@glassine/keys'
import { serialiseContext } from '@glassine/keys/internal'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { decryptionId, encryptionId, encryptionIds, partitionOf } from '../src/key-request.ts'

/* Two requests share a cache key only when all their parts are the same. */

// Few characters, digits and separators among them, so that parts run into each other if they can.
const text = fc.string({ unit: fc.constantFrom('1', '2', ':', ',', '-', 'a'), maxLength: 4 })
const bytes = text.map((text) => Buffer.from(text))
const context = fc
  .dictionary(
    text.filter((name) => name !== ''),
    text,
    { maxKeys: 2 },
  )
  .map((pairs) => serialiseContext(pairs))
const encrypted: fc.Arbitrary<EncryptedDataKey> = fc.record({
  providerId: text,
  providerInfo: bytes,
  ciphertext: bytes,
})
const request: fc.Arbitrary<DecryptionKeyRequest & { keyring: string }> = fc.record({
  keyring: text,
  suite: fc.constantFrom(1, 12, 0x0478),
  context,
  tenant: fc.option(text, { nil: undefined }),
  length: fc.constantFrom(1, 11, 32),
  encryptedDataKeys: fc.array(encrypted, { minLength: 1, maxLength: 3 }),
})

const canonical = (one: DecryptionKeyRequest & { keyring: string }, decrypting: boolean): string =>
  JSON.stringify([
    one.keyring,
    one.suite,
    one.context.id,
    one.tenant ?? null,
    ...(decrypting
      ? [
          one.length,
          one.encryptedDataKeys.map((key) => [key.providerId, `${key.providerInfo}`, `${key.ciphertext}`]),
        ]
      : []),
  ])

describe.each([
  ['encryption', false],
  ['decryption', true],
])('ids for %s', (_name, decrypting) => {
  const idOf = (one: DecryptionKeyRequest & { keyring: string }) =>
    (decrypting ? decryptionId : encryptionId)(partitionOf(one.keyring), one)

  test('equal parts have equal ids, different parts different ids', () => {
    fc.assert(
      fc.property(request, request, (a, b) => {
        expect(idOf(a) === idOf(b)).toBe(canonical(a, decrypting) === canonical(b, decrypting))
        expect(idOf(a)).toBe(idOf({ ...a }))
      }),
      { numRuns: 5_000 },
    )
  })
})

test('parts that would be equal when joined have different ids', () => {
  const base = { suite: 0x0478, context: serialiseContext({ a: 'b' }), length: 32 }
  const one = { providerId: 'p', providerInfo: Buffer.from('ab'), ciphertext: Buffer.from('c') }
  const two = { providerId: 'p', providerInfo: Buffer.from('a'), ciphertext: Buffer.from('bc') }
  const ids = [
    decryptionId('P', { ...base, encryptedDataKeys: [one] }),
    decryptionId('P', { ...base, encryptedDataKeys: [two] }),
    decryptionId('P', { ...base, encryptedDataKeys: [one, two] }),
    decryptionId('P', { ...base, encryptedDataKeys: [two, one] }),
    decryptionId('P', { ...base, tenant: '', encryptedDataKeys: [one] }),
    decryptionId('P', { ...base, tenant: '-', encryptedDataKeys: [one] }),
  ]
  expect(new Set(ids).size).toBe(ids.length)
})

test('a cached id belongs to the request, even after others with the same context', () => {
  fc.assert(
    fc.property(context, fc.array(request, { maxLength: 10 }), (context, requests) => {
      const idOf = encryptionIds('P')
      for (const one of requests)
        expect(idOf({ ...one, context })).toBe(encryptionId('P', { ...one, context }))
    }),
  )
})
