/** Decides as AWS does whether policies allow a request on a key. */
import { rootOf } from '../state.ts'
import { holds } from './condition.ts'
import type { Patterns, Policy, Statement } from './document.ts'
import { isLike, isLikePlain } from './pattern.ts'
import { accountOf, type PolicyRequest } from './request.ts'

/** What policies say. Every text ends AWS's message for a refusal. */
export type Decision =
  | 'allowed'
  | 'with an explicit deny in a resource-based policy'
  | 'with an explicit deny in an identity-based policy'
  | 'because no identity-based policy allows'
  | 'because no resource-based policy allows'

/** Whether a policy denies it, which no grant outweighs. */
export const isDenial = (decision: Decision): boolean => decision.startsWith('with')

const matches = ({ list, isNot }: Patterns, isOne: (pattern: string) => boolean): boolean =>
  list.some(isOne) !== isNot

/** Whether a statement is about the action and the resource, under conditions that hold. */
const applies = ({ actions, resources, conditions }: Statement, request: PolicyRequest): boolean =>
  matches(actions, (pattern) => isLikePlain(request.action.toLowerCase(), pattern.toLowerCase())) &&
  matches(resources, (pattern) => isLike(request.resource, pattern, request)) &&
  conditions.every((condition) => holds(condition, request))

const session = /^(arn:[\w-]+:)sts(::\d{12}:)assumed-role\/([^/]+)\/[^/]+$/

/** The role of a session: `arn:aws:sts::1:assumed-role/intake/i-1` is one of `arn:aws:iam::1:role/intake`. */
export const roleOf = (principal: string): string | undefined =>
  session.test(principal) ? principal.replace(session, '$1iam$2role/$3') : undefined

/** Whether a role, of which a session does not know the path, is that of the session. */
export const isRoleOf = (arn: string, principal: string): boolean =>
  arn.replace(/:role\/.*\//, ':role/') === roleOf(principal)

const names = (pattern: string, { principal }: PolicyRequest): boolean =>
  pattern === '*' || pattern === principal || isRoleOf(pattern, principal)

/** Whether it is the account of the caller. */
const isAccount = (pattern: string, { principal }: PolicyRequest): boolean =>
  pattern === accountOf(principal) || pattern === rootOf(accountOf(principal))

const isRoot = ({ principal }: PolicyRequest): boolean => principal === rootOf(accountOf(principal))

/** AWS looks at the account, then at the role, then at the session: a denial spares those of whom it names all. */
const isSpared = (list: readonly string[], request: PolicyRequest): boolean =>
  list.includes('*') ||
  (list.some((pattern) => isAccount(pattern, request)) &&
    (isRoot(request) || list.includes(request.principal)) &&
    (roleOf(request.principal) === undefined || list.some((pattern) => isRoleOf(pattern, request.principal))))

/** Whether it names the caller himself: his account only where he is its root. */
const isAboutCaller = ({ principals }: Statement, request: PolicyRequest): boolean => {
  const { list, isNot } = principals!
  if (isNot) return !isSpared(list, request)
  return list.some((pattern) => names(pattern, request) || (isAccount(pattern, request) && isRoot(request)))
}

/** Whether it leaves the caller to the policies of his account. */
const isAboutAccount = ({ principals }: Statement, request: PolicyRequest): boolean =>
  !principals!.isNot && principals!.list.some((pattern) => isAccount(pattern, request))

/** Whether the policies of a principal allow a request; a denial wins. */
export const decideByIdentity = (policies: readonly Policy[], request: PolicyRequest): Decision => {
  const statements = policies.flat().filter((statement) => applies(statement, request))
  if (statements.some(({ isAllow }) => !isAllow)) return 'with an explicit deny in an identity-based policy'
  return statements.length > 0 ? 'allowed' : 'because no identity-based policy allows'
}

/**
 * Whether the key's policy allows a request, or leaves it to those of the caller, which then allow it.
 *
 * A denial in any of them wins. A key's policy that names the caller is enough within an account; one that names the
 * account lets the policies of its principals decide.
 */
export const decide = (keyPolicy: Policy, policies: readonly Policy[], request: PolicyRequest): Decision => {
  const statements = keyPolicy.filter((statement) => applies(statement, request))
  const isDenied = statements.some(
    (statement) =>
      !statement.isAllow && (isAboutCaller(statement, request) || isAboutAccount(statement, request)),
  )
  if (isDenied) return 'with an explicit deny in a resource-based policy'
  const own = decideByIdentity(policies, request)
  if (isDenial(own)) return own
  const allowing = statements.filter(({ isAllow }) => isAllow)
  const isNamed = allowing.some((statement) => isAboutCaller(statement, request))
  // Of another account, both must allow it.
  if (isNamed && (isRoot(request) || accountOf(request.principal) === request.accountId)) return 'allowed'
  return isNamed || allowing.some((statement) => isAboutAccount(statement, request))
    ? own
    : 'because no resource-based policy allows'
}
