import { type Envelope, type Fields, isPlainObject, policyOf } from '@glassine/core'
import { badOption, from } from './errors.ts'

/** One option: what the error says it must be, and whether a value is. `undefined` is an option not given. */
export type Rule = readonly [expected: string, holds: (value: unknown) => boolean]

/** A middleware's options by name; an option that stands in no schema is refused. */
export type OptionSchema<O> = { readonly [K in keyof O]-?: Rule }

/**
 * Refuses options that are no object, names that the schema lacks, and values that cannot be right. Always done,
 * and at construction: a misspelt option must not become a default in silence.
 *
 * @param path - names the option that holds these, for nested ones
 * @throws GlassineError `ERR_OPTION_INVALID` with the option's name
 */
export const checkOptions = <O extends object>(
  schema: OptionSchema<O>,
  options: unknown,
  path = '',
): void => {
  if (!isPlainObject(options)) throw badOption(path.slice(0, -1) || 'options', 'must be a plain object')
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(schema, name) ? schema[name as keyof O] : undefined
    if (!rule)
      throw badOption(`${path}${name}`, `is not known; known are ${Object.keys(schema).sort().join(', ')}`)
    if (value !== undefined && !rule[1](value)) throw badOption(`${path}${name}`, rule[0])
  }
}

const quoted = (values: readonly unknown[]): string =>
  values.map((value) => (typeof value === 'string' ? `'${value}'` : String(value))).join(' or ')

/** One of a few constants. */
export const oneOf = (...values: readonly unknown[]): Rule => [
  `must be ${quoted(values)}`,
  (value) => values.includes(value),
]

export const flag: Rule = ['must be a boolean', (value) => typeof value === 'boolean']

export const anyFunction: Rule = ['must be a function', (value) => typeof value === 'function']

/** A size in bytes. */
export const byteCount: Rule = [
  'must be an integer, 1 or more',
  (value) => Number.isSafeInteger(value) && (value as number) > 0,
]

/** The characters of a field value (RFC 9110, section 5.5): no line break, so that nothing can be smuggled in. */
export const isHeaderValue = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)

/** A header field's name, a token (RFC 9110, section 5.1). */
export const headerName: Rule = [
  'must be the name of a header',
  (value) => typeof value === 'string' && /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(value),
]

/** What {@link Fields} are is checked in detail, and by core, where they are compiled. */
export const fieldsRule: Rule = [
  'must be a class with @Model or what defineFields returns',
  (value) => {
    policyOf(value as Fields, from)
    return true
  },
]

const isEnvelope = (value: unknown): value is Envelope => {
  const envelope = value as Partial<Envelope> | null
  return (
    typeof envelope === 'object' &&
    envelope !== null &&
    typeof envelope.recognises === 'function' &&
    typeof envelope.prepareOpen === 'function' &&
    typeof envelope.prepareSeal === 'function'
  )
}

export const oneEnvelope: Rule = ['must be an envelope', isEnvelope]

export const envelopes: Rule = [
  'must be an envelope or a list of some',
  (value) => (Array.isArray(value) ? value.length > 0 && value.every(isEnvelope) : isEnvelope(value)),
]

export const listOf = <T>(value: T | readonly T[]): readonly T[] =>
  Array.isArray(value) ? (value as readonly T[]) : [value as T]
