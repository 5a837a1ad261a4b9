import { definedMembers, GlassineError } from './errors.ts'
import { checkedOptions, flag, integer, type OptionSchema, oneOf, text } from './options.ts'
import type { AuthenticatedOptions, EncryptedOptions, MaskedOptions, NestedOptions } from './policy.ts'

/** The package name in errors of this package. */
export const core = '@glassine/core'

/** The error for a declaration that cannot be compiled; consists of constants and declared names only. */
export const modelError = (message: string, path?: string): GlassineError =>
  new GlassineError('ERR_MODEL_INVALID', { message, package: core, path })

/** What each kind of field takes. */
interface FieldOptions {
  readonly encrypted: EncryptedOptions
  readonly masked: MaskedOptions
  readonly authenticated: AuthenticatedOptions
  readonly nested: NestedOptions
}

const schemas: { readonly [K in keyof FieldOptions]: OptionSchema<FieldOptions[K]> } = {
  encrypted: { label: text, optional: flag, mayLeave: flag },
  masked: { label: text, keepFirst: integer(0), keepLast: integer(0) },
  authenticated: { label: text, optional: flag },
  nested: { in: oneOf('array', 'record'), optional: flag },
}

/**
 * Returns a frozen copy of a field's options if each is known and valid.
 *
 * @param holder - the option that contains these, if any
 * @throws GlassineError `ERR_OPTION_INVALID` with the option's name
 */
export const fieldOptions = <K extends keyof FieldOptions>(
  kind: K,
  options: FieldOptions[K] = {},
  holder?: string,
): FieldOptions[K] => Object.freeze(definedMembers(checkedOptions(core, schemas[kind], options, holder)))
