/** Key policies: stored and given back as they came, not evaluated. */
import { KmsError } from './errors.ts'
import { rootOf } from './state.ts'

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
