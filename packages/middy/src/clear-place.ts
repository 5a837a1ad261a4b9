import type { Envelope, FieldPolicy, PathNode } from '@glassine/core'
import { isPlainObject } from '@glassine/core/internal'
import { carries } from './choose-envelope.ts'

/**
 * The template path of the first declared place that holds something and that `isSealed` does not vouch for.
 *
 * What stands in the way of a declared path in another shape (a text in place of an object, a list in place of a
 * record, an instance of a class) counts as clear: the values that were declared may be anywhere in it. So does
 * what brings its own `toJSON`, which may put back what was taken out. Reads the payload and changes nothing.
 */
const clearPlace = (
  node: PathNode,
  value: unknown,
  isSealed: (value: unknown, node: PathNode) => boolean,
): string | undefined => {
  if (value === undefined) return undefined
  const { members, each, field, path } = node
  if (field) return isSealed(value, node) ? undefined : path
  // Absent by JSON's own means; nothing can be hidden in it.
  if (value === null) return undefined
  if (hasToJson(value)) return path
  if (each?.kind === 'array') {
    if (!Array.isArray(value)) return path
    for (const element of value) {
      const found = clearPlace(each.node, element, isSealed)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (!isPlainObject(value)) return path
  for (const [name, child] of members ?? []) {
    const found = Object.hasOwn(value, name) ? clearPlace(child, value[name], isSealed) : undefined
    if (found !== undefined) return found
  }
  if (each) {
    for (const name of Object.keys(value)) {
      const found = clearPlace(each.node, value[name], isSealed)
      if (found !== undefined) return found
    }
  }
  return undefined
}

const hasToJson = (value: unknown): boolean => typeof (value as { toJSON?: unknown }).toJSON === 'function'

/** The same for a payload as it leaves: a place must hold what one of the envelopes recognises. */
export const unsealedPlace = (
  { encrypted }: FieldPolicy,
  payload: unknown,
  envelopes: readonly Envelope[],
): string | undefined => {
  const bundled = envelopes.some((envelope) => carries(envelope, payload))
  return clearPlace(
    encrypted,
    payload,
    (value, { path }) =>
      envelopes.some((envelope) => envelope.recognises(value)) ||
      // A bundle leaves null where an element of a list or record was, so that its place is kept.
      (bundled && value === null && path.endsWith('/*')),
  )
}

const never = (): boolean => false

/** Whether any declared place of a payload holds something, sealed or not. */
export const hasPlace = ({ encrypted }: FieldPolicy, payload: unknown): boolean =>
  clearPlace(encrypted, payload, never) !== undefined
