import { defineFields } from '@glassine/core'
import {
  assertEncrypted,
  decryptRequest,
  type EncryptResponseOptions,
  encryptResponse,
  type Refusal,
  withoutFields,
} from '@glassine/middy'
import { type SampleSource, sampleContext, sampleEvent } from '@glassine/testing'
import { describe, expect, it, test } from '@jest/globals'
import httpErrorHandler from '@middy/http-error-handler'
import { fakeEnvelope } from './support/fake-envelope.ts'
import { majors } from './support/outcome.ts'
import { sealedBy } from './support/stack.ts'

interface Person {
  id: string
  ssn: string
  city?: string
  pin?: number
  notes?: { text: string }[]
}
const fields = defineFields<Person>('person', {
  ssn: {},
  city: { optional: true, mayLeave: true },
  pin: { optional: true },
  'notes[*].text': { optional: true },
})
const envelope = fakeEnvelope()
const context = sampleContext()
const ssn = '078-05-1120 "Zoë" & Co'
const person: Person = {
  id: 'p-1',
  ssn,
  city: 'Berlin',
  pin: 12345678,
  notes: [{ text: 'never said to anyone' }],
}
const secrets = ['078-05-1120', '12345678', 'never said']

describe.each(majors)('decrypted values do not leave, Middy %s', (_, middy) => {
  /** Posts the person, sealed, to a handler, and returns the response or the error that left the function. */
  const post = async (
    handle: (event: any) => any,
    {
      source = 'http-api',
      path = '/people',
      headers = {},
      body,
      ...options
    }: EncryptResponseOptions & {
      source?: 'http-api' | 'rest' | 'direct' | 'alb'
      path?: string
      headers?: Record<string, string>
      body?: object
    } = {},
  ): Promise<any> => {
    const told: Refusal[] = []
    const onRefused = (refusal: Refusal): void => void told.push(refusal)
    const payload = {
      ...((await sealedBy(envelope, person as never, {}, fields as never)) as object),
      ...body,
    }
    const event: any =
      source === 'direct' ? payload : sampleEvent(source, { method: 'POST', path, headers, body: payload })
    const handler = middy()
      // Between functions an error leaves as one.
      .use(source === 'direct' ? { before: () => {} } : httpErrorHandler({ logger: false }))
      .use(decryptRequest({ fields, envelope, onRefused }) as any)
      .use(encryptResponse({ onRefused, ...options }))
      .handler(async (opened: any) => handle(opened))
    const answer = await (handler as any)(event, context).catch((error: unknown) => error)
    expect(JSON.stringify(told)).not.toContain('078')
    return Object.assign(Object(answer), { told })
  }
  const leaks = (answer: unknown): string[] => {
    const text = `${JSON.stringify(answer)}${answer instanceof Error ? `${answer.message}${answer.stack}` : ''}`
    return secrets.filter(
      (secret) =>
        text.includes(secret) ||
        decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, '%25')).includes(secret),
    )
  }
  const receipt = defineFields<{ id: string; total: string }>('receipt', { total: {} })

  describe('under another declaration of the response', () => {
    it.each([
      ['the same body', (event: any) => ({ statusCode: 200, body: { ...event.body, total: '9' } })],
      ['as text', (event: any) => ({ statusCode: 200, body: JSON.stringify({ ...event.body, total: '9' }) })],
      [
        'one field',
        (event: any) => ({ statusCode: 200, body: { id: 'r', total: '9', ssn: event.body.ssn } }),
      ],
      ['under another name', (event: any) => ({ statusCode: 200, body: { id: event.body.ssn, total: '9' } })],
      [
        'a number',
        (event: any) => ({ statusCode: 200, body: { id: 'r', total: '9', code: event.body.pin } }),
      ],
      [
        'a short value in its own place',
        (event: any) => ({ statusCode: 200, body: { id: 'r', total: '9', pin: event.body.pin % 10 } }),
      ],
    ])('%s is refused', async (_name, handle) => {
      const answer = await post(handle, { fields: receipt })
      expect(answer.statusCode).toBe(500)
      expect(leaks(answer)).toEqual([])
      expect(answer.told).toMatchObject([{ direction: 'response', code: 'ERR_FIELD_NOT_ENCRYPTED' }])
    })

    it('a response encrypted under it leaves', async () => {
      const answer = await post((event) => ({ statusCode: 200, body: { id: 'r', total: event.body.ssn } }), {
        fields: receipt,
      })
      expect([answer.statusCode, leaks(answer)]).toEqual([200, []])
    })
  })

  describe('a success with a decrypted value anywhere is refused:', () => {
    const body = { ...person, ssn: 'other' }
    it.each<[string, (event: any) => unknown, string]>([
      [
        'a message',
        (event) => ({ statusCode: 200, body: { ...body, message: `Saved ${event.body.ssn}` } }),
        '/message',
      ],
      [
        'a nested list',
        (event) => ({ statusCode: 200, body: { ...body, a: [{ b: event.body.notes[0].text }] } }),
        '/a/0/b',
      ],
      [
        'a member name',
        (event) => ({ statusCode: 200, body: { ...body, by: { [event.body.ssn]: 1 } } }),
        '/by',
      ],
      [
        'JSON in a string',
        (event) => ({ statusCode: 200, body: { ...body, raw: JSON.stringify(event.body) } }),
        '/raw',
      ],
      [
        'a URL',
        (event) => ({
          statusCode: 200,
          body: { ...body, next: `/q?s=${encodeURIComponent(event.body.ssn)}` },
        }),
        '/next',
      ],
      ['a header', (event) => ({ statusCode: 200, headers: { 'X-Ssn': event.body.pin }, body }), '/headers'],
      [
        'a multi-value header',
        (event) => ({ statusCode: 200, multiValueHeaders: { a: ['1', event.body.ssn] }, body }),
        '/headers',
      ],
      [
        'a cookie',
        (event) => ({ statusCode: 200, cookies: [`s=${encodeURIComponent(event.body.ssn)}`], body }),
        '/headers',
      ],
      [
        'the text of a page',
        (event) => withoutFields({ statusCode: 200, body: `<b>${event.body.notes[0].text}</b>` }),
        '/body',
      ],
      [
        'a Date with a toJSON of its own',
        (event) => ({
          statusCode: 200,
          body: { ...body, at: Object.assign(new Date(0), { toJSON: () => event.body.ssn }) },
        }),
        '/at',
      ],
    ])('%s', async (_name, handle, path) => {
      const answer = await post(handle)
      expect(answer.statusCode).toBe(500)
      expect(leaks(answer)).toEqual([])
      expect(answer.told).toMatchObject([{ code: 'ERR_FIELD_NOT_ENCRYPTED', path }])
    })

    it('between functions the invocation fails', async () => {
      const error = await post((event) => ({ ...body, copy: event.ssn }), { source: 'direct' })
      expect(error).toMatchObject({ code: 'ERR_FIELD_NOT_ENCRYPTED', cause: { path: '/copy' } })
      expect(leaks(error)).toEqual([])
    })
  })

  describe('in an error the value is replaced, and the status stays:', () => {
    const thrown = (error: unknown) => () => {
      throw error
    }
    it.each<[string, (event: any) => unknown]>([
      ['text', (event) => ({ statusCode: 422, body: `${event.body.ssn} is no number` })],
      ['a message', (event) => ({ statusCode: 422, body: { message: `no: ${event.body.ssn}` } })],
      [
        'issues',
        (event) => ({
          statusCode: 422,
          body: JSON.stringify({ issues: [{ received: event.body.ssn, input: event.body.pin }] }),
        }),
      ],
      [
        'the message of an error',
        (event) =>
          thrown(Object.assign(new Error(`bad ${event.body.ssn}`), { statusCode: 422, expose: true }))(),
      ],
      ['a header', (event) => ({ statusCode: 422, headers: { 'X-Input': event.body.pin }, body: 'no' })],
    ])('%s', async (_name, handle) => {
      const answer = await post(handle)
      expect(answer.statusCode).toBe(422)
      expect(leaks(answer)).toEqual([])
      expect(JSON.stringify(answer)).toContain('[redacted]')
    })

    it('even in the message and members of an error that leaves the function', async () => {
      const error = await post(
        (event) =>
          thrown(
            Object.assign(new Error(`bad ${event.ssn}`), {
              issues: [{ received: event.ssn }],
              cause: { input: event.pin },
            }),
          )(),
        { source: 'direct' },
      )
      expect(error).toBeInstanceOf(Error)
      expect(error.message).toBe('bad [redacted]')
      expect(leaks(error)).toEqual([])
      expect(leaks({ cause: error.cause, issues: error.issues })).toEqual([])
    })
  })

  it('nor is it in an error response between functions', async () => {
    const answering = (response: unknown) => ({
      onError: async (request: any) => {
        request.response = response
      },
    })
    const payload: any = await sealedBy(envelope, person as never, {}, fields as never)
    const handler = middy()
      .use(decryptRequest({ fields, envelope, onRefused: () => {} }) as any)
      .use(encryptResponse({ onRefused: () => {} }))
      .use(answering({ error: `no: ${ssn}`, codes: [12345678] }))
      .handler(async () => {
        throw new Error('no')
      })
    const answer = await (handler as any)(payload, context)
    expect(answer).toEqual({ error: 'no: [redacted]', codes: ['[redacted]'] })
  })

  it('an object as the body of an error becomes JSON text, as API Gateway requires', async () => {
    const answer = await post(() => ({ statusCode: 422, body: { message: 'no' } }))
    expect([answer.body, answer.headers['Content-Type']]).toEqual(['{"message":"no"}', 'application/json'])
  })

  describe('these may leave:', () => {
    it.each<[string, Parameters<typeof post>[1]]>([
      ['what the caller sent in a header', { headers: { 'x-echo': 'a 12345678' } }],
      ['what the caller sent in the path', { path: '/people/12345678' }],
      ['what the caller sent in a clear member', { body: { id: '12345678' } }],
    ])('%s', async (_name, options) => {
      const answer = await post(
        (event) => ({ statusCode: 200, body: { ...event.body, note: '12345678' } }),
        options,
      )
      expect(answer.statusCode).toBe(200)
    })

    it('a field that may leave, but not in its own place', async () => {
      const answer = await post((event) => ({
        statusCode: 200,
        body: { ...event.body, text: `in ${event.body.city}` },
      }))
      expect(answer.statusCode).toBe(200)
      const { city, text } = JSON.parse(answer.body)
      expect([text, city]).toEqual(['in Berlin', expect.stringMatching(/^fake:/)])
    })

    it('a value of fewer than six characters', async () => {
      const answer = await post(() => ({ statusCode: 200, body: { ...person, ssn: '12345', note: '12345' } }))
      expect(answer.statusCode).toBe(200)
    })
  })

  describe('a form that its source does not know is refused:', () => {
    const anyBody = JSON.stringify(person)
    it.each<[string, unknown]>([
      ['headers and data', { headers: {}, data: person }],
      ['a status that is text', { statusCode: '400', body: anyBody }],
      ['a status that is none', { statusCode: 42, body: anyBody }],
      ['the form of Lambda@Edge', { status: '200', body: anyBody }],
      ['members beside those of HTTP', { statusCode: 404, body: 'no', person }],
      ['a toJSON', { statusCode: 400, body: 'x', toJSON: () => person }],
      ['an error with a byte order mark', { statusCode: 400, body: `\ufeff${anyBody}` }],
      ['lines of JSON in an error', { statusCode: 400, body: `${anyBody}\n${anyBody}` }],
      ['JSON in a JSON string in an error', { statusCode: 400, body: JSON.stringify(anyBody) }],
      ['the same twice', { statusCode: 400, body: JSON.stringify(JSON.stringify(anyBody)) }],
      ['a text as a success', { statusCode: 200, body: 'saved' }],
    ])('%s', async (_name, response) => {
      const handler = middy()
        .use(encryptResponse({ fields, envelope, onRefused: () => {} }))
        .handler(async () => response as any)
      const error = await (handler as any)(sampleEvent('http-api'), context).then(
        (answer: any) => ({ passed: answer }),
        (one: unknown) => one,
      )
      expect(error).toMatchObject({ statusCode: 500 })
      expect(leaks(error)).toEqual([])
    })

    it('a body without a status becomes an explicit 200', async () => {
      const handler = middy()
        .use(encryptResponse({ fields, envelope }))
        .handler(async (): Promise<any> => ({ body: { id: 'x', ssn: '1' } }))
      expect(await (handler as any)(sampleEvent('rest'), context)).toMatchObject({
        statusCode: 200,
        body: expect.stringContaining('fake:'),
      })
    })
  })

  describe('responses without fields:', () => {
    const answered = (response: unknown, event: unknown = sampleEvent('http-api')): Promise<any> =>
      (
        middy(assertEncrypted({ fields }) as any)
          .use(encryptResponse({ fields, envelope, onRefused: () => {} }))
          .handler(async () => response as any) as any
      )(event, context)

    it.each<[string, unknown]>([
      [
        'a page',
        withoutFields({ statusCode: 200, headers: { 'Content-Type': 'text/html' }, body: '<h1>Hello</h1>' }),
      ],
      ['a text', withoutFields('pong')],
      ['a list of something else', withoutFields({ statusCode: 200, body: [{ name: 'a' }, { name: 'b' }] })],
      ['a copy of a marked response', { ...withoutFields({ statusCode: 200, body: 'x' }), headers: {} }],
      ['a redirect with a text', { statusCode: 302, headers: { Location: '/x' }, body: 'Moved' }],
    ])('%s leaves', async (_name, response) => {
      const given = response as { statusCode: number; body: unknown }
      const { body, statusCode } = await answered(response)
      // Behind an HTTP source a body is text.
      expect([typeof given.body === 'string' ? body : JSON.parse(body), statusCode]).toEqual([
        given.body,
        given.statusCode,
      ])
    })

    it("a load balancer's probe gets the handler's response", async () => {
      const probe = sampleEvent('alb', { headers: { 'user-agent': 'ELB-HealthChecker/2.0' } })
      expect((await answered({ statusCode: 200, body: 'healthy' }, probe)).body).toBe('healthy')
      await expect(answered({ statusCode: 200, body: 'healthy' }, sampleEvent('alb'))).rejects.toThrow()
    })

    it('the mark does not let a declared field leave', async () => {
      for (const body of [person, JSON.stringify(person), [person]])
        await expect(answered(withoutFields({ statusCode: 200, body }))).rejects.toMatchObject({
          code: 'ERR_RESPONSE_INVALID',
        })
    })
  })

  describe('without encryptResponse', () => {
    const alone = async (response: (event: any) => unknown, options: object = {}): Promise<any> => {
      const handler = middy()
        .use(decryptRequest({ fields, envelope, onRefused: () => {}, ...options }) as any)
        .handler(async (event: any) => response(event) as any)
      const event = sampleEvent('http-api', {
        method: 'POST',
        body: await sealedBy(envelope, person as never, {}, fields as never),
      })
      return (handler as any)(event, context)
    }

    it('a response with a declared field or a decrypted value is refused', async () => {
      for (const response of [
        (event: any) => ({ statusCode: 200, body: JSON.stringify(event.body) }),
        (event: any) => ({ statusCode: 200, body: `Saved ${event.body.ssn}` }),
        () => ({ statusCode: 200, body: { ssn: 'of another person' } }),
      ])
        await expect(alone(response)).rejects.toMatchObject({
          code: 'ERR_FIELD_NOT_ENCRYPTED',
          statusCode: 500,
        })
    })

    it('a response without any leaves, and so does one that may', async () => {
      expect(await alone(() => ({ statusCode: 204 }))).toEqual({ statusCode: 204 })
      expect(
        await alone((event) => ({ statusCode: 200, body: event.body.ssn }), { clearResponse: true }),
      ).toEqual({ statusCode: 200, body: ssn })
    })
  })

  test('a stored response that is sealed passes the guard, an early one in the clear does not', async () => {
    const messages = ['AgR4', 'AgV4'].map((suite) => `${suite}${'A'.repeat(400)}`)
    const jwe = `eyJhbGciOiJkaXIifQ..${'A'.repeat(16)}.${'B'.repeat(20)}.${'C'.repeat(22)}`
    const early = (body: unknown) =>
      (
        middy(assertEncrypted({ fields, onRefused: () => {} }) as any)
          .use({ before: async () => ({ statusCode: 200, body: JSON.stringify(body) }) })
          .use(decryptRequest({ fields, envelope }) as any)
          .use(encryptResponse())
          .handler(async () => ({}) as any) as any
      )(sampleEvent('http-api'), context)
    for (const sealed of [...messages, jwe]) {
      expect((await early({ id: 'x', ssn: sealed })).statusCode).toBe(200)
      expect((await early({ id: 'x', notes: [{ text: sealed }] })).statusCode).toBe(200)
      expect((await early({ id: 'x', sealed })).statusCode).toBe(200)
      await expect(early({ id: 'x', ssn: sealed, pin: 1 })).rejects.toMatchObject({
        code: 'ERR_FIELD_NOT_ENCRYPTED',
      })
    }
    await expect(early({ id: 'x', ssn: '1' })).rejects.toMatchObject({ code: 'ERR_FIELD_NOT_ENCRYPTED' })
  })

  test('undeclared JSON of the handler leaves byte for byte', async () => {
    const text = `{ "n" : 98765432109876543210,"x":1.0e+3, "ssn":"1","u":"\\u0041" }`
    const answer = await post(() => ({ statusCode: 200, body: text }))
    expect(answer.body).toMatch(
      /^\{"n" : 98765432109876543210,"x":1\.0e\+3,"ssn":"fake:[^"]*","u":"\\u0041"\}$/,
    )
    expect((await post(() => ({ statusCode: 200, body: '{"ssn":98765432109876543210}' }))).statusCode).toBe(
      500,
    )
  })

  test.each<[string, readonly SampleSource[], number]>([
    ['another source', ['rest'], 403],
    ['its source', ['rest', 'http-api'], 204],
  ])('B10: a function behind %s answers accordingly', async (_name, sources, status) => {
    const handler = middy()
      .use(httpErrorHandler({ logger: false }))
      .use(decryptRequest({ fields, envelope, sources: sources as never, onRefused: () => {} }) as any)
      .handler(async () => ({ statusCode: 204 }) as any)
    expect((await (handler as any)(sampleEvent('http-api', { method: 'GET' }), context)).statusCode).toBe(
      status,
    )
  })
})
