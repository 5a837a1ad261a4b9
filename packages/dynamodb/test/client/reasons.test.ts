// What an operator reads of a refusal of tables: each sentence by a cause of its own.
import * as plain from '@aws-sdk/client-dynamodb'
import * as documents from '@aws-sdk/lib-dynamodb'
import { describeEachDynamoDB, rejection } from '@glassine/test-support'
import { beforeEach, describe, expect, test } from '@jest/globals'
import { itemEncryptor, updateItem, withEncryption, withInvocation } from '../../src/index.ts'
import { answering, keyring, patientFields, patientTable, useTables } from './support.ts'

const TableName = 'Patients'
const { GetCommand, PutCommand, QueryCommand, ScanCommand } = documents

/** The sentence of a refused request. */
const messageOf = async (work: Promise<unknown>): Promise<string> => {
  const { code, message } = await rejection(work)
  expect(code).toBe('ERR_OPERATION_REFUSED')
  return message
}
/** The reason of an item that is not handed out; callers read one text. */
const reasonOf = async (work: Promise<unknown>): Promise<string | undefined> => {
  const { code, message, cause } = await rejection(work)
  expect([code, message]).toEqual(['ERR_DECRYPT_FAILED', 'The item could not be decrypted'])
  return cause.reason
}

describeEachDynamoDB('the reason of a refusal', (kind) => {
  const fixture = useTables(kind)
  const client = (table: object = {}) =>
    fixture.encrypted({ tables: { Patients: { ...patientTable, ...table } } })

  describe('of a request:', () => {
    test('a table of no option', async () => {
      expect(await messageOf(client().send(new GetCommand({ TableName: 'Patient', Key: { id: 'x' } })))).toBe(
        'GetItem: the table Patient is in no option; name it under `tables`, or under `plainTables` if it is plain on purpose',
      )
    })

    test('another key than that of the configuration', async () => {
      expect(await messageOf(client().send(new GetCommand({ TableName, Key: { pk: 'x' } })))).toBe(
        'GetItem: the key is not that of the configuration, which is id',
      )
      const query = new QueryCommand({
        TableName,
        KeyConditionExpression: 'clinic = :c',
        ExpressionAttributeValues: { ':c': 'c-1' },
      })
      expect(await messageOf(client().send(query))).toBe(
        'Query: KeyConditionExpression names clinic; the key of the configuration is id',
      )
    })

    test('an update of an attribute that is part of the encryption context', async () => {
      const SIGN = 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT' as const
      const included = fixture.encrypted({
        tables: {
          Patients: { keys: keyring, partitionKey: 'id', attributeActions: { id: SIGN, clinic: SIGN } },
        },
      })
      const update = new documents.UpdateCommand({
        TableName,
        Key: { id: 'x' },
        UpdateExpression: 'REMOVE clinic',
      })
      expect(await messageOf(included.send(update))).toBe(
        'UpdateItem: clinic is signed with the item; use updateItem of @glassine/dynamodb, which reads, changes and writes the whole item',
      )
    })

    test('an index without whole items', async () => {
      const query = new QueryCommand({
        TableName,
        IndexName: 'keys',
        KeyConditionExpression: 'clinic = :c',
        ExpressionAttributeValues: { ':c': 'c-1' },
      })
      expect(await messageOf(client().send(query))).toBe(
        "Query: the index keys does not hold whole items; read its keys with Select: 'ALL_PROJECTED_ATTRIBUTES', and then the items by their keys",
      )
    })

    test('an input that another middleware replaced', async () => {
      const own = client()
      await own.send(new PutCommand({ TableName, Item: { id: 'replaced', ssn: 'x' } }))
      own.middlewareStack.add((next) => (args: any) => next({ ...args, input: { ...args.input } }), {
        step: 'build',
      })
      expect(await messageOf(own.send(new GetCommand({ TableName, Key: { id: 'replaced' } })))).toBe(
        'GetItem: another middleware replaced the input after it was sealed; let it stand before',
      )
    })

    test('a change of the key by updateItem', async () => {
      await client().send(new PutCommand({ TableName, Item: { id: 'moves', ssn: 'x' } }))
      const moved = updateItem(client(), { TableName, Key: { id: 'moves' } }, (item) => ({
        ...item,
        id: 'moved',
      }))
      expect(await messageOf(moved)).toBe('updateItem: the change must leave the key as it is')
    })
  })

  describe('of a table whose partition key holds the tenant:', () => {
    const of = (tenant: string | undefined, prefix?: string) =>
      withInvocation(
        client({ partitionKey: { name: 'id', tenant: 'clinic', ...(prefix && { prefix }) } }),
        tenant === undefined ? {} : { binding: { clinic: tenant } },
      )
    const get = new GetCommand({ TableName, Key: { id: 't-1' } })

    test('no tenant, another one, or one that contains the prefix', async () => {
      expect(await messageOf(of(undefined).send(get))).toBe(
        'GetItem: the call has no clinic, which the partition key of the table must hold',
      )
      expect(await messageOf(of('t-2').send(get))).toBe("GetItem: id is not that of the call's tenant")
      expect(await messageOf(of('t#1', '#').send(get))).toBe(
        'GetItem: the clinic of the call contains the prefix of the partition key',
      )
    })

    test('a scan, and a query without the key', async () => {
      expect(await messageOf(of('t-1').send(new ScanCommand({ TableName })))).toBe(
        'Scan: a scan reads the rows of every tenant; query by id',
      )
      const query = new QueryCommand({
        TableName,
        KeyConditionExpression: 'id >= :i',
        ExpressionAttributeValues: { ':i': 't-1' },
      })
      expect(await messageOf(of('t-1').send(query))).toBe(
        "Query: KeyConditionExpression must have id = a value of the call's tenant",
      )
    })
  })

  describe('of what DynamoDB returns:', () => {
    const item = { id: { S: 'r-1' } }
    const Keys = [{ id: 'r-1' }]
    const failing = (members: object) => async () => {
      throw Object.assign(new Error('failed'), { name: 'ValidationException', ...members })
    }
    beforeEach(() => client().send(new PutCommand({ TableName, Item: { id: 'r-1', ssn: 'x' } })))

    test('items of another table', async () => {
      fixture.faults.set(
        'BatchGetItem',
        answering(() => ({ Responses: { Visits: [item] } })),
      )
      const read = fixture
        .encrypted()
        .send(new documents.BatchGetCommand({ RequestItems: { Patients: { Keys } } }))
      expect(await reasonOf(read)).toBe('the response has items of a table that was not asked')
    })

    test('an item in the error of a batch', async () => {
      fixture.faults.set('BatchGetItem', failing({ Item: item }))
      const read = client().send(new documents.BatchGetCommand({ RequestItems: { Patients: { Keys } } }))
      expect(await reasonOf(read)).toBe('the error of a batch carries an item')
    })

    test('an item at a place that the transaction does not have', async () => {
      fixture.faults.set('TransactGetItems', failing({ CancellationReasons: [{}, { Item: item }] }))
      const TransactItems = [{ Get: { TableName, Key: { id: 'r-1' } } }]
      expect(await reasonOf(client().send(new documents.TransactGetCommand({ TransactItems })))).toBe(
        'the response has an item at a place that the transaction does not have',
      )
    })

    test('keys alone, without one', async () => {
      fixture.faults.set(
        'Scan',
        answering(() => ({ Items: [{ clinic: { S: 'c-1' } }] })),
      )
      const scan = client().send(new ScanCommand({ TableName, ProjectionExpression: 'id' }))
      expect(await reasonOf(scan)).toMatch(/^Items\[0\]: the item lacks a key attribute$/)
    })

    test('an item that was stripped of header and footer, where plaintext is read', async () => {
      const { Item } = await fixture.raw.send(new GetCommand({ TableName, Key: { id: 'r-1' } }))
      const { aws_dbe_head: _head, aws_dbe_foot: _foot, ...stripped } = Item as Record<string, unknown>
      await fixture.raw.send(new PutCommand({ TableName, Item: stripped }))
      const mode = { mode: 'write-encrypted-read-both', until: new Date(Date.now() + 3_600_000) }
      expect(await reasonOf(client(mode).send(new GetCommand({ TableName, Key: { id: 'r-1' } })))).toBe(
        'the item has no header and footer, and other signs of encryption',
      )
    })
  })
})

test.each([
  [
    'of tables',
    'unsigned',
    (unsigned: unknown) =>
      withEncryption(new plain.DynamoDBClient({}), {
        tables: { Patients: { ...patientTable, unsigned } as never },
      }),
  ],
  [
    'of an item encryptor',
    'signAndInclude',
    (signAndInclude: unknown) =>
      itemEncryptor({
        table: 'T',
        fields: patientFields,
        keys: keyring,
        partitionKey: 'id',
        signAndInclude,
      } as never),
  ],
])('an option %s that is no list is refused in words', (_what, option, make) => {
  expect(() => make('ttl')).toThrow(`option \`${option}\` must be a list of names`)
})
