/** Key policies: one per key, named `default`. */
import { type Operation, operation } from '../call.ts'
import { notFound } from '../errors.ts'
import { pageShape } from '../pages.ts'
import { checkPolicy } from '../policy.ts'
import { flag, required, text } from '../shape.ts'
import { useKey } from '../use-key.ts'
import { keyId, policy } from './members.ts'

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
