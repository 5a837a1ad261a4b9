import { createDecipheriv, randomBytes } from 'node:crypto'
import { gcmOpen, gcmSeal, gcmSealInto, gcmTag, gcmVerifyTag, secretKey } from '@glassine/keys/internal'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import type { GcmAlgorithm } from '../../src/crypto/symmetric.ts'
import { secretKeyFor } from '../../src/crypto/symmetric.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

/* Test cases 4, 10 and 16 of "The Galois/Counter Mode of Operation (GCM)", McGrew and Viega. */
const key256 = 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308'
const iv = hex('cafebabefacedbaddecaf888')
const aad = hex('feedfacedeadbeeffeedfacedeadbeefabaddad2')
const plaintext = hex(
  'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
)
const cases: readonly (readonly [GcmAlgorithm, Buffer, Buffer, Buffer])[] = [
  [
    'aes-128-gcm',
    hex(key256).subarray(0, 16),
    hex(
      '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091',
    ),
    hex('5bc94fbc3221a5db94fae95ae7121a47'),
  ],
  [
    'aes-192-gcm',
    hex(key256).subarray(0, 24),
    hex(
      '3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710',
    ),
    hex('2519498e80f1478f37ba55bd6d27618c'),
  ],
  [
    'aes-256-gcm',
    hex(key256),
    hex(
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662',
    ),
    hex('76fc6ece0f4e1768cddf8853bb2d551b'),
  ],
]

describe.each(cases)('%s', (algorithm, bytes, ciphertext, tag) => {
  test.each(['22.0.0', '24.21.0'])('gives the published answer with keys in the form for Node %s', (node) => {
    const key = secretKeyFor(node)(bytes)
    expect(gcmSeal(key, iv, aad, plaintext, algorithm)).toEqual([ciphertext, tag])
    expect(gcmOpen(key, iv, aad, ciphertext, tag, algorithm)).toEqual(plaintext)
  })
})

const [, bytes, ciphertext, tag] = cases[2]!
const key = secretKey(bytes)

describe('AES-256-GCM', () => {
  test('writes in place, and nothing around it', () => {
    const out = Buffer.alloc(ciphertext.length + tag.length + 10, 0xee)
    const end = gcmSealInto(out, 5, key, iv, aad, plaintext)
    expect(end).toBe(out.length - 5)
    const margin = Buffer.alloc(5, 0xee)
    expect(out).toEqual(Buffer.concat([margin, ciphertext, tag, margin]))
  })

  test.each([...Array.from({ length: 16 }, (_, at) => at), 17])('refuses a tag of %i bytes', (length) => {
    const other = Buffer.concat([tag, tag]).subarray(0, length)
    expect(gcmOpen(key, iv, aad, ciphertext, other)).toBeUndefined()
    const over = gcmTag(key, iv, aad, hex(''))
    expect(gcmVerifyTag(key, iv, aad, hex(''), Buffer.concat([over, over]).subarray(0, length))).toBe(false)
  })
})

const flipped = (of: Buffer): Buffer => {
  const copy = Buffer.from(of)
  copy[copy.length - 1]! ^= 1
  return copy
}

describe('unauthenticated data', () => {
  // The class of deciphers is not exported; what `update` returns is the plaintext that must go.
  const decipher = Object.getPrototypeOf(createDecipheriv('aes-256-gcm', bytes, iv)) as {
    update(data: Buffer): Buffer
  }
  afterEach(() => void jest.restoreAllMocks())

  test.each<[string, () => Buffer | undefined]>([
    ['key', () => gcmOpen(secretKey(flipped(bytes)), iv, aad, ciphertext, tag)],
    ['IV', () => gcmOpen(key, flipped(iv), aad, ciphertext, tag)],
    ['additional data', () => gcmOpen(key, iv, flipped(aad), ciphertext, tag)],
    ['ciphertext', () => gcmOpen(key, iv, aad, flipped(ciphertext), tag)],
    ['tag', () => gcmOpen(key, iv, aad, ciphertext, flipped(tag))],
  ])('is refused with another %s, and leaves zeros', (_, open) => {
    const update = jest.spyOn(decipher, 'update')
    expect(open()).toBeUndefined()
    const [result] = update.mock.results
    expect(result!.value).toEqual(Buffer.alloc(plaintext.length))
  })

  test('is zeroed, but authentic plaintext is not', () => {
    const update = jest.spyOn(decipher, 'update')
    const opened = gcmOpen(key, iv, aad, ciphertext, tag)
    expect(opened).toEqual(plaintext)
    expect(update.mock.results[0]!.value).toBe(opened)
  })
})

describe('a tag over additional data alone', () => {
  const [first, second] = [randomBytes(40), randomBytes(9)]
  const over = gcmTag(key, iv, first, second)

  test('is that of an empty plaintext, for data in one part or two', () => {
    expect([hex(''), over]).toEqual(gcmSeal(key, iv, Buffer.concat([first, second]), hex('')))
    expect(gcmTag(key, iv, Buffer.concat([first, second]), hex(''))).toEqual(over)
  })

  test('is verified', () => {
    expect(gcmVerifyTag(key, iv, first, second, over)).toBe(true)
    expect(gcmVerifyTag(secretKey(flipped(bytes)), iv, first, second, over)).toBe(false)
    expect(gcmVerifyTag(key, flipped(iv), first, second, over)).toBe(false)
    expect(gcmVerifyTag(key, iv, flipped(first), second, over)).toBe(false)
    expect(gcmVerifyTag(key, iv, first, flipped(second), over)).toBe(false)
    expect(gcmVerifyTag(key, iv, first, hex(''), over)).toBe(false)
    expect(gcmVerifyTag(key, iv, first, second, flipped(over))).toBe(false)
  })
})
