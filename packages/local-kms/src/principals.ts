/** What callers other than the account's root have of their own: policies and tags. */
import { LocalKmsOptionError } from './errors.ts'
import { isRoleOf, roleOf } from './policy/decide.ts'
import { type Policy, policyOf } from './policy/document.ts'

/** The policies and tags of an IAM role or user. */
export interface LocalKmsPrincipal {
  /**
   * Its identity-based policies, as JSON or objects: all that apply to it, permissions boundaries aside. Default:
   * none, so that key policies and grants alone decide.
   */
  readonly policies?: readonly (string | object)[]
  /** Its tags, for `aws:PrincipalTag/name`. Default: none. */
  readonly tags?: Readonly<Record<string, string>>
}

/** A principal whose policies were read. */
export interface Principal {
  /** Of a session: that of its role. */
  readonly arn: string
  readonly policies: readonly Policy[]
  readonly tags: Readonly<Record<string, string>>
}

/** Whom policies can be attached to, and single sessions. */
const form = /^arn:aws[\w-]*:(?:iam::\d{12}:(?:role|user)|sts::\d{12}:assumed-role)\/[\w+=,.@/-]+$/

/** The principals of one server. */
export interface Principals {
  /** A session of a role has those of the role. */
  of(arn: string): Principal
  /** @throws LocalKmsOptionError for a policy that is malformed */
  set(arn: string, principal: LocalKmsPrincipal): void
}

export const createPrincipals = (given: Readonly<Record<string, LocalKmsPrincipal>> = {}): Principals => {
  const known = new Map<string, Principal>()
  const set: Principals['set'] = (arn, { policies = [], tags = {} }) => {
    if (!form.test(arn))
      throw new LocalKmsOptionError('principals', `must have ARNs of roles and users: ${arn}`)
    known.set(arn, {
      arn: roleOf(arn) ?? arn,
      policies: policies.map((policy) => checkedPolicy(arn, policy)),
      tags,
    })
  }
  for (const [arn, principal] of Object.entries(given)) set(arn, principal)
  const of: Principals['of'] = (arn) =>
    known.get(arn) ??
    [...known.values()].find((one) => isRoleOf(one.arn, arn)) ?? {
      arn: roleOf(arn) ?? arn,
      policies: [],
      tags: {},
    }
  return { set, of }
}

const checkedPolicy = (arn: string, policy: string | object): Policy => {
  try {
    return policyOf(policy, 'identity')
  } catch (error) {
    throw new LocalKmsOptionError(
      'principals',
      `has a malformed policy for ${arn}: ${(error as Error).message}`,
    )
  }
}
