import { jtiSeparator } from '@glassine/core/internal'

// 16 bytes as base64url: the last character carries 2 bits.
const number = /^[\w-]{21}[AQgw]$/

/** Whether a value is a `jti`, 16 bytes as base64url. */
export const isNumber = (value: unknown): value is string => typeof value === 'string' && number.test(value)

/** What a header holds: the keys, and the request's number where the device has sent one. */
export const numbered = (value: unknown): readonly [text: unknown, jti?: string] => {
  if (typeof value !== 'string') return [value]
  const at = value.lastIndexOf(jtiSeparator)
  const jti = value.slice(at + jtiSeparator.length)
  return at >= 0 && isNumber(jti) ? [value.slice(0, at), jti] : [value]
}
