import { type Fields, policyOf } from '@glassine/core'
import { checkedOptions, hasMethods, integer, type OptionSchema, type Rule } from '@glassine/core/internal'
import { packageName } from './errors.ts'

export { anyFunction, flag, type OptionSchema, oneOf, type Rule } from '@glassine/core/internal'

/**
 * Refuses options that cannot be right; see {@link checkedOptions}.
 *
 * @param holder - the option that holds these, for nested ones
 * @throws GlassineError `ERR_OPTION_INVALID` with the option's name
 */
export const checkOptions = <O extends object>(schema: OptionSchema<O>, options: O, holder?: string): O =>
  checkedOptions(packageName, schema, options, holder)

/** A size in bytes. */
export const byteCount = integer(1)

/** The characters of a field value (RFC 9110, section 5.5): no line break, so that nothing can be smuggled in. */
export const isHeaderValue = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)

/** A header field's name, a token (RFC 9110, section 5.1). */
export const headerName: Rule = [
  'must be the name of a header',
  (value) => typeof value === 'string' && /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(value),
]

/** What {@link Fields} are is checked in detail, and by core, where they are compiled: its errors say more. */
export const fieldsRule: Rule = [
  'must be fields',
  (value: Fields) => policyOf(value, packageName) !== undefined,
]

const isEnvelope = (value: unknown): boolean =>
  hasMethods(value, ['recognises', 'prepareOpen', 'prepareSeal'])

export const oneEnvelope: Rule = ['must be an envelope', isEnvelope]

export const envelopes: Rule = [
  'must be an envelope or a list of some',
  (value) => listOf(value).length > 0 && listOf(value).every(isEnvelope),
]

export const listOf = <T>(value: T | readonly T[]): readonly T[] =>
  Array.isArray(value) ? (value as readonly T[]) : [value as T]
