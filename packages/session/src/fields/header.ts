import type { FieldPolicy } from '@glassine/core'
import { declaresMember, jtiSeparator, keySetType, sessionMember } from '@glassine/core/internal'
import { badOption } from '../errors.ts'
import { looksLikeJwe, readHeader } from '../jwe/compact.ts'

/** Makes the protected header of the field at a pointer, as it stands in a token. */
export type Heads = (pointer: string) => string

/**
 * The protected headers of all fields of one payload. They differ in the pointer only, so what stands before it is
 * encoded once.
 *
 * @param end - further members, as JSON text behind a comma
 */
export const headsOf = (kid: string, ctx: string, jti: string, end = ''): Heads => {
  // All three are base64url with a dot at most: nothing in them needs an escape.
  const start = `{"alg":"dir","enc":"A256GCM","kid":"${kid}","p":`
  const rest = `,"ctx":"${ctx}","jti":"${jti}"${end}}`
  // Three bytes are four characters: what is whole in front can stay as it is.
  const whole = start.length - (start.length % 3)
  const front = Buffer.from(start.slice(0, whole), 'latin1').toString('base64url')
  const behind = start.slice(whole)
  return (pointer) => {
    const tail = `${behind}${JSON.stringify(pointer)}${rest}`
    return front + Buffer.from(tail, 'utf8').toString('base64url')
  }
}

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

/**
 * Whether a value is a sealed field, a session JWE or a ticket, by all that can be seen from outside: it has the shape
 * of a compact JWE with A256GCM and a header with the members that these have. What carries keys in a header may have
 * the request's number behind it.
 */
export const recognises = (value: unknown): value is string => {
  const [text, jti] = numbered(value)
  if (!looksLikeJwe(text)) return false
  try {
    const { alg, p, ctx, cty } = readHeader(text.slice(0, text.indexOf('.')))
    if (cty === keySetType) return true
    return jti === undefined && alg === 'dir' && typeof p === 'string' && typeof ctx === 'string'
  } catch {
    return false
  }
}

/** @throws GlassineError `ERR_OPTION_INVALID` when a model declares the member that carries the keys */
export const refuseDeclared = (policy: FieldPolicy): void => {
  if (declaresMember(policy, sessionMember))
    throw badOption('fields', `must not declare \`${sessionMember}\`, which carries the session's keys`)
}
