import { isUtf8 } from 'node:buffer'
import { decodeValue, encodeValue, type Json, type Place } from '@glassine/core'
import { decryptFailed, fault, from } from '../errors.ts'
import type { ReaderLimits } from '../header/scan.ts'
import { looksLikeMessage } from '../text.ts'

/**
 * A place's value as JSON text. All values of a payload are encoded before any key is asked for.
 *
 * @throws GlassineError `ERR_ALREADY_ENCRYPTED`, `ERR_VALUE_INVALID`
 */
export const encodePlace = ({ field, value }: Place, limits: ReaderLimits): string => {
  // Retries and replays hand back what was sealed before; sealed twice, nobody would open it twice.
  if (looksLikeMessage(value, limits)) throw fault('ERR_ALREADY_ENCRYPTED', { path: field.path })
  return encodeValue(value, field.path, from)
}

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
 * Reads a plaintext that must be an object from pointer to value.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const decodeMembers = (plaintext: Buffer): { readonly [pointer: string]: Json } => {
  const value = decodePlaintext(plaintext)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw decryptFailed()
  return value as { readonly [pointer: string]: Json }
}
