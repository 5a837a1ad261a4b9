import { isUtf8 } from 'node:buffer'
import { decryptFailed } from '../errors.ts'

/** A parsed JSON object; its members are unchecked. */
export type JsonObject = Readonly<Record<string, unknown>>

// In valid JSON a text with a colon behind it is the name of a member, and nothing else is.
const texts = /"(?:[^"\\]|\\.)*"(\s*:)?/g

/**
 * Reads a JSON object from untrusted bytes: well-formed UTF-8, no member twice (two readers would pick different
 * ones; RFC 7516, section 4), none named `__proto__`, and few levels.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const strictJson = (bytes: Buffer): JsonObject => {
  let value: unknown
  let names = 0
  try {
    if (!isUtf8(bytes)) throw decryptFailed()
    const text = bytes.toString('utf8')
    value = JSON.parse(text)
    for (const [, colon] of text.matchAll(texts)) if (colon !== undefined) names++
  } catch {
    // V8 quotes the text in its SyntaxError.
    throw decryptFailed()
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw decryptFailed()
  if (count(value, 0) !== names) throw decryptFailed()
  return value as JsonObject
}

/** A key set needs four levels: object, array, key, its members. */
const maxLevels = 8

/** How many members there are in all; fewer than the text names where one of them stands there twice. */
const count = (value: object, level: number): number => {
  if (level > maxLevels) throw decryptFailed()
  const isArray = Array.isArray(value)
  let members = 0
  for (const name of Object.keys(value)) {
    if (name === '__proto__') throw decryptFailed()
    if (!isArray) members++
    const child = (value as Record<string, unknown>)[name]
    if (typeof child === 'object' && child !== null) members += count(child, level + 1)
  }
  return members
}

const alphabet = /^[A-Za-z0-9_-]*$/
// What the last character may be when it carries 2 or 4 bits only: the rest of them zero (RFC 4648, section 3.5).
const lastOfTwo = /[AQgw]$/
const lastOfThree = /[AEIMQUYcgkosw048]$/

/** Whether a text is the one base64url form of some bytes, without padding (RFC 7515, section 2). */
export const isBase64url = (text: string): boolean => alphabet.test(text) && endsWell(text)

/** The second half of {@link isBase64url}, for a text whose characters are known to be of the alphabet. */
export const endsWell = (text: string): boolean => {
  switch (text.length & 3) {
    case 0:
      return true
    case 1:
      return false
    case 2:
      return lastOfTwo.test(text)
    default:
      return lastOfThree.test(text)
  }
}

/**
 * Decodes base64url, strictly: Node itself skips what it does not know, and takes the other alphabet too.
 *
 * @param length - how many bytes it must be; default: any number
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const decode = (text: unknown, length?: number): Buffer => {
  if (typeof text !== 'string' || !isBase64url(text)) throw decryptFailed()
  const bytes = Buffer.from(text, 'base64url')
  if (length !== undefined && bytes.length !== length) throw decryptFailed()
  return bytes
}
