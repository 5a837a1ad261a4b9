import { constants, createHash, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
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

  test('what OpenSSL signs is accepted here, for its message and its bytes only', () => {
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

  test.each(['', '3000', '30060201000201ff', '3006020100020100'])('%p is no signature', (bytes) => {
    expect(
      verifyDigest(privateKey, spec, algorithm, digestOf(Buffer.alloc(0)), Buffer.from(bytes, 'hex')),
    ).toBe(false)
  })
})
