import { brand, compilePolicy, type RawField } from './compile.ts'
import { fieldOptions, modelError } from './field-options.ts'
import { type Fields, policyOf } from './fields.ts'
import { isPlainObject } from './json.ts'
import type { Segment } from './path.ts'
import type { EncryptedOptions, FieldDeclaration, FieldPolicy, MaskedOptions } from './policy.ts'

/** A step of a described path: a member by its name, or one that may be absent, or every element or member. */
export type DescribedStep =
  | string
  | { readonly name: string; readonly optional: true }
  | { readonly each: 'array' | 'record'; readonly optional?: true }

/** One declared field as JSON: where it is, and the options of its declaration. */
export type DescribedField = EncryptedOptions &
  MaskedOptions & { readonly kind: FieldDeclaration['kind']; readonly at: readonly DescribedStep[] }

/**
 * A declaration as plain JSON, for a device that does not share the code of the model.
 *
 * @typeParam T - the payload in the clear, when the reader knows its type
 */
export interface FieldsDescription<T = any> {
  readonly model: string
  readonly fields: readonly DescribedField[]
  /** Only in the type. */
  readonly '~payload'?: T
}

/**
 * Prints a declaration as JSON. {@link fieldsOf} makes the same policy of it, wherever it is read.
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
  const raw = (policy as unknown as Record<symbol, readonly RawField[]>)[brand]!
  return {
    model: policy.model,
    fields: raw.map(({ kind, segments, options: { optional: _atTheLastStep, ...options } }) => ({
      kind,
      at: segments.map(step),
      ...options,
    })),
  }
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
 * @throws GlassineError `ERR_MODEL_INVALID`, `ERR_OPTION_INVALID` for what it cannot have printed
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

const malformed = () => modelError('is no description of fields')

const rawField = (field: unknown): RawField => {
  if (!isPlainObject(field)) throw malformed()
  const { kind, at, ...rest } = field
  if ((kind !== 'encrypted' && kind !== 'masked') || !Array.isArray(at) || at.length === 0) throw malformed()
  const segments = at.map(segment)
  const optional = kind === 'encrypted' && segments.at(-1)!.optional
  return {
    segments,
    kind,
    options: fieldOptions(kind, optional ? { ...rest, optional } : rest),
  }
}

const segment = (described: unknown): Segment => {
  if (typeof described === 'string') return { kind: 'member', name: described, optional: false }
  if (!isPlainObject(described)) throw malformed()
  const { name, each, optional = false } = described
  if (typeof optional !== 'boolean') throw malformed()
  if (typeof name === 'string' && each === undefined) return { kind: 'member', name, optional }
  if (name !== undefined || (each !== 'array' && each !== 'record')) throw malformed()
  return { kind: each, name: '', optional }
}
