import { createDecipheriv, hash, type KeyObject } from 'node:crypto'
import { derivationBytes } from '@glassine/core/internal'
import { secretKey } from '@glassine/keys/internal'
import { decryptFailed } from '../errors.ts'
import { importPublicKey } from '../jwk.ts'
import { keyBytes } from './compact.ts'
import { decode, type JsonObject } from './encoding.ts'

/** The accepted algorithms of RFC 7518, section 4.6, and the algorithm id in their key derivation. */
export const agreements = { 'ECDH-ES': 'A256GCM', 'ECDH-ES+A256KW': 'ECDH-ES+A256KW' } as const
export type Agreement = keyof typeof agreements

/** Bytes of a coordinate on P-256. */
export const coordinateBytes = 32

const malformed = () =>
  decryptFailed('the ephemeral key, a party or the wrapped key of a session JWE is malformed')

/**
 * The ephemeral public key of a header: on P-256, a point on the curve, with coordinates in their only valid spelling.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const ephemeralKey = ({ epk }: JsonObject): KeyObject => {
  const { kty, crv, x, y, d } = (epk ?? {}) as Record<string, unknown>
  // A private key here is a device's mistake, which should be noticed at once.
  if (kty !== 'EC' || crv !== 'P-256' || d !== undefined) throw malformed()
  decode(x, coordinateBytes)
  decode(y, coordinateBytes)
  const key = importPublicKey({ kty, crv, x, y })
  if (key === undefined) throw malformed()
  return key
}

/** The RFC sets no limit for PartyUInfo and PartyVInfo; this is more than enough. */
const maxPartyBytes = 256

/**
 * Decodes and checks the inputs of the key derivation in a header.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const partyInfo = ({ apu, apv }: JsonObject): readonly [apu: Buffer, apv: Buffer] => {
  const parts = [apu, apv].map((part) => (part === undefined ? Buffer.alloc(0) : decode(part)))
  if (parts.some(({ length }) => length > maxPartyBytes)) throw malformed()
  return parts as [Buffer, Buffer]
}

/**
 * The content key of an agreement. Zeroes intermediate keys; the caller zeroes the secret.
 *
 * @param secret - the shared x coordinate
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const agreedKey = (
  alg: Agreement,
  secret: Buffer,
  [apu, apv]: readonly [Buffer, Buffer],
  encryptedKey: Buffer,
): Buffer => {
  const derived = concatKdf(secret, agreements[alg], apu, apv)
  if (alg === 'ECDH-ES') return derived
  try {
    return unwrapKey(derived, encryptedKey)
  } finally {
    derived.fill(0)
  }
}

/**
 * The key derivation of ECDH-ES (RFC 7518, section 4.6.2; NIST SP 800-56A, 5.8.1). One round of SHA-256 is enough for
 * keys of up to 256 bits.
 *
 * @param secret - the shared x coordinate; 32 bytes on P-256
 * @param algorithm - `enc` for ECDH-ES, `alg` for ECDH-ES+A256KW
 * @param apu - PartyUInfo, decoded from the header
 * @param apv - PartyVInfo, decoded from the header
 * @param length - bytes of the key, at most 32
 */
export const concatKdf = (
  secret: Buffer,
  algorithm: string,
  apu?: Buffer,
  apv?: Buffer,
  length = keyBytes,
): Buffer => {
  const bytes = derivationBytes(secret, algorithm, apu, apv, length * 8)
  const derived = hash('sha256', bytes, 'buffer').subarray(0, length)
  // They contain the secret.
  bytes.fill(0)
  return derived
}

/** The initial value of RFC 3394, section 2.2.3.1. */
const defaultIv = Buffer.alloc(8, 0xa6)

/** Bytes of a wrapped content key: the key and one block of 8. */
export const wrappedBytes = keyBytes + 8

/**
 * Unwraps a content key of A256KW (RFC 3394; RFC 7518, section 4.4).
 *
 * @param wrapped - {@link wrappedBytes} long
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const unwrapKey = (wrappingKey: Buffer, wrapped: Buffer): Buffer => {
  try {
    const decipher = createDecipheriv('id-aes256-wrap', secretKey(wrappingKey), defaultIv)
    // OpenSSL unwraps and checks in this one step. `final` adds no bytes, and a concat with it would leave a copy of
    // the key.
    return decipher.update(wrapped)
  } catch {
    throw malformed()
  }
}
