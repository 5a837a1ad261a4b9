/** Key policies: one per key, named `default`; stored and returned unchanged, never evaluated. */

import { type Operation, operation } from '../call.ts'
import { KmsError, notFound } from '../errors.ts'
import { flag, required, text } from '../shape.ts'
import { rootOf } from '../state.ts'
import { useKey } from '../use-key.ts'
import { keyId, pageShape, policy } from './members.ts'

/** The policy of a key that was created without one: the account's root may do everything. */
export const defaultPolicy = (accountId: string): string =>
  JSON.stringify(
    {
      Version: '2012-10-17',
      Id: 'key-default-1',
      Statement: [
        {
          Sid: 'Enable IAM User Permissions',
          Effect: 'Allow',
          Principal: { AWS: rootOf(accountId) },
          Action: 'kms:*',
          Resource: '*',
        },
      ],
    },
    null,
    2,
  )

/** A policy must at least be a JSON object. */
export const checkPolicy = (policy: string): string => {
  let parsed: unknown
  try {
    parsed = JSON.parse(policy)
  } catch {}
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new KmsError('MalformedPolicyDocumentException')
  }
  return policy
}

const theName = 'default'

const policyName = () => text({ min: 1, max: 128, pattern: /^\w+$/ })

/** The name may be left out since 2024. */
const checkName = (name: string | undefined): void => {
  if (name !== undefined && name !== theName) throw notFound('No such policy exists')
}

const putKeyPolicy = operation(
  {
    KeyId: required(keyId()),
    PolicyName: policyName(),
    Policy: required(policy()),
    BypassPolicyLockoutSafetyCheck: flag(),
  },
  (input, call) => {
    const key = useKey(call, input.KeyId, { state: 'any' })
    checkName(input.PolicyName)
    key.policy = checkPolicy(input.Policy)
    call.state.changed = true
    return undefined
  },
)

const getKeyPolicy = operation({ KeyId: required(keyId()), PolicyName: policyName() }, (input, call) => {
  const key = useKey(call, input.KeyId, { state: 'any' })
  checkName(input.PolicyName)
  return { Policy: key.policy, PolicyName: theName }
})

/** There is never more than the one. */
const listKeyPolicies = operation({ KeyId: required(keyId()), ...pageShape(1000) }, (input, call) => {
  useKey(call, input.KeyId, { state: 'any' })
  return { PolicyNames: [theName], Truncated: false }
})

export const policyOperations: Readonly<Record<string, Operation>> = {
  PutKeyPolicy: putKeyPolicy,
  GetKeyPolicy: getKeyPolicy,
  ListKeyPolicies: listKeyPolicies,
}
