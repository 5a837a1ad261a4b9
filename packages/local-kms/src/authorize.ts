/** Who may do what: the key's policy, the caller's own policies, and grants. */
import { type Call, denied } from './call.ts'
import { KmsError } from './errors.ts'
import { decide, decideByIdentity, isDenial, isRoleOf } from './policy/decide.ts'
import { type Policy, policyOf } from './policy/document.ts'
import { accountOf, type ConditionValues, requestFor, requestOf } from './policy/request.ts'
import type { Grant, KmsKey, KmsState } from './state.ts'

/** What a call on a key gives to policies and grants. */
export interface Access {
  readonly grantTokens?: readonly string[] | undefined
  readonly encryptionContext?: Readonly<Record<string, string>>
  /** The operation's name in grants, policies and messages, where it differs: `ReEncryptFrom`, `ReEncryptTo`. */
  readonly as?: string
  /** Values of condition keys, besides those of every call on a key. */
  readonly values?: ConditionValues
}

/** Whether a grant allows the operation under that encryption context. */
const covers = (grant: Grant, operation: string, context: Readonly<Record<string, string>> = {}): boolean => {
  if (!grant.operations.includes(operation)) return false
  const { EncryptionContextEquals: equals, EncryptionContextSubset: subset } = grant.constraints ?? {}
  const wanted = Object.entries(equals ?? subset ?? {})
  // Equals allows no other pairs, a subset does.
  if (equals !== undefined && wanted.length !== Object.keys(context).length) return false
  return wanted.every(([name, value]) => Object.hasOwn(context, name) && context[name] === value)
}

/** Whether a grant names the caller, or the role of whose sessions he is one. */
export const isNamed = (arn: string | undefined, { principal }: Call): boolean =>
  arn !== undefined && (arn === principal || isRoleOf(arn, principal))

/** Searches the grants of all keys: RetireGrant names no key when it has a token. */
export const findGrant = (
  state: KmsState,
  matches: (grant: Grant) => boolean,
): [KmsKey, Grant] | undefined => {
  for (const key of state.keys.values()) {
    for (const grant of key.grants.values()) if (matches(grant)) return [key, grant]
  }
  return undefined
}

/** The policies of keys as they were last read. */
const read = new WeakMap<KmsKey, { readonly text: string; readonly policy: Policy }>()

const policyOfKey = (key: KmsKey): Policy => {
  const known = read.get(key)
  if (known?.text === key.policy) return known.policy
  const policy = policyOf(key.policy, 'key')
  read.set(key, { text: key.policy, policy })
  return policy
}

/**
 * Refuses a call on a key that neither policies nor a grant allow. A denial in a policy wins over a grant.
 *
 * @throws KmsError `AccessDeniedException`, `InvalidGrantTokenException`
 */
export const authorize = (call: Call, key: KmsKey, use: Access): void => {
  for (const token of use.grantTokens ?? []) {
    // An unknown token is an error even for a caller who does not need it.
    if (findGrant(call.state, (grant) => grant.token === token) === undefined) {
      throw new KmsError('InvalidGrantTokenException')
    }
  }
  const { as: operation = call.operation, encryptionContext, values } = use
  const decision = decide(
    policyOfKey(key),
    call.caller.policies,
    requestFor(call, operation, key, encryptionContext, values),
  )
  if (decision === 'allowed') return
  for (const grant of isDenial(decision) ? [] : key.grants.values()) {
    if (isNamed(grant.granteePrincipal, call) && covers(grant, operation, encryptionContext)) return
  }
  throw denied(call, key.arn, decision, operation)
}

/**
 * Refuses a call on no key, or on an alias, that the caller's own policies do not allow. The account's root needs
 * none.
 *
 * @throws KmsError `AccessDeniedException`
 */
export const authorizeWithoutKey = (
  call: Call,
  resource = '*',
  values: ConditionValues = {},
  operation = call.operation,
): void => {
  if (call.isOwner) return
  const decision = decideByIdentity(call.caller.policies, requestOf(call, operation, resource, values))
  if (decision === 'allowed' && accountOf(call.principal) === call.state.accountId) return
  throw denied(call, resource, decision === 'allowed' ? undefined : decision, operation)
}

/**
 * Refuses a call that a grant allows, and that the caller's own policies deny.
 *
 * @throws KmsError `AccessDeniedException`
 */
export const refuseDenied = (call: Call, key: KmsKey): void => {
  const decision = decideByIdentity(call.caller.policies, requestFor(call, call.operation, key, undefined))
  if (isDenial(decision)) throw denied(call, key.arn, decision)
}

/**
 * Checks a policy that a key is to have: who puts it must be able to put another one later.
 *
 * @throws KmsError `MalformedPolicyDocumentException`
 */
export const checkKeyPolicy = (
  call: Call,
  key: KmsKey,
  text: string,
  isUnsafe: boolean | undefined,
): void => {
  const policy = policyOf(text, 'key')
  if (isUnsafe) return
  if (decide(policy, call.caller.policies, requestFor(call, 'PutKeyPolicy', key, undefined)) === 'allowed')
    return
  throw new KmsError(
    'MalformedPolicyDocumentException',
    'The new key policy will not allow you to update the key policy in the future.',
  )
}
