/** Payloads that were received before, with a store that all instances share. */
import { createHmac } from 'node:crypto'
import { CreateTableCommand, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import { GlassineError } from '@glassine/core'
import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import {
  dynamodbReplayStore,
  localRecipient,
  type ReplayStore,
  type SessionEnvelopeOptions,
  sessionEnvelope,
} from '@glassine/session'
import { codeOf, describeEachDynamoDB } from '@glassine/test-support'
import { type LocalDynamoDB, startLocalDynamoDB } from '@glassine/testing/dynamodb'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { audience, b64u, beginSession, openFields, proved, sealFields } from './support/device.ts'
import { fields, opened, patient, scope, sealed } from './support/patient.ts'

const recipient = localRecipient()
const [jwk] = await recipient.jwks({ deadline: () => Date.now() + 1_000 })
const make = (options: Partial<SessionEnvelopeOptions>) =>
  sessionEnvelope({ recipients: recipient, audience, ...options })

const memory = () => {
  const spent = new Map<string, number>()
  const store: ReplayStore = {
    spend: async (id, expires) => {
      await null
      if (spent.has(id)) return false
      spent.set(id, expires)
      return true
    },
  }
  return { store, spent }
}

describe('a payload', () => {
  test('is accepted once across all instances, even if it arrives twice at the same time', async () => {
    const { store } = memory()
    const [one, two] = [make({ replay: store }), make({ replay: store })]
    const session = await beginSession(jwk)
    const body = await sealFields(session, patient, fields, scope)
    const codes = await Promise.all([one, two, one].map((envelope) => codeOf(opened(envelope, body))))
    expect(codes.toSorted()).toEqual(['ERR_REPLAYED', 'ERR_REPLAYED', 'none'])
    expect(await codeOf(opened(two, body))).toBe('ERR_REPLAYED')
    expect(await codeOf(opened(two, await sealFields(session, patient, fields, scope)))).toBe('none')
  })

  test('is the same when its session is carried by a ticket', async () => {
    const { store } = memory()
    const envelope = make({ replay: store, ticketKeys: keyMaterial({ keyring: localKeyring() }) })
    const session = await beginSession(jwk)
    const jti = b64u(Buffer.alloc(16, 1))
    const body = await sealFields(session, patient, fields, scope, { jti })
    const { reply } = await opened(envelope, body)
    const { ticket } = await openFields(session, await sealed(reply, patient), fields, scope)
    expect(await codeOf(opened(envelope, { ...body, $jwe: ticket }))).toBe('ERR_REPLAYED')
  })

  test('of another session may have the same number', async () => {
    const { store } = memory()
    const envelope = make({ replay: store })
    const jti = b64u(Buffer.alloc(16, 1))
    for (let turn = 0; turn < 2; turn++)
      await opened(envelope, await sealFields(await beginSession(jwk), patient, fields, scope, { jti }))
  })

  test("can be spent only with the session's key", async () => {
    const { store, spent } = memory()
    const envelope = make({ replay: store })
    const session = await beginSession(jwk)
    const jti = b64u(Buffer.alloc(16, 1))
    const body = await sealFields(session, patient, fields, scope, { jti })
    const forged = await sealFields({ ...session, q: session.r }, patient, fields, scope, { jti })
    expect(await codeOf(opened(envelope, forged))).toBe('ERR_DECRYPT_FAILED')
    expect(spent.size).toBe(0)
    expect(await codeOf(opened(envelope, body))).toBe('none')
    expect(spent.size).toBe(1)
  })

  test("is spent as a MAC of its number under the session's key, ten minutes longer than the session", async () => {
    const asked: unknown[][] = []
    const store = {
      spend: async (...given: unknown[]) => {
        asked.push(given)
        return true
      },
    }
    const now = Math.floor(Date.now() / 1_000)
    const session = await beginSession(jwk, { now })
    const jti = b64u(Buffer.alloc(16, 1))
    const body = await sealFields(session, patient, fields, scope, { jti })
    const deadline = Date.now() + 7_000
    await opened(make({ replay: store }), body, { deadline })
    await opened(make({ replay: store }), body)
    const id = createHmac('sha256', session.q).update(`glassine replay ${jti}`).digest('base64url')
    expect(asked).toEqual([
      [id, now + 900 + 600, { deadline }],
      [id, now + 900 + 600, { deadline: undefined }],
    ])
  })

  test('is refused if the store fails, with any error', async () => {
    const session = await beginSession(jwk)
    const body = await sealFields(session, patient, fields, scope)
    const code = (spend: () => Promise<never>) => codeOf(opened(make({ replay: { spend } }), body))
    expect(await code(() => Promise.reject(new Error('MARK')))).toBe('ERR_KEY_UNAVAILABLE')
    const own = new GlassineError('ERR_BUDGET_EXCEEDED', { package: '@glassine/session' })
    expect(await code(() => Promise.reject(own))).toBe('ERR_BUDGET_EXCEEDED')
    // Anything but a clear yes is a no.
    for (const response of [undefined, null, 1, 'true', {}])
      expect(await code(async () => response as never)).toBe('ERR_REPLAYED')
  })

  test.each([
    ['DELETE', {}, 'ERR_REPLAYED'],
    ['PUT', {}, 'ERR_REPLAYED'],
    ['GET', {}, 'none'],
    ['HEAD', {}, 'none'],
    ['GET', { replayReads: true }, 'ERR_REPLAYED'],
    ['HEAD', { replayReads: true }, 'ERR_REPLAYED'],
  ])('without a sealed field by %s with %o is accepted a second time: %s', async (method, options, code) => {
    const envelope = make({ replay: memory().store, ...options })
    const session = await beginSession(jwk)
    const place = { ...scope, resource: { ...scope.resource, method } }
    const sessionHeader = await proved(session.carrier, fields, place)
    const open = () => codeOf(opened(envelope, undefined, { ...place, sessionHeader }))
    expect([await open(), await open()]).toEqual(['none', code])
  })

  test('that may arrive twice is accepted once, in any session', async () => {
    const { store, spent } = memory()
    const envelope = make({ replay: store, audience: [audience, 'another'] })
    const rid = b64u(Buffer.alloc(16, 7))
    const bodyOf = async (options: object = {}, place = scope, number: unknown = rid) =>
      sealFields(await beginSession(jwk, options), patient, fields, place, {
        change: (header) => ({ ...header, rid: number }),
      })
    const open = async (body: unknown, place: object = scope) => codeOf(opened(envelope, body, place))
    expect(await open(await bodyOf())).toBe('none')
    expect(await open(await bodyOf())).toBe('ERR_REPLAYED')
    // Of another sender and another audience it is another request.
    const sender = { ...scope, sender: 'another' }
    expect(await open(await bodyOf({}, sender), sender)).toBe('none')
    expect(await open(await bodyOf({ header: { aud: 'another' } }))).toBe('none')
    expect(spent.size).toBe(3)
    for (const number of ['', 'x', 7, null, `${rid}A`])
      expect(await open(await bodyOf({}, scope, number))).toBe('ERR_DECRYPT_FAILED')
    const mixed = await sealFields(await beginSession(jwk), patient, fields, scope, {
      change: (header, pointer) => (pointer === '/ssn' ? header : { ...header, rid }),
    })
    expect(await open(mixed)).toBe('ERR_DECRYPT_FAILED')
    expect(spent.size).toBe(3)
  })

  test('that may arrive twice is refused without a store', async () => {
    const body = await sealFields(await beginSession(jwk), patient, fields, scope, {
      change: (header) => ({ ...header, rid: b64u(Buffer.alloc(16, 7)) }),
    })
    expect(await codeOf(opened(make({}), body))).toBe('ERR_DECRYPT_FAILED')
  })

  test('that may arrive twice is remembered for as long as a second session could last', async () => {
    const ends: number[] = []
    const now = Date.now()
    const envelope = make({
      now: () => now,
      replay: { spend: async (_id, expires) => ends.push(expires) > 0 },
    })
    const body = await sealFields(await beginSession(jwk), patient, fields, scope, {
      change: (header) => ({ ...header, rid: b64u(Buffer.alloc(16, 7)) }),
    })
    expect(await codeOf(opened(envelope, body))).toBe('none')
    expect(ends[0]! - now / 1_000).toBeGreaterThanOrEqual(1_800)
  })

  test('whose proof cannot be decrypted spends nothing', async () => {
    const { store, spent } = memory()
    const envelope = make({ replay: store })
    const session = await beginSession(jwk)
    const good = await proved(session.carrier, fields, scope)
    const forged = good.slice(0, -30) + (good.at(-30) === 'A' ? 'B' : 'A') + good.slice(-29)
    expect(await codeOf(opened(envelope, undefined, { sessionHeader: forged }))).toBe('ERR_DECRYPT_FAILED')
    expect(spent.size).toBe(0)
    expect(await codeOf(opened(envelope, undefined, { sessionHeader: good }))).toBe('none')
  })
})

describeEachDynamoDB('a replay store in a table', (kind) => {
  let server: LocalDynamoDB
  let client: DynamoDBClient
  beforeAll(async () => {
    server = await startLocalDynamoDB({ kind })
    client = new DynamoDBClient({ ...server.clientOptions, maxAttempts: 1 })
    await client.send(
      new CreateTableCommand({
        TableName: 'Replays',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    )
  })
  afterAll(async () => {
    client.destroy()
    await server.close()
  })
  const open = (options: object = {}) =>
    dynamodbReplayStore({ tableName: 'Replays', client, insecureEndpoint: server.endpoint, ...options })

  test('remembers once', async () => {
    const store = open()
    const results = await Promise.all(Array.from({ length: 10 }, () => store.spend('a', 2_000_000_000, {})))
    expect(results.filter(Boolean)).toEqual([true])
    expect(await store.spend('b', 2_000_000_000, {})).toBe(true)
    const { Items } = await client.send(new ScanCommand({ TableName: 'Replays' }))
    expect(Items).toContainEqual({
      id: { S: 'b' },
      expires: { N: '2000000000' },
      nonce: { B: expect.any(Uint8Array) },
    })
  })

  test('does not fail on its own item if a response was lost', async () => {
    let calls = 0
    const losing = new Proxy(client, {
      get(target, property) {
        if (property !== 'send') return Reflect.get(target, property)
        return async (...args: [never, never]) => {
          const response = await target.send(...args)
          calls++
          if (calls === 1) throw Object.assign(new Error(), { name: 'TimeoutError' })
          return response
        }
      },
    })
    expect(await open({ client: losing }).spend('lost', 2_000_000_000, {})).toBe(true)
    expect(calls).toBe(2)
    expect(await open().spend('lost', 2_000_000_000, {})).toBe(false)
  })

  test('that is missing or too slow is an outage', async () => {
    expect(await codeOf(open({ tableName: 'Nowhere' }).spend('c', 1, {}))).toBe('ERR_KEY_UNAVAILABLE')
    expect(await codeOf(open().spend('c', 1, { deadline: Date.now() - 1 }))).toBe('ERR_KEY_UNAVAILABLE')
    const plain = dynamodbReplayStore({ tableName: 'Replays', client })
    expect(await codeOf(plain.spend('c', 1, {}))).toBe('ERR_TLS_REQUIRED')
  })

  test('serves an envelope', async () => {
    const envelope = make({ replay: open() })
    const body = await sealFields(await beginSession(jwk), patient, fields, scope)
    expect(await codeOf(opened(envelope, body))).toBe('none')
    expect(await codeOf(opened(make({ replay: open() }), body))).toBe('ERR_REPLAYED')
  })
})

describe('a replay store', () => {
  const failing = (...errors: string[]) => {
    const sent: any[] = []
    const client = {
      send: async (command: any) => {
        sent.push(command)
        const name = errors.shift()
        if (name !== undefined) throw Object.assign(new Error(), { name })
        return {}
      },
    }
    const store = dynamodbReplayStore({ tableName: 'Replays', client: client as never, timeout: 1_000 })
    return { sent, spend: () => store.spend('an id', 2_000_000_000, {}) }
  }

  test('writes an item only if none has that id, except its own', async () => {
    const { sent, spend } = failing()
    expect(await spend()).toBe(true)
    const { nonce } = sent[0].input.Item
    expect(sent[0].input).toEqual({
      TableName: 'Replays',
      Item: { id: { S: 'an id' }, nonce, expires: { N: '2000000000' } },
      ConditionExpression: 'attribute_not_exists(#id) OR #nonce = :nonce',
      ExpressionAttributeNames: { '#id': 'id', '#nonce': 'nonce' },
      ExpressionAttributeValues: { ':nonce': nonce },
    })
  })

  test('reports an id as known if the condition fails', async () => {
    const { sent, spend } = failing('ConditionalCheckFailedException')
    expect(await spend()).toBe(false)
    expect(sent).toHaveLength(1)
  })

  test.each(['AccessDeniedException', 'ResourceNotFoundException'])('is an outage on %s', async (name) => {
    expect(await codeOf(failing(name).spend())).toBe('ERR_KEY_UNAVAILABLE')
  })

  test('retries after throttling', async () => {
    const { sent, spend } = failing('ThrottlingException')
    expect(await spend()).toBe(true)
    expect(sent).toHaveLength(2)
  })

  test('gives up at its deadline', async () => {
    const client = { send: () => new Promise(() => {}) }
    const store = dynamodbReplayStore({ tableName: 'Replays', client: client as never, timeout: 50 })
    expect(await codeOf(store.spend('an id', 2_000_000_000, {}))).toBe('ERR_KEY_UNAVAILABLE')
  })
})
