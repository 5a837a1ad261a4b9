import {
  constants,
  createHash,
  generateKeyPairSync,
  type KeyObject,
  privateEncrypt,
  sign,
  verify,
} from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { signDigest, verifyDigest } from '../src/signature.ts'
import type { SigningAlgorithm } from '../src/specs.ts'

const pair = (curve: string) => generateKeyPairSync('ec', { namedCurve: curve })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })

const algorithms: readonly [
  spec: string,
  algorithm: SigningAlgorithm,
  privateKey: KeyObject,
  publicKey: KeyObject,
][] = [
  ...(
    [
      ['ECC_NIST_P256', 'ECDSA_SHA_256', pair('prime256v1')],
      ['ECC_NIST_P384', 'ECDSA_SHA_384', pair('secp384r1')],
      ['ECC_NIST_P521', 'ECDSA_SHA_512', pair('secp521r1')],
      ['ECC_SECG_P256K1', 'ECDSA_SHA_256', pair('secp256k1')],
    ] as const
  ).map(([spec, algorithm, keys]) => [spec, algorithm, keys.privateKey, keys.publicKey] as const),
  ...(['PKCS1_V1_5', 'PSS'] as const).flatMap((padding) =>
    ([256, 384, 512] as const).map(
      (size) => ['RSA_2048', `RSASSA_${padding}_SHA_${size}`, rsa.privateKey, rsa.publicKey] as const,
    ),
  ),
].map(([spec, algorithm, privateKey, publicKey]) => [
  spec,
  algorithm as SigningAlgorithm,
  privateKey,
  publicKey,
])

/** SEC 2. */
const orders: Readonly<Record<string, bigint>> = {
  ECC_NIST_P256: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  ECC_NIST_P384:
    0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  ECC_NIST_P521:
    0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  ECC_SECG_P256K1: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
}

/** The numbers of an ECDSA signature, in DER. */
const integersOf = (signature: Buffer): readonly bigint[] => {
  const found: bigint[] = []
  for (let at = signature[1]! & 0x80 ? 3 : 2; at < signature.length; at += 2 + signature[at + 1]!)
    found.push(BigInt(`0x${signature.subarray(at + 2, at + 2 + signature[at + 1]!).toString('hex')}`))
  return found
}

const sequenceOf = (...numbers: readonly bigint[]): Buffer => {
  const tlv = (tag: number, content: Buffer) =>
    Buffer.concat([
      Buffer.of(tag, ...(content.length < 128 ? [content.length] : [0x81, content.length])),
      content,
    ])
  const integer = (value: bigint) => {
    const text = value.toString(16)
    const bytes = Buffer.from(text.padStart(text.length + (text.length % 2), '0'), 'hex')
    return tlv(0x02, bytes[0]! & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes)
  }
  return tlv(0x30, Buffer.concat(numbers.map(integer)))
}

const options = (algorithm: string, key: KeyObject) =>
  algorithm.includes('PSS')
    ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : key

describe.each(algorithms)('%s with %s, against OpenSSL', (spec, algorithm, privateKey, publicKey) => {
  const hash = `sha${algorithm.slice(-3)}`
  const digestOf = (message: Uint8Array): Buffer => createHash(hash).update(message).digest()
  const messages = fc.uint8Array({ maxLength: 100 })

  test('OpenSSL accepts what is signed here', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const signature = signDigest(privateKey, spec, algorithm, digestOf(message))
        expect(verify(hash, message, options(algorithm, publicKey), signature)).toBe(true)
      }),
      { seed: 11, numRuns: 15 },
    )
  })

  test('signatures of OpenSSL are accepted here, for their message and their bytes only', () => {
    fc.assert(
      fc.property(messages, fc.nat(), fc.integer({ min: 1, max: 255 }), (message, at, change) => {
        const signature = sign(hash, message, options(algorithm, privateKey))
        const digest = digestOf(message)
        expect(verifyDigest(privateKey, spec, algorithm, digest, signature)).toBe(true)
        const other = digestOf(Buffer.concat([message, Buffer.of(0)]))
        expect(verifyDigest(privateKey, spec, algorithm, other, signature)).toBe(false)
        const damaged = Buffer.from(signature)
        damaged[at % damaged.length] = (damaged[at % damaged.length] ?? 0) ^ change
        expect(verifyDigest(privateKey, spec, algorithm, digest, damaged)).toBe(false)
      }),
      { seed: 12, numRuns: 15 },
    )
  })

  if (algorithm.includes('PSS'))
    test('an encoding with one wrong part is refused, even if the key signed it', () => {
      const size = digestOf(Buffer.alloc(0)).length
      const digest = digestOf(Buffer.from('a message'))
      const salt = Buffer.alloc(size, 5)
      const inner = createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest()
      const blocks = Array.from({ length: 12 }, (_, at) =>
        createHash(hash)
          .update(inner)
          .update(Buffer.of(0, 0, 0, at))
          .digest(),
      )
      const mask = Buffer.concat(blocks)
      const accepts = (change: (block: Buffer) => void, last = 0xbc, top = 0) => {
        const block = Buffer.concat([Buffer.alloc(254 - 2 * size), Buffer.of(1), salt])
        change(block)
        const masked = block.map((byte, at) => byte ^ mask[at]!)
        masked[0] = (masked[0]! & 0x7f) | top
        const encoded = Buffer.concat([masked, inner, Buffer.of(last)])
        try {
          const signature = privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, encoded)
          return verifyDigest(privateKey, spec, algorithm, digest, signature)
        } catch {
          // Larger than the modulus.
          return false
        }
      }
      expect(accepts(() => {})).toBe(true)
      for (const [at, to] of [
        [0, 0x01],
        [1, 0x01],
        [253 - 2 * size, 0x01],
        [254 - 2 * size, 0x02],
        [254 - 2 * size, 0x00],
        [255 - 2 * size, 0x06],
        [254 - size, 0x06],
      ] as const)
        expect([at, accepts((block) => void block.fill(to, at, at + 1))]).toEqual([at, false])
      expect(accepts(() => {}, 0xbb)).toBe(false)
      expect(accepts(() => {}, 0xbc, 0x80)).toBe(false)
    })

  if (algorithm.startsWith('ECDSA'))
    test('numbers out of range, and other encodings, are refused', () => {
      const message = Buffer.from('a message')
      const signature = sign(hash, message, privateKey)
      const accepts = (bytes: Buffer) => verifyDigest(privateKey, spec, algorithm, digestOf(message), bytes)
      expect(accepts(signature)).toBe(true)
      const [r, s] = integersOf(signature)
      const order = orders[spec]!
      expect(accepts(sequenceOf(r!, s!))).toBe(true)
      // The other half of the malleable pair.
      expect(accepts(sequenceOf(r!, order - s!))).toBe(true)
      for (const [one, other] of [
        [0n, s!],
        [r!, 0n],
        [order, s!],
        [r!, order],
        [r! + order, s!],
        [r!, s! + order],
        [s!, r!],
      ] as const)
        expect(accepts(sequenceOf(one, other))).toBe(false)
      expect(accepts(Buffer.concat([signature, Buffer.of(0)]))).toBe(false)
    })

  test.each(['', '3000', '30060201000201ff', '3006020100020100'])('%p is not a signature', (bytes) => {
    expect(
      verifyDigest(privateKey, spec, algorithm, digestOf(Buffer.alloc(0)), Buffer.from(bytes, 'hex')),
    ).toBe(false)
  })
})
