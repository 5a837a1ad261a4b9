/** Formats that answer under the keys of the request: headers with keys, replies, problems of sessions. */
import { type Envelope, type ErrorCode, GlassineError, type OpenOptions, type Prepared } from '@glassine/core'
import {
  type DecryptRequestOptions,
  decryptRequest,
  type EnvelopeOption,
  encryptResponse,
  fieldEncryption,
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
  const stack = (envelope: EnvelopeOption, options: Partial<DecryptRequestOptions> = {}) =>
    middy()
      .use(httpErrorHandler({ logger: false }))
      .use(decryptRequest({ fields, envelope, bind, ...options }))
      .use(encryptResponse())
      .handler(async (event: any): Promise<any> => ({ statusCode: 200, body: event.body ?? patient }))
  const run = (handler: any, event: any): Promise<any> => handler(event, context)

  test('a GET with keys in its header is answered under them, and the handler sees the event unchanged', async () => {
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

  test('a body with keys and nothing encrypted is answered under them, even with other classes of senders', async () => {
    const { envelope, replies } = asking()
    const handler = middy()
      .use(
        decryptRequest({
          fields,
          envelope: [{ envelope: fakeEnvelope('services'), from: () => false }, { envelope }],
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

  test('an inner middleware may answer for an expired session', async () => {
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

  test('a request without keys gets that error, and no other format answers', async () => {
    const { envelope } = asking()
    const services = { envelope: fakeEnvelope('services'), from: () => false }
    for (const several of [envelope, [{ envelope }, services]])
      expect(await run(stack(several), get({}))).toMatchObject({
        statusCode: 400,
        body: 'The request carries no keys to be answered under',
      })
  })

  test('a header that no envelope recognises, or that is repeated, counts as absent', async () => {
    const { envelope, opened } = asking()
    expect((await run(stack(envelope), get({ 'encryption-key': 'other' }))).statusCode).toBe(400)
    const twice = get({ 'encryption-key': 'key-1', 'Encryption-Key': 'key-2' })
    expect((await run(stack(envelope), twice)).statusCode).toBe(400)
    expect(opened).toEqual([])
  })

  test('a POST without a body is refused, with any header', async () => {
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

  test('other refusals are left to the error handler', async () => {
    const { envelope } = asking('ERR_REPLAYED')
    const response = await run(stack(envelope), get({ 'Encryption-Key': 'key-1' }))
    expect(response).toMatchObject({ statusCode: 409, body: 'The request was received before' })
  })

  test('envelopes get the sender, in both directions', async () => {
    const envelope = fakeEnvelope()
    const event = sampleEvent('http-api', {
      method: 'POST',
      path: '/patients',
      body: await sealedBy(envelope),
    })
    await run(stack(envelope, { principal: () => 'user-1' }), event)
    expect(envelope.calls.slice(1).map(({ options }) => options.principal)).toEqual(['user-1', 'user-1'])
    // The default is the sender that AWS has verified: here the token's issuer and subject. Otherwise none.
    await run(stack(envelope), event)
    expect(envelope.calls.at(-1)!.options.principal).toContain('user-1')
    const { authorizer: _, ...requestContext } = event.requestContext
    await run(stack(envelope), { ...event, requestContext } as never)
    expect(envelope.calls.at(-1)!.options).not.toHaveProperty('principal')
  })
})
