import { createCipheriv, createDecipheriv, type KeyObject, randomFillSync } from 'node:crypto'
import { decryptFailed } from '../errors.ts'

const algorithm = 'aes-256-gcm'
// Without this option Node accepts tags of 4 bytes on decryption.
const options = { authTagLength: 16 } as const

/** Bytes of a content key of A256GCM (RFC 7518, section 5.3). */
export const keyBytes = 32
export const ivBytes = 12
export const tagBytes = 16

/** What opens and seals: OpenSSL's own copy, which `util.inspect` does not show and which it clears when it frees it. */
export type ContentKey = KeyObject | Buffer

/** Random IVs for so many tokens: one call of the generator. */
export const freshIvs = (count: number): Buffer => randomFillSync(Buffer.allocUnsafe(count * ivBytes))

/**
 * Seals one plaintext: `head.encryptedKey.iv.ciphertext.tag` (RFC 7516, section 5.1).
 *
 * @param key - used with no IV twice
 * @param encryptedKey - base64url; empty for `dir` and `ECDH-ES`
 */
export const sealCompact = (
  key: ContentKey,
  head: string,
  iv: Buffer,
  plaintext: Buffer,
  encryptedKey = '',
): string => {
  const cipher = createCipheriv(algorithm, key, iv, options)
  cipher.setAAD(Buffer.from(head, 'latin1'))
  const ciphertext = cipher.update(plaintext)
  cipher.final()
  const tag = cipher.getAuthTag()
  return `${head}.${encryptedKey}.${iv.toString('base64url')}.${ciphertext.toString('base64url')}.${tag.toString('base64url')}`
}

/**
 * Opens what {@link sealCompact} sealed (RFC 7516, section 5.2). The caller zeroes the plaintext.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const openGcm = (
  key: ContentKey,
  head: string,
  iv: Buffer,
  ciphertext: Buffer,
  tag: Buffer,
): Buffer => {
  const decipher = createDecipheriv(algorithm, key, iv, options)
  decipher.setAAD(Buffer.from(head, 'latin1'))
  decipher.setAuthTag(tag)
  const plaintext = decipher.update(ciphertext)
  try {
    decipher.final()
  } catch {
    plaintext.fill(0)
    throw decryptFailed()
  }
  return plaintext
}
