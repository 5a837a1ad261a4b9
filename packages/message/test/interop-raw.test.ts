// Interoperation with AWS's own JavaScript SDK over raw AES keyrings, in both directions, byte for byte.
import { AlgorithmSuiteIdentifier } from '@aws-crypto/client-node'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { decrypt, encrypt } from '../src/bytes/index.ts'
import { suite0x0178, suite0x0378 } from '../src/legacy.ts'
import { rawKeyring, rawKeys } from './support/keys.ts'
import { legacyPeer, peer, peerKeyring } from './support/peer.ts'

const theirs = peerKeyring()
const committing = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY
const signing = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY_ECDSA_P384

// Short, or within a byte of a multiple of the frame length. Names are in mixed case, non-ASCII and astral, because
// orders by UTF-8 bytes, by UTF-16 units and by locale differ there. The peer rejects its own prefix.
const frameLengths = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(4096, 65_536))
const lengths = (frameLength: number) =>
  fc.oneof(
    fc.integer({ min: 0, max: 80 }),
    fc
      .tuple(fc.constantFrom(1, 2), fc.constantFrom(-1, 0, 1))
      .map(([frames, by]) => frames * frameLength + by),
  )
const text = fc.oneof(
  fc.string({
    unit: fc.constantFrom('a', 'B', 'b', 'Z', 'é', 'ß', '漢', '\uffee', '😀', '_', '-'),
    maxLength: 6,
  }),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
)
const name = text.filter((name) => name !== '' && name !== '__proto__' && !name.startsWith('aws-crypto-'))
const encryptionContext = fc.dictionary(name, text, { maxKeys: 5, noNullPrototype: true })

const message = frameLengths.chain((frameLength) =>
  fc.record({
    length: lengths(frameLength),
    frameLength: fc.constant(frameLength),
    encryptionContext,
    seed: fc.nat(255),
  }),
)
const plaintextOf = (length: number, seed: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 31 + seed) & 0xff))

const runs = { 1144: 1_000, 1400: 150 } as const

describe.each([
  ['0x0478', 0x0478, committing],
  ['0x0578', 0x0578, signing],
] as const)('suite %s', (_name, suiteId, peerSuite) => {
  test('AWS opens what we write', async () => {
    const keys = rawKeys()
    await fc.assert(
      fc.asyncProperty(message, async ({ length, frameLength, encryptionContext, seed }) => {
        const plaintext = plaintextOf(length, seed)
        const { result } = await encrypt(keys, plaintext, { encryptionContext, frameLength, suiteId })
        const opened = await peer.decrypt(theirs, result)
        expect(opened.plaintext.equals(plaintext)).toBe(true)
        expect(opened.messageHeader.suiteId).toBe(suiteId)
        const { 'aws-crypto-public-key': publicKey, ...pairs } = opened.messageHeader.encryptionContext
        expect(pairs).toEqual(encryptionContext)
        expect(publicKey === undefined).toBe(suiteId === 0x0478)
      }),
      { numRuns: runs[suiteId] },
    )
  }, 120_000)

  test('we open what AWS writes', async () => {
    const keys = rawKeys()
    await fc.assert(
      fc.asyncProperty(message, async ({ length, frameLength, encryptionContext, seed }) => {
        const plaintext = plaintextOf(length, seed)
        const { result } = await peer.encrypt(theirs, plaintext, {
          encryptionContext,
          frameLength,
          suiteId: peerSuite,
        })
        const opened = await decrypt(keys, result, { encryptionContext })
        expect(opened.plaintext.equals(plaintext)).toBe(true)
        expect(opened.messageHeader).toMatchObject({ suiteId, frameLength, version: 2, contentType: 2 })
      }),
      { numRuns: runs[suiteId] },
    )
  }, 120_000)

  test.each([0, 1, 4096, 100_000, 1_048_576])('%d bytes work in both directions', async (length) => {
    const plaintext = plaintextOf(length, 7)
    const keys = rawKeys()
    const ours = await encrypt(keys, plaintext, { suiteId })
    expect((await peer.decrypt(theirs, ours.result)).plaintext.equals(plaintext)).toBe(true)
    const other = await peer.encrypt(theirs, plaintext, { suiteId: peerSuite })
    expect((await decrypt(keys, other.result)).plaintext.equals(plaintext)).toBe(true)
  })

  test('thousands of frames work in both directions', async () => {
    const plaintext = plaintextOf(8_192, 7)
    const keys = rawKeys()
    const ours = await encrypt(keys, plaintext, { suiteId, frameLength: 1 })
    expect((await peer.decrypt(theirs, ours.result)).plaintext.equals(plaintext)).toBe(true)
    const other = await peer.encrypt(theirs, plaintext, { suiteId: peerSuite, frameLength: 1 })
    expect((await decrypt(keys, other.result)).plaintext.equals(plaintext)).toBe(true)
  })

  test('a keyring without a cache works too', async () => {
    const keyring = rawKeyring()
    const { result } = await encrypt(keyring, 'text', { suiteId, encryptionContext: { a: 'b' } })
    expect((await peer.decrypt(theirs, result)).plaintext.toString()).toBe('text')
    const { plaintext } = await decrypt(keyring, result, { encryptionContext: { a: 'b' } })
    expect(plaintext.toString()).toBe('text')
  })
})

describe('legacy suites, from before key commitment:', () => {
  const suites = [
    [suite0x0178.name, AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA256, suite0x0178],
    [
      suite0x0378.name,
      AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384,
      suite0x0378,
    ],
  ] as const

  test.each(suites)('%s is read if it is allowed by name', async (name, suiteId, suite) => {
    const keys = rawKeys()
    for (const length of [0, 1, 100, 5_000]) {
      const plaintext = plaintextOf(length, 3)
      const { result } = await legacyPeer.encrypt(theirs, plaintext, {
        suiteId,
        encryptionContext: { tenant: 't-1' },
        frameLength: 1_000,
      })
      const options = { encryptionContext: { tenant: 't-1' }, legacySuites: [suite] }
      const opened = await decrypt(keys, result, options)
      expect(opened.plaintext.equals(plaintext)).toBe(true)
      expect(opened.messageHeader).toMatchObject({ version: 1, suiteId: Number(name), frameLength: 1_000 })
      expect(opened.messageHeader.suiteData).toBeUndefined()
    }
  })

  test.each(suites)('%s is refused otherwise, before any key is requested', async (_name, suiteId, suite) => {
    const keys = rawKeys()
    const { result } = await legacyPeer.encrypt(theirs, Buffer.from('text'), { suiteId })
    const others = suites.map(([, , other]) => other).filter((other) => other !== suite)
    for (const legacySuites of [undefined, [], others])
      await expect(decrypt(keys, result, { legacySuites })).rejects.toMatchObject({
        code: 'ERR_DECRYPT_FAILED',
      })
    expect(keys.stats().misses).toBe(0)
  })
})
