/** What callers other than the account's root have of their own: policies and tags. */
import { LocalKmsOptionError } from './errors.ts'
import { roleOf } from './policy/decide.ts'
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
  readonly policies: readonly Policy[]
  readonly tags: Readonly<Record<string, string>>
}

const none: Principal = { policies: [], tags: {} }

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
    known.set(arn, { policies: policies.map((policy) => checkedPolicy(arn, policy)), tags })
  }
  for (const [arn, principal] of Object.entries(given)) set(arn, principal)
  return { set, of: (arn) => known.get(arn) ?? known.get(roleOf(arn) ?? '') ?? none }
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
