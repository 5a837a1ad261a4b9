import { keySetType } from '@glassine/core/session'
import { looksLikeJwe, readHeader } from '../jwe/compact.ts'

/**
 * Whether a value is a sealed field, a session JWE or a ticket, by all that can be seen from outside: it has the shape
 * of a compact JWE with A256GCM and a header with the members that these have.
 */
export const recognises = (value: unknown): value is string => {
  if (!looksLikeJwe(value)) return false
  try {
    const { alg, p, ctx, cty } = readHeader(value.slice(0, value.indexOf('.')))
    return cty === keySetType || (alg === 'dir' && typeof p === 'string' && typeof ctx === 'string')
  } catch {
    return false
  }
}
