// A streamed response leaves byte by byte: what is wrong with it must be known before the first.
import { PassThrough, Readable } from 'node:stream'
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { defineFields } from '@glassine/core'
import { localKeyring } from '@glassine/keys/raw-aes'
import { assertEncrypted, decryptRequest, encryptResponse, type Refusal } from '@glassine/middy'
import { encryptedTables } from '@glassine/middy/tables'
import { rejection, thrown } from '@glassine/test-support'
import { sampleContext, sampleEvent } from '@glassine/testing'
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals'
import middy6 from '@middy/core'
import middy7 from 'middy7'
import { executionModeStreamifyResponse } from 'middy7/StreamifyResponse'
import { fakeEnvelope } from './support/fake-envelope.ts'
import { memoryTable } from './support/memory-table.ts'
import { sealedBy } from './support/stack.ts'

const fields = defineFields<{ id: string; ssn: string }>('person', { ssn: {} })
const envelope = fakeEnvelope()
const person = { id: 'p-1', ssn: 'MARK-078-05-1120' }

/** What the runtime of Lambda has for handlers that stream. */
const runtime = {
  streamifyResponse: (handler: unknown) => handler,
  HttpResponseStream: {
    from: (stream: PassThrough, { statusCode }: { statusCode: number }) => {
      stream.write(`${statusCode} `)
      return stream
    },
  },
}
beforeAll(() => {
  Object.assign(globalThis, { awslambda: runtime })
})
afterAll(() => {
  delete (globalThis as { awslambda?: unknown }).awslambda
})

/** Runs a handler of Middy 7 that streams, and returns what had left when it ended, with its error. */
const streamed = async (
  respond: (event: any) => unknown,
  { use = [], told = [] }: { use?: readonly object[]; told?: Refusal[] } = {},
) => {
  const guard = assertEncrypted({ fields, envelope, onRefused: (refusal) => told.push(refusal) })
  const handler: any = (middy7 as any)({ ...guard, executionMode: executionModeStreamifyResponse })
    .use([...use, { before: () => {} }] as never)
    .handler(async (event: any) => respond(event) as never)
  const stream = new PassThrough()
  let left = ''
  stream.on('data', (chunk) => {
    left += chunk
  })
  const event = sampleEvent('function-url', {
    method: 'POST',
    body: await sealedBy(envelope, person, {}, fields as never),
  })
  const error = await handler(event, stream, sampleContext()).then(
    () => undefined,
    (one: unknown) => one,
  )
  return { left, error }
}

