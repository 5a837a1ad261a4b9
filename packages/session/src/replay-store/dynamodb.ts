import { randomBytes } from 'node:crypto'
import { checkedOptions, integer, type OptionSchema, required, text } from '@glassine/core/internal'
import type { AwsClientOptions } from '@glassine/keys'
import {
  awsClientSchema,
  checkAwsClientOptions,
  conditionFailed,
  dynamoDBSender,
} from '@glassine/keys/internal'
import { packageName, unavailable } from '../errors.ts'
import type { ReplayStore } from '../replay.ts'

/** Options of {@link dynamodbReplayStore}. */
export interface DynamoDBReplayStoreOptions extends AwsClientOptions {
  /** A table with the partition key `id` (text) and no sort key, and TTL on the attribute `expires`. */
  readonly tableName: string
  /** The longest that a call takes with all its retries, in ms; a request's deadline can only shorten it. Default 10,000. */
  readonly timeout?: number
}

const schema: OptionSchema<DynamoDBReplayStoreOptions> = {
  tableName: required(text),
  timeout: integer(1),
  // The SDK's client alone: a store of one's own is one method.
  ...awsClientSchema('send'),
}

/**
 * A replay store in DynamoDB, one for all instances: a conditional PutItem for each payload. An item holds a MAC, a
 * number and when it may go; DynamoDB removes it after that.
 *
 * A call whose answer is lost is made again with the same number, so that it does not fail on its own item. While the
 * table cannot be reached, requests fail with `ERR_KEY_UNAVAILABLE` (503).
 *
 * The role needs `dynamodb:PutItem`.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`; later `ERR_KEY_UNAVAILABLE`, and `ERR_TLS_REQUIRED` when the endpoint is
 * not https
 * @example
 * ```ts
 * import { localRecipient, sessionEnvelope } from '@glassine/session'
 * import { dynamodbReplayStore } from '@glassine/session/replay-store'
 *
 * const devices = sessionEnvelope({
 *   recipient: localRecipient(),
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
      if ('answer' in result) return true
      if (result.refusals.includes(conditionFailed)) return false
      throw unavailable(`DynamoDB refused: ${result.refusals.join(', ')}`)
    },
  }
}
