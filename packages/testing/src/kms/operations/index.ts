/** All operations that the local KMS offers, by their name on the wire. */
import type { Operation } from '../call.ts'
import { aliasOperations } from './aliases.ts'
import { dataKeyOperations } from './data-keys.ts'
import { lifecycleOperations } from './lifecycle.ts'
import { symmetricOperations } from './symmetric.ts'

export const operations: Readonly<Record<string, Operation>> = {
  ...lifecycleOperations,
  ...aliasOperations,
  ...symmetricOperations,
  ...dataKeyOperations,
}
