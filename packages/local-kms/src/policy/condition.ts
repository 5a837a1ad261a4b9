/** Conditions of policy statements: operators, their prefixes and suffixes, wildcards and policy variables. */
import type { PolicyRequest } from './request.ts'

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

/** A policy variable: `${aws:PrincipalTag/tenant}`, `${name, 'otherwise'}`. `${*}` is a star. */
const variable = /\$\{([*?$]|[^},]+)(?:,\s*'([^']*)')?\}/g

/** The parts of a text between and of its variables; `undefined` if the request lacks one. */
const parts = (text: string, request: PolicyRequest, plain: (text: string) => string, exact = plain) => {
  let result = ''
  let end = 0
  for (const { 0: part, 1: name, 2: otherwise, index } of text.matchAll(variable)) {
    const [value] = name!.length === 1 ? [name!] : (request.values.get(name!.toLowerCase()) ?? [otherwise])
    if (value === undefined) return undefined
    result += plain(text.slice(end, index)) + exact(value)
    end = index + part.length
  }
  return result + plain(text.slice(end))
}

const asItIs = (text: string): string => text
const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
const wildcards = (text: string): string =>
  escaped(text).replaceAll(String.raw`\*`, '.*').replaceAll(String.raw`\?`, '.')

/** Whether a text matches a pattern with `*` and `?`; what a variable stands for is taken as it is. */
export const isLike = (value: string, pattern: string, request: PolicyRequest, flags = ''): boolean => {
  const source = parts(pattern, request, wildcards, escaped)
  return source !== undefined && new RegExp(`^${source}$`, `s${flags}`).test(value)
}

const isEqual: Compare = (value, wanted, request) => value === parts(wanted, request, asItIs)
const isEqualInAnyCase: Compare = (value, wanted, request) =>
  value.toLowerCase() === parts(wanted, request, asItIs)?.toLowerCase()

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
  ...ordered('Numeric', Number),
  ...ordered('Date', (text) => (/^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text))),
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

/** Whether a condition holds for a request. */
export const holds = (
  { operator, set, ifExists, key, values }: Condition,
  request: PolicyRequest,
): boolean => {
  const given = request.values.get(key)
  if (operator === 'Null') return values.some((value) => (value === 'true') === (given === undefined))
  const [compare, isNegated]: readonly [Compare, boolean] = operators[operator]
  if (given === undefined) return ifExists || set === 'all' || (set === undefined && isNegated)
  const meets = (one: string): boolean => values.some((wanted) => compare(one, wanted, request)) !== isNegated
  return set === 'any' || (set === undefined && !isNegated) ? given.some(meets) : given.every(meets)
}
