import { isPlainObject } from './codec.ts'
import { compilePolicy, type RawField } from './compile.ts'
import { optionError } from './errors.ts'
import { core, fieldOptions } from './field-options.ts'
import type { FieldPath, PathOptions } from './field-path.ts'
import { segmentsOf } from './path.ts'
import type { AuthenticatedOptions, EncryptedOptions, FieldPolicy, MaskedOptions } from './policy.ts'

/**
 * What `defineFields` takes for one path: the options of an encrypted field, `{ authenticated: true }` for a readable
 * member that the encrypted ones are bound to, or `{ masked }` for one that the logger masks.
 */
export type FieldOptions =
  | EncryptedOptions
  | (AuthenticatedOptions & { readonly authenticated: true })
  | { readonly masked: MaskedOptions }

/**
 * Declares fields without classes. The paths are checked against `T`, to a depth of {@link FieldPath}.
 *
 * A path consists of names and dots; `[*]` is every element of an array, `.*` every member of a record. `optional:
 * true` covers the field and everything above it: if `address` is absent or null, there is no place for
 * `address.street`, and that is not an error. If another field below `address` is required, `address` is too. A path
 * that may lead nowhere by its type does not compile without `optional: true`.
 *
 * @typeParam T - the payload in the clear
 * @param model - the model's id, part of every binding; see `Model`
 * @throws GlassineError `ERR_MODEL_INVALID` (with the path), `ERR_OPTION_INVALID` (with the option)
 * @example
 * ```ts
 * interface PatientDto {
 *   id: string
 *   ssn: string
 *   phone: string
 *   address?: { street: string }
 *   visits: { note: string }[]
 * }
 * const patient = defineFields<PatientDto>('patient', {
 *   id: { authenticated: true },
 *   ssn: { label: 'phi' },
 *   'address.street': { optional: true },
 *   'visits[*].note': {},
 *   phone: { masked: { keepLast: 4 } },
 * })
 * ```
 */
export const defineFields = <T = any>(model: string, fields: PathOptions<T>): FieldPolicy<T> => {
  if (!isPlainObject(fields)) throw optionError(core, 'fields', 'must be an object from path to options')
  const raw = Object.entries(fields as Record<string, FieldOptions>).map(([path, options]) =>
    rawField(path, options),
  )
  return compilePolicy<T>(model, raw)
}

const rawField = (path: string, options: FieldOptions): RawField => {
  if (!isPlainObject(options)) throw optionError(core, path, 'must be an object of options')
  const { masked, authenticated, ...rest } = options as EncryptedOptions & {
    readonly masked?: MaskedOptions
    readonly authenticated?: true
  }
  if (masked !== undefined && authenticated === undefined) {
    if (Object.keys(rest).length > 0) throw optionError(core, 'masked', 'allows no option beside it')
    return {
      segments: segmentsOf(path, false),
      kind: 'masked',
      options: fieldOptions('masked', masked, 'masked'),
    }
  }
  if (authenticated !== undefined && (authenticated !== true || masked !== undefined))
    throw optionError(core, 'authenticated', 'must be true, without `masked`')
  const kind = authenticated ? 'authenticated' : 'encrypted'
  const checked = fieldOptions(kind, rest)
  return { segments: segmentsOf(path, checked.optional === true), kind, options: checked }
}
