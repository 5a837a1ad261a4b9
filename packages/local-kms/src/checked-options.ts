/** How options are checked: one table per function that takes some. A misspelt option is an error, never a default. */
import { LocalKmsOptionError } from './errors.ts'

/** One option: the end of the error's sentence, and whether a value is allowed. `undefined` means "not given". */
export type Rule = readonly [expected: string, holds: (value: any) => boolean, required?: true]

/** A rule for every option: one that is added to the interface does not compile without. */
export type OptionRules<O> = { readonly [K in keyof O]-?: Rule }

/** An object literal or what JSON makes, also of another realm: Jest runs tests in one. */
export const isPlainObject = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: object | null = Object.getPrototypeOf(value)
  if (prototype === null || prototype === Object.prototype) return true
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf')
}

/**
 * Returns the options when they are a plain object whose members all follow their rules.
 *
 * @param holder - the option that holds these; errors then name `holder.name`
 * @throws LocalKmsOptionError that names the option
 */
export const checkedOptions = <O extends object>(rules: OptionRules<O>, options: O, holder?: string): O => {
  const prefix = holder === undefined ? '' : `${holder}.`
  if (!isPlainObject(options)) throw new LocalKmsOptionError(holder ?? 'options', 'must be a plain object')
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(rules, name)) {
      const known = Object.keys(rules).join(', ')
      throw new LocalKmsOptionError(prefix + name, `is not known; known are ${known}`)
    }
  }
  for (const [name, [expected, holds, required]] of Object.entries<Rule>(rules)) {
    const value = options[name]
    if (value === undefined ? required : !holds(value)) throw new LocalKmsOptionError(prefix + name, expected)
  }
  return options
}

/** The same rule for an option that must be given. */
export const required = ([expected, holds]: Rule): Rule => [expected, holds, true]

export const flag: Rule = ['must be a boolean', (value) => typeof value === 'boolean']

export const anyFunction: Rule = ['must be a function', (value) => typeof value === 'function']

export const text: Rule = [
  'must be a string that is not empty',
  (value) => typeof value === 'string' && value !== '',
]

/** A string of a form. */
export const matching = (pattern: RegExp, what: string): Rule => [
  `must be ${what}`,
  (value) => typeof value === 'string' && pattern.test(value),
]

/** One of a few constants. */
export const oneOf = (...values: readonly string[]): Rule => [
  `must be one of ${values.join(', ')}`,
  (value) => values.includes(value),
]

/** An array; a rule that throws names the member of an element itself. */
export const listOf = ([expected, holds]: Rule): Rule => [
  `must be an array, of which each ${expected}`,
  (value) => Array.isArray(value) && value.every((element) => holds(element)),
]

/** A plain object with values that follow one rule, under any names. */
export const recordOf = ([expected, holds]: Rule): Rule => [
  `must be a plain object, of which each value ${expected}`,
  (value) => isPlainObject(value) && Object.values(value).every((member) => holds(member)),
]
