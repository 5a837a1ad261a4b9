import { createCipheriv, createDecipheriv } from 'node:crypto'

/** Bytes of an authentication tag. */
export const tagBytes = 16

// Without it, Node accepts tags of 4 bytes when opening.
const options = { authTagLength: tagBytes } as const

/** AES-256-GCM; writes ciphertext and tag to `out` at `at`. */
export const gcmSeal = (
  key: Uint8Array,
  iv: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  out: Uint8Array,
  at: number,
): void => {
  const cipher = createCipheriv('aes-256-gcm', key, iv, options)
  cipher.setAAD(aad)
  out.set(cipher.update(plaintext), at)
  // Returns nothing for a stream cipher, but without it there is no tag.
  cipher.final()
  out.set(cipher.getAuthTag(), at + plaintext.length)
}

/** Opens ciphertext and tag, one behind the other. Throws whatever when they are not authentic. */
export const gcmOpen = (key: Uint8Array, iv: Uint8Array, aad: Uint8Array, sealed: Buffer): Buffer => {
  const end = sealed.length - tagBytes
  const decipher = createDecipheriv('aes-256-gcm', key, iv, options)
  decipher.setAAD(aad)
  decipher.setAuthTag(sealed.subarray(end))
  const plaintext = decipher.update(sealed.subarray(0, end))
  decipher.final()
  return plaintext
}
