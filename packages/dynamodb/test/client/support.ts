import { Readable } from 'node:stream'
import * as plain from '@aws-sdk/client-dynamodb'
import * as documents from '@aws-sdk/lib-dynamodb'
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import { defineFields } from '@glassine/core'
import { rawAesKeyring } from '@glassine/keys/raw-aes'
import { type LocalDynamoDBKind, startLocalDynamoDB } from '@glassine/testing/dynamodb'
import { afterAll, beforeAll, beforeEach, test } from '@jest/globals'
import { type ClientTable, type EncryptionOptions, withEncryption } from '../../src/index.ts'

/** `test` on a server that can do it; skipped with the reason in its name on one that lacks it. */
export const testWhere =
  (kind: LocalDynamoDBKind, what: 'transactions' | 'old items' | 'PartiQL') =>
  (name: string, body: () => Promise<void>, timeout?: number): void => {
    if (kind === 'dynoxide') test(name, body, timeout)
    else test.skip(`${name} (skipped: dynalite has no ${what})`, body)
  }

export interface PatientItem {
  id: string
  ssn: string
  notes?: string[]
  clinic?: string
  name?: string
}

export const patientFields = defineFields<PatientItem>('patient', { ssn: {}, notes: { optional: true } })

export const keyring = rawAesKeyring({ namespace: 'test', name: 'k1', key: Buffer.alloc(32, 5) })

export const patientTable = {
  fields: patientFields,
  keys: keyring,
  partitionKey: 'id',
  unsigned: ['ttl'],
  unsignedPrefix: ':',
} satisfies ClientTable

export const visitTable: ClientTable = {
  attributeActions: { patient: 'SIGN_ONLY', at: 'SIGN_ONLY', text: 'ENCRYPT_AND_SIGN', kind: 'SIGN_ONLY' },
  keys: keyring,
  partitionKey: 'patient',
  sortKey: 'at',
}

/** A request as it went over the wire. */
interface Sent {
  readonly operation: string
  readonly input: any
  readonly body: string
}

export interface Fixture {
  endpoint: string
  /** Without encryption. */
  raw: documents.DynamoDBDocumentClient
  base: plain.DynamoDBClient
  /** All requests since the test began. */
  sent: Sent[]
  /** Faults for the next requests of these operations: the middleware is called instead of the server. */
  faults: Map<string, (send: () => Promise<any>) => Promise<any>>
  encrypted(options?: Partial<EncryptionOptions>): documents.DynamoDBDocumentClient
}

/** A fault: the server does what it is asked, and answers something else. */
export const answering = (response: () => object) => async (pass: () => Promise<any>) => {
  const result = await pass()
  const body = Buffer.from(JSON.stringify(response()))
  result.response.headers = { ...result.response.headers, 'content-length': String(body.length) }
  delete result.response.headers['x-amz-crc32']
  result.response.body = Readable.from([body])
  return result
}

/** A server with tables for each test file; what was sent is forgotten before each test. */
export const useTables = (kind: LocalDynamoDBKind): Fixture => {
  const fixture = { sent: [] as Sent[], faults: new Map() } as unknown as Fixture
  let server: Awaited<ReturnType<typeof startLocalDynamoDB>> | undefined
  beforeAll(async () => {
    server = await startLocalDynamoDB({ kind })
    fixture.endpoint = server.endpoint
    fixture.base = new plain.DynamoDBClient(server.clientOptions)
    fixture.base.middlewareStack.add(
      (next, context) => async (args: any) => {
        const body = new TextDecoder().decode(args.request.body)
        const operation = String(context.commandName).replace('Command', '')
        fixture.sent.push({ operation, body, input: JSON.parse(body) })
        const fault = fixture.faults.get(operation)
        return fault ? fault(() => next(args)) : next(args)
      },
      // Inside of the SDK's retries, and of its deserialiser.
      { name: 'recorder', step: 'deserialize', priority: 'low' },
    )
    fixture.raw = documents.DynamoDBDocumentClient.from(fixture.base)
    fixture.encrypted = (options) =>
      withEncryption(fixture.raw, {
        tables: { Patients: patientTable, Visits: visitTable },
        plainTables: ['Open'],
        ...options,
      })
    for (const table of tables) await fixture.base.send(new plain.CreateTableCommand(table))
    for (const { TableName } of tables)
      await plain.waitUntilTableExists(
        { client: fixture.base, maxWaitTime: 20, minDelay: 0.05, maxDelay: 1 },
        { TableName },
      )
  })
  beforeEach(() => {
    fixture.sent.length = 0
    fixture.faults.clear()
  })
  afterAll(async () => {
    fixture.base?.destroy()
    await server?.close()
  })
  return fixture
}

