import { modelError } from './field-options.ts'

/** One step of a declared path. */
export interface Segment {
  /** `array` is every element of an array, `[*]`; `record` is every member of a record, `.*`. */
  readonly kind: 'member' | 'array' | 'record'
  /** Of a member; empty for the others. */
  readonly name: string
  /** Whether the declared field puts up with nothing being there: absent, or null above the field itself. */
  readonly optional: boolean
}

/** Names that reach a prototype: refused wherever a path or a payload could carry them. */
export const isForbiddenName = (name: string): boolean =>
  name === '__proto__' || name === 'constructor' || name === 'prototype'

/** Escapes a member's name for a JSON Pointer (RFC 6901, section 3). */
export const escapePointer = (name: string): string =>
  name.includes('~') || name.includes('/') ? name.replaceAll('~', '~0').replaceAll('/', '~1') : name

/** The template path of a field, a JSON Pointer with `*` for every element or member: `/visits/*` + `/note`. */
export const templateOf = (segments: readonly Segment[]): string => {
  let path = ''
  // A member that is really called "*" must not read as the wildcard; no JSON Pointer escape is left over.
  for (const { kind, name } of segments)
    path += kind !== 'member' ? '/*' : name === '*' ? '/~2' : `/${escapePointer(name)}`
  return path
}

/**
 * Reads a declared path as users type it: `address.street`, `visits[*].note`, `phones.*`.
 *
 * @throws GlassineError `ERR_MODEL_INVALID` for an empty or malformed path
 */
export const segmentsOf = (path: string, optional: boolean): Segment[] =>
  path.split('.').flatMap((part): Segment[] => {
    const [matched, name, stars] = /^([^[\]]+)((?:\[\*\])*)$/.exec(part) ?? []
    if (matched === undefined) throw modelError('a path is made of names, [*] and .*', path)
    return [
      name === '*' ? { kind: 'record', name: '', optional } : { kind: 'member', name: name!, optional },
      ...Array<Segment>(stars!.length / 3).fill({ kind: 'array', name: '', optional }),
    ]
  })
