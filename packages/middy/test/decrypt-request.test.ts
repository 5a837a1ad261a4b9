import { type EnvelopeOptions, GlassineError } from '@glassine/core'
import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import { messageEnvelope } from '@glassine/message'
import { type DecryptRequestOptions, decryptRequest, requireTls } from '@glassine/middy'
import { sampleContext, sampleEvent, sampleSources } from '@glassine/testing'
import { describe, expect, jest, test } from '@jest/globals'
import httpErrorHandler from '@middy/http-error-handler'
import httpJsonBodyParser from '@middy/http-json-body-parser'
import { fakeEnvelope } from './support/fake-envelope.ts'
import { majors } from './support/outcome.ts'
import { bind, bodySources, patient, patientFields, requestOf, sealedBy } from './support/stack.ts'

const fields = patientFields
const context = sampleContext()

/** The error's code and status, or what the handler got. */
const outcome = (promise: Promise<unknown>) =>
  promise.catch(({ code, statusCode }: GlassineError) => [code, statusCode])

describe.each(majors)('decryptRequest under Middy %s', (_, middy) => {
  const envelope = fakeEnvelope()
  const stack = (
    options: Partial<DecryptRequestOptions> = {},
  ): ((event: any, context: any) => Promise<any>) =>
    middy()
      // The response is the event: what the handler gets, in the clear.
      .use(decryptRequest({ fields, envelope, bind, clearResponse: true, ...options }))
      .handler(async (event: any) => event)

  describe.each(bodySources)('%s', (source) => {
    test.each([
      ['text', {}],
      ['base64', { base64: true }],
    ])('decrypts a body of %s for the handler', async (_, overrides) => {
      const event = requestOf(source, await sealedBy(envelope), overrides)
      const before = structuredClone(event)
      const seen = await stack()(event, context)
      const flag = source === 'lattice-v1' ? 'is_base64_encoded' : 'isBase64Encoded'
      expect(seen).toEqual({ ...before, body: patient, [flag]: false })
      // The caller's event is unchanged.
      expect(event).toEqual(before)
      expect(seen).not.toBe(event)
    })

    test('decrypts a parsed body without changing the original', async () => {
      const sealed = await sealedBy(envelope)
      const event = { ...requestOf(source, sealed, { base64: true }), body: sealed }
      const copy = structuredClone(sealed)
      expect((await stack()(event, context)).body).toEqual(patient)
      expect(sealed).toEqual(copy)
    })

    test('refuses plaintext, a swap, a foreign binding and an absent field alike', async () => {
      const sealed = await sealedBy(envelope)
      const { ssn: _, ...without } = sealed
      const foreign = await sealedBy(envelope, patient, { tenant: 't-2' })
      const [first, second] = sealed.visits
      const messages = new Set<string>()
      for (const [body, code] of [
        [patient, 'ERR_FIELD_NOT_ENCRYPTED'],
        [{ ...sealed, address: { ...sealed.address, street: sealed.ssn } }, 'ERR_DECRYPT_FAILED'],
        [{ ...sealed, visits: [{ ...first, note: second.note }, second] }, 'ERR_DECRYPT_FAILED'],
        [foreign, 'ERR_DECRYPT_FAILED'],
        [without, 'ERR_FIELD_MISSING'],
        [{ ...sealed, address: null }, 'ERR_FIELD_MISSING'],
        [{ ...sealed, visits: { 0: first } }, 'ERR_FIELD_MISSING'],
      ] as const) {
        const error = await stack()(requestOf(source, body), context).catch((error: unknown) => error)
        expect([error.code, error.statusCode, error.expose]).toEqual([code, 400, true])
        messages.add(error.message)
      }
      expect(messages.size).toBe(1)
    })
  })

  test('a direct invocation is the payload itself', async () => {
    const sealed = Object.freeze(await sealedBy(envelope))
    expect(await stack()(sealed, context)).toEqual(patient)
    expect(await stack({ payload: 'event' })(sealed, context)).toEqual(patient)
  })

  test('`payload` is checked, not only declared', async () => {
    const sealed = await sealedBy(envelope)
    const refused = ['ERR_EVENT_UNKNOWN', 403]
    expect(await outcome(stack({ payload: 'body' })(sealed, context))).toEqual(refused)
    expect(await outcome(stack({ payload: 'event' })(requestOf('rest', sealed), context))).toEqual(refused)
  })

  test.each(sampleSources.filter((source) => !(bodySources as readonly string[]).includes(source)))(
    '%s: refused as not yet supported',
    async (source) => {
      const error = await stack()(sampleEvent(source), context).catch((error: unknown) => error)
      expect([error.code, error.message, error.cause.reason]).toEqual([
        'ERR_EVENT_UNKNOWN',
        'The event is of no known source',
        `fields in an event of the source ${source} cannot be decrypted`,
      ])
    },
  )

  test.each([
    ['null', null],
    ['a text', 'x'],
    ['a number', 1],
    ['an empty list', []],
    ['half of an HTTP event', { httpMethod: 'POST', body: '{}' }],
    ['a requestContext that is none', { requestContext: 'x' }],
    [
      'a requestContext behind a getter',
      Object.defineProperty({}, 'requestContext', { get: () => ({ elb: {} }) }),
    ],
  ])('%s is an unknown event', async (_, event) => {
    expect(await outcome(stack()(event, context))).toEqual(['ERR_EVENT_UNKNOWN', 403])
  })

  describe('bodies', () => {
    test.each([
      ['no JSON', 'MARK-{'],
      ['nothing but a text', '"MARK"'],
      ['null', 'null'],
      ['a list', '[]'],
      ['a member __proto__', '{"a":{"__proto__":{"x":1}}}'],
      ['the same, escaped', '{"\\u005f_proto__":{"x":1}}'],
      ['deeper than 100 levels', `{"a":${'['.repeat(101)}${']'.repeat(101)}}`],
      ['a byte order mark', '\ufeff{}'],
    ])('%s is refused, and not quoted', async (_, body) => {
      for (const base64 of [false, true]) {
        const event = requestOf('http-api', undefined)
        event.requestContext.http.method = 'POST'
        event.body = base64 ? Buffer.from(body).toString('base64') : body
        event.isBase64Encoded = base64
        const error = await stack()(event, context).catch((error: unknown) => error)
        expect([error.code, error.statusCode]).toEqual(['ERR_BODY_INVALID', 400])
        expect(`${error.message}${error.stack}${JSON.stringify(error)}`).not.toMatch(/MARK|position|token/)
      }
    })

    test('base64 that is not UTF-8 is refused', async () => {
      const event = { ...requestOf('rest', {}), isBase64Encoded: true }
      event.body = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]).toString('base64')
      expect(await outcome(stack()(event, context))).toEqual(['ERR_BODY_INVALID', 400])
    })

    test.each([
      ['a number', 1],
      ['a list', []],
      ['bytes', Buffer.from('{}')],
      ['an instance', new (class Patient {})()],
    ])('%s instead of text is refused', async (_, body) => {
      expect(await outcome(stack()({ ...requestOf('rest', {}), body }, context))).toEqual([
        'ERR_BODY_INVALID',
        400,
      ])
    })

    test('the size is bounded, in bytes and before it is parsed', async () => {
      const sealed = await sealedBy(envelope)
      const text = JSON.stringify({ ...sealed, id: '€€€' })
      const maxBodyBytes = Buffer.byteLength(text)
      const event = { ...requestOf('rest', {}), body: text }
      expect((await stack({ maxBodyBytes })(event, context)).body.id).toBe('€€€')
      expect(await outcome(stack({ maxBodyBytes: maxBodyBytes - 1 })(event, context))).toEqual([
        'ERR_TOO_LARGE',
        413,
      ])
      const huge = { ...event, body: ' '.repeat(6 * 1024 * 1024 + 1) }
      expect(await outcome(stack()(huge, context))).toEqual(['ERR_TOO_LARGE', 413])
    })
  })

  describe('requests without a body', () => {
    test.each(['GET', 'HEAD', 'DELETE', 'OPTIONS'])('%s passes unchanged', async (method) => {
      for (const source of ['rest', 'http-api', 'function-url', 'alb', 'lattice'] as const) {
        const event = sampleEvent(source, { method })
        expect(await stack()(event, context)).toBe(event)
      }
    })

    test.each(['POST', 'PUT', 'PATCH'])('%s is refused, except with `partial`', async (method) => {
      const event = sampleEvent('rest', { method })
      expect(await outcome(stack()(event, context))).toEqual(['ERR_FIELD_MISSING', 400])
      expect(await stack({ partial: true })(event, context)).toBe(event)
    })

    test('a body is checked for every method', async () => {
      const event = sampleEvent('rest', { method: 'GET', body: patient })
      expect(await outcome(stack()(event, context))).toEqual(['ERR_FIELD_NOT_ENCRYPTED', 400])
    })

    test('a WebSocket may connect and disconnect without one, but not send a message', async () => {
      for (const eventType of ['CONNECT', 'DISCONNECT'] as const) {
        const event = sampleEvent('websocket', { eventType })
        expect(await stack()(event, context)).toBe(event)
      }
      expect(await outcome(stack()(sampleEvent('websocket'), context))).toEqual(['ERR_FIELD_MISSING', 400])
    })

    test('the binding is still required', async () => {
      const event = sampleEvent('rest', { method: 'GET' })
      expect(await outcome(stack({ bind: () => ({ tenant: '' }) })(event, context))).toEqual([
        'ERR_BINDING_INVALID',
        400,
      ])
    })
  })

  test('`partial` lets fields be absent, but not in the clear', async () => {
    const sealed = await sealedBy(envelope)
    const { visits: _, ...some } = sealed
    expect((await stack({ partial: true })(requestOf('rest', some), context)).body.ssn).toBe(patient.ssn)
    expect((await stack({ partial: true })(requestOf('rest', { id: 'x' }), context)).body).toEqual({
      id: 'x',
    })
    expect(await outcome(stack({ partial: true })(requestOf('rest', { ssn: 'x' }), context))).toEqual([
      'ERR_FIELD_NOT_ENCRYPTED',
      400,
    ])
  })

  describe('the invocation', () => {
    const optionsOf = async (contextOptions: object, options = {}): Promise<EnvelopeOptions> => {
      const spied = fakeEnvelope()
      const event = requestOf('rest', await sealedBy(spied))
      await stack({ envelope: spied, ...options })(event, contextOptions as never)
      return spied.calls.at(-1)!.options
    }

    test('has the binding that `bind` takes from event and context', async () => {
      const spy = jest.fn(async (_event: any, _context: unknown) => ({ tenant: 't-1' }))
      const { binding } = await optionsOf(context, { bind: spy })
      expect(binding).toEqual({ tenant: 't-1' })
      expect(Object.isFrozen(binding)).toBe(true)
      expect(spy).toHaveBeenCalledTimes(1)
      // As it came: what is bound must not depend on what a field holds.
      expect(spy.mock.calls[0]![0].body).toMatch(/fake:/)
      expect(spy.mock.calls[0]![1]).toBe(context)
    })

    test("has Lambda's tenant if there is one", async () => {
      expect((await optionsOf(sampleContext({ tenantId: 'iso-7' }))).tenant).toBe('iso-7')
      expect(await optionsOf(context)).not.toHaveProperty('tenant')
      for (const tenantId of ['', 7, null]) expect(await optionsOf({ tenantId })).not.toHaveProperty('tenant')
    })

    test('has a deadline before the invocation ends, and none if its end is unknown', async () => {
      const { deadline } = await optionsOf({ getRemainingTimeInMillis: () => 10_000 })
      const inMs = deadline! - Date.now()
      expect(inMs).toBeLessThan(10_000)
      expect(inMs).toBeGreaterThan(5_000)
      expect((await optionsOf({ getRemainingTimeInMillis: () => 1_000_000 })).deadline).toBeGreaterThan(
        deadline!,
      )
      expect(await optionsOf({})).not.toHaveProperty('deadline')
    })

    test.each([
      ['nothing', undefined],
      ['an absent tenant', { tenant: undefined }],
      ['a list', ['t-1']],
      ['a Map', new Map([['tenant', 't-1']])],
      ['a reserved name', { 'aws-crypto-x': 'y' }],
    ])('a binding of %s stops the request', async (_, binding) => {
      const event = requestOf('rest', await sealedBy(envelope))
      expect(await outcome(stack({ bind: () => binding as never })(event, context))).toEqual([
        'ERR_BINDING_INVALID',
        400,
      ])
    })

    test('passes on what `bind` throws', async () => {
      const own = Object.assign(new Error('who are you'), { statusCode: 401 })
      const event = requestOf('rest', await sealedBy(envelope))
      const handler = stack({
        bind: () => {
          throw own
        },
      })
      await expect(handler(event, context)).rejects.toBe(own)
    })
  })

  describe('envelopes that fail', () => {
    test.each([
      ['prepareOpen throws', { prepareOpen: () => Promise.reject(new Error('MARK-value')) }],
      [
        'finish throws',
        {
          prepareOpen: async () => ({
            finish: () => {
              throw new TypeError('MARK-value')
            },
            release: () => {},
          }),
        },
      ],
      [
        'finish returns no object',
        { prepareOpen: async () => ({ finish: () => 'MARK', release: () => {} }) },
      ],
    ])('%s: one response, which contains nothing of the failure', async (_, overrides) => {
      const broken = fakeEnvelope('fake', overrides)
      const event = requestOf('rest', await sealedBy(envelope))
      const error = await stack({ envelope: broken })(event, context).catch((error: unknown) => error)
      expect([error.code, error.statusCode]).toEqual(['ERR_DECRYPT_FAILED', 400])
      expect(`${error.message}${error.stack}`).not.toMatch(/MARK/)
    })

    test('keys are released in every case', async () => {
      const release = jest.fn()
      for (const finish of [
        () => ({}),
        () => {
          throw new GlassineError('ERR_DECRYPT_FAILED', { package: 'x' })
        },
      ]) {
        const spied = fakeEnvelope('fake', { prepareOpen: async () => ({ finish, release }) })
        await outcome(stack({ envelope: spied })(requestOf('rest', {}), context))
      }
      expect(release).toHaveBeenCalledTimes(2)
    })

    test('a missing key is 503 and passed on unchanged', async () => {
      const error = new GlassineError('ERR_KEY_UNAVAILABLE', { package: 'x' })
      const down = fakeEnvelope('fake', { prepareOpen: () => Promise.reject(error) })
      await expect(stack({ envelope: down })(requestOf('rest', {}), context)).rejects.toBe(error)
    })
  })

  describe('in a stack', () => {
    test('a direct invoker, to whom Lambda sends the stack, reads the same of every refusal', async () => {
      const keys = keyMaterial({ keyring: localKeyring() })
      const sealing = messageEnvelope({ keys })
      const sealed = await sealedBy(sealing)
      const other = await sealedBy(sealing, patient, { tenant: 't-2' })
      const handler: any = middy()
        .use(decryptRequest({ fields, envelope: sealing, bind, onRefused: () => {} }))
        .handler(async () => ({ statusCode: 204 }))
      const last = sealed.ssn.length - 10
      const changed =
        sealed.ssn.slice(0, last) + (sealed.ssn[last] === 'A' ? 'B' : 'A') + sealed.ssn.slice(last + 1)
      const read = new Set<string>()
      for (const payload of [
        { ...sealed, ssn: changed },
        { ...sealed, ssn: sealed.address.street },
        { ...sealed, ssn: other.ssn },
        { ...sealed, ssn: undefined },
        { ...sealed, ssn: patient.ssn },
        { ...sealed, ssn: sealed.ssn.slice(0, 200) },
        other,
      ]) {
        const error = await handler(payload, sampleContext()).catch((thrown: Error) => thrown)
        read.add(JSON.stringify([error.name, error.message, error.stack]))
      }
      expect([...read]).toHaveLength(1)
    })

    test('with http-error-handler the caller reads 400 and one sentence', async () => {
      const logger = jest.fn()
      const handler = middy()
        .use(httpErrorHandler({ logger }))
        .use(requireTls())
        .use(httpJsonBodyParser())
        .use(decryptRequest({ fields, envelope, bind }))
        .handler(async () => ({ statusCode: 200 }))
      const response: any = await handler(requestOf('rest', patient), context)
      expect(response.statusCode).toBe(400)
      expect(response.body).toBe('The encrypted fields of the request could not be decrypted')
      expect(JSON.stringify(logger.mock.calls)).not.toMatch(/MARK/)
      // What the caller reads is no reason: code and path say what there is to say.
      const [[error]] = logger.mock.calls as any
      expect([error.code, error.cause]).toEqual([
        'ERR_FIELD_NOT_ENCRYPTED',
        { package: 'fake', path: '/ssn' },
      ])
    })

    test('twice in one handler is refused: only one of the declarations would be encrypted', async () => {
      const once = decryptRequest({ fields, envelope, bind })
      const handler = middy()
        .use(once)
        .use(decryptRequest({ fields, envelope, bind }))
        .handler(async () => ({ statusCode: 200 }))
      expect(await outcome(handler(requestOf('rest', await sealedBy(envelope)), context))).toEqual([
        'ERR_OPTION_INVALID',
        500,
      ])
    })

    test('before requireTls is refused', async () => {
      const handler = middy()
        .use(decryptRequest({ fields, envelope, bind }))
        .use(requireTls())
        .handler(async () => ({ statusCode: 200 }))
      expect(await outcome(handler(requestOf('rest', await sealedBy(envelope)), context))).toEqual([
        'ERR_OPTION_INVALID',
        500,
      ])
    })

    test('hooks resolve to undefined: a value would end the phase', async () => {
      const { before } = decryptRequest({ fields, envelope, bind })
      const event = requestOf('rest', await sealedBy(envelope))
      expect(await before!({ event, context, internal: {} } as never)).toBeUndefined()
    })
  })
})

