import { randomUUID } from 'node:crypto'
import type { AwsClientOptions } from '../aws/client-options.ts'
import { type DynamoDBSend, dynamoDBSender, type Outcome } from '../aws/dynamodb.ts'
import { branchKeyRefused, keyDenied } from '../errors.ts'
import type { Deadline } from '../keyring.ts'
import { ciphertext, partitionKey, type RecordItem, sortKey } from './record.ts'

/** A record to put, and the condition for it. */
export interface Put {
  readonly item: RecordItem
  /** `new`: no record exists. Otherwise: the existing record has this ciphertext. */
  readonly condition: 'new' | Uint8Array
}

/** The table of a key store. */
export interface Table {
  /** @throws GlassineError `ERR_DECRYPT_FAILED` if there is no such record, `ERR_KEY_UNAVAILABLE` */
  read(branchKeyId: string, type: string, deadline: Deadline): Promise<RecordItem>
  /** Writes all records or none. */
  write(puts: readonly Put[], deadline: Deadline): Promise<Outcome<unknown>>
  readonly send: DynamoDBSend
}

/** @param region - of the clients that are created here, if `awsClientOptions` has none */
export const tableOf = (tableName: string, options: AwsClientOptions, region: string | undefined): Table => {
  const send = dynamoDBSender(options, region)

  const get = async (branchKeyId: string, type: string, deadline: Deadline, consistent: boolean) => {
    const Key = { [partitionKey]: { S: branchKeyId }, [sortKey]: { S: type } }
    const result = await send<{ Item?: RecordItem }>(
      (sdk) =>
        new sdk.GetItemCommand({ TableName: tableName, Key, ...(consistent && { ConsistentRead: true }) }),
      deadline,
    )
    if ('response' in result) return result.response.Item
    if (result.denied !== undefined) throw keyDenied('dynamodb:GetItem', tableName)
    throw branchKeyRefused(
      `DynamoDB refused to read the branch key: ${result.refusals.join(', ')}`,
      branchKeyId,
    )
  }

  return {
    send,
    async read(branchKeyId, type, deadline) {
      // Eventually consistent, as in AWS's key stores. A missing record is read once more, consistently, since it may
      // have been written a moment ago.
      const item =
        (await get(branchKeyId, type, deadline, false)) ?? (await get(branchKeyId, type, deadline, true))
      if (item === undefined) throw branchKeyRefused('The key store has no such branch key', branchKeyId)
      return item
    },
    write(puts, deadline) {
      // One token for all attempts, so that a retry after a lost response does not fail on its own records.
      const ClientRequestToken = randomUUID({ disableEntropyCache: true })
      const TransactItems = puts.map(({ item, condition }) => ({
        Put: { TableName: tableName, Item: item as never, ...expressionOf(condition) },
      }))
      return send((sdk) => new sdk.TransactWriteItemsCommand({ ClientRequestToken, TransactItems }), deadline)
    },
  }
}

interface Condition {
  readonly ConditionExpression: string
  readonly ExpressionAttributeNames: Record<string, string>
  readonly ExpressionAttributeValues?: Record<string, { B: Uint8Array }>
}

const expressionOf = (condition: Put['condition']): Condition =>
  condition === 'new'
    ? {
        ConditionExpression: 'attribute_not_exists(#id)',
        ExpressionAttributeNames: { '#id': partitionKey },
      }
    : {
        ConditionExpression: 'attribute_exists(#id) AND #enc = :enc',
        ExpressionAttributeNames: { '#id': partitionKey, '#enc': ciphertext },
        ExpressionAttributeValues: { ':enc': { B: condition } },
      }
