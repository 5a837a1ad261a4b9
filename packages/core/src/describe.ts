import { isPlainObject } from './codec.ts'
import { compilePolicy, isEndless, type Raw, type RawLoop, rawOf } from './compile.ts'
import { fieldOptions, modelError } from './field-options.ts'
import { type Fields, policyOf } from './fields.ts'
import { integer } from './options.ts'
import type { Segment } from './path.ts'
import type { EncryptedOptions, FieldDeclaration, FieldPolicy, MaskedOptions } from './policy.ts'

/** A step of a described path: a member by its name, one that may be absent, or every element or member. */
export type DescribedStep =
  | string
  | { readonly name: string; readonly optional: true }
  | { readonly each: 'array' | 'record'; readonly optional?: true }

/**
 * One declared field as JSON: where it is, and the options of its declaration. With `back`, where a model contains
 * itself: what is declared that many steps further up is declared there again.
 */
export type DescribedField =
  | (EncryptedOptions &
      MaskedOptions & { readonly kind: FieldDeclaration['kind']; readonly at: readonly DescribedStep[] })
  | { readonly back: number; readonly at: readonly DescribedStep[] }

/**
 * A declaration as plain JSON, for a device that does not share the code of the model.
 *
 * @typeParam T - the payload in the clear, if the reader knows its type
 */
export interface FieldsDescription<T = any> {
  readonly model: string
  readonly fields: readonly DescribedField[]
  /** Exists only in the type. */
  readonly '~payload'?: T
}

/**
 * Prints a declaration as JSON. {@link fieldsOf} restores the same policy from it anywhere.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID`, as {@link policyOf}
 * @example
 * ```ts
 * import { defineFields } from '@glassine/core'
 * import { describeFields } from '@glassine/core/describe'
 *
 * const fields = defineFields<{ ssn: string }>('patient', { ssn: { label: 'phi' } })
 * JSON.stringify(describeFields(fields))
 * // {"model":"patient","fields":[{"kind":"encrypted","at":["ssn"],"label":"phi"}]}
 * ```
 */
export const describeFields = <T>(fields: Fields<T>): FieldsDescription<T> => {
  const policy = policyOf(fields)
  return { model: policy.model, fields: rawOf(policy).map(described) }
}

const described = ({ segments, kind, options, back }: Raw): DescribedField => {
  const at = segments.map(step)
  if (back !== undefined) return { back, at }
  const { optional: _atTheLastStep, ...rest } = options
  return { kind, at, ...rest }
}

const step = ({ kind, name, optional }: Segment): DescribedStep =>
  kind === 'member'
    ? optional
      ? { name, optional: true }
      : name
    : { each: kind, ...(optional && { optional: true }) }

/**
 * Reads what {@link describeFields} printed.
 *
 * @throws GlassineError `ERR_MODEL_INVALID`, `ERR_OPTION_INVALID` if it cannot have printed this
 * @example
 * ```ts
 * import { fieldsOf } from '@glassine/core/describe'
 *
 * const policy = fieldsOf<{ ssn: string }>(
 *   JSON.parse('{"model":"patient","fields":[{"kind":"encrypted","at":["ssn"]}]}'),
 * )
 * ```
 */
export const fieldsOf = <T = any>(description: FieldsDescription<T>): FieldPolicy<T> => {
  const { model, fields } = isPlainObject(description) ? description : ({} as FieldsDescription)
  if (!Array.isArray(fields)) throw malformed()
  return compilePolicy<T>(model, fields.map(rawField))
}

const malformed = () => modelError('is not a field description')

const rawField = (field: unknown): Raw => {
  if (!isPlainObject(field)) throw malformed()
  const { kind, at, ...rest } = field
  if (!Array.isArray(at) || at.length === 0) throw malformed()
  const segments = at.map(segment)
  if (kind === undefined) return rawLoop(segments, rest)
  if (!isKind(kind)) throw malformed()
  const optional = kind !== 'masked' && segments.at(-1)!.optional
  return {
    segments,
    kind,
    options: fieldOptions(kind, optional ? { ...rest, optional } : rest),
  }
}

const rawLoop = (
  segments: readonly Segment[],
  { back, ...others }: Readonly<Record<string, unknown>>,
): RawLoop => {
  const steps = integer(1, segments.length)[1](back) ? (back as number) : 0
  const round = segments.slice(segments.length - steps)
  if (isEndless(round) || Object.keys(others).length > 0) throw malformed()
  return { segments, back: steps }
}

const isKind = (kind: unknown): kind is FieldDeclaration['kind'] =>
  kind === 'encrypted' || kind === 'masked' || kind === 'authenticated'

const segment = (described: unknown): Segment => {
  if (typeof described === 'string') return { kind: 'member', name: described, optional: false }
  if (!isPlainObject(described)) throw malformed()
  const { name, each, optional = false } = described
  if (typeof optional !== 'boolean') throw malformed()
  if (typeof name === 'string' && each === undefined) return { kind: 'member', name, optional }
  if (name !== undefined || (each !== 'array' && each !== 'record')) throw malformed()
  return { kind: each, name: '', optional }
}
