/** How every operation gets its key: find, log, authorise, check state and usage, in that order. */
import { type Call, denied } from './call.ts'
import { invalidState, KmsError } from './errors.ts'
import { resolveKey } from './key-reference.ts'
import type { KeyUsage } from './specs.ts'
import type { Grant, KmsKey, KmsState } from './state.ts'

/** What an operation requires of a key. */
export interface KeyUse {
  /** Whether aliases are accepted, as in cryptographic operations. */
  readonly alias?: boolean
  /**
   * What the key must be: `enabled` for cryptography and most changes, `kept` (not pending deletion) for
   * management that works on disabled keys, `any` for reading.
   */
  readonly state?: 'enabled' | 'kept' | 'any'
  readonly usage?: KeyUsage
  readonly grantTokens?: readonly string[]
  readonly encryptionContext?: Readonly<Record<string, string>>
  /** The operation's name in grants and messages, where it differs: `ReEncryptFrom`, `ReEncryptTo`. */
  readonly as?: string
}

/** Pending deletion comes first: AWS names it even when the key is also disabled. */
const checkState = (key: KmsKey, wanted: KeyUse['state']): void => {
  if (wanted === 'any') return
  if (key.deletion !== undefined) throw invalidState(`${key.arn} is pending deletion.`)
  if (wanted === 'kept') return
  if (key.core.origin === 'EXTERNAL') throw invalidState(`${key.arn} is pending import.`)
  if (!key.enabled) throw new KmsError('DisabledException', `${key.arn} is disabled.`)
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

/**
 * The owner may do everything; key policies are not evaluated. Other principals need a grant on the key for the
 * operation, whose constraints the encryption context meets.
 */
const authorize = (call: Call, key: KmsKey, use: KeyUse): void => {
  for (const token of use.grantTokens ?? []) {
    // An unknown token is an error even for a caller who does not need it.
    if (findGrant(call.state, (grant) => grant.token === token) === undefined) {
      throw new KmsError('InvalidGrantTokenException')
    }
  }
  if (call.isOwner) return
  const operation = use.as ?? call.operation
  for (const grant of key.grants.values()) {
    if (grant.granteePrincipal === call.principal && covers(grant, operation, use.encryptionContext)) return
  }
  throw denied(call, key.arn)
}

/** Checks a key that was found otherwise: Decrypt finds it by the blob. */
export const checkKey = (call: Call, key: KmsKey, use: KeyUse): KmsKey => {
  call.record.keyArn = key.arn
  authorize(call, key, use)
  checkState(key, use.state)
  if (use.usage !== undefined && use.usage !== key.core.usage) {
    throw new KmsError(
      'InvalidKeyUsageException',
      `${key.arn} key usage is ${key.core.usage} which is not valid for ${use.as ?? call.operation}.`,
    )
  }
  return key
}

/** Finds a key by reference and checks that the call may use it. */
export const useKey = (call: Call, reference: string, use: KeyUse = {}): KmsKey =>
  checkKey(call, resolveKey(call, reference, use), use)
