// What an invocation has opened is not sent to DynamoDB in the clear, whatever table, command and place it is written
// to.
import { BatchWriteItemCommand, DescribeTableCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  ExecuteStatementCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb'
import { defineFields } from '@glassine/core'
import { openedValues } from '@glassine/core/internal'
import { rejection } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { configOfFields } from '../../src/config/encryptor-options.ts'
import { updateItem, withEncryption, withInvocation } from '../../src/index.ts'
import { patientTable, useTables } from './support.ts'

const ssn = '078-05-1120'
const amount = 123_456_789
const TableName = 'Patients'
const plain = 'Plain'
const expression = { UpdateExpression: 'SET ttl = :t', ExpressionAttributeValues: { ':t': ssn } }

describe('a client whose invocation has opened a value', () => {
  const fixture = useTables('dynoxide')
  const client = () => {
    const opened = openedValues()
    opened.add(ssn)
    opened.add(amount)
    const own = withEncryption(fixture.raw, { tables: { Patients: patientTable }, plainTables: [plain] })
    return withInvocation(own, { opened })
  }
  const put = (more: object, table = TableName) =>
    new PutCommand({ TableName: table, Item: { id: 'c-1', ssn, ...more } })

  test('writes it into an attribute that is encrypted', async () => {
    await client().send(put({ notes: [ssn] }))
    expect((await fixture.raw.send(new GetCommand({ TableName, Key: { id: 'c-1' } }))).Item).toMatchObject({
      ssn: expect.any(Uint8Array),
      notes: expect.any(Uint8Array),
    })
  })

  test.each<[string, object, string]>([
    ['a signed attribute', put({ summary: `patient ${ssn}` }), '/summary'],
    ['an unsigned attribute', put({ ':cache': ssn }), '/:cache'],
    ['a number', put({ total: amount }), '/total'],
    ['a number inside of a text', put({ total: `EUR ${amount}` }), '/total'],
    ['bytes', put({ raw: Buffer.from(ssn) }), '/raw'],
    ['a set', put({ tags: new Set(['a', ssn]) }), '/tags'],
    ['a nested value', put({ a: { b: [{ c: ssn }] } }), '/a'],
    ['a nested name', put({ a: { [ssn]: true } }), '/a'],
    ['the name of an attribute', put({ [ssn]: true }), '/*'],
    ['JSON in a text', put({ log: JSON.stringify({ a: [ssn] }) }), '/log'],
    ['a partition key', put({ id: ssn }), '/id'],
    ['a plain table', put({ id: 'c-1' }, plain), '/ssn'],
    [
      'the values of a condition',
      new PutCommand({
        TableName,
        Item: { id: 'c-1', ssn },
        ConditionExpression: 'summary <> :s',
        ExpressionAttributeValues: { ':s': ssn },
      }),
      '/ExpressionAttributeValues',
    ],
    [
      'the values of an update',
      new UpdateCommand({ TableName, Key: { id: 'c-1' }, ...expression }),
      '/ExpressionAttributeValues',
    ],
    [
      'the names of an update',
      new UpdateCommand({
        TableName: plain,
        Key: { id: 'c-1' },
        UpdateExpression: 'SET #n = :t',
        ExpressionAttributeNames: { '#n': ssn },
        ExpressionAttributeValues: { ':t': 1 },
      }),
      '/ExpressionAttributeNames',
    ],
    ['the key of a read', new GetCommand({ TableName, Key: { id: ssn } }), '/id'],
    ['the key of a deletion', new DeleteCommand({ TableName, Key: { id: ssn } }), '/id'],
    [
      'the keys of a batch',
      new BatchGetCommand({ RequestItems: { [TableName]: { Keys: [{ id: 'x' }, { id: ssn }] } } }),
      '/id',
    ],
    [
      'the condition of a query',
      new QueryCommand({
        TableName,
        KeyConditionExpression: 'id = :i',
        ExpressionAttributeValues: { ':i': ssn },
      }),
      '/ExpressionAttributeValues',
    ],
    [
      'a batch of writes',
      new BatchWriteCommand({
        RequestItems: { [TableName]: [{ PutRequest: { Item: { id: 'c-1', ssn, summary: ssn } } }] },
      }),
      '/summary',
    ],
    [
      'a batch on a plain table beside',
      new BatchWriteCommand({
        RequestItems: {
          [TableName]: [{ PutRequest: { Item: { id: 'c-1', ssn } } }],
          [plain]: [{ PutRequest: { Item: { id: 'c-1', ssn } } }],
        },
      }),
      '/ssn',
    ],
    [
      'a transaction',
      new TransactWriteCommand({
        TransactItems: [
          { Put: { TableName, Item: { id: 'c-1', ssn } } },
          { Update: { TableName: plain, Key: { id: 'c-1' }, ...expression } },
        ],
      }),
      '/ExpressionAttributeValues',
    ],
    [
      'the parameters of a statement',
      new ExecuteStatementCommand({
        Statement: `INSERT INTO "${plain}" VALUE {'id': 'c-1', 'x': ?}`,
        Parameters: [ssn],
      }),
      '/Parameters',
    ],
    [
      'the text of a statement',
      new ExecuteStatementCommand({ Statement: `INSERT INTO "${plain}" VALUE {'id': 'c-1', 'x': '${ssn}'}` }),
      '/Statement',
    ],
    [
      'the name of an index',
      new QueryCommand({
        TableName: plain,
        IndexName: ssn,
        KeyConditionExpression: 'id = :i',
        ExpressionAttributeValues: { ':i': 'x' },
      }),
      '/IndexName',
    ],
    ['the name of a table', new DescribeTableCommand({ TableName: ssn }), '/TableName'],
    ['the bytes of a Buffer in JSON', put({ raw: Buffer.from(ssn).toJSON() }), '/raw'],
    [
      'a plain table beside a member that no request has',
      new TransactWriteCommand({
        TableName,
        TransactItems: [{ Put: { TableName: plain, Item: { id: 'c-1', ssn } } }],
      } as never),
      '/ssn',
    ],
  ])('refuses it in %s, before anything is sent', async (_, command, path) => {
    const error = await rejection(client().send(command as never) as Promise<unknown>)
    expect(error).toMatchObject({ code: 'ERR_FIELD_NOT_ENCRYPTED', statusCode: 500, cause: { path } })
    expect(String(error)).not.toContain(ssn)
    expect(fixture.sent).toEqual([])
  })

  test.each<[string, object]>([
    [
      'of the plain client',
      new PutItemCommand({
        TableName,
        Item: { id: { S: 'c-1' }, ssn: { S: ssn }, total: { N: '1.23456789e8' } },
      }),
    ],
    [
      'of a batch of the plain client',
      new BatchWriteItemCommand({
        RequestItems: {
          [plain]: [{ PutRequest: { Item: { id: { S: 'c-1' }, x: { B: Buffer.from(ssn) } } } }],
        },
      }),
    ],
    [
      'of a set of numbers',
      new PutItemCommand({ TableName: plain, Item: { id: { S: 'c-1' }, x: { NS: ['1', '1.23456789E8'] } } }),
    ],
    [
      'of a class',
      new PutItemCommand({
        TableName: plain,
        Item: { id: { S: 'c-1' }, x: Object.create({ S: ssn }) },
      }),
    ],
    ['that are none', new PutItemCommand({ TableName: plain, Item: ssn as never })],
  ])('refuses it in attribute values %s, in whatever spelling', async (_, command) => {
    const opened = openedValues()
    for (const value of [ssn, amount]) opened.add(value)
    const own = withEncryption(fixture.base, { tables: { Patients: patientTable }, plainTables: [plain] })
    const error = await rejection(withInvocation(own, { opened }).send(command as never) as Promise<unknown>)
    expect(error).toMatchObject({ code: 'ERR_FIELD_NOT_ENCRYPTED' })
    expect(fixture.sent).toEqual([])
  })

  test.each<[string, object]>([
    ['for a plain table', put({ id: 'c-1' }, plain)],
    ['for a table that no option names', put({}, 'Patient')],
    ['in the name of a table', put({}, `Of-${ssn}`)],
    ['in the name of a table of a batch', new BatchWriteCommand({ RequestItems: { [ssn]: [] } })],
    [
      'in a statement',
      new ExecuteStatementCommand({ Statement: `SELECT * FROM "${plain}"`, Parameters: [ssn] }),
    ],
    ['in a name', new DescribeTableCommand({ TableName: ssn })],
  ])('shows it neither to a log of the SDK nor in the refusal, %s', async (_, command) => {
    const lines: unknown[] = []
    const log = (...line: unknown[]): void => void lines.push(...line)
    const own = client()
    const { logger } = own.config
    own.config.logger = { trace: log, debug: log, info: log, warn: log, error: log }
    try {
      const error = await rejection(own.send(command as never) as Promise<unknown>)
      expect(error).toMatchObject({
        code: expect.stringMatching(/^ERR_(FIELD_NOT_ENCRYPTED|OPERATION_REFUSED)$/),
      })
      expect(lines).toHaveLength(1)
      expect(JSON.stringify([lines, String(error), (error as Error).cause])).not.toContain(ssn)
    } finally {
      own.config.logger = logger
    }
  })

  test('a table that no option names is not shown to a log of the SDK without an invocation either', async () => {
    const lines: unknown[] = []
    const log = (...line: unknown[]): void => void lines.push(...line)
    const own = withEncryption(fixture.raw, { tables: { Patients: patientTable } })
    const { logger } = own.config
    own.config.logger = { trace: log, debug: log, info: log, warn: log, error: log }
    try {
      expect(await rejection(own.send(put({}, 'Patient')))).toMatchObject({ code: 'ERR_OPERATION_REFUSED' })
      expect(lines).toHaveLength(1)
      expect(JSON.stringify(lines)).not.toContain(ssn)
    } finally {
      own.config.logger = logger
    }
  })

  test('finds what it read from a table itself, and what a change copies', async () => {
    const own = client()
    await own.send(new PutCommand({ TableName, Item: { id: 'c-2', ssn: '111-22-3333' } }))
    const copied = updateItem(own, { TableName, Key: { id: 'c-2' } }, (item) => {
      item.summary = `was ${item.ssn}`
    })
    expect(await rejection(copied)).toMatchObject({
      code: 'ERR_FIELD_NOT_ENCRYPTED',
      cause: { path: '/summary' },
    })
    await updateItem(own, { TableName, Key: { id: 'c-2' } }, (item) => {
      item.summary = 'seen'
    })
  })

  test('does not take names for data that the configuration or the grammar of expressions gives', async () => {
    const opened = openedValues()
    for (const text of ['exists', 'attribute', 'clinic', 'remove']) opened.add(text)
    const own = withInvocation(
      withEncryption(fixture.raw, { tables: { Patients: { ...patientTable, signOnly: ['clinic-of-it'] } } }),
      { opened },
    )
    const Item = { id: 'c-3', ssn: 'exists', 'clinic-of-it': 'a' }
    await own.send(new PutCommand({ TableName, Item, ConditionExpression: 'attribute_not_exists(id)' }))
    await own.send(
      new UpdateCommand({
        TableName,
        Key: { id: 'c-3' },
        UpdateExpression: 'REMOVE #t',
        ExpressionAttributeNames: { '#t': 'ttl' },
      }),
    )
  })

  test('writes plaintext where the step of a migration says so', async () => {
    const opened = openedValues()
    opened.add(ssn)
    const table = { ...patientTable, mode: 'write-plain-read-both' as const, until: '2099-01-01' }
    const own = withInvocation(withEncryption(fixture.raw, { tables: { Patients: table } }), { opened })
    await own.send(new PutCommand({ TableName, Item: { id: 'c-4', ssn } }))
    expect(await rejection(own.send(put({ summary: ssn })))).toMatchObject({
      code: 'ERR_FIELD_NOT_ENCRYPTED',
    })
  })
})

test('a value that is no attribute value is known as a whole: an error about it would quote it', () => {
  const fields = defineFields<any>('patient', { 'address.street': {}, 'visits[*].note': {} })
  const config = configOfFields({ ...patientTable, table: TableName, fields })
  for (const value of ['MARK-1', 7, null])
    expect(config.secretsOf({ id: { S: 'p-1' }, address: value, visits: value } as never)).toEqual([
      value,
      value,
    ])
})
