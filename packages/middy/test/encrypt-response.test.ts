import { types } from 'node:util'
import { defineFields, type EnvelopeOptions, GlassineError } from '@glassine/core'
import {
  decryptRequest,
  type EncryptResponseOptions,
  type EnvelopeOption,
  encryptResponse,
} from '@glassine/middy'
import { sampleContext, sampleEvent } from '@glassine/testing'
import { describe, expect, jest, test } from '@jest/globals'
import httpErrorHandler from '@middy/http-error-handler'
import { fakeEnvelope } from './support/fake-envelope.ts'
import { majors } from './support/outcome.ts'
import {
  bind,
  bodySources,
  marker,
  openedBy,
  patient,
  patientFields,
  requestOf,
  sealedBy,
} from './support/stack.ts'

const fields = patientFields
const context = sampleContext()

type Handler = (event: any, context: any) => Promise<any>

const ofAnotherCopy = (members: object) =>
  Object.assign(
    new Error('x'),
    { name: 'GlassineError', code: 'ERR_KEY_UNAVAILABLE', statusCode: 503 },
    members,
  )

describe.each(majors)('encryptResponse under Middy %s', (_, middy) => {
  const envelope = fakeEnvelope()

  /** A handler that answers with the given response to an event of a source, all alone on its stack. */
  const answer = (
    response: unknown,
    source: Parameters<typeof requestOf>[0] = 'rest',
    options: EncryptResponseOptions = {},
  ): Promise<any> => {
    const handler: Handler = middy()
      .use(encryptResponse({ fields, envelope, bind, ...options }))
      .handler(async () => response as any)
    return handler(requestOf(source, { id: 'x' }), context)
  }

  const refusal = async (promise: Promise<unknown>): Promise<[string, number]> => {
    const error = (await promise.then(
      (response) => {
        throw new Error(`Not refused: ${Object.keys(response as object)}`)
      },
      (error: unknown) => error,
    )) as GlassineError
    expect(`${error.message}${error.stack}${JSON.stringify(error)}`).not.toContain(marker)
    return [error.code, error.statusCode]
  }

  const text = JSON.stringify(patient)

  describe.each(bodySources)('%s', (source) => {
    test.each([
      ['an object', { statusCode: 201, body: patient }],
      ['JSON text', { statusCode: 201, body: text }],
      [
        'base64 of JSON',
        { statusCode: 201, body: Buffer.from(text).toString('base64'), isBase64Encoded: true },
      ],
      ['a bare payload', patient],
      ['a bare payload without a prototype', Object.assign(Object.create(null), patient)],
    ])('encrypts %s into JSON text', async (_, response) => {
      const given = structuredClone(response)
      const { statusCode, headers, body, isBase64Encoded } = await answer(response, source)
      expect(statusCode).toBe('body' in response ? 201 : 200)
      expect(isBase64Encoded ?? false).toBe(false)
      expect(body).not.toContain(marker)
      expect(headers).toEqual({ 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
      expect(await openedBy(envelope, JSON.parse(body))).toEqual(patient)
      // The handler's own object is unchanged.
      expect(structuredClone(response)).toEqual(given)
    })

    test('encrypts the fields present in an error, and requires none', async () => {
      const problem = { statusCode: 422, body: JSON.stringify({ message: 'ssn', ssn: patient.ssn }) }
      const { statusCode, body } = await answer(problem, source)
      expect(statusCode).toBe(422)
      expect(JSON.parse(body)).toEqual({ message: 'ssn', ssn: expect.stringMatching(/^fake:/) })
    })
  })

  test('between functions an object stays an object', async () => {
    const sealed = await answer(patient, 'direct')
    expect(await openedBy(envelope, sealed)).toEqual(patient)
    const wrapped = await answer({ statusCode: 200, body: patient }, 'direct')
    expect(await openedBy(envelope, wrapped.body)).toEqual(patient)
    const asText = await answer({ statusCode: 200, body: text }, 'direct')
    expect(await openedBy(envelope, JSON.parse(asText.body))).toEqual(patient)
  })

  describe('headers', () => {
    const headersOf = async (headers: object, options = {}) =>
      (await answer({ statusCode: 200, headers, body: patient }, 'rest', options)).headers

    test('existing ones stay, in any case', async () => {
      expect(
        await headersOf({ 'cache-control': 'private', 'CONTENT-TYPE': 'application/fhir+json', a: 'b' }),
      ).toEqual({ 'cache-control': 'private', 'CONTENT-TYPE': 'application/fhir+json', a: 'b' })
    })

    test('in multiValueHeaders too', async () => {
      const response = { statusCode: 200, multiValueHeaders: { 'Cache-Control': ['private'] }, body: patient }
      const { headers, multiValueHeaders } = await answer(response)
      expect(headers).toEqual({ 'Content-Type': 'application/json' })
      expect(multiValueHeaders).toEqual({ 'Cache-Control': ['private'] })
    })

    test('those that describe the plaintext are removed', async () => {
      const headers = { ETag: '"1"', 'content-length': '7', 'Content-MD5': 'x', digest: 'y', 'X-Kept': '1' }
      expect(await headersOf(headers)).toEqual({
        'X-Kept': '1',
        'Content-Type': 'application/json',
        'Cache-Control': 'no-store',
      })
      expect(headers.ETag).toBe('"1"')
    })

    test('`cacheControl` overrides the default', async () => {
      expect((await headersOf({}, { cacheControl: 'no-cache' }))['Cache-Control']).toBe('no-cache')
      expect(await headersOf({}, { cacheControl: false })).not.toHaveProperty('Cache-Control')
    })

    test('an ALB with multi-value headers gets only those', async () => {
      const handler: Handler = middy()
        .use(encryptResponse({ fields, envelope, bind }))
        .handler(async () => ({ statusCode: 200, body: patient }) as any)
      const response = await handler(sampleEvent('alb', { multiValue: true }), context)
      expect(response).not.toHaveProperty('headers')
      expect(response.multiValueHeaders).toEqual({
        'Content-Type': ['application/json'],
        'Cache-Control': ['no-store'],
      })
    })

    test('a response without encrypted fields stays unchanged', async () => {
      const response = { statusCode: 404, body: '{"message":"none"}' }
      expect(await answer(response)).toEqual(response)
    })
  })

  describe('responses with nothing to encrypt', () => {
    test.each([
      ['nothing', undefined],
      ['204', { statusCode: 204 }],
      ['304', { statusCode: 304, headers: { ETag: '"1"' } }],
      ['201 with a Location', { statusCode: 201, headers: { Location: '/p-1' }, body: '' }],
      ['200 with a null body', { statusCode: 200, body: null }],
      ['the text of an error', { statusCode: 500, body: 'Oh no' }],
      ['a number as an error', { statusCode: 400, body: '7' }],
      ['a list of problems', { statusCode: 400, body: '[{"path":"ssn","message":"is required"}]' }],
    ])('%s passes', async (_, response) => {
      expect(await answer(response)).toEqual(response)
    })
  })

  describe('refuses', () => {
    const stream = new ReadableStream()
    class Patient {}
    const bodies: [string, unknown, string][] = [
      ['text that is no JSON', 'MARK-<html>', 'ERR_RESPONSE_INVALID'],
      ['a web stream', stream, 'ERR_RESPONSE_INVALID'],
      ['an async iterable', (async function* () {})(), 'ERR_RESPONSE_INVALID'],
      ['bytes', Buffer.from(text), 'ERR_RESPONSE_INVALID'],
      ['a function', () => patient, 'ERR_RESPONSE_INVALID'],
      ['an instance of a class', Object.assign(new Patient(), patient), 'ERR_RESPONSE_INVALID'],
      ['a Map', new Map(Object.entries(patient)), 'ERR_RESPONSE_INVALID'],
      ['a Promise', Promise.resolve(patient), 'ERR_RESPONSE_INVALID'],
      ['a number', 7, 'ERR_RESPONSE_INVALID'],
      ['a member __proto__', text.replace('"id"', '"__proto__"'), 'ERR_RESPONSE_INVALID'],
      ['JSON too deep', `{"a":${'['.repeat(120)}${']'.repeat(120)}}`, 'ERR_RESPONSE_INVALID'],
      ['a list of models', [patient], 'ERR_FIELD_MISSING'],
      ['JSON that is no object', '"MARK"', 'ERR_FIELD_MISSING'],
      ['a model without a field', { ...patient, ssn: undefined }, 'ERR_FIELD_MISSING'],
      ['a field of another shape', { ...patient, address: 'MARK-Main Street 1' }, 'ERR_FIELD_MISSING'],
      ['a list that is a record', { ...patient, visits: { 0: patient.visits[0] } }, 'ERR_FIELD_MISSING'],
      [
        'a holder of a class',
        { ...patient, address: Object.assign(new Patient(), patient.address) },
        'ERR_VALUE_INVALID',
      ],
      ['a BigInt in a field', { ...patient, ssn: 7n }, 'ERR_VALUE_INVALID'],
      ['a Date in a field', { ...patient, ssn: new Date(0) }, 'ERR_VALUE_INVALID'],
      ['a function in a field', { ...patient, ssn: () => 'MARK' }, 'ERR_VALUE_INVALID'],
      ['a BigInt beside fields', { ...patient, id: 7n }, 'ERR_RESPONSE_INVALID'],
      [
        'a cycle',
        (() => {
          const cyclic: any = { ...patient }
          cyclic.self = cyclic
          return cyclic
        })(),
        'ERR_RESPONSE_INVALID',
      ],
      [
        'a cycle in a field',
        (() => {
          const notes: unknown[] = []
          notes.push(notes)
          return { ...patient, notes }
        })(),
        'ERR_VALUE_INVALID',
      ],
      [
        'a getter that throws the value',
        {
          ...patient,
          get ssn() {
            throw new Error(patient.ssn)
          },
        },
        'ERR_ENCRYPT_FAILED',
      ],
      ['a toJSON that puts the plaintext back', { ...patient, toJSON: () => patient }, 'ERR_ENCRYPT_FAILED'],
      [
        'the same one level down',
        { ...patient, address: { ...patient.address, toJSON: () => patient.address } },
        'ERR_ENCRYPT_FAILED',
      ],
      [
        'a toJSON beside fields that throws the value',
        {
          ...patient,
          id: {
            toJSON: () => {
              throw new Error(patient.ssn)
            },
          },
        },
        'ERR_RESPONSE_INVALID',
      ],
    ]

    test.each(bodies)('%s as a body', async (_, body, code) => {
      expect(await refusal(answer({ statusCode: 200, body }))).toEqual([code, 500])
    })

    test.each(
      bodies.filter(([, body]) => typeof body === 'object' && !Array.isArray(body) && !types.isPromise(body)),
    )('%s as a bare payload', async (_, body, code) => {
      for (const source of ['rest', 'direct'] as const)
        expect(await refusal(answer(body, source))).toEqual([
          // A bare payload is the response itself, and that has no toJSON.
          Object.hasOwn(body as object, 'toJSON') ? 'ERR_RESPONSE_INVALID' : code,
          500,
        ])
    })

    test.each([
      ['a stream', stream],
      ['a function', () => patient],
      ['a text', 'MARK'],
      ['a number', 7],
    ])('%s as the whole response of a direct invocation', async (_, response) => {
      expect(await refusal(answer(response, 'direct'))).toEqual(['ERR_RESPONSE_INVALID', 500])
    })

    test('a list where one model is declared', async () => {
      expect(await refusal(answer([patient], 'direct'))).toEqual(['ERR_FIELD_MISSING', 500])
    })

    test('a declared field outside the body', async () => {
      const response = { statusCode: 200, body: patient, ssn: patient.ssn }
      for (const source of ['rest', 'direct'] as const)
        expect(await refusal(answer(response, source))).toEqual(['ERR_RESPONSE_INVALID', 500])
    })

    test('the same in errors', async () => {
      for (const body of [
        stream,
        Buffer.from(text),
        JSON.stringify([patient]),
        JSON.stringify({ address: 'MARK-Main Street 1' }),
        text.replace('"id"', '"__proto__"'),
      ])
        expect((await refusal(answer({ statusCode: 500, body })))[1]).toBe(500)
    })
  })

  describe('a getter is read once', () => {
    test('one that returns something else the second time leaks nothing', async () => {
      let reads = 0
      const body = {
        ...patient,
        get ssn() {
          reads += 1
          return reads === 1 ? 'first' : patient.ssn
        },
      }
      const response = await answer({
        statusCode: 200,
        body: { ...body, notes: undefined, address: patient.address },
      })
      expect(JSON.stringify(response)).not.toContain(marker)
    })

    test('even for the body', async () => {
      let reads = 0
      const response = {
        statusCode: 200,
        get body() {
          reads += 1
          return reads === 1 ? text : { leak: patient }
        },
      }
      expect(JSON.stringify(await answer(response))).not.toContain(marker)
    })
  })

  test('a payload whose members have names of HTTP is recognised by its declaration', async () => {
    const message = defineFields<{ body: string; headers?: string }>('message', {
      body: {},
      headers: { optional: true },
    })
    const seal = (response: unknown, source: 'rest' | 'direct') =>
      answer(response, source, { fields: message })
    // No status: the payload itself, behind HTTP and between functions.
    const bare = { body: 'MARK', headers: 'MARK' }
    expect(JSON.stringify(await seal(bare, 'direct'))).not.toContain('MARK')
    expect(JSON.parse((await seal(bare, 'rest')).body)).toEqual({
      body: expect.stringMatching(/^fake:/),
      headers: expect.stringMatching(/^fake:/),
    })
    // With a status it is HTTP behind HTTP, and nothing but a payload between functions.
    const http = await seal({ statusCode: 200, body: { body: 'MARK' } }, 'rest')
    expect(JSON.parse(http.body)).toEqual({ body: expect.stringMatching(/^fake:/) })
    expect(await seal({ statusCode: 500, body: 'MARK' }, 'direct')).toEqual({
      statusCode: 500,
      body: expect.stringMatching(/^fake:/),
    })
  })

  describe('sizes', () => {
    const big = (bytes: number) => ({ statusCode: 200, body: { ...patient, id: 'x'.repeat(bytes) } })

    test('over the limit is an error with the excess', async () => {
      const { body } = await answer(big(0))
      const whole = JSON.stringify(await answer(big(0))).length
      const error = await answer(big(0), 'rest', { maxResponseBytes: whole - 10 }).catch(
        (error: unknown) => error,
      )
      expect([error.code, error.statusCode]).toEqual(['ERR_TOO_LARGE', 500])
      const [, over, limit] = /would be (\d+) bytes over the limit of (\d+)$/.exec(error.message)!
      // The commas and quotes around the body may make a difference of some bytes.
      expect(Math.abs(Number(over) - 10)).toBeLessThan(16)
      expect(Number(limit)).toBe(whole - 10)
      expect(body.length).toBeLessThan(whole)
    })

    test('the limit is 6 MB for Lambda and 1 MB for an ALB', async () => {
      expect((await answer(big(1_000_000), 'rest')).statusCode).toBe(200)
      expect(await refusal(answer(big(1_050_000), 'alb'))).toEqual(['ERR_TOO_LARGE', 500])
      expect(await refusal(answer(big(6_291_556), 'http-api'))).toEqual(['ERR_TOO_LARGE', 500])
      expect(await refusal(answer({ ...patient, id: 'x'.repeat(6_291_556) }, 'direct'))).toEqual([
        'ERR_TOO_LARGE',
        500,
      ])
    })

    test('quotes count twice: the body is a text in JSON', async () => {
      const quotes = { statusCode: 200, body: { ...patient, id: '"'.repeat(400_000) } }
      // Each is \" in the body and \\\" in the response.
      expect(await refusal(answer(quotes, 'alb'))).toEqual(['ERR_TOO_LARGE', 500])
    })

    test('the envelope gets the limit, to refuse before it fetches keys', async () => {
      await answer(patient, 'alb')
      expect(envelope.calls.at(-1)!.options.maxBytes).toBe(1_048_576)
      await answer(patient, 'rest', { maxResponseBytes: 10_000 })
      expect(envelope.calls.at(-1)!.options.maxBytes).toBe(10_000)
    })
  })

  describe('with decryptRequest', () => {
    const echo = (event: any): any => ({ statusCode: 200, body: event.body })
    const stack = (
      request: { envelope: EnvelopeOption; bind?: () => any },
      options: EncryptResponseOptions = {},
      handle: (event: any) => any = echo,
    ): Handler =>
      middy()
        .use(decryptRequest({ fields, bind, ...request }))
        .use(encryptResponse(options))
        .handler(async (event: any) => handle(event))

    const other = fakeEnvelope('other')
    const several: EnvelopeOption = [
      { envelope },
      { envelope: other, from: (event) => event.headers['x-test-sender'] === 'other' },
    ]

    test("answers in the envelope of the sender's class, and in the request's binding", async () => {
      for (const one of [envelope, other]) {
        const binding = { tenant: `t-${one.name}` }
        const event: any = requestOf('rest', await sealedBy(one, patient, binding))
        event.headers = { ...event.headers, 'x-test-sender': one.name }
        const { body } = await stack({ envelope: several, bind: () => binding })(event, context)
        expect(await openedBy(one, JSON.parse(body), binding)).toEqual(patient)
      }
    })

    test('even if the request carried nothing', async () => {
      const handler = stack({ envelope: several }, {}, () => ({ statusCode: 200, body: patient }))
      const { body } = await handler(requestOf('rest', undefined), context)
      expect(await openedBy(envelope, JSON.parse(body))).toEqual(patient)
    })

    test('unless configured otherwise', async () => {
      const other = fakeEnvelope('other')
      const options = { envelope: other, bind: () => ({ tenant: 't-9' }) }
      const event = requestOf('rest', await sealedBy(envelope))
      const { body } = await stack({ envelope }, options)(event, context)
      expect(await openedBy(other, JSON.parse(body), { tenant: 't-9' })).toEqual(patient)
    })

    test('in the other order it refuses before the handler runs', async () => {
      const run = jest.fn(async () => ({ statusCode: 204 }))
      const handler: Handler = middy()
        .use(encryptResponse({ fields, envelope, bind }))
        .use(decryptRequest({ fields, envelope, bind }))
        .handler(run)
      const event = requestOf('rest', await sealedBy(envelope))
      expect(await refusal(handler(event, context))).toEqual(['ERR_OPTION_INVALID', 500])
      expect(run).not.toHaveBeenCalled()
    })

    test('without it, missing options are an error before the handler runs', async () => {
      const run = jest.fn(async () => ({ statusCode: 204 }))
      for (const [options, option] of [
        [{}, 'fields'],
        [{ envelope }, 'fields'],
        [{ fields }, 'envelope'],
      ] as const) {
        const handler: Handler = middy().use(encryptResponse(options)).handler(run)
        await expect(handler(requestOf('rest', {}), context)).rejects.toMatchObject({
          code: 'ERR_OPTION_INVALID',
          cause: { option },
        })
      }
      expect(run).not.toHaveBeenCalled()
    })

    test('a bad binding stops the request before the handler runs', async () => {
      const run = jest.fn(async () => ({ statusCode: 204 }))
      const handler: Handler = middy()
        .use(encryptResponse({ fields, envelope, bind: () => ({ tenant: '' }) }))
        .handler(run)
      await expect(handler(requestOf('rest', {}), context)).rejects.toMatchObject({
        code: 'ERR_BINDING_INVALID',
      })
      expect(run).not.toHaveBeenCalled()
    })

    test('twice in one handler is refused', async () => {
      const handler: Handler = middy()
        .use(encryptResponse({ fields, envelope }))
        .use(encryptResponse({ fields, envelope }))
        .handler(async () => ({ statusCode: 204 }))
      expect(await refusal(handler(requestOf('rest', {}), context))).toEqual(['ERR_OPTION_INVALID', 500])
    })
  })

  describe('if encryption fails', () => {
    const failing = (error: unknown) => fakeEnvelope('fake', { prepareSeal: () => Promise.reject(error) })

    test.each([
      [
        'a 4xx of ours',
        new GlassineError('ERR_DECRYPT_FAILED', { package: 'x', path: '/ssn' }),
        'ERR_DECRYPT_FAILED',
        500,
      ],
      [
        'a missing key',
        new GlassineError('ERR_KEY_UNAVAILABLE', { package: 'x' }),
        'ERR_KEY_UNAVAILABLE',
        503,
      ],
      ['an error of a stranger', new Error(patient.ssn), 'ERR_ENCRYPT_FAILED', 500],
      ['no error at all', patient.ssn, 'ERR_ENCRYPT_FAILED', 500],
      ['an error of another copy of the library', ofAnotherCopy({}), 'ERR_KEY_UNAVAILABLE', 503],
      ['one with an unknown code', ofAnotherCopy({ code: 'ERR_X' }), 'ERR_ENCRYPT_FAILED', 500],
      ['one of another name', ofAnotherCopy({ name: 'Error' }), 'ERR_ENCRYPT_FAILED', 500],
      ['what only looks like one', { ...ofAnotherCopy({}) }, 'ERR_ENCRYPT_FAILED', 500],
    ])('with %s, the caller gets an error', async (_, error, code, status) => {
      expect(await refusal(answer(patient, 'rest', { envelope: failing(error) }))).toEqual([code, status])
    })

    test('an envelope that returns plaintext is caught', async () => {
      const lazy = fakeEnvelope('fake', {
        prepareSeal: async (payload) => ({ finish: () => payload, release: () => {} }),
      })
      expect(await refusal(answer(patient, 'rest', { envelope: lazy }))).toEqual(['ERR_ENCRYPT_FAILED', 500])
    })

    test('keys are released', async () => {
      const release = jest.fn()
      const broken = fakeEnvelope('fake', {
        prepareSeal: async () => ({
          finish: () => {
            throw new Error('x')
          },
          release,
        }),
      })
      await refusal(answer(patient, 'rest', { envelope: broken }))
      expect(release).toHaveBeenCalledTimes(1)
    })

    test('no outer middleware ever sees the plaintext, during or after', async () => {
      const seen: unknown[] = []
      const request: any = {}
      const slow = fakeEnvelope('fake', {
        prepareSeal: async () => {
          await null
          seen.push(request.current.response)
          throw new Error('x')
        },
      })
      const spy = {
        before: (given: any) => {
          request.current = given
        },
        after: ({ response }: any) => {
          seen.push(response)
        },
        onError: ({ response }: any) => {
          seen.push(response)
        },
      }
      const handler: Handler = middy()
        .use(spy)
        .use(httpErrorHandler({ logger: false }))
        .use(spy)
        .use(encryptResponse({ fields, envelope: slow, bind }))
        .handler(async () => ({ statusCode: 200, body: patient }))
      const response = await handler(requestOf('rest', {}), context)
      expect(response.statusCode).toBe(500)
      expect(seen.length).toBeGreaterThanOrEqual(3)
      expect(JSON.stringify([seen, response])).not.toContain(marker)
    })
  })

  describe('errors', () => {
    /** `inner` is further inside than encryptResponse, where it must not be. */
    const stack = (inner: any, options: EncryptResponseOptions = {}): Handler =>
      middy()
        .use(httpErrorHandler({ logger: false }))
        .use(encryptResponse({ fields, envelope, bind, ...options }))
        .use(inner)
        .handler(async () => {
          throw new Error('no')
        })

    const answering = (response: unknown) => ({
      onError: (request: any) => {
        request.response = response
      },
    })

    test('the response of an error handler is encrypted', async () => {
      const response = await stack(answering({ statusCode: 200, body: { ssn: patient.ssn } }))(
        requestOf('rest', {}),
        context,
      )
      expect(JSON.parse(response.body)).toEqual({ ssn: expect.stringMatching(/^fake:/) })
    })

    test('its text passes', async () => {
      const response = { statusCode: 200, body: 'sorry' }
      expect(await stack(answering(response))(requestOf('rest', {}), context)).toEqual(response)
    })

    test('a response that cannot be encrypted is removed, and outer error handlers answer 500', async () => {
      for (const response of [
        { statusCode: 400, body: Buffer.from(JSON.stringify(patient)) },
        { statusCode: 400, body: { ssn: 7n } },
        Object.assign(new (class Response {})(), { statusCode: 400, body: patient }),
      ]) {
        const answered = await stack(answering(response))(requestOf('rest', {}), context)
        expect(answered.statusCode).toBe(500)
        expect(JSON.stringify(answered)).not.toContain(marker)
      }
    })

    test('without error handlers the invocation fails', async () => {
      const handler: Handler = middy()
        .use(encryptResponse({ fields, envelope, bind }))
        .use(answering({ statusCode: 400, body: { ssn: 7n } }))
        .handler(async () => {
          throw new Error('no')
        })
      expect(await refusal(handler(requestOf('rest', {}), context))).toEqual(['ERR_VALUE_INVALID', 500])
    })

    test('an error before the declaration is known is answered unchanged', async () => {
      const early = { statusCode: 400, body: '{"message":"early"}' }
      const handler: Handler = middy()
        .use({
          before: () => {
            throw new Error('early')
          },
        })
        .use(encryptResponse())
        .use(answering(early))
        .handler(async () => ({ statusCode: 204 }))
      expect(await handler(requestOf('rest', {}), context)).toBe(early)
    })

    test('nothing with a field leaves before the binding is known', async () => {
      const stopped = (response: unknown): Handler =>
        middy()
          .use({
            before: () => {
              throw new Error('early')
            },
          })
          .use(encryptResponse({ fields, envelope, bind }))
          .use(answering(response))
          .handler(async () => ({ statusCode: 204 }))
      expect(
        await refusal(
          stopped({ statusCode: 400, body: { ssn: patient.ssn } })(requestOf('rest', {}), context),
        ),
      ).toEqual(['ERR_ENCRYPT_FAILED', 500])
      const harmless = { statusCode: 400, body: '{"message":"early"}' }
      expect(await stopped(harmless)(requestOf('rest', {}), context)).toEqual(harmless)
    })

    test('an unanswered error stays an error', async () => {
      const own = new Error('own')
      const handler: Handler = middy()
        .use(encryptResponse({ fields, envelope, bind }))
        .handler(async () => {
          throw own
        })
      await expect(handler(requestOf('rest', {}), context)).rejects.toBe(own)
    })
  })

  test('the invocation is current: binding, tenant and the remaining time', async () => {
    const spied = fakeEnvelope()
    const handler: Handler = middy()
      .use(encryptResponse({ fields, envelope: spied, bind }))
      .handler(async () => patient as any)
    await handler(requestOf('direct', {}), sampleContext({ tenantId: 'iso-7', timeoutMs: 60_000 }))
    const { binding, tenant, deadline, partial } = spied.calls[0]!.options as EnvelopeOptions
    expect({ binding, tenant, partial }).toEqual({
      binding: { tenant: 't-1' },
      tenant: 'iso-7',
      partial: false,
    })
    expect(deadline! - Date.now()).toBeGreaterThan(50_000)
  })

  test('`partial` is for all responses', async () => {
    const { body } = await answer({ statusCode: 200, body: { ssn: 'x' } }, 'rest', { partial: true })
    expect(JSON.parse(body)).toEqual({ ssn: expect.stringMatching(/^fake:/) })
  })

  test('hooks resolve to undefined: a value would end the phase', async () => {
    const { before, after, onError } = encryptResponse({ fields, envelope, bind })
    const request: any = { event: requestOf('rest', {}), context, internal: {} }
    expect(await before!(request)).toBeUndefined()
    request.response = { statusCode: 200, body: patient }
    expect(await after!(request)).toBeUndefined()
    expect(await onError!(request)).toBeUndefined()
  })
})

describe('options of encryptResponse', () => {
  test.each([
    ['options', null],
    ['fields', { fields: {} }],
    ['envelope', { envelope: [fakeEnvelope()] }],
    ['bind', { bind: {} }],
    ['partial', { partial: 1 }],
    ['cacheControl', { cacheControl: true }],
    ['cacheControl', { cacheControl: 'no-store\r\nX: y' }],
    ['maxResponseBytes', { maxResponseBytes: -1 }],
    ['field', { field: {} }],
  ])('%s: refused at construction, by name', (option, options) => {
    expect(() => encryptResponse(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', cause: { package: '@glassine/middy', option } }),
    )
  })
})
