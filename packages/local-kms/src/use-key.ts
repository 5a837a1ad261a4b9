/** How every operation gets its key: find, log, authorise, check state and usage, in that order. */
import { type Access, authorize } from './authorize.ts'
import type { Call } from './call.ts'
import { invalidState, KmsError } from './errors.ts'
import { aliasIn, resolveKey } from './key-reference.ts'
import type { KeyUsage } from './specs.ts'
import type { KmsKey } from './state.ts'

/** What an operation requires of a key. */
export interface KeyUse extends Access {
  /** Whether aliases are accepted, as in cryptographic operations. */
  readonly alias?: boolean
  /**
   * What the key must be: `enabled` for cryptography and most changes, `kept` (not pending deletion) for
   * management that works on disabled keys, `any` for reading.
   */
  readonly state?: 'enabled' | 'kept' | 'any'
  readonly usage?: KeyUsage
}

/** Pending deletion comes first: AWS names it even when the key is also disabled. */
const checkState = (key: KmsKey, wanted: KeyUse['state']): void => {
  if (wanted === 'any') return
  if (key.deletion !== undefined) throw invalidState(`${key.arn} is pending deletion.`)
  if (wanted === 'kept') return
  if (key.core.origin === 'EXTERNAL') throw invalidState(`${key.arn} is pending import.`)
  if (!key.enabled) throw new KmsError('DisabledException', `${key.arn} is disabled.`)
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
  checkKey(call, resolveKey(call, reference, use), {
    ...use,
    values: { ...use.values, 'kms:RequestAlias': aliasIn(reference) },
  })
