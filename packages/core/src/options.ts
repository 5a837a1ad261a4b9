// How every package of Glassine checks its options: one table per function.

import { isPlainObject } from './codec.ts'
import { optionError } from './errors.ts'

/**
 * One option: the end of a sentence for the error, what it must be, and whether a value is that. `undefined` means "not
 * given", an error only for required options.
 */
export type Rule = readonly [expected: string, holds: (value: any) => boolean, required?: true]

/** A rule for every option. Options without a rule are refused. */
export type OptionSchema<O> = { readonly [K in keyof O]-?: Rule }

/**
 * Returns the options if they are a plain object in which each name is in the table and each value satisfies its
 * rule. Always done, at construction: a misspelt option must not silently become a default.
 *
 * @param packageName - the package that the error names
 * @param holder - the option that contains these; errors name `holder`, or `holder.name`
 * @throws GlassineError `ERR_OPTION_INVALID` with the option's name
 * @example
 * ```ts
 * const given: { retries?: number } = { retries: 5 }
 * const { retries = 3 } = checkedOptions('@glassine/keys', { retries: integer(0, 10) }, given)
 * ```
 */
export const checkedOptions = <O extends object>(
  packageName: string,
  schema: OptionSchema<O>,
  options: O,
  holder?: string,
): O => {
  const prefix = holder === undefined ? '' : `${holder}.`
  if (!isPlainObject(options)) throw optionError(packageName, holder ?? 'options', 'must be a plain object')
  for (const name of Object.keys(options))
    if (!Object.hasOwn(schema, name))
      throw optionError(
        packageName,
        prefix + name,
        `is not known; known are ${Object.keys(schema).join(', ')}`,
      )
  for (const [name, [expected, holds, required]] of Object.entries<Rule>(schema)) {
    const value = options[name]
    if (value === undefined ? required : !holds(value))
      throw optionError(packageName, prefix + name, expected)
  }
  return options
}

/** An option that contains others, named `holder.name` in errors. */
export const group = <O extends object>(
  packageName: string,
  holder: string,
  schema: OptionSchema<O>,
): Rule => ['must be a plain object', (value) => checkedOptions(packageName, schema, value, holder) === value]

/** For an option that is checked elsewhere. */
export const anything: Rule = ['', () => true]

/** The same rule, for a required option. */
export const required = ([expected, holds]: Rule): Rule => [expected, holds, true]

export const flag: Rule = ['must be a boolean', (value) => typeof value === 'boolean']

export const anyFunction: Rule = ['must be a function', (value) => typeof value === 'function']

export const anyObject: Rule = ['must be an object', (value) => typeof value === 'object' && value !== null]

/** A non-empty string with a UTF-8 form. */
export const text: Rule = [
  'must be a string that is not empty',
  (value) => typeof value === 'string' && value !== '' && value.isWellFormed(),
]

/** An integer in a range, including both ends. */
export const integer = (least: number, most = Number.MAX_SAFE_INTEGER): Rule => [
  `must be an integer${most === Number.MAX_SAFE_INTEGER ? `, ${least} or more` : ` from ${least} to ${most}`}`,
  (value) => Number.isSafeInteger(value) && value >= least && value <= most,
]

/** A string that matches a pattern. */
export const matching = (pattern: RegExp, what: string): Rule => [
  `must be ${what}`,
  (value) => typeof value === 'string' && pattern.test(value),
]

/** An array with only valid elements. */
export const listOf = ([expected, holds]: Rule): Rule => [
  `must be an array, of which each ${expected}`,
  (value) => Array.isArray(value) && value.every((element) => holds(element)),
]

/** One of a few constants. */
export const oneOf = (...values: readonly unknown[]): Rule => [
  `must be ${values.map((value) => JSON.stringify(value)).join(' or ')}`,
  (value) => values.includes(value),
]

/** Whether a value has all of these methods. */
export const hasMethods = (value: any, names: readonly string[]): boolean =>
  names.every((name) => typeof value?.[name] === 'function')

/** A user-supplied object that must have these methods. */
export const methods = (...names: readonly string[]): Rule => [
  `must have the methods ${names.join(', ')}`,
  (value) => hasMethods(value, names),
]
