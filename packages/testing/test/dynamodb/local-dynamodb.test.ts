import {
  CreateTableCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb'
import { describeEachDynamoDB } from '@glassine/test-support'
import { startLocalDynamoDB, withoutTransactions } from '@glassine/testing/dynamodb'
import { describe, expect, test } from '@jest/globals'

const table = {
  TableName: 'Patients',
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
} as const
const item = (id: string) => ({ TableName: 'Patients', Item: { id: { S: id } } })

describeEachDynamoDB('a local DynamoDB', (kind) => {
  test('is found through its options and through its environment', async () => {
    await using server = await startLocalDynamoDB({ kind })
    expect(server.kind).toBe(kind)
    const client = new DynamoDBClient(server.clientOptions)
    await client.send(new CreateTableCommand(table as never))
    const { TableNames } = await client.send(new ListTablesCommand({}))
    expect(TableNames).toEqual(['Patients'])
    expect(server.env).toEqual({
      AWS_ENDPOINT_URL_DYNAMODB: server.endpoint,
      LOCAL_DYNAMODB_ENDPOINT: server.endpoint,
    })
  })

  test('answers no more after it is closed, once or twice', async () => {
    const server = await startLocalDynamoDB({ kind })
    await server.close()
    await server.close()
    await expect(fetch(server.endpoint)).rejects.toThrow()
  })
})

describe('a client without transactions', () => {
  test('sends the puts of one with their conditions, and refuses all else', async () => {
    await using server = await startLocalDynamoDB({ kind: 'dynalite' })
    const client = withoutTransactions(new DynamoDBClient(server.clientOptions))
    await client.send(new CreateTableCommand(table as never))
    await client.send(
      new TransactWriteItemsCommand({ TransactItems: [{ Put: item('1') }, { Put: item('2') }] }),
    )
    const { Item } = await client.send(new GetItemCommand({ TableName: 'Patients', Key: { id: { S: '2' } } }))
    expect(Item).toEqual({ id: { S: '2' } })
    const onlyNew = { ...item('1'), ConditionExpression: 'attribute_not_exists(id)' }
    await expect(
      client.send(new TransactWriteItemsCommand({ TransactItems: [{ Put: onlyNew }] })),
    ).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' })
    const Delete = { TableName: 'Patients', Key: { id: { S: '1' } } }
    await expect(
      client.send(new TransactWriteItemsCommand({ TransactItems: [{ Put: item('3') }, { Delete }] })),
    ).rejects.toThrow('Only transactions of puts')
    await client.send(new PutItemCommand(item('4')))
    await client.send(new DeleteItemCommand(Delete))
  })
})

test.each([[{ kind: 'mysql' }], [{ port: 1 }], ['dynalite']])(
  'the options %j are refused',
  async (options) => {
    await expect(startLocalDynamoDB(options as never)).rejects.toMatchObject({ code: 'ERR_OPTION_INVALID' })
  },
)
