import { createPublicKey, ECDH, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { decryptFailed } from './errors.ts'

// The specification's name for it: P-384 with SHA-384, DER; the public key is a compressed point (SEC 1, 2.3.3).
const curve = 'secp384r1'
const coordinateBytes = 48
const hash = 'sha384'

/** The longest footer: its length, and a DER sequence of two 48-byte integers with a leading zero each. */
export const maxFooterBytes = 2 + 104

/** A signing key, and the public key in the form that stands in the encryption context. */
export interface SigningKey {
  readonly privateKey: KeyObject
  readonly publicKey: string
}

/** Makes a signing key. The KeyObject keeps the private key outside of JavaScript's memory. */
export const generateSigningKey = (): SigningKey => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve })
  const { x, y } = publicKey.export({ format: 'jwk' })
  const odd = Buffer.from(y!, 'base64url').at(-1)! & 1
  const point = Buffer.concat([Buffer.from([odd ? 3 : 2]), Buffer.from(x!, 'base64url')])
  return { privateKey, publicKey: point.toString('base64') }
}

/** The verification key of a public key as it stands in an encryption context; throws whatever if it is none. */
export const verificationKey = (publicKey: string): KeyObject => {
  const compressed = Buffer.from(publicKey, 'base64')
  if (compressed.length !== 1 + coordinateBytes) throw decryptFailed()
  const point = ECDH.convertKey(compressed, curve, undefined, undefined, 'uncompressed') as Buffer
  const coordinate = (at: number) => point.subarray(at, at + coordinateBytes).toString('base64url')
  const jwk = { kty: 'EC', crv: 'P-384', x: coordinate(1), y: coordinate(1 + coordinateBytes) }
  return createPublicKey({ key: jwk, format: 'jwk' })
}

/** The footer of a message: a signature over all that precedes it. */
export const signedFooter = (message: Buffer, key: KeyObject): Buffer => {
  const signature = sign(hash, message, key)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(signature.length)
  return Buffer.concat([length, signature])
}

/** Checks the footer that starts at `at`, which must be the rest of the message. */
export const verifyFooter = (bytes: Buffer, at: number, key: KeyObject): void => {
  const signature = bytes.subarray(at + 2)
  if (bytes.readUInt16BE(at) !== signature.length) throw decryptFailed()
  if (!verify(hash, bytes.subarray(0, at), key, signature)) throw decryptFailed()
}
