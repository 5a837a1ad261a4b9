import * as plain from '@aws-sdk/client-dynamodb'
import { describeEachDynamoDB, rejection } from '@glassine/test-support'
import { describe, expect, it } from '@jest/globals'
import { checkTables, encryptionStats, withEncryption } from '../../src/index.ts'
import { answering, forms, patientTable, sender, testWhere, useTables, visitTable } from './support.ts'

const TableName = 'Patients'
const ofClinic = {
  TableName,
  KeyConditionExpression: 'clinic = :c',
  ExpressionAttributeValues: { ':c': 'c-1' },
}
const item = { id: 'p-1', clinic: 'c-1', ssn: '078-05-1120', name: 'Ada' }

describeEachDynamoDB('reads of keys alone', (kind) => {
  const fixture = useTables(kind)

  describe.each(forms)('by the %s client', (form) => {
    const send = sender(fixture, form)

    it('hand out the keys of an index that holds nothing else', async () => {
      await send('Put', { TableName, Item: item })
      const query = { ...ofClinic, IndexName: 'keys', Select: 'ALL_PROJECTED_ATTRIBUTES' }
      expect((await send('Query', query)).Items).toEqual([{ id: 'p-1', clinic: 'c-1' }])
      const scan = { TableName, IndexName: 'keys', Select: 'ALL_PROJECTED_ATTRIBUTES' }
      expect((await send('Scan', scan)).Items).toEqual([{ id: 'p-1' }])
    })

    it('decrypt whole items where the index has them', async () => {
      await send('Put', { TableName, Item: item })
      const query = { ...ofClinic, IndexName: 'whole', Select: 'ALL_PROJECTED_ATTRIBUTES' }
      expect((await send('Query', query)).Items).toEqual([item])
    })

    it('take a projection of the whole key, by name or placeholder', async () => {
      await send('Put', { TableName, Item: item })
      const names = { '#k': 'id' }
      for (const more of [
        { ProjectionExpression: 'id' },
        { ProjectionExpression: '#k', ExpressionAttributeNames: names },
        { ProjectionExpression: '#k', ExpressionAttributeNames: names, Select: 'SPECIFIC_ATTRIBUTES' },
      ])
        expect((await send('Scan', { TableName, ...more })).Items).toEqual([{ id: 'p-1' }])
      const projected = { ProjectionExpression: 'id' }
      expect((await send('Get', { TableName, Key: { id: 'p-1' }, ...projected })).Item).toEqual({ id: 'p-1' })
      const RequestItems = { Patients: { Keys: [{ id: 'p-1' }], ...projected } }
      expect((await send('BatchGet', { RequestItems })).Responses.Patients).toEqual([{ id: 'p-1' }])
    })

    testWhere(kind, 'transactions')('take a projection of the key in a transaction', async () => {
      await send('Put', { TableName, Item: item })
      const Get = { TableName, Key: { id: 'p-1' }, ProjectionExpression: 'id' }
      expect((await send('TransactGet', { TransactItems: [{ Get }] })).Responses).toEqual([
        { Item: { id: 'p-1' } },
      ])
    })
  })

  it('hand out nothing that no signature covers, whatever DynamoDB answers', async () => {
    const send = sender(fixture, 'plain')
    const stripped = { id: { S: 'p-1' }, clinic: { S: 'c-1' }, name: { S: 'forged' }, ssn: { S: 'forged' } }
    fixture.faults.set(
      'Query',
      answering(() => ({ Items: [stripped] })),
    )
    const query = { ...ofClinic, IndexName: 'whole', Select: 'ALL_PROJECTED_ATTRIBUTES' }
    expect((await send('Query', query)).Items).toEqual([{ id: 'p-1', clinic: 'c-1' }])
    fixture.faults.set(
      'Query',
      answering(() => ({ Items: [{ clinic: { S: 'c-1' } }] })),
    )
    expect((await rejection(send('Query', query))).code).toBe('ERR_DECRYPT_FAILED')
  })

  it('do not count as plaintext in a mode that reads it', async () => {
    const tables = {
      Patients: { ...patientTable, mode: 'write-plain-read-both' as const, until: '2999-01-01' },
    }
    const client = withEncryption(fixture.base, { tables })
    await client.send(
      new plain.PutItemCommand({ TableName, Item: { id: { S: 'p-2' }, ssn: { S: 'plain' } } }),
    )
    const { Items } = await client.send(new plain.ScanCommand({ TableName, ProjectionExpression: 'id' }))
    expect(Items).toContainEqual({ id: { S: 'p-2' } })
    expect(encryptionStats(client).Patients).toMatchObject({ plaintextReads: 0, plaintextWrites: 1 })
    await client.send(new plain.DeleteItemCommand({ TableName, Key: { id: { S: 'p-2' } } }))
  })

  it('are what the error about an index without whole items suggests', async () => {
    const failed = rejection(sender(fixture, 'document')('Query', { ...ofClinic, IndexName: 'keys' }))
    expect(await failed).toMatchObject({
      code: 'ERR_OPERATION_REFUSED',
      message: expect.stringMatching(/^Query: the index keys does not hold.*ALL_PROJECTED_ATTRIBUTES/),
    })
  })
})

