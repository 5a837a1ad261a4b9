// Rules of options that several functions here take, in the form of core's tables.
import { isPlainObject, packageErrors, type Rule } from '@glassine/core/internal'

export const { packageName, badOption } = packageErrors('@glassine/testing')

/** Any string, even an empty one: a test may need an odd request. */
export const string: Rule = ['must be a string', (value) => typeof value === 'string']

export const plainObject: Rule = ['must be a plain object', isPlainObject]

/** A plain object whose values follow one rule, under any names. */
export const recordOf = ([expected, holds]: Rule): Rule => [
  `must be a plain object, of which each value ${expected}`,
  (value) => isPlainObject(value) && Object.values(value).every((member) => holds(member)),
]

/** Several values of one name, in headers and in queries. */
export const stringOrStrings: Rule = [
  'must be a string or an array of strings',
  (value) => [value].flat().every((element) => typeof element === 'string'),
]

/** A header, or `undefined`, which removes a default one. */
export const headerValue = ([expected, holds]: Rule): Rule => [
  expected,
  (value) => value === undefined || holds(value),
]