describe('a streamed response under Middy 7', () => {
  it.each([
    ['a declared field', () => ({ statusCode: 200, body: JSON.stringify(person) })],
    ['a declared field without a status', () => JSON.stringify(person)],
    [
      'a stream, of which nothing is known',
      () => ({ statusCode: 200, body: Readable.from([JSON.stringify(person)]) }),
    ],
    ['a web stream', () => ({ statusCode: 200, body: ReadableStream.from([JSON.stringify(person)]) })],
  ])('with %s is refused before its first byte', async (_name, respond) => {
    const told: Refusal[] = []
    const { left, error } = await streamed(respond, { told })
    expect(left).toBe('')
    expect(error).toMatchObject({ name: 'GlassineError', statusCode: 500 })
    expect(told).toHaveLength(1)
  })

  it('with an opened value that a hook outside put into a header is refused before its first byte', async () => {
    const outside = {
      after: ({ response, event }: any) => {
        response.headers = { 'X-Note': event.body.ssn }
      },
    }
    const use = [outside, decryptRequest({ fields, envelope }), encryptResponse()]
    const { left, error } = await streamed(() => ({ statusCode: 200, body: { id: 'p', ssn: 'x' } }), { use })
    expect([left, (error as { code: string }).code]).toEqual(['', 'ERR_FIELD_NOT_ENCRYPTED'])
  })

  it('that is sealed leaves', async () => {
    const use = [decryptRequest({ fields, envelope }), encryptResponse()]
    const { left, error } = await streamed(({ body }) => ({ statusCode: 200, body }), { use })
    expect(error).toBeUndefined()
    expect(left).toMatch(/^200 \{"id":"p-1","ssn":"fake:[^"]+"\}$/)
  })

  it('an error that a hook made of the request is cleaned', async () => {
    const failing = {
      onError: ({ event }: any) => {
        throw new Error(`bad ${event.body.ssn}`)
      },
    }
    const use = [failing, decryptRequest({ fields, envelope }), encryptResponse()]
    const { left, error } = await streamed(
      () => {
        throw new Error('no')
      },
      { use },
    )
    expect([left, (error as Error).message]).toEqual(['', 'bad [redacted]'])
  })
})

describe.each<[string, any, object]>([
  ['6', middy6, { streamifyResponse: true }],
  ['7', middy7, { executionMode: executionModeStreamifyResponse }],
])('a stream of which nothing is decrypted yet, under Middy %s', (_, middy, mode) => {
  const { client } = memoryTable()
  const documents = DynamoDBDocumentClient.from(client)
  const tables = { People: { fields, keys: localKeyring(), partitionKey: 'id' } }
  const told: string[] = []
  const onRefused = ({ code }: Refusal) => told.push(code)
  const withTables = (more: object = {}) => encryptedTables({ client: documents, tables, onRefused, ...more })
  const lazily = (use: (client: any) => unknown) => async (_event: unknown, context: any) => ({
    statusCode: 200,
    body: Readable.from(
      (async function* () {
        yield 'begun '
        yield JSON.stringify(await use(context.tables))
      })(),
    ),
  })
  const run = async (handler: any) => {
    told.length = 0
    const stream = new PassThrough()
    let left = ''
    stream.on('data', (chunk) => {
      left += chunk
    })
    const error = await handler(sampleEvent('function-url'), stream, sampleContext()).catch(
      (one: unknown) => one,
    )
    return { left, error }
  }
  const readLater = lazily(async (client) => {
    await client.send(new PutCommand({ TableName: 'People', Item: person }))
    return (await client.send(new GetCommand({ TableName: 'People', Key: { id: 'p-1' } }))).Item
  })

  it.each<[string, () => object[]]>([
    ['tables alone', () => [withTables()]],
    [
      'a request without a body before tables',
      () => [decryptRequest({ fields, envelope, onRefused: () => {} }), withTables()],
    ],
    ['a request without a body', () => [decryptRequest({ fields, envelope, onRefused })]],
  ])('is refused before its first byte, behind %s', async (_name, use) => {
    const { left, error } = await run(middy(mode).use(use()).handler(readLater))
    expect([left, error.code, error.statusCode]).toEqual(['', 'ERR_RESPONSE_INVALID', 500])
    expect(told).toEqual(['ERR_RESPONSE_INVALID'])
  })

  it('leaves where the option clearResponse says so', async () => {
    const { left } = await run(
      middy(mode)
        .use(withTables({ clearResponse: true }))
        .handler(readLater),
    )
    expect(left).toContain(person.ssn)
  })

  it('leaves where nothing is decrypted at all', async () => {
    const { left } = await run(middy(mode).handler(lazily(async () => 'done')))
    expect(left).toBe('200 begun "done"')
  })
})

test('the same plugin guards responses that are not streamed, and is told of once', async () => {
  const told: Refusal[] = []
  const handler = (middy7 as unknown as typeof middy6)(
    assertEncrypted({ fields, envelope, onRefused: (refusal) => told.push(refusal) }),
  ).handler(async () => ({ statusCode: 200, body: JSON.stringify(person) }) as never)
  expect(await rejection((handler as any)(sampleEvent('rest'), sampleContext()))).toMatchObject({
    code: 'ERR_FIELD_NOT_ENCRYPTED',
  })
  expect(told).toHaveLength(1)
})

test('Middy 6 tells a plugin of a streamed response too late, so it is refused there when the handler is made', () => {
  expect(
    thrown(() => middy6({ ...assertEncrypted({ fields }), streamifyResponse: true } as never)),
  ).toMatchObject({ code: 'ERR_OPTION_INVALID', cause: { option: 'assertEncrypted' } })
})
