import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'

// ECDSA on P-384 with SHA-384, for the signed suites of AWS's formats. The encryption context holds public keys as
// compressed points (SEC 1, 2.3.3) in base64.
const curve = 'secp384r1'
const hash = 'sha384'
const pointBytes = 1 + 48

/** A signing key, and its public key in the form of the encryption context. */
export interface SigningKey {
  readonly privateKey: KeyObject
  readonly publicKey: string
}

/** Generates a signing key. The KeyObject keeps the private key outside of JavaScript's memory. */
export const newSigningKey = (): SigningKey => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve })
  const { x, y } = publicKey.export({ format: 'jwk' })
  const odd = Buffer.from(y!, 'base64url').at(-1)! & 1
  const point = Buffer.concat([Buffer.from([odd ? 3 : 2]), Buffer.from(x!, 'base64url')])
  return { privateKey, publicKey: point.toString('base64') }
}

/** SubjectPublicKeyInfo (RFC 5480) of a compressed point on P-384, up to the point itself. */
const spkiPrefix = Buffer.from('3046301006072a8648ce3d020106052b81040022033200', 'hex')

/** The key of a compressed point in base64; `undefined` if the point is not on the curve. */
export const verificationKey = (publicKey: string): KeyObject | undefined => {
  const point = Buffer.from(publicKey, 'base64')
  // Node skips characters that are not base64, and the cache would keep them with the key.
  if (point.length !== pointBytes || point.toString('base64') !== publicKey) return undefined
  try {
    // OpenSSL decompresses the point and checks that it is on the curve.
    return createPublicKey({ key: Buffer.concat([spkiPrefix, point]), format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}

/** Signs, in DER or as two concatenated integers (`ieee-p1363`). */
export const signP384 = (
  message: Buffer,
  key: KeyObject,
  dsaEncoding: 'der' | 'ieee-p1363' = 'der',
): Buffer => sign(hash, message, { key, dsaEncoding })

/** Whether a signature in DER is valid for the message. */
export const verifyP384 = (message: Buffer, key: KeyObject, signature: Buffer): boolean =>
  verify(hash, message, key, signature)
