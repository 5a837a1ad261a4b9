/** Formats that answer under the keys of the request: headers with keys, replies, routes, problems of sessions. */
import { type Envelope, type ErrorCode, GlassineError, type OpenOptions, type Prepared } from '@glassine/core'
import {
  type DecryptRequestOptions,
  decryptRequest,
  encryptResponse,
  fieldEncryption,
  requireTls,
} from '@glassine/middy'
import { sampleContext, sampleEvent } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'
import httpErrorHandler from '@middy/http-error-handler'
import { type FakeEnvelope, fakeEnvelope } from './support/fake-envelope.ts'
import { majors } from './support/outcome.ts'
import { bind, patientFields as fields, openedBy, patient, sealedBy } from './support/stack.ts'

const context = sampleContext()
const get = (headers: Record<string, string>): any => {
  const event = sampleEvent('http-api', { method: 'GET', path: '/patients/p-1' })
  return { ...event, headers: { ...event.headers, ...headers } }
}

/** An envelope with a header: answers under a name that the request brings, and by itself under none. */
const asking = (refusal?: ErrorCode) => {
  const base = fakeEnvelope('asking')
  const replies: FakeEnvelope[] = []
  const opened: { payload: unknown; options: OpenOptions }[] = []
  const envelope: Envelope = {
    ...base,
    sessionHeader: 'encryption-key',
    sessionMember: '$keys',
    recognises: (value) => (typeof value === 'string' && value.startsWith('key-')) || base.recognises(value),
    prepareSeal: async () => {
      throw new GlassineError('ERR_SESSION_MISSING', { package: 'fake' })
    },
    prepareOpen: async (payload, policy, options): Promise<Prepared> => {
      opened.push({ payload, options })
      if (refusal) throw new GlassineError(refusal, { package: 'fake' })
      const reply = fakeEnvelope(`reply-to-${options.sessionHeader ?? 'body'}`)
      replies.push(reply)
      if (payload === undefined) return { reply, finish: () => undefined, release: () => {} }
      return { ...(await base.prepareOpen(payload, policy, options)), reply }
    },
  }
  return { envelope, base, replies, opened }
}

describe.each(majors)('answers under the keys of the request, Middy %s', (_major, middy) => {
  const stack = (envelope: Envelope | Envelope[], options: Partial<DecryptRequestOptions> = {}) =>
    middy()
      .use(httpErrorHandler({ logger: false }))
      .use(decryptRequest({ fields, envelope, bind, ...options }))
      .use(encryptResponse())
      .handler(async (event: any): Promise<any> => ({ statusCode: 200, body: event.body ?? patient }))
  const run = (handler: any, event: any): Promise<any> => handler(event, context)

  test('a GET with keys in its header is answered under them, and the handler sees the event as it was', async () => {
    const { envelope, replies, opened } = asking()
    const response = await run(stack(envelope), get({ 'Encryption-Key': 'key-1' }))
    expect(opened).toEqual([
      { payload: undefined, options: expect.objectContaining({ sessionHeader: 'key-1' }) },
    ])
    expect(response.statusCode).toBe(200)
    expect(await openedBy(replies[0]!, JSON.parse(response.body))).toEqual(patient)
    expect(response.body).toContain('reply-to-key-1:')
  })

  test('a body that brings its keys is answered under them', async () => {
    const { envelope, base, replies } = asking()
    const event = sampleEvent('http-api', { method: 'POST', body: await sealedBy(base) })
    const response = await run(stack(envelope), event)
    expect(await openedBy(replies[0]!, JSON.parse(response.body))).toEqual(patient)
  })

  test('a body that brings keys and nothing sealed is answered under them, whatever the order of the formats', async () => {
    const { envelope, replies } = asking()
    const handler = middy()
      .use(
        decryptRequest({
          fields,
          envelope: [fakeEnvelope('services'), envelope],
          bind,
          partial: true,
        }) as any,
      )
      .use(encryptResponse())
      .handler(async (): Promise<any> => ({ statusCode: 200, body: patient }))
    const body = { id: 'p-1', $keys: 'key-1' }
    const response = await run(handler, sampleEvent('http-api', { method: 'PATCH', body }))
    expect(await openedBy(replies[0]!, JSON.parse(response.body))).toEqual(patient)
  })

  test('who stands further inside may answer for a session that has expired', async () => {
    const { envelope } = asking('ERR_SESSION_EXPIRED')
    const handler = middy()
      .use(decryptRequest({ fields, envelope, bind }) as any)
      .onError(async (request: any) => {
        request.response ??= { statusCode: 418, body: '' }
      })
      .handler(async (): Promise<any> => ({ statusCode: 200, body: patient }))
    const response = await run(handler, get({ 'Encryption-Key': 'key-1' }))
    expect(response.statusCode).toBe(418)
  })

  test('without keys another format answers; where there is none the request is told so', async () => {
    const { envelope } = asking()
    const services = fakeEnvelope('services')
    const response = await run(stack([envelope, services]), get({}))
    expect(await openedBy(services, JSON.parse(response.body))).toEqual(patient)
    const refused = await run(stack(envelope), get({}))
    expect(refused).toMatchObject({
      statusCode: 400,
      body: 'The request carries no keys to be answered under',
    })
  })

  test('a header that no envelope recognises, or that comes twice, is as good as none', async () => {
    const { envelope, opened } = asking()
    expect((await run(stack(envelope), get({ 'encryption-key': 'other' }))).statusCode).toBe(400)
    const twice = get({ 'encryption-key': 'key-1', 'Encryption-Key': 'key-2' })
    expect((await run(stack(envelope), twice)).statusCode).toBe(400)
    expect(opened).toEqual([])
  })

  test('a POST without a body is refused whatever its header holds', async () => {
    const { envelope } = asking()
    const event: any = sampleEvent('http-api', { method: 'POST' })
    event.headers['encryption-key'] = 'key-1'
    delete event.body
    expect((await run(stack(envelope), event)).statusCode).toBe(400)
  })

  test.each<[ErrorCode, string]>([
    ['ERR_SESSION_EXPIRED', 'session-expired'],
    ['ERR_RECIPIENT_UNKNOWN', 'unknown-kid'],
  ])('%s is answered with a problem document that a client can act on', async (code, type) => {
    const { envelope } = asking(code)
    for (const handler of [
      stack(envelope),
      middy()
        .use(httpErrorHandler({ logger: false }))
        .use(fieldEncryption({ fields, envelope, bind }))
        .handler(async () => ({ statusCode: 204 })),
    ]) {
      const response = await run(handler, get({ 'Encryption-Key': 'key-1' }))
      expect(response.statusCode).toBe(400)
      expect(response.headers['Content-Type']).toBe('application/problem+json')
      expect(JSON.parse(response.body)).toEqual({
        type,
        title: expect.any(String),
        status: 400,
        detail: expect.any(String),
        code,
      })
    }
  })

  test('other refusals stay with the error handler', async () => {
    const { envelope } = asking('ERR_REPLAYED')
    const response = await run(stack(envelope), get({ 'Encryption-Key': 'key-1' }))
    expect(response).toMatchObject({ statusCode: 409, body: 'The request was received before' })
  })

  test('envelopes are told the route and who sends, in both directions', async () => {
    const envelope = fakeEnvelope()
    const event = sampleEvent('http-api', {
      method: 'POST',
      path: '/patients',
      body: await sealedBy(envelope),
    })
    await run(stack(envelope, { principal: () => 'user-1' }), event)
    const told = envelope.calls.slice(1).map(({ options }) => [options.route, options.principal])
    expect(told).toEqual([
      ['POST /patients', 'user-1'],
      ['POST /patients', 'user-1'],
    ])
    await run(stack(envelope, { route: () => 'PUT /elsewhere' }), event)
    expect(envelope.calls.at(-1)!.options).toMatchObject({ route: 'PUT /elsewhere' })
    expect(envelope.calls.at(-1)!.options).not.toHaveProperty('principal')
  })
})

