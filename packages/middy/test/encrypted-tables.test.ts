import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import type { Binding } from '@glassine/core'
import { branchKeyIdOfItem, encryptionStats, updateItem, withEncryption } from '@glassine/dynamodb'
import { keyMaterial } from '@glassine/keys'
import { hierarchicalKeyring } from '@glassine/keys/key-store'
import { localKeyring } from '@glassine/keys/raw-aes'
import { type LocalDynamoDB, localDynamoDBKind, startLocalDynamoDB } from '@glassine/local-dynamodb'
import { decryptRequest, encryptResponse, fieldEncryption } from '@glassine/middy'
import { type EncryptedTablesOptions, encryptedTables } from '@glassine/middy/tables'
import { sampleContext, sampleEvent } from '@glassine/testing'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { branchKeys } from './support/branch-keys.ts'
import { fakeEnvelope } from './support/fake-envelope.ts'
import { majors } from './support/outcome.ts'
import { patientFields as fields, patient, sealedBy } from './support/stack.ts'

let server: LocalDynamoDB
let plain: DynamoDBClient
let documents: DynamoDBDocumentClient

beforeAll(async () => {
  server = await startLocalDynamoDB(localDynamoDBKind())
  plain = new DynamoDBClient(server.clientOptions)
  documents = DynamoDBDocumentClient.from(plain)
  await plain.send(
    new CreateTableCommand({
      TableName: 'Patients',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )
})
afterAll(async () => {
  plain.destroy()
  await server.close()
})

const TableName = 'Patients'
const tablesOf = (keyring = branchKeys().keyring) => ({
  Patients: { fields, keys: keyring, partitionKey: 'id', suite: '0x6700' as const },
})
const event = { httpMethod: 'GET' } as never
const put = (id: string) => new PutCommand({ TableName, Item: { ...patient, id } })
const get = (id: string) => new GetCommand({ TableName, Key: { id } })
/** The row as the table holds it. */
const row = async (id: string) => (await documents.send(get(id))).Item as Record<string, any>
const branchKeyOf = (item: Record<string, any>) =>
  /tenant-[a-z0-9-]+?(?=\0)/.exec(Buffer.from(item.aws_dbe_head).toString('latin1'))?.[0]
const bound = (binding: Binding) => () => binding

describe.each(majors)('encryptedTables under Middy %s', (_, middy) => {
  test('gives the handler a document client that encrypts and decrypts; the one given stays as it is', async () => {
    const handler = middy()
      .use(encryptedTables({ client: documents, tables: tablesOf(), bind: bound({ tenant: 't-1' }) }))
      .handler(async (_event, { tables }) => {
        expect(tables).toBeInstanceOf(DynamoDBDocumentClient)
        expect(tables).not.toBe(documents)
        await tables.send(put('document'))
        return (await tables.send(get('document'))).Item
      })
    expect(await handler(event, sampleContext() as never)).toEqual({ ...patient, id: 'document' })
    const stored = await row('document')
    expect(stored.ssn).toBeInstanceOf(Uint8Array)
    expect(JSON.stringify(stored)).not.toContain('MARK-')
    expect(branchKeyOf(stored)).toBe('tenant-t-1')
    // A plaintext item through the client that was given: what is not asked to encrypt does not.
    await documents.send(put('open'))
    expect(await row('open')).toEqual({ ...patient, id: 'open' })
  })

  test('the plain client, under another name, beside a document client', async () => {
    const handler = middy()
      .use(encryptedTables({ client: documents, tables: tablesOf(), bind: bound({ tenant: 't-1' }) }))
      .use(
        encryptedTables({
          client: plain,
          tables: tablesOf(),
          bind: bound({ tenant: 't-2' }),
          contextKey: 'values',
        }),
      )
      .handler(async (_event, { tables, values }) => {
        await tables.send(put('one'))
        const Item = { id: { S: 'two' }, ssn: { S: 'MARK-s' }, address: { M: {} }, visits: { L: [] } }
        await values.send(new PutItemCommand({ TableName, Item }))
        return (await values.send(new GetItemCommand({ TableName, Key: { id: { S: 'two' } } }))).Item
      })
    expect(await handler(event, sampleContext() as never)).toMatchObject({ ssn: { S: 'MARK-s' } })
    expect([branchKeyOf(await row('one')), branchKeyOf(await row('two'))]).toEqual([
      'tenant-t-1',
      'tenant-t-2',
    ])
  })

  test('takes the binding that decryptRequest took', async () => {
    const envelope = fakeEnvelope()
    const handler = middy()
      .use(decryptRequest({ fields, envelope, bind: bound({ tenant: 't-9' }) }))
      .use(encryptedTables({ client: documents, tables: tablesOf() }))
      .use(encryptResponse())
      .handler(async ({ body }: any, { tables }) => {
        await tables.send(new PutCommand({ TableName, Item: { ...body, id: 'bound' } }))
        return { statusCode: 200, body }
      })
    const body = await sealedBy(envelope, patient, { tenant: 't-9' })
    expect(await handler(sampleEvent('rest', { body }) as never, sampleContext() as never)).toMatchObject({
      statusCode: 200,
    })
    expect(branchKeyOf(await row('bound'))).toBe('tenant-t-9')
  })

  test('as `tables` of the preset', async () => {
    const envelope = fakeEnvelope()
    const tables = encryptedTables({ client: documents, tables: tablesOf() })
    const handler = middy()
      .use(fieldEncryption({ fields, envelope, bind: bound({ tenant: 't-8' }), tables }))
      .handler(async ({ body }, context) => {
        await context.tables.send(new PutCommand({ TableName, Item: { ...body, id: 'preset' } }))
        return { statusCode: 200, body }
      })
    const body = await sealedBy(envelope, patient, { tenant: 't-8' })
    const response: any = await handler(sampleEvent('rest', { body }) as never, sampleContext() as never)
    expect(response.statusCode).toBe(200)
    expect(response.body).not.toContain('MARK-')
    expect(branchKeyOf(await row('preset'))).toBe('tenant-t-8')
  })

  test('its hook resolves to undefined: any other value would end the phase', async () => {
    const { before, after, onError } = encryptedTables({ client: documents, tables: tablesOf() })
    const request: any = { event, context: sampleContext(), internal: {} }
    expect(await before!(request)).toBeUndefined()
    expect([after, onError]).toEqual([undefined, undefined])
    expect(request.context.tables).toBeInstanceOf(DynamoDBDocumentClient)
  })

  test('refuses to stand before decryptRequest, whose binding it would miss', async () => {
    const handler = middy()
      .use(encryptedTables({ client: documents, tables: tablesOf() }))
      .use(decryptRequest({ fields, envelope: fakeEnvelope() }))
      .handler(async () => undefined)
    await expect(handler(event, sampleContext() as never)).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
      cause: { option: 'decryptRequest' },
    })
  })
})

