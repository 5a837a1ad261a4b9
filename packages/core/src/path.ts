import { modelError } from './field-options.ts'
import type { PathNode } from './policy.ts'

/** One step of a declared path. */
export interface Segment {
  /** `array` is every element of an array, `[*]`; `record` is every member of a record, `.*`. */
  readonly kind: 'member' | 'array' | 'record'
  /** Of a member; empty for the others. */
  readonly name: string
  /** Whether the field may be absent; above the field itself, also null. */
  readonly optional: boolean
}

/** Names that reach a prototype: refused in paths and payloads. */
export const isForbiddenName = (name: string): boolean =>
  name === '__proto__' || name === 'constructor' || name === 'prototype'

/** Escapes a member's name for a JSON Pointer (RFC 6901, section 3). */
export const escapePointer = (name: string): string =>
  name.includes('~') || name.includes('/') ? name.replaceAll('~', '~0').replaceAll('/', '~1') : name

/** The template path of a field, a JSON Pointer with `*` for every element or member: `/visits/*` + `/note`. */
export const templateOf = (segments: readonly Segment[]): string => {
  let path = ''
  // A member that is really called "*" must not read as the wildcard; no escape of JSON Pointers is left for it.
  for (const { kind, name } of segments)
    path += kind !== 'member' ? '/*' : name === '*' ? '/~2' : `/${escapePointer(name)}`
  return path
}

/**
 * The names on the way to a declared field, from the root: the inverse of {@link templateOf}. `undefined` is a
 * wildcard.
 */
export const memberNames = ({ path }: { readonly path: string }): readonly (string | undefined)[] =>
  path
    .split('/')
    .slice(1)
    .map((part) =>
      part === '*' ? undefined : part.replaceAll('~2', '*').replaceAll('~1', '/').replaceAll('~0', '~'),
    )

/**
 * Reads a declared path as users write it: `address.street`, `visits[*].note`, `phones.*`.
 *
 * @throws GlassineError `ERR_MODEL_INVALID` for an empty or malformed path
 */
export const segmentsOf = (path: string, optional: boolean): Segment[] =>
  path.split('.').flatMap((part, at): Segment[] => {
    const [matched, name, stars] = /^([^[\]]*)((?:\[\*\])*)$/.exec(part) ?? []
    // Only a root that is a list has no name before its elements.
    if (!matched || (name === '' && at > 0)) throw modelError('a path is made of names, [*] and .*', path)
    const member: Segment =
      name === '*' ? { kind: 'record', name: '', optional } : { kind: 'member', name: name!, optional }
    return [
      ...(name === '' ? [] : [member]),
      ...Array<Segment>(stars!.length / 3).fill({ kind: 'array', name: '', optional }),
    ]
  })

/** The declaration of a member or element of a container, if it has one. */
export const childNode = ({ members, each }: PathNode, name: string): PathNode | undefined =>
  each ? each.node : members?.find(([member]) => member === name)?.[1]

/**
 * One step of a walk along the declared paths: visits each declared member of a container, also absent ones, or each of
 * its elements, until a visit returns something.
 *
 * @param visit - gets the container, the member's name, its declaration, and `above` and `further`, which a walker
 * passes down; so a walk needs no closure per container
 */
export const visitChildren = <Container extends object, Above, Further, Found>(
  { members, each }: PathNode,
  container: Container,
  visit: (
    container: Container,
    name: string,
    node: PathNode,
    above: Above,
    further: Further,
  ) => Found | undefined,
  above: Above,
  further: Further,
): Found | undefined => {
  for (const [name, node] of members ?? []) {
    const found = visit(container, name, node, above, further)
    if (found) return found
  }
  if (each) {
    // An array by its length: JSON also writes elements that are not enumerable.
    for (const name of Array.isArray(container) ? container.keys() : Object.keys(container)) {
      const found = visit(container, String(name), each.node, above, further)
      if (found) return found
    }
  }
  return undefined
}
