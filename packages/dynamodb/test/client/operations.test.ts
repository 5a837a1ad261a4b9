import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { describeEachDynamoDB } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { footName, headName } from '../../src/attributes/attribute-value.ts'
import { maxItemSize } from '../../src/attributes/size.ts'
import { answering, forms, sender, testWhere, useTables } from './support.ts'

const ssn = '123-45-6789'
const patient = { id: 'p-1', ssn, notes: ['allergic', 'asthma'], clinic: 'north', name: 'Ada', ttl: 7 }

describeEachDynamoDB('operations', (kind) => {
  const fixture = useTables(kind)
  const rawItem = async (TableName: string, Key: object) =>
    (await fixture.raw.send(new GetCommand({ TableName, Key }))).Item

  describe.each(forms)('%s client', (form) => {
    const send = (...args: Parameters<ReturnType<typeof sender>>) => sender(fixture, form)(...args)

    test('put and get: sealed in the table, the same to the caller', async () => {
      await send('Put', { TableName: 'Patients', Item: patient })
      expect(fixture.sent).toHaveLength(1)
      expect(fixture.sent[0]!.body).not.toMatch(/123-45|allergic/)
      const stored = await rawItem('Patients', { id: 'p-1' })
      expect(stored).toMatchObject({ id: 'p-1', clinic: 'north', name: 'Ada', ttl: 7 })
      expect(stored![headName]).toBeInstanceOf(Uint8Array)
      expect(stored![footName]).toBeInstanceOf(Uint8Array)
      expect(await send('Get', { TableName: 'Patients', Key: { id: 'p-1' } })).toMatchObject({
        Item: patient,
      })
      expect((await send('Get', { TableName: 'Patients', Key: { id: 'unknown' } })).Item).toBeUndefined()
    })

    test('old items of put and delete are opened', async () => {
      await send('Put', { TableName: 'Patients', Item: { ...patient, id: 'old' } })
      const put = await send('Put', {
        TableName: 'Patients',
        Item: { ...patient, id: 'old', ssn: 'new' },
        ConditionExpression: '#n = :n AND attribute_exists(clinic)',
        ExpressionAttributeNames: { '#n': 'name' },
        ExpressionAttributeValues: { ':n': 'Ada' },
        ReturnValues: 'ALL_OLD',
      })
      expect(put.Attributes).toEqual({ ...patient, id: 'old' })
      const gone = await send('Delete', {
        TableName: 'Patients',
        Key: { id: 'old' },
        ReturnValues: 'ALL_OLD',
      })
      expect(gone.Attributes).toEqual({ ...patient, id: 'old', ssn: 'new' })
      const nothing = await send('Delete', {
        TableName: 'Patients',
        Key: { id: 'old' },
        ReturnValues: 'ALL_OLD',
      })
      expect(nothing.Attributes).toBeUndefined()
    })

    test('an update of unsigned attributes leaves the item verifiable, and makes none', async () => {
      await send('Put', { TableName: 'Patients', Item: { ...patient, id: 'u' } })
      const update = (ReturnValues: string, id = 'u') =>
        send('Update', {
          TableName: 'Patients',
          Key: { id },
          UpdateExpression: 'SET #ttl = if_not_exists(#ttl, :zero) + :one REMOVE #seen',
          ExpressionAttributeNames: { '#ttl': 'ttl', '#seen': ':seen' },
          ExpressionAttributeValues: { ':zero': 0, ':one': 1 },
          ReturnValues,
        })
      expect((await update('UPDATED_NEW')).Attributes).toEqual({ ttl: 8 })
      expect((await update('ALL_NEW')).Attributes).toEqual({ ...patient, id: 'u', ttl: 9 })
      expect((await update('ALL_OLD')).Attributes).toEqual({ ...patient, id: 'u', ttl: 9 })
      expect((await send('Get', { TableName: 'Patients', Key: { id: 'u' } })).Item.ttl).toBe(10)
      await expect(update('NONE', 'unknown')).rejects.toMatchObject({
        name: 'ConditionalCheckFailedException',
      })
      expect(await rawItem('Patients', { id: 'unknown' })).toBeUndefined()
    })

    test('batches: both tables, and one that is not encrypted', async () => {
      const items = Array.from({ length: 12 }, (_, at) => ({ ...patient, id: `b-${at}` }))
      const visits = [1, 2, 3].map((at) => ({ patient: 'p', at, text: `secret ${at}`, kind: 'x' }))
      const { UnprocessedItems } = await send('BatchWrite', {
        RequestItems: {
          Patients: [
            ...items.map((Item) => ({ PutRequest: { Item } })),
            { DeleteRequest: { Key: { id: 'none' } } },
          ],
          Visits: visits.map((Item) => ({ PutRequest: { Item } })),
          Open: [{ PutRequest: { Item: { id: 'o', ssn } } }],
        },
      })
      expect(UnprocessedItems).toEqual({})
      expect(fixture.sent[0]!.body).not.toMatch(/secret|allergic/)
      const { Responses } = await send('BatchGet', {
        RequestItems: {
          Patients: { Keys: items.map(({ id }) => ({ id })) },
          Visits: { Keys: visits.map(({ patient, at }) => ({ patient, at })) },
          Open: { Keys: [{ id: 'o' }] },
        },
      })
      const byId = (a: any, b: any) =>
        items.findIndex(({ id }) => id === a.id) - items.findIndex(({ id }) => id === b.id)
      expect(Responses.Patients.sort(byId)).toEqual(items)
      expect(Responses.Visits.sort((a: any, b: any) => a.at - b.at)).toEqual(visits)
      expect(Responses.Open).toEqual([{ id: 'o', ssn }])
    })

    test('unprocessed items come back as they were given', async () => {
      // The server answers that it has done nothing.
      fixture.faults.set(
        'BatchWriteItem',
        answering(() => ({ UnprocessedItems: fixture.sent.at(-1)!.input.RequestItems })),
      )
      const RequestItems = {
        Patients: [{ PutRequest: { Item: patient } }, { DeleteRequest: { Key: { id: 'x' } } }],
        Open: [{ PutRequest: { Item: { id: 'o', ssn } } }],
      }
      const { UnprocessedItems } = await send('BatchWrite', { RequestItems })
      expect(UnprocessedItems).toEqual(RequestItems)
      fixture.faults.clear()
      // Sent again, it is sealed again.
      await send('BatchWrite', { RequestItems: UnprocessedItems })
      expect((await send('Get', { TableName: 'Patients', Key: { id: 'p-1' } })).Item).toEqual(patient)
    })

    test('query and scan return decrypted items', async () => {
      const visits = Array.from({ length: 7 }, (_, at) => ({
        patient: `q-${form}`,
        at,
        text: `t${at}`,
        kind: 'k',
      }))
      for (const Item of visits) await send('Put', { TableName: 'Visits', Item })
      const query = {
        TableName: 'Visits',
        KeyConditionExpression: 'patient = :p AND #at BETWEEN :from AND :to',
        FilterExpression: 'kind IN (:k, :l) AND NOT begins_with(kind, :l)',
        ExpressionAttributeNames: { '#at': 'at' },
        ExpressionAttributeValues: { ':p': `q-${form}`, ':from': 1, ':to': 5, ':k': 'k', ':l': 'l' },
      }
      const whole = await send('Query', query)
      expect(whole.Items).toEqual(visits.slice(1, 6))
      expect(await send('Query', { ...query, Select: 'COUNT' })).toMatchObject({ Count: 5 })
      const first = await send('Query', { ...query, Limit: 2 })
      expect(first.LastEvaluatedKey).toEqual({ patient: `q-${form}`, at: 2 })
      const second = await send('Query', { ...query, ExclusiveStartKey: first.LastEvaluatedKey })
      expect([...first.Items, ...second.Items]).toEqual(visits.slice(1, 6))
      const scan = await send('Scan', {
        TableName: 'Visits',
        FilterExpression: 'patient = :p',
        ExpressionAttributeValues: { ':p': `q-${form}` },
      })
      expect(scan.Items).toHaveLength(7)
    })

    test('an index that holds whole items can be read, one that does not is refused', async () => {
      await send('Put', { TableName: 'Patients', Item: { ...patient, id: 'i-1', clinic: `c-${form}` } })
      await send('Put', { TableName: 'Visits', Item: { patient: `l-${form}`, at: 1, text: 't', kind: 'z' } })
      const byClinic = (IndexName: string) =>
        send('Query', {
          TableName: 'Patients',
          IndexName,
          KeyConditionExpression: 'clinic = :c',
          ExpressionAttributeValues: { ':c': `c-${form}` },
        })
      expect((await byClinic('whole')).Items).toEqual([{ ...patient, id: 'i-1', clinic: `c-${form}` }])
      await expect(byClinic('keys')).rejects.toMatchObject({ code: 'ERR_OPERATION_REFUSED' })
      // A local index fetches what it lacks from the table.
      const local = await send('Query', {
        TableName: 'Visits',
        IndexName: 'byKind',
        KeyConditionExpression: 'patient = :p AND kind = :k',
        ExpressionAttributeValues: { ':p': `l-${form}`, ':k': 'z' },
      })
      expect(local.Items).toEqual([{ patient: `l-${form}`, at: 1, text: 't', kind: 'z' }])
    })

    testWhere(kind, 'transactions')('transactions write and return decrypted items', async () => {
      const at = form === 'plain' ? 1 : 2
      await send('Put', { TableName: 'Patients', Item: { ...patient, id: `t-${form}` } })
      await send('TransactWrite', {
        TransactItems: [
          { Put: { TableName: 'Visits', Item: { patient: 't', at, text: 'secret', kind: 'k' } } },
          { Put: { TableName: 'Open', Item: { id: 't' } } },
          {
            Update: {
              TableName: 'Patients',
              Key: { id: `t-${form}` },
              UpdateExpression: 'SET #t = :t',
              ExpressionAttributeNames: { '#t': 'ttl' },
              ExpressionAttributeValues: { ':t': 99 },
            },
          },
          {
            ConditionCheck: {
              TableName: 'Patients',
              Key: { id: 'p-1' },
              ConditionExpression: 'attribute_exists(clinic)',
            },
          },
          { Delete: { TableName: 'Patients', Key: { id: 'unknown' } } },
        ],
      })
      expect(fixture.sent.at(-1)!.body).not.toMatch(/secret/)
      const { Responses } = await send('TransactGet', {
        TransactItems: [
          { Get: { TableName: 'Patients', Key: { id: `t-${form}` } } },
          { Get: { TableName: 'Open', Key: { id: 't' } } },
          { Get: { TableName: 'Patients', Key: { id: 'unknown' } } },
          { Get: { TableName: 'Visits', Key: { patient: 't', at } } },
        ],
      })
      expect(Responses.map(({ Item }: any) => Item)).toEqual([
        { ...patient, id: `t-${form}`, ttl: 99 },
        { id: 't' },
        undefined,
        { patient: 't', at, text: 'secret', kind: 'k' },
      ])
    })

    test('an item that is too large says by how much, and nothing is sent', async () => {
      const large = (bytes: number) => ({ id: 'large', ssn, notes: ['x'.repeat(bytes)] })
      /** By how much it is said to be too large; 0 when it was stored. */
      const excess = async (bytes: number): Promise<number> => {
        try {
          await send('Put', { TableName: 'Patients', Item: large(bytes) })
          return 0
        } catch (error: any) {
          expect(error).toMatchObject({ code: 'ERR_TOO_LARGE' })
          expect(fixture.sent).toEqual([])
          return Number(/ (\d+) bytes larger/.exec(error.message)![1])
        }
      }
      let fits = maxItemSize + 1_000
      // What is known before keys are fetched is a lower bound; the second figure is exact.
      fits -= await excess(fits)
      fits -= await excess(fits)
      expect(await excess(fits + 1)).toBe(1)
      expect(await excess(fits)).toBe(0)
    })

    test('tables that are plain on purpose pass untouched', async () => {
      const Item = { id: 'o-1', ssn, aws_dbe_x: 'as it is' }
      await send('Put', { TableName: 'Open', Item })
      const { Item: read } = await send('Get', {
        TableName: 'Open',
        Key: { id: 'o-1' },
        ProjectionExpression: 'ssn, aws_dbe_x',
      })
      expect(read).toEqual({ ssn, aws_dbe_x: 'as it is' })
      await send('Update', {
        TableName: 'Open',
        Key: { id: 'o-1' },
        UpdateExpression: 'SET ssn = :s',
        ExpressionAttributeValues: { ':s': 'other' },
      })
      expect(await rawItem('Open', { id: 'o-1' })).toEqual({ ...Item, ssn: 'other' })
    })

    test('an item that somebody changed, moved or stripped is not returned', async () => {
      await send('Put', { TableName: 'Patients', Item: { ...patient, id: 'm' } })
      const stored = (await rawItem('Patients', { id: 'm' }))!
      const { [headName]: head, [footName]: foot, ...stripped } = stored
      const forged = [
        { ...stored, name: 'Eve' },
        { ...stored, id: 'moved' },
        { ...stored, added: 1 },
        stripped,
        { ...stripped, [headName]: head },
        { ...stripped, [footName]: foot },
      ]
      for (const Item of forged) {
        await fixture.raw.send(new PutCommand({ TableName: 'Patients', Item }))
        fixture.sent.length = 0
        await expect(send('Get', { TableName: 'Patients', Key: { id: Item.id } })).rejects.toMatchObject({
          code: 'ERR_DECRYPT_FAILED',
        })
        // The SDK does not ask again for what it was given.
        expect(fixture.sent).toHaveLength(1)
      }
      await fixture.raw.send(
        new PutCommand({ TableName: 'Patients', Item: { ...stored, ':free': 1, ttl: 0 } }),
      )
      expect((await send('Get', { TableName: 'Patients', Key: { id: 'm' } })).Item).toMatchObject({
        ssn,
        ':free': 1,
      })
      for (const id of ['m', 'moved']) await send('Delete', { TableName: 'Patients', Key: { id } })
    })

    test('another item of the table is no response, though it verifies', async () => {
      await send('Put', { TableName: 'Patients', Item: { ...patient, id: 'mine' } })
      await send('Put', { TableName: 'Patients', Item: { ...patient, id: 'your' } })
      fixture.base.middlewareStack.add(
        (next) => (args: any) => {
          const body = new TextDecoder().decode(args.request.body).replace('"mine"', '"your"')
          args.request.body = Buffer.from(body)
          return next(args)
        },
        { name: 'swap', step: 'deserialize', priority: 'low' },
      )
      try {
        const get = sender(fixture, form)('Get', { TableName: 'Patients', Key: { id: 'mine' } })
        await expect(get).rejects.toMatchObject({ code: 'ERR_DECRYPT_FAILED' })
      } finally {
        fixture.base.middlewareStack.remove('swap')
      }
    })
  })
})
