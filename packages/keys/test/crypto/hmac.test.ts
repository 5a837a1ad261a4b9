import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { digestBytes, hkdfExtract, hmac, hmacSha512, secretKey } from '@glassine/keys/internal'
import { describeShared, isZero } from '@glassine/test-support'
import { describe, expect, jest, test } from '@jest/globals'
import fc from 'fast-check'
import { secretKeyFor } from '../../src/crypto/symmetric.ts'

/* RFC 4231, test case 2. */
test.each([
  ['sha256', '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
  [
    'sha384',
    'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649',
  ],
  [
    'sha512',
    '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
  ],
] as const)(
  'HMAC with %s gives the published answer, in parts and with both forms of keys',
  (hash, expected) => {
    for (const node of ['22.0.0', '24.21.0']) {
      const key = secretKeyFor(node)(Buffer.from('Jefe'))
      expect(hmac(hash, key, Buffer.from('what do ya want for nothing?')).toString('hex')).toBe(expected)
      expect(
        hmac(hash, key, Buffer.from('what do ya '), Buffer.from('want for nothing?')).toString('hex'),
      ).toBe(expected)
    }
  },
)

test.each(['sha256', 'sha384', 'sha512'] as const)(
  'HKDF with %s agrees with node:crypto without a salt',
  (hash) => {
    const keyMaterial = randomBytes(32)
    const prk = secretKey(hkdfExtract(hash, keyMaterial))
    expect(hmac(hash, prk, Buffer.from('info\u0001', 'latin1')).subarray(0, 32)).toEqual(
      Buffer.from(hkdfSync(hash, keyMaterial, Buffer.alloc(0), 'info', 32)),
    )
  },
)

describe('HMAC-SHA512 in a work space', () => {
  const digest = (key: Buffer, message: Buffer): string => {
    const hmac = hmacSha512(key.length, message.length)
    hmac.key(key)
    hmac.message(message)
    const text = hmac.digest()
    hmac.wipe()
    return Buffer.from(text, 'binary').toString('hex')
  }

  test('agrees with node:crypto for every length of key up to a block', () => {
    const bytes = (maxLength: number) => fc.uint8Array({ minLength: 1, maxLength }).map((b) => Buffer.from(b))
    fc.assert(
      fc.property(bytes(128), bytes(300), (key, message) => {
        expect(digest(key, message)).toBe(createHmac('sha512', key).update(message).digest('hex'))
      }),
    )
  })

  test('holds neither key nor message nor digest in a wiped work space', () => {
    const alloc = jest.spyOn(Buffer, 'alloc')
    const hmac = hmacSha512(32, 4)
    const buffers = alloc.mock.results.map(({ value }) => value as Buffer)
    alloc.mockRestore()
    expect(buffers).toHaveLength(2)
    hmac.key(Buffer.alloc(32, 'k'))
    hmac.message(Buffer.from('text'))
    hmac.digest()
    const secrets = (buffer: Buffer) => [buffer.subarray(0, 32), buffer.subarray(128)]
    for (const secret of buffers.flatMap(secrets)) expect(isZero(secret)).toBe(false)
    hmac.wipe()
    for (const secret of buffers.flatMap(secrets)) expect(isZero(secret)).toBe(true)
  })

  test('gives the same digest in a wiped and reused work space', () => {
    const hmac = hmacSha512(digestBytes, 4)
    const once = () => {
      hmac.key(Buffer.alloc(64, 'k'))
      hmac.message(Buffer.from('text'))
      const text = hmac.digest()
      hmac.wipe()
      return text
    }
    expect(once()).toBe(once())
  })

  describeShared('Wycheproof', 'vectors/wycheproof', ({ json }) => {
    test('has the expected digest for all vectors whose key fits a block', () => {
      let checked = 0
      for (const group of json('hmac_sha512_test.json').testGroups)
        for (const { key, msg, tag, result } of group.tests) {
          if (key.length > 256) continue
          const matches = digest(Buffer.from(key, 'hex'), Buffer.from(msg, 'hex')).startsWith(tag)
          expect(matches).toBe(result === 'valid')
          checked++
        }
      expect(checked).toBeGreaterThan(100)
    })
  })
})
