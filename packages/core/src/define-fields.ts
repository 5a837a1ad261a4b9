import { compilePolicy, type RawField } from './compile.ts'
import { optionError } from './errors.ts'
import { core, fieldOptions } from './field-options.ts'
import type { FieldPath, PathOptions } from './field-path.ts'
import { isPlainObject } from './json.ts'
import { segmentsOf } from './path.ts'
import type { EncryptedOptions, FieldPolicy, MaskedOptions } from './policy.ts'

/** What `defineFields` takes for one path: the options of a sealed field, or `{ masked }` for a masked one. */
export type FieldOptions = EncryptedOptions | { readonly masked: MaskedOptions }

/**
 * Declares fields without classes. The paths are checked against `T`, to a depth of {@link FieldPath}.
 *
 * A path is made of names and dots; `[*]` is every element of an array, `.*` every member of a record. `optional:
 * true` covers the field and all that stands above it: where `address` is absent or null there is no place for
 * `address.street`, and that is no error. Where another field below `address` is required, `address` is too. A path
 * that may lead nowhere by its type does not compile without `optional: true`.
 *
 * @typeParam T - the payload in the clear
 * @param model - the model's id, part of every binding; see `Model`
 * @throws GlassineError `ERR_MODEL_INVALID` (with the path), `ERR_OPTION_INVALID` (with the option)
 * @example
 * ```ts
 * interface PatientDto {
 *   ssn: string
 *   phone: string
 *   address?: { street: string }
 *   visits: { note: string }[]
 * }
 * const patient = defineFields<PatientDto>('patient', {
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
  const { masked, ...rest } = options as EncryptedOptions & { readonly masked?: MaskedOptions }
  if (masked === undefined) {
    const checked = fieldOptions('encrypted', rest)
    return { segments: segmentsOf(path, checked.optional === true), kind: 'encrypted', options: checked }
  }
  if (Object.keys(rest).length > 0) throw optionError(core, 'masked', 'allows no option beside it')
  return {
    segments: segmentsOf(path, false),
    kind: 'masked',
    options: fieldOptions('masked', masked, 'masked'),
  }
}