describe('the route that is bound', () => {
  const routeOf = async (event: any): Promise<string | undefined> => {
    const envelope = fakeEnvelope()
    const [, middy] = majors[0]
    await middy()
      .use(requireTls({ alb: {}, listener: 'https', direct: 'allow' }))
      .use(decryptRequest({ fields, envelope, bind }))
      .handler(async () => ({ statusCode: 204 }))(
      { ...event, body: JSON.stringify(await sealedBy(envelope)) },
      context,
    )
    return envelope.calls.at(-1)!.options.route
  }
  const httpApi = (routeKey: string, rawPath: string, stage: string): any => {
    const event: any = sampleEvent('http-api', { method: 'POST', path: rawPath })
    return { ...event, routeKey, rawPath, requestContext: { ...event.requestContext, stage } }
  }

  test.each<[string, () => any, string | undefined]>([
    [
      'rest: its resource',
      () => ({ ...sampleEvent('rest', { method: 'POST' }), resource: '/patients/{id}' }),
      'POST /patients/{id}',
    ],
    [
      'http-api: its route key',
      () => httpApi('POST /patients/{id}', '/prod/patients/7', 'prod'),
      'POST /patients/{id}',
    ],
    [
      'http-api: ANY is the method of the request',
      () => httpApi('ANY /{proxy+}', '/x/y', '$default'),
      'POST /{proxy+}',
    ],
    [
      'http-api: $default, without the stage',
      () => httpApi('$default', '/prod/patients/7', 'prod'),
      'POST /patients/7',
    ],
    ['http-api: $default stage', () => httpApi('$default', '/patients/7', '$default'), 'POST /patients/7'],
    [
      'function-url: the path',
      () => sampleEvent('function-url', { method: 'POST', path: '/patients/7' }),
      'POST /patients/7',
    ],
    [
      'alb: the path',
      () => sampleEvent('alb', { method: 'POST', path: '/patients/7', proto: 'https' }),
      'POST /patients/7',
    ],
    [
      'lattice: the path',
      () => sampleEvent('lattice', { method: 'POST', path: '/patients/7' }),
      'POST /patients/7',
    ],
    ['websocket: none', () => sampleEvent('websocket', {}), undefined],
  ])('%s', async (_what, event, route) => {
    expect(await routeOf(event())).toBe(route)
  })
})
