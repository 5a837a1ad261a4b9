import { optionError } from '@glassine/core'
import { from } from './errors.ts'
import { textOption } from './options.ts'

/** DynamoDB's limit of a partition key, in bytes. */
export const maxBranchKeyId = 2_048

/** @throws GlassineError `ERR_OPTION_INVALID` */
export const branchKeyIdOption = (branchKeyId: unknown): void => {
  textOption('branchKeyId', branchKeyId)
  if (Buffer.byteLength(branchKeyId as string) > maxBranchKeyId)
    throw optionError(from, 'branchKeyId', `must be at most ${maxBranchKeyId} bytes`)
}
