/** All operations that the local KMS offers, by their name on the wire. */
import type { Operation } from '../call.ts'
import { aliasOperations } from './aliases.ts'
import { asymmetricOperations } from './asymmetric.ts'
import { dataKeyOperations } from './data-keys.ts'
import { grantOperations } from './grants.ts'
import { lastUsageOperations } from './last-usage.ts'
import { lifecycleOperations } from './lifecycle.ts'
import { macOperations } from './mac.ts'
import { policyOperations } from './policies.ts'
import { replicaOperations } from './replicas.ts'
import { rotationOperations } from './rotation.ts'
import { symmetricOperations } from './symmetric.ts'
import { tagOperations } from './tags.ts'

export const operations: Readonly<Record<string, Operation>> = {
  ...lifecycleOperations,
  ...lastUsageOperations,
  ...aliasOperations,
  ...symmetricOperations,
  ...dataKeyOperations,
  ...asymmetricOperations,
  ...macOperations,

  ...rotationOperations,
  ...replicaOperations,
  ...grantOperations,
  ...policyOperations,
  ...tagOperations,
}