/** Runs one hook, and returns what the handler would be given. */
const given = async (
  options: Partial<EncryptedTablesOptions<DynamoDBDocumentClient>> = {},
  context: object = sampleContext(),
): Promise<any> => {
  const { before } = encryptedTables({ client: documents, tables: tablesOf(), ...options })
  const request: any = { event, context, internal: {} }
  await before!(request)
  return request.context
}

describe('which branch key', () => {
  test("Lambda's tenant, where the binding names none", async () => {
    const { tables } = await given({}, sampleContext({ tenantId: 'lambda' }))
    await tables.send(put('lambda'))
    expect(branchKeyOf(await row('lambda'))).toBe('tenant-lambda')
  })

  test("the binding's tenant goes before Lambda's, as in messages", async () => {
    const { tables } = await given({ bind: bound({ tenant: 't-1' }) }, sampleContext({ tenantId: 'lambda' }))
    await tables.send(put('both'))
    expect(branchKeyOf(await row('both'))).toBe('tenant-t-1')
  })

  test('none at all is an error before anything is sent', async () => {
    const { tables } = await given()
    await expect(tables.send(put('nobody'))).rejects.toMatchObject({ code: 'ERR_BINDING_INVALID' })
    expect(await row('nobody')).toBeUndefined()
  })

  test('that of the item, whatever the binding says', async () => {
    const keyring = hierarchicalKeyring({
      keyStore: { id: 'memory', ...storeOf() },
      branchKeyId: branchKeyIdOfItem(({ id }) => `tenant-${id}`),
    })
    const { tables } = await given({ tables: tablesOf(keyring), bind: bound({ tenant: 't-1' }) })
    await tables.send(put('item'))
    expect(branchKeyOf(await row('item'))).toBe('tenant-item')
    expect((await tables.send(get('item'))).Item.ssn).toBe(patient.ssn)
  })

  test("another tenant's row under the right key is an error, never an item", async () => {
    const { keyring } = branchKeys()
    const one = await given({ tables: tablesOf(keyring), bind: bound({ tenant: 't-1' }) })
    const two = await given({ tables: tablesOf(keyring), bind: bound({ tenant: 't-2' }) })
    await one.tables.send(put('mine'))
    await expect(two.tables.send(get('mine'))).rejects.toMatchObject({
      code: 'ERR_DECRYPT_FAILED',
      statusCode: 500,
    })
  })

  test('one hierarchical keyring serves messages and items, through the same `keys`', async () => {
    const { asked, keyring } = branchKeys()
    const keys = keyMaterial({ keyring })
    const { tables } = await given({
      tables: { Patients: { fields, keys, partitionKey: 'id' } },
      bind: bound({ tenant: 't-1' }),
    })
    const { messageEnvelope } = await import('@glassine/message')
    await sealedBy(messageEnvelope({ keys }), patient, { tenant: 't-1' })
    await tables.send(put('shared'))
    await tables.send(get('shared'))
    expect(asked).toEqual(['active tenant-t-1'])
  })
})

const storeOf = () => {
  const give = async ({ branchKeyId }: { branchKeyId: string }) => ({
    branchKeyId,
    version: '3f1d9a52-7f10-4f5e-8f5c-1f6d2a3b4c5d',
    bytes: Buffer.alloc(32, 3),
  })
  return { getActiveBranchKey: give, getBranchKeyVersion: give, getBeaconKey: give }
}

