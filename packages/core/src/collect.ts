import { compilePolicy, type RawField } from './compile.ts'
import { modelError } from './field-options.ts'
import { declaredOf, modelOf } from './metadata.ts'
import { type Segment, templateOf } from './path.ts'
import type { FieldPolicy } from './policy.ts'

/** A class whose instances' shape is a payload; it is read, never instantiated. */
export type ModelClass<T = any> = abstract new (...args: any[]) => T

const compiled = new WeakMap<object, FieldPolicy<any>>()

/**
 * Compiles a decorated class, once. The thunks of nested fields are called here and not when the class is defined,
 * so a class may name one that is declared later.
 *
 * @throws GlassineError `ERR_MODEL_INVALID`
 */
export const policyOfClass = <T>(type: ModelClass<T>): FieldPolicy<T> => {
  const known = compiled.get(type)
  if (known) return known
  const model = modelOf(type)
  if (model === undefined)
    throw modelError(
      'The class carries no @Model of its own; a subclass needs one too, as it is another model',
    )
  const raw: RawField[] = []
  collect(type, { segments: [], optionalAt: [], stack: [] }, raw)
  const policy = compilePolicy<T>(model, raw)
  compiled.set(type, policy)
  return policy
}

interface Position {
  readonly segments: readonly Segment[]
  readonly optionalAt: readonly number[]
  /** The classes on the way here: one that comes back would make the tree endless. */
  readonly stack: readonly object[]
}

const collect = (type: object, { segments, optionalAt, stack }: Position, into: RawField[]): void => {
  const path = templateOf(segments)
  if (stack.includes(type)) throw modelError('A nested class contains itself', path)
  const fields = declaredOf(type)
  if (fields.size === 0) throw modelError('The class declares no field', path)
  for (const declared of fields.values()) {
    const at: Segment[] = [...segments, { kind: 'member', name: declared.name }]
    if (declared.kind !== 'nested') {
      into.push({ segments: at, optionalAt, kind: declared.kind, options: declared.options })
      continue
    }
    const nested = declared.type()
    // A circular import leaves the binding undefined in compiled output that knows no temporal dead zone.
    if (typeof nested !== 'function') throw modelError('@Nested does not lead to a class', templateOf(at))
    const { in: kind, optional } = declared.options
    collect(
      nested,
      {
        optionalAt: optional ? [...optionalAt, at.length] : optionalAt,
        segments: kind ? [...at, { kind }] : at,
        stack: [...stack, type],
      },
      into,
    )
  }
}
