import { keySetType } from '@glassine/core/internal'
import { looksLikeJwe, readHeader } from '../jwe/compact.ts'
import { numbered } from './numbered.ts'

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
