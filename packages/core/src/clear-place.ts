/*
 * Whether a payload has something at a declared place, in any shape.
 */
import { isPlainObject, maxDepth } from './codec.ts'
import { visitChildren } from './path.ts'
import type { FieldPolicy, PathNode } from './policy.ts'

/**
 * The template path of the first declared place with a value for which `isSealed` is false.
 *
 * A value of another shape on a declared path (a text in place of an object, a list in place of a
 * record, an instance of a class) counts as clear: the declared values may be anywhere in it. So does an
 * object with its own `toJSON`, which may put back what was taken out, and anything deeper than 100 levels. Reads the
 * payload and changes nothing.
 */
export const clearPlace = (
  node: PathNode,
  value: unknown,
  isSealed: (value: unknown, node: PathNode) => boolean,
  levels = maxDepth,
): string | undefined => {
  if (value === undefined) return undefined
  const { each, field, path } = node
  if (field) return isSealed(value, node) ? undefined : path
  // Absent for JSON too; nothing can be hidden in it.
  if (value === null) return undefined
  if (levels === 0 || hasToJson(value)) return path
  if (each?.kind === 'array' ? !Array.isArray(value) : !isPlainObject(value)) return path
  return visitChildren(node, value as Record<string, unknown>, clearChild, isSealed, levels - 1)
}

const clearChild = (
  container: Record<string, unknown>,
  name: string,
  node: PathNode,
  isSealed: (value: unknown, node: PathNode) => boolean,
  levels: number,
): string | undefined =>
  Array.isArray(container) || Object.hasOwn(container, name)
    ? clearPlace(node, container[name], isSealed, levels)
    : undefined

const hasToJson = (value: unknown): boolean => typeof (value as { toJSON?: unknown }).toJSON === 'function'

const never = (): boolean => false

/** Whether any declared place of a payload has a value, sealed or not. */
const hasPlace = ({ encrypted }: FieldPolicy, payload: unknown): boolean =>
  clearPlace(encrypted, payload, never) !== undefined

/** Whether the root of a payload is a list of models. */
export const isListPolicy = ({ encrypted }: Pick<FieldPolicy, 'encrypted'>): boolean =>
  encrypted.each?.kind === 'array'

/** The declaration of one model: for a list, that of its elements. */
export const elementPolicy = (policy: FieldPolicy): FieldPolicy =>
  isListPolicy(policy) ? { ...policy, encrypted: policy.encrypted.each!.node } : policy

/**
 * Whether a payload has nothing to seal: a text, a number, a problem, or a list of problems rather than models.
 */
export const isHarmless = (policy: FieldPolicy, payload: unknown): boolean => {
  if (typeof payload !== 'object' || payload === null) return true
  // A list of models, or a model: an error may be either.
  const one = elementPolicy(policy)
  return Array.isArray(payload)
    ? !payload.some((element) => hasPlace(one, element))
    : isPlainObject(payload) && !hasPlace(one, payload)
}
