import * as plain from '@aws-sdk/client-dynamodb'
import * as documents from '@aws-sdk/lib-dynamodb'
import { describeEachDynamoDB } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { withEncryption } from '../../src/index.ts'
import { type CommandName, forms, keyring, patientTable, sender, useTables } from './support.ts'

const TableName = 'Patients'
const Key = { id: 'p-1' }
const Item = { id: 'p-1', ssn: '123-45-6789' }
const put = { TableName, Item }
const values = { ExpressionAttributeValues: { ':x': 'x' } }

/** Requests that must not leave, and what their errors must speak of. */
const refusals: [what: string, name: CommandName, input: any, message: RegExp | string][] = [
  [
    'a condition on an encrypted attribute',
    'Put',
    { ...put, ...values, ConditionExpression: 'ssn = :x' },
    'PutItem: ConditionExpression compares ssn, which is encrypted; read the item first',
  ],
  [
    'the same by a placeholder',
    'Put',
    { ...put, ...values, ConditionExpression: '#s = :x', ExpressionAttributeNames: { '#s': 'ssn' } },
    /ssn/,
  ],
  ['the same nested', 'Delete', { TableName, Key, ...values, ConditionExpression: 'notes[0] = :x' }, /notes/],
  [
    'a condition that is not understood',
    'Delete',
    { TableName, Key, ConditionExpression: 'name = "x"' },
    /ConditionExpression is not understood/,
  ],
  [
    'Expected',
    'Put',
    { ...put, Expected: { id: { Exists: false } } },
    'Expected is not supported; use ConditionExpression',
  ],
  [
    'ConditionalOperator',
    'Delete',
    { TableName, Key, ConditionalOperator: 'OR' },
    'use AND and OR in an expression',
  ],
  [
    'a projection',
    'Get',
    { TableName, Key, ProjectionExpression: 'id, clinic' },
    'GetItem: a part of an item cannot be verified; leave ProjectionExpression out, or name the whole key and nothing else: id',
  ],
  ['a projection without the key', 'Get', { TableName, Key, ProjectionExpression: 'clinic' }, /whole key/],
  [
    'a projection of a part of the key',
    'Get',
    { TableName: 'Visits', Key: { patient: 'p', at: 1 }, ProjectionExpression: 'patient' },
    /whole key/,
  ],
  [
    'AttributesToGet',
    'Get',
    { TableName, Key, AttributesToGet: ['id'] },
    'use whole items, and take from them what you need',
  ],
  [
    'a projection in a batch',
    'BatchGet',
    { RequestItems: { Patients: { Keys: [Key], ProjectionExpression: 'id, ssn' } } },
    /ProjectionExpression/,
  ],
  [
    'a projection in a transaction',
    'TransactGet',
    { TransactItems: [{ Get: { TableName, Key, ProjectionExpression: 'ssn' } }] },
    /ProjectionExpression/,
  ],
  [
    'an update of an encrypted attribute',
    'Update',
    { TableName, Key, ...values, UpdateExpression: 'SET ssn = :x' },
    'UpdateItem: ssn is encrypted; use updateItem of @glassine/dynamodb, which reads, changes and writes the whole item',
  ],
  [
    'an update of a key',
    'Update',
    { TableName, Key, ...values, UpdateExpression: 'SET id = :x' },
    'UpdateItem: id is in the key, which cannot change; put a new item',
  ],
  [
    'an update of a signed one',
    'Update',
    { TableName, Key, ...values, UpdateExpression: 'SET clinic = :x' },
    'UpdateItem: clinic is signed with the item; use updateItem of @glassine/dynamodb, or list it under `unsigned`',
  ],
  [
    'an update that reads a signed one',
    'Update',
    { TableName, Key, UpdateExpression: 'SET #t = clinic', ExpressionAttributeNames: { '#t': 'ttl' } },
    /clinic/,
  ],
  ['REMOVE', 'Update', { TableName, Key, UpdateExpression: 'REMOVE clinic' }, /clinic/],
  ['ADD', 'Update', { TableName, Key, ...values, UpdateExpression: 'ADD visits :x' }, /visits/],
  ['DELETE', 'Update', { TableName, Key, ...values, UpdateExpression: 'DELETE tags :x' }, /tags/],
  [
    'the second clause',
    'Update',
    {
      TableName,
      Key,
      ...values,
      UpdateExpression: 'SET #t = :x REMOVE clinic',
      ExpressionAttributeNames: { '#t': 'ttl' },
    },
    /clinic/,
  ],
  [
    'an update on the condition of an encrypted one',
    'Update',
    {
      TableName,
      Key,
      ...values,
      UpdateExpression: 'SET #t = :x',
      ConditionExpression: 'ssn = :x',
      ExpressionAttributeNames: { '#t': 'ttl' },
    },
    /ssn/,
  ],
  [
    'an update that is not understood',
    'Update',
    { TableName, Key, ...values, UpdateExpression: 'PUT ttl = :x' },
    /not understood/,
  ],
  [
    'AttributeUpdates',
    'Update',
    { TableName, Key, AttributeUpdates: { clinic: { Action: 'DELETE' } } },
    /updateItem/,
  ],
  [
    'a key condition on an encrypted attribute',
    'Query',
    { TableName, ...values, KeyConditionExpression: 'ssn = :x' },
    /KeyConditionExpression compares ssn/,
  ],
  [
    'a filter on an encrypted attribute',
    'Scan',
    { TableName, ...values, FilterExpression: 'contains(notes, :x)' },
    /FilterExpression compares notes/,
  ],
  ['KeyConditions', 'Query', { TableName, KeyConditions: {} }, /KeyConditionExpression/],
  ['QueryFilter', 'Query', { TableName, QueryFilter: {} }, /FilterExpression/],
  ['ScanFilter', 'Scan', { TableName, ScanFilter: {} }, /FilterExpression/],
  [
    'Select of some attributes',
    'Scan',
    {
      TableName,
      Select: 'SPECIFIC_ATTRIBUTES',
      ProjectionExpression: 'id, #n',
      ExpressionAttributeNames: { '#n': 'name' },
    },
    /verified/,
  ],
  [
    'Select of what an index has, without an index',
    'Scan',
    { TableName, Select: 'ALL_PROJECTED_ATTRIBUTES' },
    'a part of an item cannot be verified; Select must be ALL_ATTRIBUTES or COUNT, or ALL_PROJECTED_ATTRIBUTES for the keys of an index',
  ],
  [
    'an update in a transaction',
    'TransactWrite',
    { TransactItems: [{ Update: { TableName, Key, ...values, UpdateExpression: 'SET clinic = :x' } }] },
    /TransactWriteItems Update: clinic/,
  ],
  [
    'a condition check in a transaction',
    'TransactWrite',
    { TransactItems: [{ ConditionCheck: { TableName, Key, ...values, ConditionExpression: 'ssn = :x' } }] },
    /ssn/,
  ],
  [
    'a delete in a transaction',
    'TransactWrite',
    { TransactItems: [{ Delete: { TableName, Key, ...values, ConditionExpression: 'ssn = :x' } }] },
    /ssn/,
  ],
  [
    'an element that does two things',
    'TransactWrite',
    { TransactItems: [{ Delete: { TableName, Key }, Put: put }] },
    'an element must have one of Get, Put, Update, Delete and ConditionCheck',
  ],
  [
    'an element that is not known',
    'TransactWrite',
    { TransactItems: [{ Swap: { TableName, Key } }] },
    /one of/,
  ],
  [
    "a condition on the format's own attributes",
    'Put',
    { ...put, ConditionExpression: 'attribute_exists(aws_dbe_foot)' },
    'attributes that start with aws_dbe_ belong to the format',
  ],
  [
    'the same by a placeholder',
    'Delete',
    {
      TableName,
      Key,
      ConditionExpression: 'attribute_exists(#f)',
      ExpressionAttributeNames: { '#f': 'aws_dbe_b_x' },
    },
    /aws_dbe_/,
  ],
  ['an update of them', 'Update', { TableName, Key, UpdateExpression: 'REMOVE aws_dbe_head' }, /aws_dbe_/],
  [
    'a placeholder that could be read in two ways',
    'Delete',
    {
      TableName,
      Key,
      ConditionExpression: 'attribute_exists(#a)',
      ExpressionAttributeNames: { '#a': 'clinic', '#a-b': 'ssn' },
    },
    'ExpressionAttributeNames has a placeholder that is not understood',
  ],
]

