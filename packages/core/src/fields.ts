import { type ModelClass, policyOfClass } from './collect.ts'
import { isPolicy } from './compile.ts'
import { optionError } from './errors.ts'
import { core } from './field-options.ts'
import type { FieldPolicy } from './policy.ts'

export type { ModelClass } from './collect.ts'

/** What every `fields:` option takes: a policy of `defineFields`, or a class decorated with `@Model`. */
export type Fields<T = any> = FieldPolicy<T> | ModelClass<T>

/** The payload that a `fields:` option describes, in the clear. */
export type PayloadOf<F> = F extends ModelClass<infer T> ? T : F extends FieldPolicy<infer T> ? T : never

/**
 * The policy of a `fields:` option. A class is compiled once and its policy kept for as long as the class lives.
 *
 * @param packageName - the package that the error of a wrong option names; default `@glassine/core`
 * @throws GlassineError `ERR_OPTION_INVALID` (option `fields`) for what is neither a class nor a policy made by
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
