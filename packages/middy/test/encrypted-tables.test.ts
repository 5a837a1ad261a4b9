import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { type Binding, defineFields } from '@glassine/core'
import { branchKeyIdOfItem, encryptionStats, updateItem, withEncryption } from '@glassine/dynamodb'
import { keyMaterial } from '@glassine/keys'
import { hierarchicalKeyring } from '@glassine/keys/key-store'
import { localKeyring } from '@glassine/keys/raw-aes'
import { decryptRequest, encryptResponse, fieldEncryption } from '@glassine/middy'
import { type EncryptedTablesOptions, encryptedTables } from '@glassine/middy/tables'
import { sampleContext, sampleEvent } from '@glassine/testing'
import { type LocalDynamoDB, startLocalDynamoDB } from '@glassine/testing/dynamodb'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { branchKeys } from './support/branch-keys.ts'
import { fakeEnvelope } from './support/fake-envelope.ts'
import { majors } from './support/outcome.ts'
import { patientFields as fields, patient, sealedBy } from './support/stack.ts'

let server: LocalDynamoDB
let plain: DynamoDBClient
let documents: DynamoDBDocumentClient

beforeAll(async () => {
  server = await startLocalDynamoDB()
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
/** The row as stored in the table. */
const row = async (id: string) => (await documents.send(get(id))).Item as Record<string, any>
const branchKeyOf = (item: Record<string, any>) =>
  /tenant-[a-z0-9-]+?(?=\0)/.exec(Buffer.from(item.aws_dbe_head).toString('latin1'))?.[0]
const bound = (binding: Binding) => () => binding

describe.each(majors)('encryptedTables under Middy %s', (_, middy) => {
  test('gives the handler a document client that encrypts and decrypts; the original stays unchanged', async () => {
    const handler = middy()
      .use(
        encryptedTables({
          client: documents,
          tables: tablesOf(),
          bind: bound({ tenant: 't-1' }),
          clearResponse: true,
        }),
      )
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

  test('works with the plain client, under another name, beside a document client', async () => {
    const handler = middy()
      .use(encryptedTables({ client: documents, tables: tablesOf(), bind: bound({ tenant: 't-1' }) }))
      .use(
        encryptedTables({
          client: plain,
          tables: tablesOf(),
          bind: bound({ tenant: 't-2' }),
          contextKey: 'values',
          clearResponse: true,
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

  test('takes the binding of decryptRequest', async () => {
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

  test('works as `tables` of the preset', async () => {
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

  test('its hooks resolve to undefined: any other value would end the phase', async () => {
    const { before, after, onError } = encryptedTables({ client: documents, tables: tablesOf() })
    const request: any = { event, context: sampleContext(), internal: {} }
    for (const hook of [before, after, onError]) expect(await hook!(request)).toBeUndefined()
    expect(request.context.tables).toBeInstanceOf(DynamoDBDocumentClient)
  })

  test('refuses to go before decryptRequest, whose binding it would miss', async () => {
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

describe('the branch key is chosen by', () => {
  test("Lambda's tenant, if the binding names none", async () => {
    const { tables } = await given({}, sampleContext({ tenantId: 'lambda' }))
    await tables.send(put('lambda'))
    expect(branchKeyOf(await row('lambda'))).toBe('tenant-lambda')
  })

  test("the binding's tenant rather than Lambda's, as in messages", async () => {
    const { tables } = await given({ bind: bound({ tenant: 't-1' }) }, sampleContext({ tenantId: 'lambda' }))
    await tables.send(put('both'))
    expect(branchKeyOf(await row('both'))).toBe('tenant-t-1')
  })

  test('a tenant, and without one it is an error before anything is sent', async () => {
    const { tables } = await given()
    await expect(tables.send(put('unknown'))).rejects.toMatchObject({ code: 'ERR_BINDING_INVALID' })
    expect(await row('unknown')).toBeUndefined()
  })

  test('the item, with any binding', async () => {
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

test('`updateItem` works on the client of the handler', async () => {
  const { tables } = await given({ bind: bound({ tenant: 't-1' }) })
  await tables.send(put('update'))
  await updateItem<any>(tables, { TableName, Key: { id: 'update' } }, (item) => {
    item.ssn = 'MARK-new'
  })
  expect((await tables.send(get('update'))).Item.ssn).toBe('MARK-new')
})

test('the modes for migration from plaintext are reported and counted across all invocations', async () => {
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
    expect(told.at(-1)).toEqual({ table: 'Patients', key: { id: { S: 'plain' } }, count })
    expect(encryptionStats(request.context.tables).Patients?.plaintextReads).toBe(count)
  }
})

describe("the handler's context", () => {
  test('is a copy with one more member, which is not logged', async () => {
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

  test('an object of a class, as durable functions have, is not copied', async () => {
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

  test('may be absent, and no member of it is overwritten', async () => {
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

describe('an invalid option throws at construction, with its name', () => {
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

  test('`tables` of the preset that are another middleware', () => {
    const envelope = fakeEnvelope()
    for (const tables of [{}, { before: () => {}, after: () => {} }, encryptResponse({ fields, envelope })])
      expect(() => fieldEncryption({ fields, envelope, tables: tables as never })).toThrow(
        expect.objectContaining({ cause: expect.objectContaining({ option: 'tables' }) }),
      )
  })
})

describe.each(majors)('what the tables have decrypted does not leave, Middy %s', (_, middy) => {
  beforeAll(async () => {
    const handler = middy()
      .use(encryptedTables({ client: documents, tables: tablesOf(), bind: bound({ tenant: 't-1' }) }))
      .handler(async (_event, { tables }) => void (await tables.send(put('leaves'))))
    await handler(event, sampleContext() as never)
  })
  /** Answers with what `respond` makes of the item, and returns the response or the error. */
  const answered = async (
    respond: (item: any) => unknown,
    { options = {}, request = sampleEvent('http-api'), use = [] as any[] }: any = {},
  ): Promise<any> => {
    const handler = middy()
      .use([
        encryptedTables({
          client: documents,
          tables: tablesOf(),
          bind: bound({ tenant: 't-1' }),
          onRefused: () => {},
          ...options,
        }),
        ...use,
      ])
      .handler(async (_event, { tables }: any) => respond((await tables.send(get('leaves'))).Item))
    return (handler as any)(request, sampleContext()).catch((error: unknown) => error)
  }
  const refused = { code: 'ERR_FIELD_NOT_ENCRYPTED', statusCode: 500 }

  test.each<[string, (item: any) => unknown]>([
    ['an HTTP response', (item) => ({ statusCode: 200, body: JSON.stringify(item) })],
    ['a body that is an object', (item) => ({ statusCode: 200, body: item })],
    ['a bare payload', (item) => ({ note: item.ssn })],
    ['a list', (item) => [item.ssn]],
    ['a text', (item) => `SSN ${item.ssn}`],
    ['a header', (item) => ({ statusCode: 204, headers: { 'X-Note': item.ssn } })],
    [
      'base64',
      (item) => ({ statusCode: 200, body: Buffer.from(item.ssn).toString('base64'), isBase64Encoded: true }),
    ],
  ])('in %s', async (_name, respond) => {
    expect(await answered(respond)).toMatchObject(refused)
    expect(await answered(respond, { request: { id: 'direct' } })).toMatchObject(refused)
  })

  test('in a stream, of which nothing is known', async () => {
    const answer = await answered((item) => ({ statusCode: 200, body: ReadableStream.from([item.ssn]) }))
    expect(answer).toMatchObject({ code: 'ERR_RESPONSE_INVALID' })
  })

  test('in an error', async () => {
    const error = await answered((item) => {
      throw new Error(`bad ${item.ssn}`)
    })
    expect(error.message).toBe('bad [redacted]')
  })

  test('but a field that may leave does: in a response, in a response to an error, and in an error', async () => {
    const declared = defineFields<typeof patient>('patient', {
      ssn: {},
      notes: { optional: true },
      'address.street': {},
      'address.city': { mayLeave: true },
      'visits[*].note': {},
    })
    const tables = { Patients: { ...tablesOf().Patients, fields: declared } }
    const city = 'Llanfairpwllgwyngyll'
    const id = `may-leave-${Math.random()}`
    const write = middy()
      .use(encryptedTables({ client: documents, tables, bind: bound({ tenant: 't-1' }) }))
      .handler(async (_event, { tables: client }) => {
        const Item = { ...patient, id, address: { ...patient.address, city } }
        await client.send(new PutCommand({ TableName, Item }))
      })
    await write(event, sampleContext() as never)
    const read = async (respond: (item: any) => unknown) => {
      const handler = middy()
        .use(
          encryptedTables({ client: documents, tables, bind: bound({ tenant: 't-1' }), onRefused: () => {} }),
        )
        .handler(async (_event, { tables: client }: any) => respond((await client.send(get(id))).Item))
      return (handler as any)(sampleEvent('http-api'), sampleContext()).catch((error: unknown) => error)
    }
    const told = (item: any, statusCode: number) => ({ statusCode, body: `${item.address.city}` })
    for (const status of [200, 422])
      expect(await read((item) => told(item, status))).toEqual({ statusCode: status, body: city })
    const error = await read((item) => {
      throw new Error(`${item.address.city} ${item.address.street} ${item.ssn}`)
    })
    expect(error.message).toBe(`${city} [redacted] [redacted]`)
  })

  test('but what holds none leaves, and so does what the caller has sent and what was meant to', async () => {
    const found = { statusCode: 200, body: 'found' }
    expect(await answered(() => found)).toEqual(found)
    const whole = (item: any) => ({ statusCode: 200, body: item.ssn })
    expect(await answered(whole, { options: { clearResponse: true } })).toEqual({
      statusCode: 200,
      body: patient.ssn,
    })
    const request = sampleEvent('http-api', { method: 'POST', path: '/by-ssn', body: { ssn: patient.ssn } })
    expect(await answered(whole, { request })).toEqual({ statusCode: 200, body: patient.ssn })
  })

  test('and what encryptResponse seals leaves', async () => {
    const envelope = fakeEnvelope()
    const sealer = encryptResponse({ fields, envelope, bind: bound({ tenant: 't-1' }) })
    const answer = await answered((item) => ({ statusCode: 200, body: item }), { use: [sealer] })
    expect(answer.statusCode).toBe(200)
    expect(answer.body).not.toContain('MARK')
  })
})