describeEachDynamoDB('the configured keys of tables', (kind) => {
  const fixture = useTables(kind)
  const client = (table: object, name = 'Patients') =>
    fixture.encrypted({ tables: { [name]: { ...patientTable, ...table } } })

  it('pass when they are the real ones, in both kinds of clients', async () => {
    await checkTables(fixture.encrypted())
    await checkTables(
      withEncryption(fixture.base, { tables: { Patients: patientTable, Visits: visitTable } }),
    )
    const partitionKey = { name: 'id', tenant: 'tenant' }
    await checkTables(client({ partitionKey }))
  })

  it.each<[string, object, string, string, RegExp]>([
    ['another partition key', { partitionKey: 'pk' }, 'Patients', 'partitionKey', /`id`.*Patients/],
    ['a sort key too many', { sortKey: 'at' }, 'Patients', 'sortKey', /left out.*Patients/],
    ['a forgotten sort key', { partitionKey: 'patient' }, 'Visits', 'sortKey', /`at`.*Visits/],
    ['another sort key', { partitionKey: 'patient', sortKey: 'kind' }, 'Visits', 'sortKey', /`at`/],
    ['both exchanged', { partitionKey: 'at', sortKey: 'patient' }, 'Visits', 'partitionKey', /`patient`/],
  ])('are refused on demand: %s', async (_name, table, name, option, message) => {
    expect(await rejection(checkTables(client(table, name)))).toMatchObject({
      code: 'ERR_OPTION_INVALID',
      cause: { option },
      message: expect.stringMatching(message),
    })
  })

  it('are asked for by DescribeTable only, and errors of DynamoDB are passed on', async () => {
    await checkTables(fixture.encrypted())
    expect(fixture.sent.map(({ operation }) => operation)).toEqual(['DescribeTable', 'DescribeTable'])
    await expect(checkTables(client({}, 'Absent'))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    })
    expect(await rejection(checkTables(fixture.raw))).toMatchObject({ cause: { option: 'client' } })
  })

  it('are compared with where a page of a response ended', async () => {
    fixture.faults.set(
      'Scan',
      answering(() => ({ Items: [], LastEvaluatedKey: { patient: { S: 'p' }, at: { N: '1' } } })),
    )
    const base = withEncryption(fixture.base, {
      tables: { Visits: { ...patientTable, partitionKey: 'patient' } },
    })
    expect((await rejection(base.send(new plain.ScanCommand({ TableName: 'Visits' })))).code).toBe(
      'ERR_OPERATION_REFUSED',
    )
  })
})
