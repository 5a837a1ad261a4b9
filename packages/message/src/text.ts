import { decryptFailed } from './errors.ts'
import { type ReaderLimits, scanHeader } from './header.ts'

// Version and suite are the first three bytes of version 2, and so the first four characters; version 1 has a
// type in between, and its suite's last byte shares two bits of a character with the message id.
const start = /^(?:AgR4|AgV4|AYA[BD]e[A-P])/
const base64 = /^[A-Za-z0-9+/]+={0,2}$/
/** Shorter than any message. */
const minLength = 136

/**
 * Whether a value was meant to be a message, so that what is wrong with it is a failure of decryption. Anything
 * else in a declared field is plaintext that nobody encrypted.
 */
export const isMessageText = (value: unknown): value is string =>
  typeof value === 'string' && (start.test(value) || (value.length >= minLength && base64.test(value)))

/**
 * Decodes the base64 of a message (RFC 4648, section 4, with padding).
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const decodeMessage = (text: string): Buffer => {
  const bytes = Buffer.from(text, 'base64')
  // Node skips what is no base64 and takes other alphabets; one message has one form here.
  if (bytes.toString('base64') !== text) throw decryptFailed()
  return bytes
}

/** How many characters of base64 so many bytes take. */
export const base64Length = (bytes: number): number => 4 * Math.ceil(bytes / 3)

/** Whether a value is a message by all that can be seen from outside: base64 and a header that parses. */
export const looksLikeMessage = (value: unknown, limits: ReaderLimits): boolean => {
  if (typeof value !== 'string' || !start.test(value)) return false
  try {
    scanHeader(decodeMessage(value), limits)
    return true
  } catch {
    return false
  }
}
