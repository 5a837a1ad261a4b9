import { isUtf8 } from 'node:buffer'
import { decodeValue, isPlainObject, type Json } from '@glassine/core'
import { decryptFailed } from '../errors.ts'

/**
 * Reads a message's plaintext, and zeroes it: of the string that it becomes, nobody can do so.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const decodePlaintext = (plaintext: Buffer): Json => {
  try {
    if (!isUtf8(plaintext)) throw decryptFailed()
    return decodeValue(plaintext.toString('utf8'))
  } catch {
    // V8 quotes the text in its SyntaxError.
    throw decryptFailed()
  } finally {
    plaintext.fill(0)
  }
}

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
