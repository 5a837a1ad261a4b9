import { inspect } from 'node:util'
import { PutCommand } from '@aws-sdk/lib-dynamodb'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import { describeEachDynamoDB } from '@glassine/test-support'
import { describe, expect } from '@jest/globals'
import { forms, sender, testWhere, useTables } from './support.ts'

const TableName = 'Patients'
const stored = { id: 'held', ssn: 'canary', name: 'Ada', ttl: 7 }
const failed = {
  ConditionExpression: 'attribute_not_exists(id)',
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
}
/** What the Lambda runtime would log: an error's own properties that can be enumerated. */
const logged = (error: object): string => JSON.stringify({ ...error }) + inspect(error, { depth: 9 })

describeEachDynamoDB('old items in errors', (kind) => {
  const fixture = useTables(kind)
  const withOldItems = testWhere(kind, 'old items')

  describe.each(forms)('%s client', (form) => {
    const send = (...args: Parameters<ReturnType<typeof sender>>) => sender(fixture, form)(...args)

    withOldItems('of a failed condition: opened, and not where a log would find it', async () => {
      await send('Put', { TableName, Item: stored })
      const requests = [
        ['Put', { Item: { id: 'held', ssn: 'new' }, ...failed }],
        ['Delete', { Key: { id: 'held' }, ...failed }],
        [
          'Update',
          {
            Key: { id: 'held' },
            UpdateExpression: 'REMOVE #t',
            ExpressionAttributeNames: { '#t': 'ttl' },
            ...failed,
          },
        ],
      ] as const
      for (const [name, request] of requests) {
        const error = await send(name, { TableName, ...request }).catch((thrown) => thrown)
        expect(error.name).toBe('ConditionalCheckFailedException')
        // lib-dynamodb leaves the items of errors as attribute values.
        expect(unmarshall(error.Item)).toEqual(stored)
        expect(logged(error)).not.toMatch(/canary/)
      }
    })

    withOldItems('of a transaction: each by the table that stands at its place', async () => {
      await send('Put', { TableName, Item: stored })
      await send('Put', { TableName: 'Open', Item: { id: 'open', free: 1 } })
      await send('Put', { TableName: 'Visits', Item: { patient: 'v', at: 1, text: 'canary', kind: 'k' } })
      const error = await send('TransactWrite', {
        TransactItems: [
          { Put: { TableName, Item: { id: 'fine', ssn: 'x' } } },
          { Put: { TableName: 'Open', Item: { id: 'open' }, ...failed } },
          { Put: { TableName, Item: { id: 'held', ssn: 'new' }, ...failed } },
          {
            ConditionCheck: {
              TableName: 'Visits',
              Key: { patient: 'v', at: 1 },
              ...failed,
              ConditionExpression: 'attribute_not_exists(patient)',
            },
          },
        ],
      }).catch((thrown) => thrown)
      expect(error.name).toBe('TransactionCanceledException')
      const items = error.CancellationReasons.map(({ Item }: any) => Item && unmarshall(Item))
      expect(items).toEqual([
        undefined,
        { id: 'open', free: 1 },
        stored,
        { patient: 'v', at: 1, text: 'canary', kind: 'k' },
      ])
      expect(logged(error)).not.toMatch(/canary/)
    })

    withOldItems('that do not verify take the place of the error', async () => {
      await fixture.raw.send(new PutCommand({ TableName, Item: { ...stored, id: 'forged' } }))
      await expect(send('Delete', { TableName, Key: { id: 'forged' }, ...failed })).rejects.toMatchObject({
        code: 'ERR_DECRYPT_FAILED',
      })
      const TransactItems = [{ Delete: { TableName, Key: { id: 'forged' }, ...failed } }]
      await expect(send('TransactWrite', { TransactItems })).rejects.toMatchObject({
        code: 'ERR_DECRYPT_FAILED',
      })
    })
  })
})
