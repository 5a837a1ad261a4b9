import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb'
import { KMSClient } from '@aws-sdk/client-kms'
import { type KeyStoreOptions, keyStore } from '@glassine/keys/key-store'
import { startLocalKms } from '@glassine/local-kms'
import { type LocalDynamoDBKind, startLocalDynamoDB, withoutTransactions } from '@glassine/testing/dynamodb'
import { type KeyStoreKmsOperations, keyStoreKmsOperations } from '../../src/key-store/branch-key-kms.ts'
import { kmsOperations as kmsOperationsOf } from '../../src/kms/operations.ts'

export const tableName = 'KeyStoreTable'
export const logicalKeyStoreName = 'LogicalKeyStore'

/** A request as it left: operation and input. */
export type Sent = readonly [operation: string, input: any]

/** Writes down what a client sends. */
const recorded = <C extends KMSClient | DynamoDBClient>(client: C, log: Sent[]): C => {
  const middleware =
    (next: (args: { input: object }) => Promise<unknown>, { commandName }: { commandName: string }) =>
    async (args: { input: object }) => {
      log.push([commandName.replace(/Command$/, ''), args.input])
      return next(args)
    }
  const stack = client.middlewareStack as { add(middleware: unknown, place: object): void }
  stack.add(middleware, { step: 'initialize', name: 'record' })
  return client
}

/** A KMS, a DynamoDB server with the table of a key store, and clients that write down what they send. */
export const startServices = async (kind: LocalDynamoDBKind) => {
  const kms = await startLocalKms({ keys: ['alias/branch-keys', 'alias/other'] })
  const server = await startLocalDynamoDB({ kind })
  const log: Sent[] = []
  const kmsClient = recorded(new KMSClient({ ...kms.clientOptions, maxAttempts: 1 }), log)
  const plainClient = recorded(new DynamoDBClient(server.clientOptions), log)
  const dynamoDBClient = kind === 'dynalite' ? withoutTransactions(plainClient) : plainClient
  const keyArn = kms.keys[0]!.arn
  const { endpoint } = server

  const open = (changed: { [name in keyof KeyStoreOptions]?: any } = {}) =>
    keyStore({
      tableName,
      logicalKeyStoreName,
      timeout: 2_000,
      ...changed,
      kms: { keyArn, client: kmsClient, insecureEndpoint: kms.endpoint, ...changed.kms },
      dynamoDB: { client: dynamoDBClient, insecureEndpoint: endpoint, ...changed.dynamoDB },
    })

  const kmsOperations = kmsOperationsOf<KeyStoreKmsOperations>(
    { client: kmsClient, insecureEndpoint: kms.endpoint },
    keyStoreKmsOperations,
  )
  const client = new DynamoDBClient(server.clientOptions)
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      AttributeDefinitions: [
        { AttributeName: 'branch-key-id', AttributeType: 'S' },
        { AttributeName: 'type', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'branch-key-id', KeyType: 'HASH' },
        { AttributeName: 'type', KeyType: 'RANGE' },
      ],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )

  return {
    kms,
    kmsClient,
    /** The operations of a key store, to stand between it and KMS. */
    kmsOperations,
    dynamoDBClient,
    /** For the key store of AWS, which knows its client by its class. */
    awsDynamoDBClient: plainClient,
    endpoint,
    keyArn,
    otherKeyArn: kms.keys[1]!.arn,
    log,
    open,
    /** The records of a branch key by their sort key, past the key store. */
    async records(branchKeyId: string): Promise<Record<string, any>> {
      const { Items = [] } = await client.send(
        new QueryCommand({
          TableName: tableName,
          ConsistentRead: true,
          KeyConditionExpression: '#id = :id',
          ExpressionAttributeNames: { '#id': 'branch-key-id' },
          ExpressionAttributeValues: { ':id': { S: branchKeyId } },
        }),
      )
      return Object.fromEntries(Items.map((item) => [item.type!.S, item]))
    },
    async record(branchKeyId: string, type: string): Promise<any> {
      const Key = { 'branch-key-id': { S: branchKeyId }, type: { S: type } }
      return (await client.send(new GetItemCommand({ TableName: tableName, Key }))).Item
    },
    /** Writes a record, as anyone with write access to the table can. */
    put: (Item: Record<string, any>) => client.send(new PutItemCommand({ TableName: tableName, Item })),
    async close() {
      for (const one of [client, plainClient, kmsClient]) one.destroy()
      await server.close()
      await kms.close()
    },
  }
}

export type Services = Awaited<ReturnType<typeof startServices>>
