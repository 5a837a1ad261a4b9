import { randomBytes } from 'node:crypto'
import { checkedOptions, integer, type OptionSchema, required, text } from '@glassine/core/internal'
import type { AwsClientOptions } from '@glassine/keys'
import {
  awsClientSchema,
  checkAwsClientOptions,
  conditionFailed,
  dynamoDBSender,
} from '@glassine/keys/internal'
import { packageName, unavailable } from './errors.ts'
import type { ReplayStore } from './replay.ts'

/** Options of {@link dynamodbReplayStore}. */
export interface DynamoDBReplayStoreOptions extends AwsClientOptions {
  /** A table with the partition key `id` (a string), no sort key, and TTL on the attribute `expires`. */
  readonly tableName: string
  /**
   * The longest time of a call with all its retries, in ms; a request's deadline can only shorten it. Default 10,000.
   */
  readonly timeout?: number
}

const schema: OptionSchema<DynamoDBReplayStoreOptions> = {
  tableName: required(text),
  timeout: integer(1),
  // Only a client of the SDK: a custom store needs just the one method of `ReplayStore`.
  ...awsClientSchema('send'),
}

/**
 * A replay store in DynamoDB that all instances share: one conditional PutItem for each payload. An item holds a MAC, a
 * nonce and its time of expiry, after which DynamoDB deletes it.
 *
 * A call whose response is lost is repeated with the same nonce, so it does not fail on the item that it wrote itself.
 * While the table cannot be reached, requests fail with `ERR_KEY_UNAVAILABLE` (503).
 *
 * The role needs `dynamodb:PutItem`.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`; later `ERR_KEY_UNAVAILABLE`, and `ERR_TLS_REQUIRED` when the endpoint is
 * not https
 * @example
 * ```ts
 * import { dynamodbReplayStore, localRecipient, sessionEnvelope } from '@glassine/session'
 *
 * const devices = sessionEnvelope({
 *   recipients: localRecipient(),
 *   audience: 'https://api.example.com',
 *   replay: dynamodbReplayStore({ tableName: 'Replays' }),
 * })
 * ```
 */
export const dynamodbReplayStore = (options: DynamoDBReplayStoreOptions): ReplayStore => {
  const { tableName, timeout = 10_000 } = checkedOptions(packageName, schema, options)
  checkAwsClientOptions(options)
  const send = dynamoDBSender(options)

  return {
    async spend(id, expires, { deadline = Number.POSITIVE_INFINITY }) {
      const end = Math.min(deadline, Date.now() + timeout)
      const nonce = { B: randomBytes(16) }
      const result = await send(
        (sdk) =>
          new sdk.PutItemCommand({
            TableName: tableName,
            Item: { id: { S: id }, nonce, expires: { N: String(expires) } },
            ConditionExpression: 'attribute_not_exists(#id) OR #nonce = :nonce',
            ExpressionAttributeNames: { '#id': 'id', '#nonce': 'nonce' },
            ExpressionAttributeValues: { ':nonce': nonce },
          }),
        () => end,
      )
      if ('response' in result) return true
      if (result.refusals.includes(conditionFailed)) return false
      throw unavailable(`DynamoDB refused: ${result.refusals.join(', ')}`)
    },
  }
}
