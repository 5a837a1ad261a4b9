// The blocks of pages and READMEs do what the text beside them says. They run as they stand there, on a local KMS and
// a local DynamoDB.
import { rmSync } from 'node:fs'
import path from 'node:path'
import { CreateTableCommand, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import { createClient } from '@glassine/client'
import { type LocalKms, startLocalKms } from '@glassine/local-kms'
import { describeEachDynamoDB, describeTransactions } from '@glassine/test-support'
import { handlerFetch, invoke, sampleEvent } from '@glassine/testing'
import { type LocalDynamoDBKind, startLocalDynamoDB } from '@glassine/testing/dynamodb'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { blocksOf, root, runner } from './blocks.ts'
import { bearerToken, Patient, patient } from './given.ts'

const folder = path.join(root, '.jest', `run-${process.pid}`)
const block = runner(folder)
const origin = 'https://app.example.com'
const scope = { binding: { tenant: 't-1' } }

let kms: LocalKms
beforeAll(async () => {
  kms = await startLocalKms({ keys: ['alias/patients', 'alias/devices:ECC_NIST_P256:KEY_AGREEMENT'] })
  Object.assign(process.env, kms.env, { KEY_ARN: kms.keys[0]!.arn })
})
// The pages' error handler logs what it answers.
beforeEach(() => {
  jest.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  jest.restoreAllMocks()
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await kms.close()
})

describe('protect a handler', () => {
  const page = 'docs/protect-a-handler.md'

  test('the stack answers encrypted, and says no with the status that the page names', async () => {
    const { handler, envelope } = await block(page, 0)
    const { body } = await block(page, 2)
    const response = await invoke(handler, sampleEvent('http-api', { body, tenant: 't-1', origin }))
    expect(response.statusCode).toBe(200)
    const answer = JSON.parse(response.body)
    expect(answer.ssn).not.toContain(patient.ssn)
    expect(await envelope.decrypt(answer, Patient, { ...scope, use: 'response' })).toEqual(patient)
    const statusOf = async (overrides: object) =>
      (await invoke(handler, sampleEvent('http-api', { body, tenant: 't-1', origin, ...overrides })))
        .statusCode
    expect(await statusOf({ origin: undefined })).toBe(403)
    expect(await statusOf({ body: patient })).toBe(400)
    expect(await statusOf({ tenant: 't-2' })).toBe(400)
  })

  test('the handler with a typed event answers with what it adds', async () => {
    const { typed } = await block(page, 1)
    const { body } = await block(page, 2)
    const response = await invoke(typed, sampleEvent('http-api', { body, tenant: 't-1' }))
    expect(JSON.parse(response.body)).toMatchObject({ id: 'p-1', notes: ['seen'] })
  })
})

describe('test on your machine', () => {
  test('as a role: the handler calls KMS with what its policy allows, and with no more', async () => {
    const page = 'docs/test-locally.md'
    const before = { ...process.env }
    try {
      const { at } = blocksOf(page).find(({ text }) => text.includes('clientOptionsFor'))!
      const { kms: theirs, role } = await block(page, at)
      const { envelope, handler } = await runner(path.join(folder, 'role'))('docs/protect-a-handler.md', 0)
      const body = await envelope.encrypt(patient, Patient, { ...scope, use: 'request' })
      const { statusCode } = await invoke(handler, sampleEvent('http-api', { body, tenant: 't-1', origin }))
      expect(statusCode).toBe(200)
      const principals = theirs.calls.map(({ principal }: { principal: string }) => principal)
      expect(new Set(principals)).toEqual(new Set([role]))
      theirs.setPrincipal(role, {})
      const { handler: denied } = await runner(path.join(folder, 'denied'))('docs/protect-a-handler.md', 0)
      const refused = await invoke(denied, sampleEvent('http-api', { body, tenant: 't-1', origin }))
      expect(refused.statusCode).toBe(503)
      await theirs.close()
    } finally {
      Object.assign(process.env, before)
    }
  })
})

describe('declare fields', () => {
  test.each(['docs/declare-fields.md', 'packages/core/README.md'])(
    'the models of %s are accepted',
    async (page) => {
      for (const { at } of blocksOf(page).filter(({ language }) => language === 'ts')) await block(page, at)
    },
  )
})

describe('encrypt from the device', () => {
  const page = 'docs/encrypt-from-the-device.md'

  test('the client of the page and its service understand each other', async () => {
    const { handler, keys } = await block(page, 1)
    const { fetch } = globalThis
    globalThis.fetch = handlerFetch({ '/.well-known/jwks.json': keys, '*': handler }, { tenant: 't-1' })
    try {
      expect((await block(page, 0)).saved).toEqual(patient)
      expect((await block('packages/client/README.md', 1)).saved).toEqual(patient)
    } finally {
      globalThis.fetch = fetch
    }
  })

  test('the service of the session README answers a client', async () => {
    const { handler, keys } = await block('packages/session/README.md', 1)
    const api = createClient({
      baseUrl: 'https://api.example.com',
      fields: Patient,
      fetch: handlerFetch({ '/.well-known/jwks.json': keys, '*': handler }, { tenant: 't-1' }),
      bind: { tenant: 't-1' },
    })
    const response = await api.fetch('/patients', { method: 'POST', body: patient })
    expect(await response.json()).toEqual(patient)
  })
})

describe('the session README, by hand', () => {
  test('a request of a client opens, and the response is sealed under its session', async () => {
    const page = 'packages/session/README.md'
    const { keys } = await block(page, 1)
    let received: any
    const fetch = handlerFetch({
      '/.well-known/jwks.json': keys,
      '*': async (event: { body: string }) => {
        received = JSON.parse(event.body)
        return { statusCode: 503 }
      },
    })
    const bind = { tenant: 't-1' }
    const api = createClient({ baseUrl: 'https://api.example.com', fields: Patient, fetch, bind })
    const headers = { authorization: `Bearer ${bearerToken}` }
    await api.fetch('/patients/p-1', { method: 'PUT', body: patient, headers })
    expect(received.ssn).not.toContain(patient.ssn)

    Object.assign(globalThis, { received })
    const byHand = runner(folder, (text) =>
      text.replace(/^import \{ body \} .*$/m, 'const body: unknown = (globalThis as any).received'),
    )
    const opened = await byHand(page, 2)
    expect(opened.patient).toEqual(patient)
    expect(opened.sent.ssn).toMatch(/^eyJ/)
  })
})

describe('the READMEs of packages', () => {
  test.each(['packages/local-kms/README.md', 'packages/testing/README.md'])(
    '%s calls a local KMS',
    async (page) => {
      const { at } = blocksOf(page).find(({ text }) => text.includes("callCount('Decrypt')"))!
      const { kms: theirs } = await block(page, at)
      expect(theirs.callCount('Decrypt')).toBe(1)
    },
  )

  test('message: fields and bytes', async () => {
    const page = 'packages/message/README.md'
    const { payload, sealed, opened } = await block(page, 1)
    expect(sealed).toEqual({
      id: 'p-1',
      ssn: expect.stringMatching(/^AgR4/),
      visits: [{ note: expect.stringMatching(/^AgR4/) }],
    })
    expect(opened).toEqual(payload)
    const { plaintext } = await block(page, 2)
    expect(Buffer.from(plaintext).toString()).toBe('attack at dawn')
  })

  test('middy: each middleware, each validator, and a response without fields', async () => {
    const page = 'packages/middy/README.md'
    const blocks = blocksOf(page).filter(({ language }) => language === 'ts')
    const declared: Record<string, any> = {}
    for (const { at } of blocks) Object.assign(declared, await block(page, at))
    const { thanks } = declared
    const response = await invoke(thanks, sampleEvent('http-api', { tenant: 't-1' }))
    expect(response).toMatchObject({ statusCode: 200, body: '<h1>Thank you</h1>' })
  })

  test('logger: the lines of the README', async () => {
    const page = 'packages/logger/README.md'
    const written: string[] = []
    const spies = [process.stdout, process.stderr].map((stream) =>
      jest.spyOn(stream, 'write').mockImplementation((chunk) => written.push(String(chunk)) > 0),
    )
    try {
      await block(page, 1)
    } finally {
      for (const spy of spies) spy.mockRestore()
    }
    const [info, error] = written
      .join('')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(info.patient).toEqual({ id: 'p-1', ssn: '[redacted phi]', phone: '***0958' })
    expect(error.error.message).toBe('no patient with ssn:[redacted phi]')
    expect(JSON.stringify(error)).not.toContain('078-05-1120')
  })
})

/** A local DynamoDB with a table of these keys; its rows as they are stored. */
const table = async (kind: LocalDynamoDBKind, partitionKey: string, sortKey?: string) => {
  const dynamoDB = await startLocalDynamoDB({ kind })
  Object.assign(process.env, dynamoDB.env)
  const client = new DynamoDBClient(dynamoDB.clientOptions)
  const names = sortKey === undefined ? [partitionKey] : [partitionKey, sortKey]
  await client.send(
    new CreateTableCommand({
      TableName: 'Patients',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: names.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: names.map((AttributeName, at) => ({ AttributeName, KeyType: at === 0 ? 'HASH' : 'RANGE' })),
    }),
  )
  const rows = async () => (await client.send(new ScanCommand({ TableName: 'Patients' }))).Items!
  const close = async () => {
    client.destroy()
    await dynamoDB.close()
  }
  return { rows, close }
}

describeEachDynamoDB('tables', (kind) => {
  test('dynamodb: documents, and items without a client', async () => {
    const { rows, close } = await table(kind, 'id')
    const page = 'packages/dynamodb/README.md'
    const block = runner(path.join(folder, kind))
    const { Item, documents } = await block(page, 1)
    expect(Item).toEqual(patient)
    const [row] = await rows()
    expect(Object.keys(row!.ssn!)).toEqual(['B'])
    const { stored, opened } = await block(page, 2)
    expect(Object.keys(stored).sort()).toEqual(['aws_dbe_foot', 'aws_dbe_head', 'id', 'plan', 'ssn'])
    expect(stored).toMatchObject({ id: { S: 'p-1' }, plan: { S: 'basic' } })
    expect(opened).toEqual({ id: { S: 'p-1' }, ssn: { S: '123-45-6789' }, plan: { S: 'basic' } })
    documents.destroy()
    await close()
  }, 60_000)
})

describeTransactions('tables with a key store', () => {
  test('persist items: the handler stores what it decrypts, encrypted, for the tenant of the caller', async () => {
    const { rows, close } = await table('dynoxide', 'clinic', 'id')
    const { handler, store, keys } = await block('docs/persist-items.md', 0)
    await store.createKeyStore()
    await store.createKey({ branchKeyId: 'tenant-t-1', encryptionContext: { tenant: 't-1' } })
    const { messageEnvelope } = await import('@glassine/message')
    const envelope = messageEnvelope({ keys })
    const sent = { ...patient, clinic: 't-2' }
    const body = await envelope.encrypt(sent, Patient, { ...scope, tenant: 't-1', use: 'request' })
    const response = await invoke(handler, sampleEvent('http-api', { body, tenant: 't-1' }))
    expect(response.statusCode).toBe(200)
    expect(JSON.parse(response.body)).toMatchObject({ id: 'p-1', clinic: 't-1' })
    const [row] = await rows()
    expect(row!.clinic).toEqual({ S: 't-1' })
    expect(Object.keys(row!.ssn!)).toEqual(['B'])
    await close()
  }, 60_000)

  test('dynamodb: a handler of a stream opens the image of an item, and refuses one that was changed', async () => {
    const { close } = await table('dynoxide', 'id')
    const page = 'packages/dynamodb/README.md'
    const { store, visits } = await block(page, 3)
    await store.createKeyStore()
    await store.createKey({ branchKeyId: 'tenant-t-1', encryptionContext: { tenant: 't-1' } })
    const { handler } = await block(page, 4)
    const image = await visits.encryptItem({
      tenant: { S: 't-1' },
      at: { S: '2027-03-01' },
      note: { S: 'well' },
    })
    await invoke(handler, sampleEvent('dynamodb-stream', { newImage: image }))
    const changed = { ...image, at: { S: '2027-03-02' } }
    await expect(
      invoke(handler, sampleEvent('dynamodb-stream', { newImage: changed })),
    ).rejects.toMatchObject({
      code: 'ERR_DECRYPT_FAILED',
    })
    await close()
  }, 60_000)

  test('testing: a local DynamoDB starts and closes', async () => {
    const page = 'packages/testing/README.md'
    const { at } = blocksOf(page).find(({ text }) => text.includes('startLocalDynamoDB()'))!
    expect((await block(page, at)).dynamoDB.endpoint).toMatch(/^http:/)
  }, 60_000)

  test('keys: a branch key is made, rotated and shredded', async () => {
    const { close } = await table('dynoxide', 'id')
    const page = 'packages/keys/README.md'
    const { at } = blocksOf(page).find(({ text }) => text.includes('store.deleteKey'))!
    await block(page, at)
    await close()
  }, 60_000)
})