test('the deadline of the invocation ends the wait for a key', async () => {
  const { deadlines, keyring } = branchKeys()
  const { tables } = await given(
    { tables: tablesOf(keyring), bind: bound({ tenant: 't-1' }) },
    sampleContext({ timeoutMs: 2_000 }),
  )
  await tables.send(put('deadline'))
  expect(deadlines).toEqual([expect.any(Number)])
  expect(deadlines[0]! - Date.now()).toBeLessThan(2_000)
})

test('`updateItem` works on the client that the handler is given', async () => {
  const { tables } = await given({ bind: bound({ tenant: 't-1' }) })
  await tables.send(put('update'))
  await updateItem<any>(tables, { TableName, Key: { id: 'update' } }, (item) => {
    item.ssn = 'MARK-new'
  })
  expect((await tables.send(get('update'))).Item.ssn).toBe('MARK-new')
})

test('the modes on the way from plaintext, told and counted for all invocations together', async () => {
  await documents.send(put('plain'))
  const told: object[] = []
  const { before } = encryptedTables({
    client: documents,
    tables: { Patients: { ...tablesOf().Patients, mode: 'write-encrypted-read-both', until: '2999-01-01' } },
    onPlaintextRead: (read) => told.push(read),
  })
  for (const count of [1, 2]) {
    const request: any = { event, context: sampleContext(), internal: {} }
    await before!(request)
    expect((await request.context.tables.send(get('plain'))).Item.ssn).toBe(patient.ssn)
    expect(told.at(-1)).toEqual({ table: 'Patients', count })
    expect(encryptionStats(request.context.tables).Patients?.plaintextReads).toBe(count)
  }
})

describe("the handler's context", () => {
  test('is a copy with one more member, which nobody logs', async () => {
    const context = sampleContext({ context: { functionName: 'intake' } })
    let waits = true
    Object.defineProperty(context, 'callbackWaitsForEmptyEventLoop', {
      get: () => waits,
      set: (value) => {
        waits = value
      },
      enumerable: true,
    })
    const own = await given({}, context)
    expect({ ...own }).toEqual({ ...context })
    expect(JSON.stringify(own)).toBe(JSON.stringify(context))
    expect(Object.hasOwn(context, 'tables')).toBe(false)
    // Lambda's own runtime reacts to this one being set.
    own.callbackWaitsForEmptyEventLoop = false
    expect(waits).toBe(false)
  })

  test('an object of a class, as durable functions have, stays the one it is', async () => {
    class Durable {
      readonly #steps = 3
      steps() {
        return this.#steps
      }
    }
    const context = new Durable()
    const own = await given({}, context)
    expect(own).toBe(context)
    expect(own.steps()).toBe(3)
    expect(own.tables).toBeInstanceOf(DynamoDBDocumentClient)
    await expect(given({}, context)).rejects.toMatchObject({ cause: { option: 'contextKey' } })
  })

  test('may be absent, and a name that it has is not taken', async () => {
    const { before } = encryptedTables({ client: documents, tables: tablesOf() })
    const request: any = { event, internal: {} }
    await before!(request)
    expect(request.context.tables).toBeInstanceOf(DynamoDBDocumentClient)
    await expect(given({ contextKey: 'functionName' as never })).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
      cause: { option: 'contextKey' },
    })
  })
})

describe('an option that cannot be right throws at construction, with its name', () => {
  const keyring = localKeyring()
  test.each<[string, object]>([
    ['client', { client: undefined }],
    ['client', { client: {} }],
    ['tables', { tables: undefined }],
    ['tables', { tables: {} }],
    ['keys', { tables: { Patients: { fields, partitionKey: 'id' } } }],
    ['keyring', { tables: { Patients: { fields, partitionKey: 'id', keyring, keys: keyring } } }],
    ['bind', { bind: { tenant: 't-1' } }],
    ['contextKey', { contextKey: '' }],
    ['contextKey', { contextKey: 'my tables' }],
    ['onPlaintextRead', { onPlaintextRead: true }],
    ['call', { call: { tenant: 't-1' } }],
  ])('%s: %j', (option, wrong) => {
    const make = () => encryptedTables({ client: documents, tables: tablesOf(), ...wrong } as never)
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID' }))
    expect(make).toThrow(expect.objectContaining({ cause: expect.objectContaining({ option }) }))
  })

  test('a client that encrypts already', () => {
    const client = withEncryption(documents, { tables: tablesOf() })
    expect(() => encryptedTables({ client, tables: tablesOf() })).toThrow(/encrypts already/)
  })

  test('`tables` of the preset that are none: another middleware, whose other hooks would be lost', () => {
    const envelope = fakeEnvelope()
    for (const tables of [{}, { before: () => {}, after: () => {} }, encryptResponse({ fields, envelope })])
      expect(() => fieldEncryption({ fields, envelope, tables: tables as never })).toThrow(
        expect.objectContaining({ cause: expect.objectContaining({ option: 'tables' }) }),
      )
  })
})
