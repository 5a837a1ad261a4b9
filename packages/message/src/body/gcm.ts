import { createCipheriv, createDecipheriv } from 'node:crypto'

const algorithm = 'aes-256-gcm'
// Without this option Node accepts tags of 4 bytes on decryption.
const options = { authTagLength: 16 } as const

/** Bytes of a GCM tag in every suite. */
export const tagBytes = 16
/** Bytes of an IV in every suite. */
export const ivBytes = 12

/** Encrypts `plaintext` into `out` at `at`, with the tag behind it; returns the offset after the tag. */
export const sealInto = (
  out: Buffer,
  at: number,
  key: Buffer,
  iv: Buffer,
  aad: Buffer,
  plaintext: Buffer,
): number => {
  const cipher = createCipheriv(algorithm, key, iv, options)
  cipher.setAAD(aad)
  const end = at + cipher.update(plaintext).copy(out, at)
  cipher.final()
  return end + cipher.getAuthTag().copy(out, end)
}

/** Decrypts; throws Node's error, which callers replace, when the tag is wrong. */
export const openWith = (key: Buffer, iv: Buffer, aad: Buffer, sealed: Buffer, tag: Buffer): Buffer => {
  const decipher = createDecipheriv(algorithm, key, iv, options)
  decipher.setAAD(aad)
  decipher.setAuthTag(tag)
  const plaintext = decipher.update(sealed)
  try {
    decipher.final()
  } catch (error) {
    plaintext.fill(0)
    throw error
  }
  return plaintext
}

/** The tag of a header: GCM over no plaintext. `unstored` is authenticated behind the header, and may be empty. */
export const headerTag = (key: Buffer, iv: Buffer, header: Buffer, unstored: Buffer): Buffer => {
  const cipher = createCipheriv(algorithm, key, iv, options)
  cipher.setAAD(header)
  if (unstored.length > 0) cipher.setAAD(unstored)
  cipher.final()
  return cipher.getAuthTag()
}

/** Checks the tag of a header; throws Node's error, which callers replace, when it is wrong. */
export const checkHeaderTag = (
  key: Buffer,
  iv: Buffer,
  header: Buffer,
  unstored: Buffer,
  tag: Buffer,
): void => {
  const decipher = createDecipheriv(algorithm, key, iv, options)
  decipher.setAAD(header)
  if (unstored.length > 0) decipher.setAAD(unstored)
  decipher.setAuthTag(tag)
  decipher.final()
}
