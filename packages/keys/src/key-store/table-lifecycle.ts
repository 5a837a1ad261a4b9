import type { DynamoDBSend, Outcome } from '../aws/dynamodb.ts'
import { notEncrypted, unavailable } from '../errors.ts'
import type { Deadline } from '../keyring.ts'
import { activeType, partitionKey, type RecordItem, sortKey } from './record.ts'

interface Described {
  readonly TableStatus?: string
  readonly TableArn?: string
  readonly KeySchema?: readonly { readonly AttributeName?: string; readonly KeyType?: string }[]
}

/** Interval between checks of a table that is being created, in ms. */
const pause = 1_000

/** Creates the table with the key of AWS's key stores, or accepts an existing one; waits until it is active. */
export const createTable = async (
  send: DynamoDBSend,
  tableName: string,
  deadline: Deadline,
): Promise<string> => {
  const created = await send<object>(
    (sdk) =>
      new sdk.CreateTableCommand({
        TableName: tableName,
        AttributeDefinitions: [partitionKey, sortKey].map((AttributeName) => ({
          AttributeName,
          AttributeType: 'S',
        })),
        KeySchema: [
          { AttributeName: partitionKey, KeyType: 'HASH' },
          { AttributeName: sortKey, KeyType: 'RANGE' },
        ],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    deadline,
  )
  if ('refusals' in created && !created.refusals.includes('ResourceInUseException'))
    throw refused('create the table', created)
  for (;;) {
    const { TableStatus, TableArn, KeySchema } = await describe(send, tableName, deadline)
    const keys = KeySchema?.map(({ AttributeName, KeyType }) => `${KeyType} ${AttributeName}`).sort()
    if (keys?.join() !== `HASH ${partitionKey},RANGE ${sortKey}`)
      throw notEncrypted('A table of this name exists, but its key is not that of a key store')
    if (TableStatus === 'ACTIVE') return TableArn ?? tableName
    if (Date.now() + pause >= deadline()) throw unavailable('The table is not active yet')
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}

const describe = async (send: DynamoDBSend, tableName: string, deadline: Deadline): Promise<Described> => {
  const result = await send<{ Table?: Described }>(
    (sdk) => new sdk.DescribeTableCommand({ TableName: tableName }),
    deadline,
  )
  if ('response' in result) return result.response.Table ?? {}
  throw refused('describe the table', result)
}

/**
 * Deletes all records of a branch key, the active one first: from then on nothing is encrypted, and a concurrent
 * rotation fails its condition.
 */
export const deleteRecords = async (
  send: DynamoDBSend,
  tableName: string,
  branchKeyId: string,
  deadline: Deadline,
): Promise<number> => {
  let deleted = 0
  for (;;) {
    const page = await send<{ Items?: RecordItem[] }>(
      (sdk) =>
        new sdk.QueryCommand({
          TableName: tableName,
          ConsistentRead: true,
          KeyConditionExpression: '#id = :id',
          ProjectionExpression: '#type',
          ExpressionAttributeNames: { '#id': partitionKey, '#type': sortKey },
          ExpressionAttributeValues: { ':id': { S: branchKeyId } },
        }),
      deadline,
    )
    if ('refusals' in page) throw refused('list the records', page)
    // Query again until nothing is left, which also handles further pages.
    const types = (page.response.Items ?? []).map((item) => item[sortKey]?.S ?? '')
    if (types.length === 0) return deleted
    for (const type of [...types.filter(isActive), ...types.filter((one) => !isActive(one))]) {
      const result = await send<object>(
        (sdk) =>
          new sdk.DeleteItemCommand({
            TableName: tableName,
            Key: { [partitionKey]: { S: branchKeyId }, [sortKey]: { S: type } },
          }),
        deadline,
      )
      if ('refusals' in result) throw refused('delete a record', result)
      deleted++
    }
  }
}

const isActive = (type: string): boolean => type === activeType

const refused = (what: string, { refusals }: Exclude<Outcome<unknown>, { response: unknown }>) =>
  notEncrypted(`DynamoDB refused to ${what}: ${refusals.join(', ')}`)