const throughput = { ReadCapacityUnits: 1000, WriteCapacityUnits: 1000 }

const tables: plain.CreateTableCommandInput[] = [
  {
    TableName: 'Patients',
    AttributeDefinitions: [
      { AttributeName: 'id', AttributeType: 'S' },
      { AttributeName: 'clinic', AttributeType: 'S' },
    ],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'whole',
        KeySchema: [{ AttributeName: 'clinic', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
        ProvisionedThroughput: throughput,
      },
      {
        IndexName: 'keys',
        KeySchema: [{ AttributeName: 'clinic', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'KEYS_ONLY' },
        ProvisionedThroughput: throughput,
      },
    ],
    ProvisionedThroughput: throughput,
  },
  {
    TableName: 'Visits',
    AttributeDefinitions: [
      { AttributeName: 'patient', AttributeType: 'S' },
      { AttributeName: 'at', AttributeType: 'N' },
      { AttributeName: 'kind', AttributeType: 'S' },
    ],
    KeySchema: [
      { AttributeName: 'patient', KeyType: 'HASH' },
      { AttributeName: 'at', KeyType: 'RANGE' },
    ],
    LocalSecondaryIndexes: [
      {
        IndexName: 'byKind',
        KeySchema: [
          { AttributeName: 'patient', KeyType: 'HASH' },
          { AttributeName: 'kind', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
    ProvisionedThroughput: throughput,
  },
  {
    TableName: 'Open',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    ProvisionedThroughput: throughput,
  },
]

/** The members of commands that hold items or keys, by where they stand. */
const holders = new Set([
  'Item',
  'Key',
  'ExclusiveStartKey',
  'LastEvaluatedKey',
  'Attributes',
  'ExpressionAttributeValues',
])
const lists = new Set(['Items', 'Keys'])

/** Turns the items of an input or output from one form into the other, wherever they stand. */
const converted = (value: any, convert: (item: any) => any): any => {
  if (Array.isArray(value)) return value.map((element) => converted(element, convert))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      if (holders.has(name) && member) return [name, convert(member)]
      if (lists.has(name) && Array.isArray(member)) return [name, member.map(convert)]
      if (name === 'Responses' && !Array.isArray(member))
        return [
          name,
          Object.fromEntries(Object.entries(member as object).map(([t, items]) => [t, items.map(convert)])),
        ]
      return [name, converted(member, convert)]
    }),
  )
}

const commands = {
  Put: [documents.PutCommand, plain.PutItemCommand],
  Get: [documents.GetCommand, plain.GetItemCommand],
  Delete: [documents.DeleteCommand, plain.DeleteItemCommand],
  Update: [documents.UpdateCommand, plain.UpdateItemCommand],
  Query: [documents.QueryCommand, plain.QueryCommand],
  Scan: [documents.ScanCommand, plain.ScanCommand],
  BatchGet: [documents.BatchGetCommand, plain.BatchGetItemCommand],
  BatchWrite: [documents.BatchWriteCommand, plain.BatchWriteItemCommand],
  TransactGet: [documents.TransactGetCommand, plain.TransactGetItemsCommand],
  TransactWrite: [documents.TransactWriteCommand, plain.TransactWriteItemsCommand],
} as const

export type CommandName = keyof typeof commands

export const forms = ['document', 'plain'] as const
export type Form = (typeof forms)[number]

/** Sends a command written for the document client through the client of a form. */
export const sender =
  (fixture: Fixture, form: Form, options?: Partial<EncryptionOptions>) =>
  async (name: CommandName, input: any): Promise<any> => {
    const [Document, Plain] = commands[name] as readonly [any, any]
    if (form === 'document') return fixture.encrypted(options).send(new Document(input))
    const client = withEncryption(fixture.base, {
      plainTables: ['Open'],
      tables: { Patients: patientTable, Visits: visitTable },
      ...options,
    })
    const command = new Plain(converted(input, (item) => marshall(item, { removeUndefinedValues: true })))
    return converted(await client.send(command), (item) => unmarshall(item))
  }
