/**
 * Policies of keys and of principals, read from JSON. What is misspelt, or not evaluated here, is refused: a statement
 * that merely never applies would pass a test that it should fail.
 */
import { KmsError } from '../errors.ts'
import { isAction } from './actions.ts'
import { type Condition, isOperator, isValueOf, operatorOf } from './condition.ts'
import { hasKnownVariables } from './pattern.ts'
import { isConditionKey } from './request.ts'

/** Patterns with `*` and `?`, of which one must match, or none with `isNot`. */
export interface Patterns {
  readonly list: readonly string[]
  readonly isNot: boolean
}

/** One statement. */
export interface Statement {
  readonly isAllow: boolean
  /** Of key policies only: ARNs, account ids and `*`. */
  readonly principals?: Patterns
  readonly actions: Patterns
  readonly resources: Patterns
  /** All must hold. */
  readonly conditions: readonly Condition[]
}

/** The statements of a document; in any order, since a denial wins over all. */
export type Policy = readonly Statement[]

/** Whose policy it is: only those of keys name principals. */
export type PolicyKind = 'key' | 'identity'

/** AWS sends no message; this one says what to mend. */
const malformed = (what: string): KmsError => new KmsError('MalformedPolicyDocumentException', what)

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A text, or a list of texts that is not empty. */
const textsOf = (value: unknown, where: string): readonly string[] => {
  const list = Array.isArray(value) ? value : [value]
  if (list.length === 0 || !list.every((one) => typeof one === 'string'))
    throw malformed(`${where} must be a text or a list of texts`)
  return list
}

/** The same, of which each must be of a form. */
const textsLike =
  (isOne: (text: string) => boolean, what: string) =>
  (value: unknown, where: string): readonly string[] => {
    const list = textsOf(value, where)
    const other = list.find((one) => !isOne(one))
    if (other !== undefined) throw malformed(`${where} must be ${what}, and is ${other}`)
    return list
  }

const actionsIn = textsLike(isAction, '*, or actions that exist, such as kms:Decrypt')

const resourcesIn = textsLike(
  (text) => (text === '*' || text.startsWith('arn:')) && hasKnownVariables(text),
  '*, or ARNs with known policy variables',
)

const onlyMembers = (value: Record<string, unknown>, known: readonly string[], where: string): void => {
  const other = Object.keys(value).find((name) => !known.includes(name))
  if (other !== undefined) throw malformed(`${where} has an unknown element: ${other}`)
}

/** `Action` or `NotAction`, and so on: exactly one of the two. */
const eitherOf = (
  statement: Record<string, unknown>,
  name: string,
  read: (value: unknown, where: string) => readonly string[],
): Patterns => {
  const names = [name, `Not${name}`].filter((one) => statement[one] !== undefined)
  if (names.length !== 1) throw malformed(`A statement must have ${name} or Not${name}, and not both`)
  return { list: read(statement[names[0]!], names[0]!), isNot: names[0] !== name }
}

/** Wildcards and variables are none here: AWS refuses them too. */
const accountsIn = textsLike(
  (text) => /^(?:\*|\d{12}|arn:aws[\w-]*:(?:iam|sts)::\d{12}:[\w+=,.@/-]+)$/.test(text),
  '*, accounts or ARNs without wildcards',
)

/** `"*"`, or `{ "AWS": [...] }`. Services and federated identities call no local KMS, so they match nothing. */
const principalsIn = (value: unknown, where: string): readonly string[] => {
  if (value === '*') return ['*']
  if (!isObject(value)) throw malformed(`${where} must be "*" or an object`)
  onlyMembers(value, ['AWS', 'Service', 'Federated', 'CanonicalUser'], where)
  if (Object.keys(value).length === 0) throw malformed(`${where} must name a principal`)
  return value.AWS === undefined ? [] : accountsIn(value.AWS, `${where}.AWS`)
}

const conditionsIn = (value: unknown): readonly Condition[] => {
  if (value === undefined) return []
  if (!isObject(value)) throw malformed('Condition must be an object')
  return Object.entries(value).flatMap(([operator, wanted]) => {
    if (!isOperator(operator)) throw malformed(`The local KMS does not know the operator ${operator}`)
    if (!isObject(wanted)) throw malformed(`${operator} must be an object`)
    return Object.entries(wanted).map(([key, values]) => {
      if (!isConditionKey(key)) throw malformed(`The local KMS does not know the condition key ${key}`)
      const texts = (Array.isArray(values) ? values : [values]).map((one) =>
        typeof one === 'boolean' || typeof one === 'number' ? String(one) : one,
      )
      const parts = operatorOf(operator)
      const valuesIn = textsLike(
        (text) => isValueOf(parts.operator, text) && hasKnownVariables(text),
        'what the operator compares, with known policy variables',
      )
      return { ...parts, key: key.toLowerCase(), values: valuesIn(texts, `${operator}.${key}`) }
    })
  })
}

const statementOf = (value: unknown, kind: PolicyKind): Statement => {
  if (!isObject(value)) throw malformed('A statement must be an object')
  const ofKeys = ['Principal', 'NotPrincipal']
  const common = ['Sid', 'Effect', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition']
  onlyMembers(value, kind === 'key' ? [...common, ...ofKeys] : common, 'A statement')
  const { Effect, Sid, Condition: condition } = value
  if (Effect !== 'Allow' && Effect !== 'Deny') throw malformed('Effect must be Allow or Deny')
  if (Effect === 'Allow' && value.NotPrincipal !== undefined)
    throw malformed('NotPrincipal must be used with Deny')
  if (Sid !== undefined && typeof Sid !== 'string') throw malformed('Sid must be a text')
  return {
    isAllow: Effect === 'Allow',
    ...(kind === 'key' && { principals: eitherOf(value, 'Principal', principalsIn) }),
    actions: eitherOf(value, 'Action', actionsIn),
    resources: eitherOf(value, 'Resource', resourcesIn),
    conditions: conditionsIn(condition),
  }
}

/**
 * Reads a policy.
 *
 * @param document - JSON, or what JSON makes of it
 * @throws KmsError `MalformedPolicyDocumentException`, with what is wrong
 */
export const policyOf = (document: unknown, kind: PolicyKind): Policy => {
  let parsed = document
  if (typeof document === 'string') {
    try {
      parsed = JSON.parse(document)
    } catch {
      throw malformed('A policy must be JSON')
    }
  }
  if (!isObject(parsed)) throw malformed('A policy must be an object')
  onlyMembers(parsed, ['Version', 'Id', 'Statement'], 'A policy')
  const { Version, Statement: statements } = parsed
  // The other version has no policy variables: `${...}` would be a plain text.
  if (Version !== '2012-10-17') throw malformed('Version must be 2012-10-17')
  const list = Array.isArray(statements) ? statements : [statements]
  if (list.length === 0) throw malformed('A policy must have a statement')
  return list.map((statement) => statementOf(statement, kind))
}
