// What a server answers: parts that it left undone, and responses that are not to be believed.
import { GetItemCommand } from '@aws-sdk/client-dynamodb'
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { describeEachDynamoDB, hasCode, rejection } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { answering, forms, sender, useTables } from './support.ts'

const patient = { id: 'p-1', ssn: '123-45-6789', name: 'Ada', ttl: 7 }

/** An item as DynamoDB's JSON has it: bytes in base64. */
const onTheWire = (item: object | undefined): object =>
  JSON.parse(
    JSON.stringify(item, (_, value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
    ),
  )

describeEachDynamoDB('responses', (kind) => {
  const fixture = useTables(kind)
  const rawItem = async (TableName: string, Key: object) =>
    (await fixture.raw.send(new GetCommand({ TableName, Key }))).Item

  describe.each(forms)('%s client', (form) => {
    const send = (...args: Parameters<ReturnType<typeof sender>>) => sender(fixture, form)(...args)

    test('unprocessed keys come back as they were given, beside the items that were read', async () => {
      for (const id of ['k-1', 'k-2']) await send('Put', { TableName: 'Patients', Item: { ...patient, id } })
      const { Item } = await fixture.base.send(
        new GetItemCommand({ TableName: 'Patients', Key: { id: { S: 'k-1' } } }),
      )
      fixture.faults.set(
        'BatchGetItem',
        answering(() => ({
          Responses: { Patients: [onTheWire(Item)] },
          UnprocessedKeys: { Patients: { Keys: [{ id: { S: 'k-2' } }] } },
        })),
      )
      const Keys = [{ id: 'k-1' }, { id: 'k-2' }]
      expect(await send('BatchGet', { RequestItems: { Patients: { Keys } } })).toMatchObject({
        Responses: { Patients: [{ ...patient, id: 'k-1' }] },
        UnprocessedKeys: { Patients: { Keys: [{ id: 'k-2' }] } },
      })
    })

    test('an item that does not open is named by its place', async () => {
      for (const id of ['b-1', 'b-2', 'b-3'])
        await send('Put', { TableName: 'Patients', Item: { ...patient, id } })
      const sent = await Promise.all(
        ['b-1', 'b-2', 'b-3'].map((id) =>
          fixture.base.send(new GetItemCommand({ TableName: 'Patients', Key: { id: { S: id } } })),
        ),
      )
      const rows = sent.map(({ Item }, at) => onTheWire(at === 2 ? { ...Item, name: { S: 'Eve' } } : Item))
      const wrapped = rows.map((Item) => ({ Item }))
      const Keys = ['b-1', 'b-2', 'b-3'].map((id) => ({ id }))
      const cases = [
        ['Scan', 'Scan', { Items: rows }, { TableName: 'Patients' }, 'Items[2]'],
        [
          'BatchGet',
          'BatchGetItem',
          { Responses: { Patients: rows } },
          { RequestItems: { Patients: { Keys } } },
          'Responses.Patients[2]',
        ],
        [
          'TransactGet',
          'TransactGetItems',
          { Responses: wrapped },
          { TransactItems: Keys.map((Key) => ({ Get: { TableName: 'Patients', Key } })) },
          'Responses[2]',
        ],
      ] as const
      // dynalite has no transactions.
      for (const [command, operation, response, input, place] of cases.slice(
        0,
        kind === 'dynalite' ? 2 : 3,
      )) {
        fixture.faults.set(
          operation,
          answering(() => response),
        )
        const error = await rejection(send(command, input))
        expect(error).toEqual(
          hasCode('ERR_DECRYPT_FAILED', {
            cause: { package: '@glassine/dynamodb', reason: expect.stringContaining(`${place}: `) },
          }),
        )
        expect(error.message).toBe('The item could not be decrypted')
      }
    })

    test('a batch that answers with an item that was not asked for is refused', async () => {
      for (const id of ['n-1', 'n-2']) await send('Put', { TableName: 'Patients', Item: { ...patient, id } })
      const { Item } = await fixture.base.send(
        new GetItemCommand({ TableName: 'Patients', Key: { id: { S: 'n-2' } } }),
      )
      const response = () =>
        fixture.faults.set(
          'BatchGetItem',
          answering(() => ({ Responses: { Patients: [onTheWire(Item)] } })),
        )
      const read = (id: string) => send('BatchGet', { RequestItems: { Patients: { Keys: [{ id }] } } })
      response()
      expect(await read('n-2')).toMatchObject({ Responses: { Patients: [{ ...patient, id: 'n-2' }] } })
      response()
      await expect(read('n-1')).rejects.toMatchObject({
        code: 'ERR_DECRYPT_FAILED',
        cause: { reason: expect.stringContaining('the item has another key than was asked for') },
      })
    })

    test('one item that does not verify among good ones, and nothing is returned', async () => {
      const visits = [0, 1, 2].map((at) => ({ patient: `f-${form}`, at, text: 'secret', kind: 'x' }))
      for (const Item of visits) await send('Put', { TableName: 'Visits', Item })
      const Keys = visits.map(({ patient: owner, at }) => ({ patient: owner, at }))
      const stored = await rawItem('Visits', Keys[1]!)
      await fixture.raw.send(new PutCommand({ TableName: 'Visits', Item: { ...stored, kind: 'y' } }))
      const query = {
        TableName: 'Visits',
        KeyConditionExpression: 'patient = :p',
        ExpressionAttributeValues: { ':p': `f-${form}` },
      }
      const reads = [
        ['BatchGet', { RequestItems: { Visits: { Keys } } }],
        ['Query', query],
        ['Scan', { TableName: 'Visits' }],
        ...(kind === 'dynoxide'
          ? [['TransactGet', { TransactItems: Keys.map((Key) => ({ Get: { TableName: 'Visits', Key } })) }]]
          : []),
      ] as const
      for (const [name, input] of reads)
        await expect(send(name as 'Query', input)).rejects.toMatchObject({
          code: 'ERR_DECRYPT_FAILED',
          message: 'The item could not be decrypted',
        })
      // To count is not to read.
      expect((await send('Query', { ...query, Select: 'COUNT' })).Count).toBe(3)
      await send('Delete', { TableName: 'Visits', Key: Keys[1] })
    })

    test('an update that is answered with signed attributes is not believed', async () => {
      await send('Put', { TableName: 'Patients', Item: { ...patient, id: 'w' } })
      for (const name of ['ssn', 'name', 'aws_dbe_foot']) {
        fixture.faults.set(
          'UpdateItem',
          answering(() => ({ Attributes: { ttl: { N: '1' }, [name]: { S: 'Eve' } } })),
        )
        const update = send('Update', {
          TableName: 'Patients',
          Key: { id: 'w' },
          UpdateExpression: 'REMOVE #ttl',
          ExpressionAttributeNames: { '#ttl': 'ttl' },
          ReturnValues: 'UPDATED_OLD',
        })
        await expect(update).rejects.toMatchObject({
          code: 'ERR_DECRYPT_FAILED',
          cause: { reason: 'the response holds attributes that the update did not change' },
        })
      }
    })
  })
})
