// What a request or a table gave in the clear is not stored in the clear: nothing was encrypted at the door for that.
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { defineFields } from '@glassine/core'
import { localKeyring } from '@glassine/keys/raw-aes'
import { decryptRequest, encryptResponse } from '@glassine/middy'
import { encryptedTables } from '@glassine/middy/tables'
import { sampleContext, sampleEvent } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'
import { fakeEnvelope } from './support/fake-envelope.ts'
import { memoryTable } from './support/memory-table.ts'
import { majors } from './support/outcome.ts'
import { bind, patientFields as fields, patient, sealedBy } from './support/stack.ts'

const receipt = defineFields<{ id: string; total: string }>('receipt', { total: {} })
const lax = defineFields<{ id: string; ssn: string }>('lax', { ssn: { mayLeave: true } })
const { client, rows } = memoryTable()
const documents = DynamoDBDocumentClient.from(client)
const keys = localKeyring()
const tables = { Receipts: { fields: receipt, keys, partitionKey: 'id' } }

describe.each(majors)('a table behind a request that was decrypted, under Middy %s', (_, middy) => {
  const run = async (
    item: (body: any) => object,
    { more = {}, path = '/patients', own = fields, table = 'Receipts' }: any = {},
  ) => {
    rows.clear()
    const told: unknown[] = []
    const envelope = fakeEnvelope()
    const body = await sealedBy(envelope, patient, bind(), own)
    const handler = middy()
      .use(decryptRequest({ fields: own, envelope, bind, onRefused: () => {}, ...more }))
      .use(
        encryptedTables({ client: documents, tables, plainTables: ['Plain'], onRefused: () => {}, ...more }),
      )
      .use(encryptResponse({ partial: true, onRefused: () => {} }))
      .handler(async (event: any, { tables }: any) => {
        await tables
          .send(new PutCommand({ TableName: table, Item: item(event.body) }))
          .catch((error: any) => told.push([error.code, error.cause.path, error.statusCode]))
        return { statusCode: 200, body: { id: 'p-1' } }
      })
    await handler(sampleEvent('http-api', { method: 'POST', path, body }) as never, sampleContext() as never)
    return { told, stored: JSON.stringify([...rows.values()]) }
  }

  test('of another model does not store what that model does not encrypt', async () => {
    const { told, stored } = await run((body) => ({ ...body, total: '10.00' }))
    expect(told).toEqual([['ERR_FIELD_NOT_ENCRYPTED', '/ssn', 500]])
    expect(stored).toBe('[]')
  })

  test('stores it where its own model encrypts it', async () => {
    const { told, stored } = await run(({ id, ssn }) => ({ id, total: ssn }))
    expect(told).toEqual([])
    expect(stored).toContain('aws_dbe_foot')
    expect(stored).not.toContain(patient.ssn)
  })

  test('that is plain does not store it', async () => {
    const { told, stored } = await run(({ id, ssn }) => ({ id, x: [`of ${ssn}`] }), { table: 'Plain' })
    expect(told).toEqual([['ERR_FIELD_NOT_ENCRYPTED', '/x', 500]])
    expect(stored).toBe('[]')
  })

  test('does not store it either where values may leave to the caller', async () => {
    const { told } = await run(({ id, ssn }) => ({ id, total: '1', x: ssn }), {
      more: { clearResponse: true },
    })
    expect(told).toEqual([['ERR_FIELD_NOT_ENCRYPTED', '/x', 500]])
  })

  test.each<[string, object]>([
    ['the caller also sent in the clear', { path: `/patients/${patient.ssn}` }],
    ['a field declares that may leave', { own: lax }],
  ])('stores what %s', async (_, options) => {
    const { told, stored } = await run(({ id, ssn }) => ({ id, total: '1', x: ssn }), options)
    expect(told).toEqual([])
    expect(stored).toContain(patient.ssn)
  })

  test('does not send to DynamoDB what it decrypted from an item before', async () => {
    const seen: unknown[] = []
    const handler = middy()
      .use(encryptedTables({ client: documents, tables, onRefused: () => {} }))
      .handler(async (_event: unknown, { tables }: any) => {
        await tables.send(new PutCommand({ TableName: 'Receipts', Item: { id: 'r-1', total: 'MARK-total' } }))
        const { Item } = await tables.send(new GetCommand({ TableName: 'Receipts', Key: { id: 'r-1' } }))
        for (const command of [
          new GetCommand({ TableName: 'Receipts', Key: { id: Item.total } }),
          new PutCommand({ TableName: 'Receipts', Item: { ...Item, note: Item.total } }),
        ])
          await tables.send(command).catch(({ code, cause }: any) => seen.push([code, cause.path]))
        return {}
      })
    await handler({ httpMethod: 'GET' } as never, sampleContext() as never)
    expect(seen).toEqual([
      ['ERR_FIELD_NOT_ENCRYPTED', '/id'],
      ['ERR_FIELD_NOT_ENCRYPTED', '/note'],
    ])
  })
})

describe.each(majors)('a value that the handler makes and stores encrypted, under Middy %s', (_, middy) => {
  const fresh = 'MARK-fresh-value'
  const run = (response: (tables: any) => unknown, more: object = {}, event = sampleEvent('http-api')) => {
    rows.clear()
    const handler = middy()
      .use(
        encryptedTables({ client: documents, tables, plainTables: ['Plain'], onRefused: () => {}, ...more }),
      )
      .handler(async (_event: any, { tables: own }: any) => {
        await own.send(new PutCommand({ TableName: 'Receipts', Item: { id: 'r-1', total: fresh } }))
        return response(own)
      })
    return handler(event as never, sampleContext() as never) as Promise<any>
  }
  const refusal = { code: 'ERR_FIELD_NOT_ENCRYPTED', statusCode: 500 }
  const told = { statusCode: 201, body: JSON.stringify({ message: `Stored ${fresh}` }) }

  test('does not leave in the clear, though no request and no response was encrypted', async () => {
    await expect(run(() => told)).rejects.toMatchObject(refusal)
    const error: any = await run(() => {
      throw new Error(`not ${fresh}`)
    }).catch((thrown) => thrown)
    expect(`${error.message} ${error.stack}`).not.toContain(fresh)
    expect(await run(() => ({ statusCode: 201, body: '{"id":"r-1"}' }))).toMatchObject({ statusCode: 201 })
  })

  test('is not stored in the clear by a later command', async () => {
    const Item = { id: 'p-1', x: fresh }
    const later = (own: any) => own.send(new PutCommand({ TableName: 'Plain', Item }))
    await expect(run(later)).rejects.toMatchObject({ ...refusal, cause: { path: '/x' } })
    expect(JSON.stringify([...rows.values()])).not.toContain(fresh)
  })

  test('leaves where the options say so, or where the caller sent it in the clear', async () => {
    expect(await run(() => told, { clearResponse: true })).toMatchObject(told)
    expect(await run(() => told, {}, sampleEvent('http-api', { body: { total: fresh } }))).toMatchObject(told)
  })

  test('of a table that is still written in plaintext does not leave either', async () => {
    const until = new Date(Date.now() + 3_600_000)
    const mode = 'write-plain-read-both'
    const ladder = { Receipts: { ...tables.Receipts, mode, until } }
    await expect(run(() => told, { tables: ladder })).rejects.toMatchObject(refusal)
  })
})
