import { type ModelClass, policyOfClass } from './collect.ts'
import { compilePolicy, isPolicy, rawOf } from './compile.ts'
import { optionError } from './errors.ts'
import { core } from './field-options.ts'
import type { FieldPolicy } from './policy.ts'
import type { PlainPayload } from './types.ts'

export type { ModelClass } from './collect.ts'

/** What every `fields:` option takes: a policy of `defineFields`, or a class decorated with `@Model`. */
export type Fields<T = any> = FieldPolicy<T> | ModelClass<T>

/** The payload that a `fields:` option describes, in the clear: the data of a class without its methods. */
export type PayloadOf<F> =
  F extends ModelClass<infer T> ? PlainPayload<T> : F extends FieldPolicy<infer T> ? PlainPayload<T> : never

/**
 * The policy of a `fields:` option. A class is compiled once; its policy is cached for as long as the class lives.
 *
 * @param packageName - the package named in the error for a wrong option; default `@glassine/core`
 * @throws GlassineError `ERR_OPTION_INVALID` (option `fields`) for anything other than a class or a policy made by
 * `defineFields`; `ERR_MODEL_INVALID` for a class without `@Model` or without a declared field
 * @example
 * ```ts
 * const policy = policyOf(Patient)
 * policy.fields.map((field) => field.path) // ['/ssn', '/address/street']
 * ```
 */
export const policyOf = <T>(fields: Fields<T>, packageName: string = core): FieldPolicy<T> => {
  if (typeof fields === 'function') return policyOfClass(fields)
  if (isPolicy(fields)) return fields
  throw optionError(packageName, 'fields', 'must be a class with @Model or what defineFields returns')
}

/**
 * The fields of a payload whose root is a list of models, such as the response to a search.
 *
 * @throws GlassineError as {@link policyOf}
 * @example
 * ```ts
 * const patients = defineFields<{ ssn: string }>('patient', { ssn: {} })
 * arrayOf(patients).model // 'patient'; its one field is `ssn` of every element
 * ```
 */
export const arrayOf = <T>(fields: Fields<T>): FieldPolicy<T[]> => {
  const policy = policyOf(fields)
  const raw = rawOf(policy)
  const optional = raw.every(({ segments }) => segments[0]!.optional)
  return compilePolicy<T[]>(
    policy.model,
    raw.map((one) => ({ ...one, segments: [{ kind: 'array', name: '', optional }, ...one.segments] })),
  )
}
