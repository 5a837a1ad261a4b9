import { isUtf8 } from 'node:buffer'
import { decryptFailed } from '../errors.ts'

/** A parsed JSON object; its members are unchecked. */
export type JsonObject = Readonly<Record<string, unknown>>

const malformed = () => decryptFailed('a JWE, or JSON in it, is malformed')

// In valid JSON a string followed by a colon is a member's name, and nothing else is.
const texts = /"(?:[^"\\]|\\.)*"(\s*:)?/g

/**
 * Reads a JSON object from untrusted bytes: well-formed UTF-8, no duplicate member (two readers could pick different
 * ones; RFC 7516, section 4), no member `__proto__`, and few levels.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const strictJson = (bytes: Buffer): JsonObject => {
  let value: unknown
  let names = 0
  try {
    if (!isUtf8(bytes)) throw malformed()
    const text = bytes.toString('utf8')
    value = JSON.parse(text)
    for (const [, colon] of text.matchAll(texts)) if (colon !== undefined) names++
  } catch {
    // V8 quotes the text in its SyntaxError.
    throw malformed()
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed()
  if (count(value, 0) !== names) throw malformed()
  return value as JsonObject
}

/** A key set needs four levels: object, array, key, its members. */
const maxLevels = 8

/** Counts all members. The text names more if one of them is duplicated. */
const count = (value: object, level: number): number => {
  if (level > maxLevels) throw malformed()
  const isArray = Array.isArray(value)
  let members = 0
  for (const name of Object.keys(value)) {
    if (name === '__proto__') throw malformed()
    if (!isArray) members++
    const child = (value as Record<string, unknown>)[name]
    if (typeof child === 'object' && child !== null) members += count(child, level + 1)
  }
  return members
}

const alphabet = /^[A-Za-z0-9_-]*$/
// The last character where it carries only 2 or 4 bits: its unused bits are zero (RFC 4648, section 3.5).
const lastOfTwo = /[AQgw]$/
const lastOfThree = /[AEIMQUYcgkosw048]$/

/** Whether a text is canonical base64url without padding (RFC 7515, section 2). */
export const isBase64url = (text: string): boolean => alphabet.test(text) && endsWell(text)

/** The second half of {@link isBase64url}, for a text whose characters were checked already. */
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
 * Decodes base64url strictly. Node skips unknown characters and accepts the other alphabet too.
 *
 * @param length - the required number of bytes. Default: any
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const decode = (text: unknown, length?: number): Buffer => {
  if (typeof text !== 'string' || !isBase64url(text)) throw malformed()
  const bytes = Buffer.from(text, 'base64url')
  if (length !== undefined && bytes.length !== length) throw malformed()
  return bytes
}
