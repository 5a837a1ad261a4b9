/**
 * GetKeyLastUsage, an operation of 2026: the last successful cryptographic operation of a key.
 *
 * Based on AWS's documentation and the model in the SDKs; there is no recorded response. `KeyId` is the bare id, as in
 * AWS's example. An unused key has an empty `KeyLastUsage`. Each replica has its own last usage, and so has each key of
 * a ReEncrypt. The last usage is saved with the next other change of the state, or at the end: writing the file on
 * every call would be slow.
 */
import { type Operation, operation } from '../call.ts'
import type { OpenCall } from '../call-log.ts'
import { wireDate } from '../metadata.ts'
import { required } from '../shape.ts'
import type { KmsState } from '../state.ts'
import { useKey } from '../use-key.ts'
import { keyId } from './members.ts'

/** `KeyLastUsageTrackingOperation` of the model, without what is not offered here. */
const tracked: ReadonlySet<string> = new Set([
  'Decrypt',
  'DeriveSharedSecret',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateMac',
  'ReEncrypt',
  'Sign',
  'Verify',
  'VerifyMac',
])

/** Records a successful call as the last usage of the keys that served it. */
export const recordUsage = (state: KmsState, record: Readonly<OpenCall>): void => {
  const { operation: name, keyArn, destinationKeyArn, eventId, requestId } = record
  if (!tracked.has(name)) return
  for (const arn of [keyArn, destinationKeyArn]) {
    const key = arn === undefined ? undefined : state.keys.get(arn)
    if (key === undefined) continue
    key.lastUsage = { operation: name, at: state.now(), eventId, requestId }
    state.usageChanged = true
  }
}

/** Works in every state: it is asked before a key is deleted. */
const getKeyLastUsage = operation({ KeyId: required(keyId()) }, ({ KeyId }, call) => {
  const { core, createdAt, lastUsage } = useKey(call, KeyId, { state: 'any' })
  return {
    KeyId: core.keyId,
    KeyLastUsage: lastUsage
      ? {
          Operation: lastUsage.operation,
          Timestamp: wireDate(lastUsage.at),
          CloudTrailEventId: lastUsage.eventId,
          KmsRequestId: lastUsage.requestId,
        }
      : {},
    TrackingStartDate: wireDate(createdAt),
    KeyCreationDate: wireDate(createdAt),
  }
})

export const lastUsageOperations: Readonly<Record<string, Operation>> = { GetKeyLastUsage: getKeyLastUsage }
