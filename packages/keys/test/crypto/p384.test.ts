import { createPublicKey, ECDH, verify } from 'node:crypto'
import { newSigningKey, signP384, verificationKey, verifyP384 } from '@glassine/keys/internal'
import { describe, expect, test } from '@jest/globals'

const message = Buffer.from('what is signed')

/** Decompressed by another road: the coordinates of OpenSSL's ECDH, as a JWK. */
const byCoordinates = (publicKey: string) => {
  const point = ECDH.convertKey(publicKey, 'secp384r1', 'base64', undefined, 'uncompressed') as Buffer
  const [x, y] = [point.subarray(1, 49), point.subarray(49)].map((half) => half.toString('base64url'))
  return createPublicKey({ key: { kty: 'EC', crv: 'P-384', x, y }, format: 'jwk' } as never)
}

describe('P-384', () => {
  test('decompresses a point to its key, for even and odd y', () => {
    const signs = new Set<number>()
    for (let tried = 0; tried < 64 && signs.size < 2; tried++) {
      const { publicKey } = newSigningKey()
      signs.add(Buffer.from(publicKey, 'base64')[0]!)
      expect(verificationKey(publicKey)!.equals(byCoordinates(publicKey))).toBe(true)
    }
    expect([...signs].sort()).toEqual([2, 3])
  })

  test('never generates the same signing key twice', () => {
    const keys = Array.from({ length: 8 }, () => newSigningKey().publicKey)
    expect(new Set(keys).size).toBe(keys.length)
  })

  test('verifies a signature only under its own key and message', () => {
    const { privateKey, publicKey } = newSigningKey()
    const key = verificationKey(publicKey)!
    const signature = signP384(message, privateKey)
    expect(verifyP384(message, key, signature)).toBe(true)
    expect(verify('sha384', message, byCoordinates(publicKey), signature)).toBe(true)
    expect(verifyP384(Buffer.from('something else'), key, signature)).toBe(false)
    expect(verifyP384(message, verificationKey(newSigningKey().publicKey)!, signature)).toBe(false)
    signature[signature.length - 1]! ^= 1
    expect(verifyP384(message, key, signature)).toBe(false)
  })

  test('converts a signature to two integers in a row', () => {
    const { privateKey, publicKey } = newSigningKey()
    const raw = signP384(message, privateKey, 'ieee-p1363')
    expect(raw).toHaveLength(96)
    const key = { key: byCoordinates(publicKey), dsaEncoding: 'ieee-p1363' } as const
    expect(verify('sha384', message, key, raw)).toBe(true)
  })

  const { publicKey } = newSigningKey()
  const point = Buffer.from(publicKey, 'base64')
  const withFirst = (byte: number) =>
    Buffer.concat([Buffer.from([byte]), point.subarray(1)]).toString('base64')
  test.each([
    ['no text', ''],
    ['a byte too few', point.subarray(0, 48).toString('base64')],
    ['a byte too many', Buffer.concat([point, Buffer.from([0])]).toString('base64')],
    ['the form of an uncompressed point', withFirst(4)],
    ['the form of no point', withFirst(0)],
    [
      'a coordinate beyond the field',
      Buffer.concat([Buffer.from([2]), Buffer.alloc(48, 0xff)]).toString('base64'),
    ],
    [
      'another form of the key',
      ECDH.convertKey(publicKey, 'secp384r1', 'base64', 'base64', 'uncompressed') as string,
    ],
  ])('refuses %s as a public key', (_, text) => {
    expect(verificationKey(text)).toBeUndefined()
  })

  test('refuses a coordinate without a point on the curve', () => {
    // About half of all coordinates have none.
    const coordinate = Buffer.alloc(48)
    const none = Array.from({ length: 64 }, (_, at) => {
      coordinate[47] = at
      return verificationKey(Buffer.concat([Buffer.from([2]), coordinate]).toString('base64'))
    })
    expect(none).toContain(undefined)
    expect(none.some((key) => key !== undefined)).toBe(true)
  })
})
