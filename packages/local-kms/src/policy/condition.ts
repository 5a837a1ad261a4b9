/** Conditions of policy statements: operators, their prefixes and suffixes. */
import { filledIn, isLike } from './pattern.ts'
import { isSingleValued, type PolicyRequest } from './request.ts'

/** One line of a `Condition`. */
export interface Condition {
  readonly operator: Operator
  /** `ForAllValues:` and `ForAnyValue:`. */
  readonly set: 'all' | 'any' | undefined
  /** The suffix `IfExists`: holds where the request lacks the key. */
  readonly ifExists: boolean
  /** In lower case: names of condition keys have no case. */
  readonly key: string
  readonly values: readonly string[]
}

type Compare = (value: string, wanted: string, request: PolicyRequest) => boolean

const isEqual: Compare = (value, wanted, request) => value === filledIn(wanted, request)
const isEqualInAnyCase: Compare = (value, wanted, request) =>
  value.toLowerCase() === filledIn(wanted, request)?.toLowerCase()

/** ARNs are compared part by part, so that a wildcard does not reach over a colon. */
const isLikeArn: Compare = (value, wanted, request) => {
  const given = arnParts(value)
  const asked = arnParts(wanted)
  return given.length === asked.length && given.every((part, at) => isLike(part, asked[at]!, request))
}

/** Six parts, of which the last may have colons; colons within a policy variable do not count. */
const arnParts = (arn: string): readonly string[] => {
  const all = arn.match(/(?:\$\{[^}]*\}|[^:])+|(?<=:)(?=:|$)/g) ?? []
  return all.length <= 6 ? all : [...all.slice(0, 5), all.slice(5).join(':')]
}

const comparing =
  (read: (text: string) => number, holds: (value: number, wanted: number) => boolean): Compare =>
  (value, wanted) =>
    holds(read(value), read(wanted))

/** NaN, which equals nothing, for any other text. */
const numberIn = (text: string): number => (/^[+-]?\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN)

/** ISO 8601, or seconds since the epoch. */
const dateIn = (text: string): number =>
  /^\d+$/.test(text) ? Number(text) * 1000 : /^\d{4}-\d\d/.test(text) ? Date.parse(text) : Number.NaN

/** Numbers and dates have the same six comparisons. */
const ordered = (
  name: string,
  read: (text: string) => number,
): Record<string, readonly [Compare, boolean]> => ({
  [`${name}Equals`]: [comparing(read, (a, b) => a === b), false],
  [`${name}NotEquals`]: [comparing(read, (a, b) => a === b), true],
  [`${name}LessThan`]: [comparing(read, (a, b) => a < b), false],
  [`${name}LessThanEquals`]: [comparing(read, (a, b) => a <= b), false],
  [`${name}GreaterThan`]: [comparing(read, (a, b) => a > b), false],
  [`${name}GreaterThanEquals`]: [comparing(read, (a, b) => a >= b), false],
})

/** Each operator: what it compares, and whether it holds where nothing is equal. */
const operators = {
  StringEquals: [isEqual, false],
  StringNotEquals: [isEqual, true],
  StringEqualsIgnoreCase: [isEqualInAnyCase, false],
  StringNotEqualsIgnoreCase: [isEqualInAnyCase, true],
  StringLike: [isLike, false],
  StringNotLike: [isLike, true],
  ArnEquals: [isLikeArn, false],
  ArnNotEquals: [isLikeArn, true],
  ArnLike: [isLikeArn, false],
  ArnNotLike: [isLikeArn, true],
  Bool: [isEqualInAnyCase, false],
  ...ordered('Numeric', numberIn),
  ...ordered('Date', dateIn),
  // Compares whether there is a value; see `holds`.
  Null: [isEqual, false],
} as const satisfies Record<string, readonly [Compare, boolean]>

type Operator = keyof typeof operators

const form = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/

export const isOperator = (text: string): boolean => {
  const [, set, name = '', suffix] = form.exec(text) ?? []
  return Object.hasOwn(operators, name) && !(name === 'Null' && (set !== undefined || suffix !== undefined))
}

/** The parts of an operator's text, after {@link isOperator}. */
export const operatorOf = (text: string): Pick<Condition, 'operator' | 'set' | 'ifExists'> => {
  const [, set, name, suffix] = form.exec(text)!
  return {
    operator: name as Operator,
    set: set === undefined ? undefined : set === 'ForAllValues' ? 'all' : 'any',
    ifExists: suffix !== undefined,
  }
}

/** Whether an operator can be asked for a value: a text that is not a number would equal none. */
export const isValueOf = (operator: Operator, text: string): boolean => {
  if (operator === 'Bool' || operator === 'Null') return /^(?:true|false)$/i.test(text)
  if (operator.startsWith('Numeric')) return !Number.isNaN(numberIn(text))
  return !operator.startsWith('Date') || !Number.isNaN(dateIn(text))
}

/** Whether a condition holds for a request. */
export const holds = (
  { operator, set, ifExists, key, values }: Condition,
  request: PolicyRequest,
): boolean => {
  const given = request.values.get(key)
  if (operator === 'Null')
    return values.some((value) => (value.toLowerCase() === 'true') === (given === undefined))
  const [compare, isNegated]: readonly [Compare, boolean] = operators[operator]
  if (given === undefined) return ifExists || set === 'all' || (set === undefined && isNegated)
  const isOne = (one: string): boolean => values.some((wanted) => compare(one, wanted, request))
  if (set === 'all') return given.every((one) => isOne(one) !== isNegated)
  if (set === 'any') return given.some((one) => isOne(one) !== isNegated)
  // Two pairs of a context whose names differ in case only have one name here: both must be equal.
  return (isSingleValued(key) ? given.every(isOne) : given.some(isOne)) !== isNegated
}
