import { modelError } from './field-options.ts'

/** One step of a declared path. */
export type Segment =
  | { readonly kind: 'member'; readonly name: string }
  /** Every element of an array, `[*]`. */
  | { readonly kind: 'array' }
  /** Every member of a record, `.*`. */
  | { readonly kind: 'record' }

/** Names that reach a prototype: refused wherever a path or a payload could carry them. */
export const isForbiddenName = (name: string): boolean =>
  name === '__proto__' || name === 'constructor' || name === 'prototype'

/** Escapes a member's name for a JSON Pointer (RFC 6901, section 3). */
export const escapePointer = (name: string): string =>
  name.includes('~') || name.includes('/') ? name.replaceAll('~', '~0').replaceAll('/', '~1') : name

/** The template path of a field, a JSON Pointer with `*` for every element or member: `/visits/*` + `/note`. */
export const templateOf = (segments: readonly Segment[]): string =>
  segments
    .map((segment) => {
      if (segment.kind !== 'member') return '/*'
      // A member that is really called "*" must not read as the wildcard; no JSON Pointer escape is left over.
      return segment.name === '*' ? '/~2' : `/${escapePointer(segment.name)}`
    })
    .join('')

/**
 * Reads a declared path as users type it: `address.street`, `visits[*].note`, `phones.*`.
 *
 * @throws GlassineError `ERR_MODEL_INVALID` for an empty or malformed path
 */
export const segmentsOf = (path: string): Segment[] => {
  if (path === '') throw modelError('A path is not empty', path)
  return path.split('.').flatMap((part): Segment[] => {
    const parts = /^([^[\]]+)((?:\[\*\])*)$/.exec(part)
    if (!parts) throw modelError('A path is made of names, [*] and .*', path)
    const [, name, stars] = parts as unknown as [string, string, string]
    return [
      name === '*' ? { kind: 'record' } : { kind: 'member', name },
      ...Array.from({ length: stars.length / 3 }, () => ({ kind: 'array' }) as const),
    ]
  })
}
