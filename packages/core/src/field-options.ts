import { GlassineError } from './errors.ts'
import { isPlainObject } from './json.ts'
import { checkedOptions, flag, integer, type OptionSchema, oneOf, type Rule, text } from './options.ts'
import type { EncryptedOptions, MaskedOptions, NestedOptions } from './policy.ts'

/** The name that errors of this package carry. */
export const core = '@glassine/core'

/** The error for a declaration that cannot be compiled; made of constants and declared names only. */
export const modelError = (message: string, path?: string): GlassineError =>
  new GlassineError('ERR_MODEL_INVALID', { message, package: core, path })

const beacon: Rule = [
  'must be { bits } with an integer from 1 to 63',
  (value) => isPlainObject(value) && Object.keys(value).join() === 'bits' && integer(1, 63)[1](value.bits),
]

/** What each kind of field takes. */
interface FieldOptions {
  readonly encrypted: EncryptedOptions
  readonly masked: MaskedOptions
  readonly nested: NestedOptions
}

const schemas: { readonly [K in keyof FieldOptions]: OptionSchema<FieldOptions[K]> } = {
  encrypted: { label: text, optional: flag, beacon },
  masked: { label: text, keepFirst: integer(0), keepLast: integer(0) },
  nested: { in: oneOf('array', 'record'), optional: flag },
}

/**
 * Returns a frozen copy of a field's options when each is known and right.
 *
 * @throws GlassineError `ERR_OPTION_INVALID` with the option's name
 */
export const fieldOptions = <K extends keyof FieldOptions>(
  kind: K,
  options: FieldOptions[K] = {},
): FieldOptions[K] => {
  const given = Object.entries(checkedOptions(core, schemas[kind], options, kind))
  // An option that is undefined is one that was not given, for those who pass theirs through.
  const copies = given.flatMap(([name, value]) =>
    value === undefined ? [] : [[name, isPlainObject(value) ? { ...value } : value]],
  )
  return Object.freeze(Object.fromEntries(copies))
}
