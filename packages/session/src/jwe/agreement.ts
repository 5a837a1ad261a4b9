import { createDecipheriv, hash, type KeyObject } from 'node:crypto'
import { derivationBytes } from '@glassine/core/internal'
import { secretKey } from '@glassine/keys/internal'
import { decryptFailed } from '../errors.ts'
import { importPublicKey } from '../jwk.ts'
import { keyBytes } from './compact.ts'
import { decode, type JsonObject } from './encoding.ts'

/** The algorithms of RFC 7518, section 4.6 that are accepted, and what their key derivation is bound to. */
export const agreements = { 'ECDH-ES': 'A256GCM', 'ECDH-ES+A256KW': 'ECDH-ES+A256KW' } as const
export type Agreement = keyof typeof agreements

/** Bytes of a coordinate on P-256. */
export const coordinateBytes = 32

/**
 * The ephemeral public key of a header: on P-256, in the one form of its coordinates, and on the curve.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const ephemeralKey = ({ epk }: JsonObject): KeyObject => {
  const { kty, crv, x, y, d } = (epk ?? {}) as Record<string, unknown>
  // A private key here is a mistake of a device that should be seen at once.
  if (kty !== 'EC' || crv !== 'P-256' || d !== undefined) throw decryptFailed()
  decode(x, coordinateBytes)
  decode(y, coordinateBytes)
  const key = importPublicKey({ kty, crv, x, y })
  if (key === undefined) throw decryptFailed()
  return key
}

/** PartyUInfo and PartyVInfo may be of any length; nobody needs more. */
const maxPartyBytes = 256

/**
 * Checks what the key derivation takes from a header.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const partyInfo = ({ apu, apv }: JsonObject): readonly [apu: Buffer, apv: Buffer] => {
  const parts = [apu, apv].map((part) => (part === undefined ? Buffer.alloc(0) : decode(part)))
  if (parts.some(({ length }) => length > maxPartyBytes)) throw decryptFailed()
  return parts as [Buffer, Buffer]
}

/**
 * The content key of an agreement. Zeroes what it derives on the way; the secret is the caller's to zero.
 *
 * @param secret - the x coordinate that both sides agree on
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
 * The key derivation of ECDH-ES (RFC 7518, section 4.6.2; NIST SP 800-56A, 5.8.1): one round of SHA-256, which is all
 * that keys of up to 256 bits take.
 *
 * @param secret - the x coordinate that both sides agree on; 32 bytes on P-256
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
  // The secret stands in them.
  bytes.fill(0)
  return derived
}

/** RFC 3394, section 2.2.3.1. */
const defaultIv = Buffer.alloc(8, 0xa6)

/** Bytes of a wrapped content key: the key and one block of 8 more. */
export const wrappedBytes = keyBytes + 8

/**
 * Unwraps a content key of A256KW (RFC 3394; RFC 7518, section 4.4).
 *
 * @param wrapped - of {@link wrappedBytes}
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const unwrapKey = (wrappingKey: Buffer, wrapped: Buffer): Buffer => {
  try {
    const decipher = createDecipheriv('id-aes256-wrap', secretKey(wrappingKey), defaultIv)
    // OpenSSL unwraps and checks in this one step. `final` adds nothing; joined with it, a copy of the key would be left.
    return decipher.update(wrapped)
  } catch {
    throw decryptFailed()
  }
}
