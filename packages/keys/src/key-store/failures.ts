import type { GlassineError } from '@glassine/core'
import { fault } from '../errors.ts'
import { nameOf, type Verdict, verdictOf } from '../kms/failures.ts'

/**
 * A branch key that will not be had: asking again gives the same answer. The message is for whoever runs the key
 * store, so the status keeps it from clients; keyrings make their own error of it.
 */
export const branchKeyRefused = (message: string): GlassineError =>
  fault('ERR_DECRYPT_FAILED', { message, statusCode: 500 })

/** The name that a failed condition of a transaction is given here. */
export const conditionFailed = 'ConditionalCheckFailed'

/** What will not: names that KMS does not have. */
const refusals = new Set([
  conditionFailed,
  'ItemCollectionSizeLimitExceeded',
  'ResourceNotFoundException',
  'ValidationError',
])

/** What may pass though it is answered by 400 and with a name. */
const passing = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'TransactionConflict',
  'TransactionConflictException',
  'TransactionInProgressException',
])

/** What a failed call of DynamoDB means; see {@link verdictOf}, which is KMS's. */
const dynamoDBVerdictOf = (thrown: unknown): Verdict => {
  const name = nameOf(thrown)
  if (refusals.has(name)) return 'refused'
  return passing.has(name) ? 'retry' : verdictOf(thrown)
}

export const dynamoDB = { name: 'DynamoDB', verdictOf: dynamoDBVerdictOf }

/**
 * Tells apart why a transaction was cancelled. The error and its reasons hold the items, so nothing but a name
 * is taken over.
 */
export const cancellation = (thrown: unknown): unknown => {
  const { CancellationReasons: reasons } = (thrown ?? {}) as { CancellationReasons?: unknown }
  if (nameOf(thrown) !== 'TransactionCanceledException' || !Array.isArray(reasons)) return thrown
  const codes = reasons.map((reason: { Code?: unknown } | null) => reason?.Code)
  const name = codes.includes(conditionFailed)
    ? conditionFailed
    : codes.find((code): code is string => typeof code === 'string' && code !== 'None')
  return name === undefined ? thrown : Object.assign(new Error(), { name })
}
