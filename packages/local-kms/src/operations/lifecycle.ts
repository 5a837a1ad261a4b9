/** CreateKey, DescribeKey, ListKeys, UpdateKeyDescription, enabling, disabling and deletion. */
import { authorizeWithoutKey, checkKeyPolicy } from '../authorize.ts'
import { type Operation, operation } from '../call.ts'
import { invalid, invalidState, unsupported } from '../errors.ts'
import { keyMetadata, wireDate } from '../metadata.ts'
import { flag, integer, oneOf, required, text } from '../shape.ts'
import { abilityOf, isAsymmetric, keySpecs, keyUsages } from '../specs.ts'
import { day, type KmsKey, newKeyId, newMaterial } from '../state.ts'
import { useKey } from '../use-key.ts'
import { description, grantTokens, keyId, pageOf, pageShape, policy } from './members.ts'
import { bypass, defaultPolicy } from './policies.ts'
import { checkTags, tagList, tagMap } from './tags.ts'

/** The key exists at once; an asymmetric one gets its pair at its first use. */
const createKey = operation(
  {
    Policy: policy(),
    Description: description(),
    KeyUsage: oneOf(keyUsages),
    CustomerMasterKeySpec: oneOf(keySpecs),
    KeySpec: oneOf(keySpecs),
    Origin: oneOf(['AWS_KMS', 'EXTERNAL', 'AWS_CLOUDHSM', 'EXTERNAL_KEY_STORE']),
    CustomKeyStoreId: text({ min: 1, max: 64 }),
    BypassPolicyLockoutSafetyCheck: flag(),
    Tags: tagList(),
    MultiRegion: flag(),
    XksKeyId: text({ min: 1, max: 128 }),
  },
  (input, call) => {
    const spec = input.KeySpec ?? input.CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT'
    const usage = input.KeyUsage ?? 'ENCRYPT_DECRYPT'
    const origin = input.Origin ?? 'AWS_KMS'
    authorizeWithoutKey(call, '*', {
      ...bypass(input),
      'kms:KeyOrigin': origin,
      'kms:KeySpec': spec,
      'kms:KeyUsage': usage,
      'kms:MultiRegion': String(input.MultiRegion ?? false),
    })
    if (input.Tags !== undefined) authorizeWithoutKey(call, '*', {}, 'TagResource')
    const { state, region } = call
    if (input.KeySpec !== undefined && input.CustomerMasterKeySpec !== undefined) {
      throw invalid(
        'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. ' +
          'CustomerMasterKeySpec is deprecated.',
      )
    }
    if (origin !== 'AWS_KMS' && origin !== 'EXTERNAL') {
      throw unsupported('The local KMS does not offer custom key stores.')
    }
    if (input.KeyUsage === undefined && spec !== 'SYMMETRIC_DEFAULT') {
      throw invalid(
        'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
      )
    }
    abilityOf(spec, usage)
    const tags = input.Tags ?? []
    checkTags(tags, new Map())
    const now = state.now()
    const keyId = newKeyId(input.MultiRegion === true)
    const hasSecret = origin === 'AWS_KMS' && !isAsymmetric(spec)
    const key: KmsKey = {
      core: {
        keyId,
        spec,
        usage,
        origin,
        materials: hasSecret ? [newMaterial(spec, now)] : [],
        onDemandRotations: 0,
        ...(input.MultiRegion && { primaryRegion: region }),
      },
      region,
      arn: state.keyArn(region, keyId),
      createdAt: now,
      description: input.Description ?? '',
      enabled: true,
      policy: input.Policy ?? defaultPolicy(state.accountId),
      tags: tagMap(tags),
      grants: new Map(),
    }
    if (input.Policy !== undefined)
      checkKeyPolicy(call, key, input.Policy, input.BypassPolicyLockoutSafetyCheck)
    state.keys.set(key.arn, key)
    state.changed = true
    call.record.keyArn = key.arn
    return { KeyMetadata: keyMetadata(state, key) }
  },
)

/** Works in every state, because it is how callers learn the state. */
const describeKey = operation(
  { KeyId: required(keyId()), GrantTokens: grantTokens() },
  ({ KeyId, GrantTokens }, call) => ({
    KeyMetadata: keyMetadata(
      call.state,
      useKey(call, KeyId, { alias: true, state: 'any', grantTokens: GrantTokens }),
    ),
  }),
)

const listKeys = operation(pageShape(1000), (input, call) => {
  authorizeWithoutKey(call)
  const { entries, rest } = pageOf(call.state.keysIn(call.region), ({ arn }) => arn, input, 100)
  return { Keys: entries.map(({ core, arn }) => ({ KeyId: core.keyId, KeyArn: arn })), ...rest }
})

const updateKeyDescription = operation(
  { KeyId: required(keyId()), Description: required(description()) },
  (input, call) => {
    useKey(call, input.KeyId, { state: 'kept' }).description = input.Description
    call.state.changed = true
    return undefined
  },
)

/** Enabling an enabled key, or disabling a disabled one, is not an error. */
const setEnabled = (enabled: boolean): Operation =>
  operation({ KeyId: required(keyId()) }, (input, call) => {
    const key = useKey(call, input.KeyId, { state: 'kept' })
    if (key.core.origin === 'EXTERNAL') throw invalidState(`${key.arn} is pending import.`)
    if (enabled && !key.enabled) call.state.rotateOverdue(key)
    key.enabled = enabled
    call.state.changed = true
    return undefined
  })

/** In days. The key is deleted when it is first looked up after that. */
const scheduleKeyDeletion = operation(
  { KeyId: required(keyId()), PendingWindowInDays: integer({ min: 7, max: 30 }) },
  (input, call) => {
    const { state } = call
    const windowInDays = input.PendingWindowInDays ?? 30
    const key = useKey(call, input.KeyId, {
      state: 'kept',
      values: { 'kms:ScheduleKeyDeletionPendingWindowInDays': String(windowInDays) },
    })
    // A primary waits for its replicas: its own period begins when the last of them is deleted.
    const waits = key.core.primaryRegion === key.region && state.siblings(key).length > 1
    const at = state.now() + windowInDays * day
    key.deletion = waits ? { windowInDays } : { windowInDays, at }
    state.changed = true
    return {
      KeyId: key.arn,
      ...(!waits && { DeletionDate: wireDate(at) }),
      KeyState: waits ? 'PendingReplicaDeletion' : 'PendingDeletion',
      PendingWindowInDays: windowInDays,
    }
  },
)

const cancelKeyDeletion = operation({ KeyId: required(keyId()) }, (input, call) => {
  const key = useKey(call, input.KeyId, { state: 'any' })
  if (key.deletion === undefined) throw invalidState(`${key.arn} is not pending deletion.`)
  delete key.deletion
  // The key stays disabled until it is enabled.
  key.enabled = false
  call.state.changed = true
  return { KeyId: key.arn }
})

export const lifecycleOperations: Readonly<Record<string, Operation>> = {
  CreateKey: createKey,
  DescribeKey: describeKey,
  ListKeys: listKeys,
  UpdateKeyDescription: updateKeyDescription,
  EnableKey: setEnabled(true),
  DisableKey: setEnabled(false),
  ScheduleKeyDeletion: scheduleKeyDeletion,
  CancelKeyDeletion: cancelKeyDeletion,
}
