/** ReplicateKey: the same key in another Region. */
import { authorizeWithoutKey, checkKeyPolicy } from '../authorize.ts'
import { type Operation, operation } from '../call.ts'
import { KmsError, unsupported } from '../errors.ts'
import { keyMetadata } from '../metadata.ts'
import { flag, required, text } from '../shape.ts'
import type { KmsKey } from '../state.ts'
import { useKey } from '../use-key.ts'
import { description, keyId, policy } from './members.ts'
import { defaultPolicy } from './policies.ts'
import { checkTags, tagList, tagMap } from './tags.ts'

/** Called on the primary, in the primary's Region; the replica appears in the other. */
const replicateKey = operation(
  {
    KeyId: required(keyId()),
    ReplicaRegion: required(text({ min: 1, max: 32, pattern: /^([a-z]+-){2,3}\d+$/ })),
    Policy: policy(),
    BypassPolicyLockoutSafetyCheck: flag(),
    Description: description(),
    Tags: tagList(),
  },
  (input, call) => {
    const { state } = call
    const primary = useKey(call, input.KeyId, { values: { 'kms:ReplicaRegion': input.ReplicaRegion } })
    // The key is made in its Region, and perhaps tagged there, which the caller's own policies must allow.
    const there = { ...call, region: input.ReplicaRegion }
    authorizeWithoutKey(there, '*', {}, 'CreateKey')
    if (input.Tags !== undefined) authorizeWithoutKey(there, '*', {}, 'TagResource')
    const { core } = primary
    if (core.primaryRegion !== primary.region) {
      throw unsupported(`${primary.arn} is not a multi-region primary key.`)
    }
    const arn = state.keyArn(input.ReplicaRegion, core.keyId)
    if (state.findKey(arn) !== undefined) {
      throw new KmsError('AlreadyExistsException', `Key ${arn} already exists`)
    }
    const tags = input.Tags ?? []
    checkTags(tags, new Map())
    const replica: KmsKey = {
      core,
      region: input.ReplicaRegion,
      arn,
      createdAt: state.now(),
      // A replica has its own description, policy, tags, grants and aliases; none is taken over.
      description: input.Description ?? '',
      enabled: true,
      policy: input.Policy ?? defaultPolicy(state.accountId),
      tags: tagMap(tags),
      grants: new Map(),
    }
    if (input.Policy !== undefined)
      checkKeyPolicy(call, replica, input.Policy, input.BypassPolicyLockoutSafetyCheck)
    state.keys.set(arn, replica)
    state.changed = true
    return {
      // The response is always of a key in creation; the next look at it finds it enabled.
      ReplicaKeyMetadata: {
        ...keyMetadata(state, replica),
        KeyState: 'Creating',
        Enabled: false,
        CurrentKeyMaterialId: undefined,
      },
      ReplicaPolicy: replica.policy,
      ...(tags.length > 0 && { ReplicaTags: tags }),
    }
  },
)

export const replicaOperations: Readonly<Record<string, Operation>> = { ReplicateKey: replicateKey }
