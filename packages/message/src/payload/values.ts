import type { Json } from '@glassine/core'
import { isPlainObject } from '@glassine/core/internal'
import { decryptFailed } from '../errors.ts'

/**
 * The value in a field's plaintext, an object of one member: bound to the place where the message stood, and to no
 * other.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const valueAt = (pointer: string, plaintext: Json): Json => {
  if (!isPlainObject(plaintext)) throw decryptFailed()
  const [found, ...others] = Object.keys(plaintext)
  if (found !== pointer || others.length > 0) throw decryptFailed()
  return plaintext[pointer] as Json
}
