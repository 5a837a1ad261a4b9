/** Key policies: one per key, named `default`; returned unchanged. `policy/` evaluates them. */

import { checkKeyPolicy } from '../authorize.ts'
import { type Operation, operation } from '../call.ts'
import { notFound } from '../errors.ts'
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

const theName = 'default'

const policyName = () => text({ min: 1, max: 128, pattern: /^\w+$/ })

/** The name may be left out since 2024. */
const checkName = (name: string | undefined): void => {
  if (name !== undefined && name !== theName) throw notFound('No such policy exists')
}

/** `kms:BypassPolicyLockoutSafetyCheck`, for policies that forbid it. */
export const bypass = (input: { BypassPolicyLockoutSafetyCheck: boolean | undefined }) => ({
  'kms:BypassPolicyLockoutSafetyCheck': String(input.BypassPolicyLockoutSafetyCheck ?? false),
})

const putKeyPolicy = operation(
  {
    KeyId: required(keyId()),
    PolicyName: policyName(),
    Policy: required(policy()),
    BypassPolicyLockoutSafetyCheck: flag(),
  },
  (input, call) => {
    const key = useKey(call, input.KeyId, { state: 'any', values: bypass(input) })
    checkName(input.PolicyName)
    checkKeyPolicy(call, key, input.Policy, input.BypassPolicyLockoutSafetyCheck)
    key.policy = input.Policy
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
