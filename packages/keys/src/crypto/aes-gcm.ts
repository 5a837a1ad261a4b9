import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { SecretKey } from './secret-key.ts'

// AES-GCM for every format. All of them use IVs of 12 bytes and tags of 16.

/** Bytes of a tag. */
export const tagBytes = 16
/** Bytes of an IV. */
export const ivBytes = 12

// Without this option Node accepts tags of 4 bytes on decryption.
const options = { authTagLength: tagBytes } as const

/** By the length of the key: 256 bits everywhere, except for wrapping keys of users. */
export type GcmAlgorithm = 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm'

/** Encrypts `plaintext` into `out` at `at`, followed by the tag; returns the offset after the tag. */
export const gcmSealInto = (
  out: Uint8Array,
  at: number,
  key: SecretKey,
  iv: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): number => {
  const cipher = createCipheriv('aes-256-gcm', key, iv, options)
  cipher.setAAD(aad)
  const end = at + cipher.update(plaintext).copy(out, at)
  // Returns no bytes in this mode, but without it there is no tag.
  cipher.final()
  return end + cipher.getAuthTag().copy(out, end)
}

/** Encrypts; returns the ciphertext and the tag, which are not copied. */
export const gcmSeal = (
  key: SecretKey,
  iv: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  algorithm: GcmAlgorithm = 'aes-256-gcm',
): readonly [ciphertext: Buffer, tag: Buffer] => {
  const cipher = createCipheriv(algorithm, key, iv, options)
  cipher.setAAD(aad)
  const ciphertext = cipher.update(plaintext)
  // Returns no bytes in this mode, but without it there is no tag.
  cipher.final()
  return [ciphertext, cipher.getAuthTag()]
}

/** Decrypts; `undefined` if it is not authentic, and then the plaintext is zeroed. */
export const gcmOpen = (
  key: SecretKey,
  iv: Uint8Array,
  aad: Uint8Array,
  ciphertext: Uint8Array,
  tag: Uint8Array,
  algorithm: GcmAlgorithm = 'aes-256-gcm',
): Buffer | undefined => {
  const decipher = createDecipheriv(algorithm, key, iv, options)
  decipher.setAAD(aad)
  let plaintext: Buffer | undefined
  try {
    decipher.setAuthTag(tag)
    plaintext = decipher.update(ciphertext)
    decipher.final()
    return plaintext
  } catch {
    plaintext?.fill(0)
    return undefined
  }
}

/** The tag over additional data only, in one or two parts (GMAC). */
export const gcmTag = (key: SecretKey, iv: Uint8Array, aad: Uint8Array, more: Uint8Array): Buffer => {
  const cipher = createCipheriv('aes-256-gcm', key, iv, options)
  cipher.setAAD(aad)
  if (more.length > 0) cipher.setAAD(more)
  cipher.final()
  return cipher.getAuthTag()
}

/** Whether `tag` is the one that {@link gcmTag} makes. */
export const gcmVerifyTag = (
  key: SecretKey,
  iv: Uint8Array,
  aad: Uint8Array,
  more: Uint8Array,
  tag: Uint8Array,
): boolean => {
  const decipher = createDecipheriv('aes-256-gcm', key, iv, options)
  decipher.setAAD(aad)
  if (more.length > 0) decipher.setAAD(more)
  try {
    decipher.setAuthTag(tag)
    decipher.final()
    return true
  } catch {
    return false
  }
}