describe('options of decryptRequest', () => {
  const envelope = fakeEnvelope()
  test.each([
    ['options', undefined],
    ['options', null],
    ['options', []],
    ['fields', { envelope }],
    ['fields', { fields: {}, envelope }],
    ['fields', { fields: 'Patient', envelope }],
    ['envelope', { fields }],
    ['envelope', { fields, envelope: [] }],
    ['envelope', { fields, envelope: {} }],
    ['envelope', { fields, envelope: [envelope, null] }],
    ['bind', { fields, envelope, bind: { tenant: 't-1' } }],
    ['partial', { fields, envelope, partial: 'yes' }],
    ['payload', { fields, envelope, payload: 'detail' }],
    ['maxBodyBytes', { fields, envelope, maxBodyBytes: 0 }],
    ['maxBodyBytes', { fields, envelope, maxBodyBytes: Number.NaN }],
    ['maxBodyBytes', { fields, envelope, maxBodyBytes: 1.5 }],
    ['partail', { fields, envelope, partail: true }],
    ['constructor', { fields, envelope, constructor: 1 }],
  ])('%s: refused at construction, by name', (option, options) => {
    const thrown = (() => {
      try {
        decryptRequest(options as never)
      } catch (error) {
        return error
      }
    })() as GlassineError
    expect(thrown.code).toBe('ERR_OPTION_INVALID')
    expect(thrown.cause).toEqual({ package: '@glassine/middy', option })
  })

  test('`undefined` is an option that was not given', () => {
    expect(() => decryptRequest({ fields, envelope, bind: undefined, partial: undefined })).not.toThrow()
  })
})
