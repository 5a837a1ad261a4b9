import type { KeyObject } from 'node:crypto'
import { decryptFailed } from '../errors.ts'
import { importPublicKey } from '../jwk.ts'
import { decode } from './base64url.ts'
import { keyBytes } from './compact.ts'
import { concatKdf } from './concat-kdf.ts'
import type { JsonObject } from './json.ts'
import { unwrapKey } from './key-wrap.ts'

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
    const key = unwrapKey(derived, encryptedKey)
    if (key.length !== keyBytes) throw decryptFailed()
    return key
  } finally {
    derived.fill(0)
  }
}