describeEachDynamoDB('refusals', (kind) => {
  const fixture = useTables(kind)

  describe.each(forms)('%s client', (form) => {
    test.each(refusals)('%s (%s)', async (_, name, input, message) => {
      const request = sender(fixture, form)(name, input)
      await expect(request).rejects.toMatchObject({
        code: 'ERR_OPERATION_REFUSED',
        statusCode: 500,
        expose: false,
        message:
          typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
      })
      expect(fixture.sent).toEqual([])
    })

    test('items that are encrypted already, or have reserved names', async () => {
      for (const [attribute, code] of [
        ['aws_dbe_head', 'ERR_ALREADY_ENCRYPTED'],
        ['aws_dbe_b_ssn', 'ERR_VALUE_INVALID'],
      ] as const)
        await expect(
          sender(fixture, form)('Put', { TableName, Item: { ...Item, [attribute]: 'x' } }),
        ).rejects.toMatchObject({ code })
      await expect(sender(fixture, form)('Put', { TableName, Item: Key })).rejects.toMatchObject({
        code: 'ERR_FIELD_MISSING',
      })
      expect(fixture.sent).toEqual([])
    })

    test('one bad item stops its whole batch and transaction', async () => {
      const send = sender(fixture, form)
      const bad = { id: 'p-2' }
      const RequestItems = { Patients: [Item, bad].map((one) => ({ PutRequest: { Item: one } })) }
      await expect(send('BatchWrite', { RequestItems })).rejects.toMatchObject({ code: 'ERR_FIELD_MISSING' })
      const TransactItems = [Item, bad].map((one) => ({ Put: { TableName, Item: one } }))
      await expect(send('TransactWrite', { TransactItems })).rejects.toMatchObject({
        code: 'ERR_FIELD_MISSING',
      })
      expect(fixture.sent).toEqual([])
    })
  })

  test('attributes that the configuration does not name', async () => {
    const { fields } = patientTable as { fields: any }
    const strict = { Patients: { fields, keys: keyring, partitionKey: 'id', undeclared: 'error' as const } }
    const send = sender(fixture, 'document', { tables: strict })
    await expect(
      send('Scan', { TableName, ...values, FilterExpression: 'clinic = :x' }),
    ).rejects.toMatchObject({
      code: 'ERR_OPERATION_REFUSED',
      message: 'Scan: FilterExpression names an attribute that the configuration does not: clinic',
      cause: { path: '/clinic' },
    })
    const all = { Patients: { ...strict.Patients, undeclared: 'encrypt' as const } }
    await expect(
      sender(fixture, 'document', { tables: all })('Scan', {
        TableName,
        ...values,
        FilterExpression: 'clinic = :x',
      }),
    ).rejects.toMatchObject({ code: 'ERR_OPERATION_REFUSED' })
    expect(fixture.sent).toEqual([])
  })

  describe('PartiQL', () => {
    const Statement = `UPDATE "Patients" SET ssn = 'x' WHERE id = 'p-1'`
    test.each<[string, any]>([
      ['ExecuteStatement', new documents.ExecuteStatementCommand({ Statement })],
      [
        'ExecuteStatement, other case',
        new documents.ExecuteStatementCommand({ Statement: Statement.toUpperCase() }),
      ],
      [
        'BatchExecuteStatement',
        new documents.BatchExecuteStatementCommand({
          Statements: [{ Statement: 'SELECT * FROM "Open"' }, { Statement }],
        }),
      ],
      [
        'ExecuteTransaction',
        new documents.ExecuteTransactionCommand({ TransactStatements: [{ Statement }] }),
      ],
      ['ExecuteStatement of the plain client', new plain.ExecuteStatementCommand({ Statement })],
    ])('%s', async (_, command) => {
      await expect(fixture.encrypted().send(command)).rejects.toMatchObject({
        code: 'ERR_OPERATION_REFUSED',
        message: expect.stringContaining(
          'statements of PartiQL cannot be checked; use GetItem, PutItem, Query and their like',
        ),
      })
      expect(fixture.sent).toEqual([])
    })

    test('passes on tables that are plain on purpose', async () => {
      const command = new documents.ExecuteStatementCommand({ Statement: 'SELECT * FROM "Open"' })
      // dynalite has no PartiQL; it was asked, that is what counts.
      await fixture
        .encrypted()
        .send(command)
        .catch(() => {})
      expect(fixture.sent.map(({ operation }) => operation)).toContain('ExecuteStatement')
    })
  })

  test('operations that are not known are refused, whatever tables they name', async () => {
    const client = withEncryption(fixture.base, {
      tables: { Patients: patientTable },
      plainTables: ['Open'],
    })
    const search = (table: string) =>
      new plain.SearchVectorsCommand({
        TableName: table,
        IndexName: 'i',
        SearchVector: [{ N: '1' }],
        TopK: 1,
      } as any)
    await expect(client.send(search('Patients'))).rejects.toMatchObject({
      code: 'ERR_OPERATION_REFUSED',
      message: expect.stringContaining('is not known; use a client without encryption for it'),
    })
    const bulk = { TableName: 'arn:aws:dynamodb:eu-west-1:111122223333:table/Patients' } as any
    await expect(client.send(new plain.StartBulkPutItemsCommand(bulk))).rejects.toMatchObject({
      code: 'ERR_OPERATION_REFUSED',
    })
    await expect(client.send(search('Unlisted'))).rejects.toMatchObject({ code: 'ERR_OPERATION_REFUSED' })
    await expect(client.send(search('Open'))).rejects.toMatchObject({ code: 'ERR_OPERATION_REFUSED' })
    expect(fixture.sent).toEqual([])
  })

  test('every operation of the SDK is either known to us or refused', async () => {
    const client = withEncryption(fixture.base, { tables: { Patients: patientTable } })
    const names = Object.keys(plain).filter((name) => /^[A-Z]\w+Command$/.test(name) && name !== '$Command')
    expect(names.length).toBeGreaterThan(50)
    const outcomes = await Promise.all(
      names.map(async (name) => {
        const Command = (plain as any)[name]
        // Stopped before the network: only what we say counts.
        const command = new Command({ TableName: 'Patients', Statement: 'Patients' })
        command.middlewareStack.add(() => () => Promise.reject(new Error('would be sent')), { step: 'build' })
        const error = await client.send(command).catch((thrown: any) => thrown)
        return [name, error.code ?? error.message] as const
      }),
    )
    const refused = outcomes.filter(([, why]) => why === 'ERR_OPERATION_REFUSED').map(([name]) => name)
    // None of these carries an item, or takes the place of one that is handled.
    expect(refused.sort()).toEqual([
      'BatchExecuteStatementCommand',
      'ExecuteStatementCommand',
      'ExecuteTransactionCommand',
      'SearchVectorsCommand',
      'StartBulkPutItemsCommand',
    ])
  })
})
