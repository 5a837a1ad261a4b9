// What docs/tables-in-practice.md says, on local servers. The page's snippets are lines of this file and of
// tools/packed/orms.ts.
import { CreateTableCommand, DynamoDBClient, ScanCommand as RawScanCommand } from '@aws-sdk/client-dynamodb'
import {
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  ScanCommand,
  TransactWriteCommand,
} from '@aws-sdk/lib-dynamodb'
import { defineFields } from '@glassine/core'
import { encryptionStats, updateItem, withEncryption } from '@glassine/dynamodb'
import { hierarchicalKeyring, keyStore } from '@glassine/keys/key-store'
import { startLocalKms } from '@glassine/local-kms'
import { describeEachDynamoDB, describeTransactions } from '@glassine/test-support'
import { type LocalDynamoDBKind, startLocalDynamoDB, withoutTransactions } from '@glassine/testing/dynamodb'
import { afterEach, expect, test } from '@jest/globals'

const fields = defineFields<{ clinic: string; id: string; ssn: string }>('patient', { ssn: {} })
const patient = { clinic: 't-1', id: 'p-1', ssn: '078-05-1120' }
const until = new Date(Date.now() + 86_400_000)

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

/** What the page's first snippet makes. */
const setUp = async (kind: LocalDynamoDBKind) => {
  const kms = await startLocalKms({ keys: ['alias/branch'] })
  const dynamoDB = await startLocalDynamoDB({ kind })
  const client = new DynamoDBClient(dynamoDB.clientOptions)
  await client.send(
    new CreateTableCommand({
      TableName: 'Patients',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'clinic', AttributeType: 'S' },
        { AttributeName: 'id', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'clinic', KeyType: 'HASH' },
        { AttributeName: 'id', KeyType: 'RANGE' },
      ],
    }),
  )
  const store = keyStore({
    tableName: 'BranchKeys',
    logicalKeyStoreName: 'BranchKeys',
    kms: { keyArn: kms.keys[0]!.arn, awsClientOptions: kms.clientOptions, insecureEndpoint: kms.endpoint },
    dynamoDB: {
      client: kind === 'dynalite' ? withoutTransactions(client) : client,
      insecureEndpoint: dynamoDB.endpoint,
    },
  })
  await store.createKeyStore()
  await store.createKey({ branchKeyId: 'tenant-t-1', encryptionContext: { tenant: 't-1' } })
  open.push(
    () => client.destroy(),
    () => dynamoDB.close(),
    () => kms.close(),
  )
  const keys = hierarchicalKeyring({ keyStore: store, branchKeyId: 'tenant-t-1' })
  const rows = async () => (await client.send(new RawScanCommand({ TableName: 'Patients' }))).Items!
  return { client, keys, rows }
}

describeEachDynamoDB('tables in practice', (kind) => {
  test('a table and a key store, from nothing', async () => {
    const { client, keys, rows } = await setUp(kind)
    const documents = withEncryption(DynamoDBDocumentClient.from(client), {
      tables: { Patients: { fields, keys, partitionKey: 'clinic', sortKey: 'id' } },
    })
    await documents.send(new PutCommand({ TableName: 'Patients', Item: patient }))
    const { Item } = await documents.send(
      new GetCommand({ TableName: 'Patients', Key: { clinic: 't-1', id: 'p-1' } }),
    )
    expect(Item).toEqual(patient)
    const [row] = await rows()
    expect(Object.keys(row!.ssn!)).toEqual(['B'])
  }, 60_000)

  test('rows in plaintext are encrypted one by one, and then none is left', async () => {
    const { client, keys, rows } = await setUp(kind)
    const plain = DynamoDBDocumentClient.from(client)
    for (let n = 0; n < 5; n++)
      await plain.send(new PutCommand({ TableName: 'Patients', Item: { ...patient, id: `p-${n}` } }))

    const documents = withEncryption(DynamoDBDocumentClient.from(client), {
      tables: {
        Patients: {
          fields,
          keys,
          partitionKey: 'clinic',
          sortKey: 'id',
          mode: 'write-encrypted-read-both',
          until,
        },
      },
    })
    let ExclusiveStartKey: Record<string, unknown> | undefined
    do {
      const page = await documents.send(new ScanCommand({ TableName: 'Patients', ExclusiveStartKey }))
      for (const { clinic, id } of page.Items ?? [])
        await updateItem(documents, { TableName: 'Patients', Key: { clinic, id } }, (_item, { exists }) => {
          if (!exists) throw new Error('The row was deleted meanwhile')
        })
      ExclusiveStartKey = page.LastEvaluatedKey
    } while (ExclusiveStartKey !== undefined)

    const before = encryptionStats(documents).Patients?.plaintextReads
    expect(before).toBeGreaterThanOrEqual(5)
    const { Items } = await documents.send(new ScanCommand({ TableName: 'Patients' }))
    expect(Items).toHaveLength(5)
    expect(encryptionStats(documents).Patients?.plaintextReads).toBe(before)
    expect((await rows()).every((row) => row.aws_dbe_head !== undefined && row.ssn!.S === undefined)).toBe(
      true,
    )

    // The last step: plaintext is an error.
    const strict = withEncryption(DynamoDBDocumentClient.from(client), {
      tables: { Patients: { fields, keys, partitionKey: 'clinic', sortKey: 'id' } },
    })
    await plain.send(new PutCommand({ TableName: 'Patients', Item: { ...patient, id: 'p-9' } }))
    const Key = { clinic: 't-1', id: 'p-9' }
    await expect(strict.send(new GetCommand({ TableName: 'Patients', Key }))).rejects.toMatchObject({
      code: 'ERR_DECRYPT_FAILED',
    })
  }, 60_000)
})

describeTransactions('tokens', () => {
  test('a second send under one token is another transaction; a condition makes it idempotent', async () => {
    const { client, keys } = await setUp('dynoxide')
    const documents = withEncryption(DynamoDBDocumentClient.from(client), {
      tables: { Patients: { fields, keys, partitionKey: 'clinic', sortKey: 'id' } },
    })
    const tokened = new TransactWriteCommand({
      ClientRequestToken: 'token-1',
      TransactItems: [{ Put: { TableName: 'Patients', Item: patient } }],
    })
    await documents.send(tokened)
    await expect(documents.send(tokened)).rejects.toMatchObject({
      name: 'IdempotentParameterMismatchException',
    })

    const once = (Item: object) =>
      new TransactWriteCommand({
        TransactItems: [
          { Put: { TableName: 'Patients', Item, ConditionExpression: 'attribute_not_exists(id)' } },
        ],
      })
    await documents.send(once({ ...patient, id: 'p-2' }))
    await expect(documents.send(once({ ...patient, id: 'p-2' }))).rejects.toMatchObject({
      name: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'ConditionalCheckFailed' }],
    })
  }, 60_000)
})
