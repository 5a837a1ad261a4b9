import { type Fields, policyOf } from '@glassine/core'
import {
  checkedOptions,
  hasMethods,
  integer,
  isPlainObject,
  type OptionSchema,
  type Rule,
} from '@glassine/core/internal'
import { packageName } from './errors.ts'
import { eventSources } from './event-source.ts'

export { anyFunction, flag, type OptionSchema, oneOf, type Rule } from '@glassine/core/internal'

/**
 * Refuses invalid options; see {@link checkedOptions}.
 *
 * @param holder - the option that contains these, for nested ones
 * @throws GlassineError `ERR_OPTION_INVALID` with the option's name
 */
export const checkOptions = <O extends object>(schema: OptionSchema<O>, options: O, holder?: string): O =>
  checkedOptions(packageName, schema, options, holder)

/** The prefix of a path. */
export const pathPrefix: Rule = [
  'must be a path without a slash at its end',
  (value) => typeof value === 'string' && /^(?:\/[^/?#]+)*$/.test(value),
]

/** A size in bytes. */
export const byteCount = integer(1)

/** The option of all middlewares that request keys. */
export interface ReservedTimeOption {
  /**
   * How much of the function's time is left when waiting for keys ends, in ms: time to answer that they are unavailable
   * before Lambda stops the function. Set more for slow processors, for example below 512 MB. Default: 250 in
   * `decryptRequest`, elsewhere that of the request.
   */
  readonly reservedTime?: number
}

/** The rule of {@link ReservedTimeOption}. */
export const reservedTimeSchema: OptionSchema<ReservedTimeOption> = {
  reservedTime: integer(0),
}

/** The characters of a field value (RFC 9110, section 5.5): no line breaks, so that nothing can be smuggled in. */
export const isHeaderValue = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)

/** The name of a header field, a token (RFC 9110, section 5.1). */
export const headerName: Rule = [
  'must be the name of a header',
  (value) => typeof value === 'string' && /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(value),
]

/** Core checks {@link Fields} in detail when it compiles them: its errors say more. */
export const fieldsRule: Rule = [
  'must be fields',
  (value: Fields) => policyOf(value, packageName) !== undefined,
]

const isEnvelope = (value: unknown): boolean =>
  hasMethods(value, ['recognises', 'prepareOpen', 'prepareSeal'])

/** Event sources that a function is behind. */
export const sourcesRule: Rule = [
  `must be a list of event sources, of ${eventSources.join(', ')}`,
  (value) =>
    Array.isArray(value) && value.length > 0 && value.every((source) => eventSources.includes(source)),
]

export const oneEnvelope: Rule = ['must be an envelope', isEnvelope]

export const envelopes: Rule = [
  'must be an envelope or a list of some',
  (value) => listOf(value).length > 0 && listOf(value).every(isEnvelope),
]

/** One envelope, or a list that says whose requests may have which. */
export const envelopeEntries: Rule = [
  'must be an envelope, or a list of `{ envelope, from }`',
  (value) => (Array.isArray(value) ? value.length > 0 && value.every(isEntry) : isEnvelope(value)),
]

const isEntry = (value: unknown): boolean =>
  isPlainObject(value) &&
  Object.keys(value).every((name) => name === 'envelope' || name === 'from') &&
  isEnvelope(value.envelope) &&
  (value.from === undefined || typeof value.from === 'function')

export const listOf = <T>(value: T | readonly T[]): readonly T[] =>
  Array.isArray(value) ? (value as readonly T[]) : [value as T]
