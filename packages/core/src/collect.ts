import { compilePolicy, isEndless, type Raw } from './compile.ts'
import { modelError } from './field-options.ts'
import { declaredOf, modelOf } from './metadata.ts'
import { type Segment, templateOf } from './path.ts'
import type { FieldPolicy } from './policy.ts'

/** A class whose instances have the shape of a payload; it is read, never instantiated. */
export type ModelClass<T = any> = abstract new (...args: any[]) => T

const compiled = new WeakMap<object, FieldPolicy<any>>()

/**
 * Compiles a decorated class, once. The thunks of nested fields are called here, not when the class is defined,
 * so a class may name one that is declared later.
 *
 * @throws GlassineError `ERR_MODEL_INVALID`
 */
export const policyOfClass = <T>(type: ModelClass<T>): FieldPolicy<T> => {
  const known = compiled.get(type)
  if (known) return known
  const model = modelOf(type)
  if (model === undefined)
    throw modelError(`the class ${type.name} carries no @Model of its own (a subclass is another model)`)
  const raw: Raw[] = []
  collect(type, [], new Map(), raw)
  const policy = compilePolicy<T>(model, raw)
  compiled.set(type, policy)
  return policy
}

/** `above` are the classes on the way here, with the number of steps to each: one that comes back closes a loop. */
const collect = (
  type: object,
  segments: readonly Segment[],
  above: ReadonlyMap<object, number>,
  into: Raw[],
): void => {
  const from = above.get(type)
  if (from !== undefined) {
    if (isEndless(segments.slice(from)))
      throw modelError('a nested class contains itself', templateOf(segments))
    into.push({ segments, back: segments.length - from })
    return
  }
  const fields = declaredOf(type)
  if (fields.size === 0) throw modelError('a class declares no field', templateOf(segments))
  for (const { name, kind, options, type: nested } of fields.values()) {
    const at: Segment[] = [
      ...segments,
      { kind: 'member', name, optional: kind !== 'masked' && !!options.optional },
    ]
    if (kind !== 'nested') {
      into.push({ segments: at, kind, options })
      continue
    }
    const inner = nested()
    // A circular import leaves the binding undefined in compiled output without a temporal dead zone.
    if (typeof inner !== 'function') throw modelError('@Nested does not lead to a class', templateOf(at))
    if (options.in) at.push({ kind: options.in, name: '', optional: false })
    collect(inner, at, new Map(above).set(type, segments.length), into)
  }
}
