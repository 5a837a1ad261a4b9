import { type Rule, text } from '@glassine/core/internal'
import { badOption } from './errors.ts'

/** DynamoDB's limit of a partition key, in bytes. */
const maxBranchKeyId = 2_048

export const branchKeyIdRule: Rule = [
  `must be a string of 1 to ${maxBranchKeyId} bytes`,
  (value) => text[1](value) && Buffer.byteLength(value) <= maxBranchKeyId,
]

/** @throws GlassineError `ERR_OPTION_INVALID` */
export const branchKeyIdOption = (branchKeyId: unknown): void => {
  if (!branchKeyIdRule[1](branchKeyId)) throw badOption('branchKeyId', branchKeyIdRule[0])
}
