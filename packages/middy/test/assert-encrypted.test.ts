import { defineFields } from '@glassine/core'
import { assertEncrypted, decryptRequest, encryptResponse, requireTls } from '@glassine/middy'
import { sampleContext } from '@glassine/testing'
import { describe, expect, jest, test } from '@jest/globals'
import type { MiddlewareObj } from '@middy/core'
import { fakeEnvelope } from './support/fake-envelope.ts'
import { majors } from './support/outcome.ts'
import { bind, marker, patient, patientFields, requestOf, sealedBy } from './support/stack.ts'

const fields = patientFields
const context = sampleContext()
const envelope = fakeEnvelope()

type Handler = (event: any, context: any) => Promise<any>

describe.each(majors)('assertEncrypted under Middy %s', (_, middy) => {
  const answering = (response: unknown, options = {}): Handler =>
    middy(assertEncrypted({ fields, envelope, ...options })).handler(async () => response as any)

  const refused = (path: string) => ({
    code: 'ERR_FIELD_NOT_ENCRYPTED',
    statusCode: 500,
    expose: false,
    cause: { path },
  })

  describe('stops a declared field in the clear', () => {
    const text = JSON.stringify(patient)
    test.each([
      ['in an object body', { statusCode: 200, body: patient }, '/ssn'],
      ['in JSON text', { statusCode: 200, body: text }, '/ssn'],
      [
        'in base64',
        { statusCode: 200, body: Buffer.from(text).toString('base64'), isBase64Encoded: true },
        '/ssn',
      ],
      ['in a bare payload', patient, '/ssn'],
      ['in a bare text', text, '/ssn'],
      ['in the body of an error', { statusCode: 400, body: text }, '/ssn'],
      ['in a list', { statusCode: 200, body: [{ id: 'x' }, patient] }, '/ssn'],
      ['alone in a list below', { statusCode: 200, body: { visits: [{ note: 'MARK' }] } }, '/visits/*/note'],
      ['as null', { statusCode: 200, body: { ssn: null } }, '/ssn'],
      ['as an object', { statusCode: 200, body: { ssn: { value: 'MARK' } } }, '/ssn'],
      ['in a holder of another shape', { statusCode: 200, body: { address: 'MARK' } }, '/address'],
      [
        'in a list that is a record',
        { statusCode: 200, body: { visits: { a: { note: 'MARK' } } } },
        '/visits',
      ],
      ['in an instance', { statusCode: 200, body: { address: new (class Address {})() } }, '/address'],
      [
        'behind a toJSON',
        { statusCode: 200, body: { address: { toJSON: () => patient.address } } },
        '/address',
      ],
      ['with no envelope to recognise it', { statusCode: 200, body: { ssn: 'other:x' } }, '/ssn'],
    ])('%s', async (_, response, path) => {
      for (const source of ['rest', 'direct'] as const) {
        const error = await answering(response)(requestOf(source, {}), context).catch(
          (error: unknown) => error,
        )
        expect(error).toMatchObject(refused(path))
        expect(`${error.message}${error.stack}${JSON.stringify(error)}`).not.toContain('MARK')
      }
    })

    test('outside the body', async () => {
      await expect(
        answering({ statusCode: 200, body: '{}', ssn: 'MARK' })(requestOf('rest', {}), context),
      ).rejects.toMatchObject({ code: 'ERR_RESPONSE_INVALID', statusCode: 500 })
    })
  })

  test.each([
    ['a stream', { statusCode: 200, body: new ReadableStream() }],
    ['bytes', { statusCode: 200, body: Buffer.from('{}') }],
    ['a function', () => patient],
    ['an instance', new (class Response {})()],
  ])('stops a response that it cannot inspect: %s', async (_, response) => {
    await expect(answering(response)(requestOf('rest', {}), context)).rejects.toMatchObject({
      code: 'ERR_RESPONSE_INVALID',
      statusCode: 500,
    })
  })

  test('passes encrypted responses and those with nothing to encrypt', async () => {
    const sealed = await sealedBy(envelope)
    for (const response of [
      { statusCode: 200, body: sealed },
      { statusCode: 200, body: JSON.stringify(sealed) },
      sealed,
      undefined,
      null,
      { statusCode: 204 },
      { statusCode: 200, body: '' },
      { statusCode: 200, body: 'OK' },
      'warmed up',
      7,
      { batchItemFailures: [] },
      { statusCode: 400, body: '{"message":"ssn is required"}' },
      { statusCode: 200, body: { visits: null, address: {}, ssn: undefined } },
    ])
      expect(await answering(response)(requestOf('direct', {}), context)).toBe(response)
  })

  test('looks into every member of a record', async () => {
    const contacts = defineFields<{ people: Record<string, { phone: string }> }>('contacts', {
      'people.*.phone': {},
    })
    const guard = (people: unknown) =>
      answering({ statusCode: 200, body: { people } }, { fields: contacts })(requestOf('rest', {}), context)
    await expect(guard({ a: { phone: 'fake:x' }, b: {} })).resolves.toBeDefined()
    await expect(guard({ a: { phone: 'fake:x' }, b: { phone: 'MARK' } })).rejects.toMatchObject(
      refused('/people/*/phone'),
    )
    await expect(guard([{ phone: 'MARK' }])).rejects.toMatchObject(refused('/people'))
  })

  describe('bundles', () => {
    const bundle = fakeEnvelope('bundle', { bundleMember: 'sealed' })
    test('have null for an element of a list, and only there', async () => {
      const tagged = defineFields<{ tags: string[]; ssn?: string }>('tagged', {
        'tags[*]': {},
        ssn: { optional: true },
      })
      const guard = (body: unknown) =>
        answering({ statusCode: 200, body }, { fields: tagged, envelope: bundle })(
          requestOf('rest', {}),
          context,
        )
      await expect(guard({ tags: [null, null], sealed: 'bundle:x' })).resolves.toBeDefined()
      await expect(guard({ tags: [null, null] })).rejects.toMatchObject(refused('/tags/*'))
      await expect(guard({ tags: [null, 'MARK'], sealed: 'bundle:x' })).rejects.toMatchObject(
        refused('/tags/*'),
      )
      await expect(guard({ tags: [], ssn: null, sealed: 'bundle:x' })).rejects.toMatchObject(refused('/ssn'))
    })
  })

  describe('in a stack', () => {
    const stack = (early: object = {}, plugin = assertEncrypted({ fields })): Handler =>
      middy(plugin)
        .use(requireTls())
        .use(decryptRequest({ fields, envelope, bind }))
        .use(early as MiddlewareObj)
        .use(encryptResponse())
        .handler(async (event: any) => ({ statusCode: 200, body: event.body }))

    const harmless = { before: () => undefined }

    test('passes what encryptResponse encrypted, in the envelopes of the stack', async () => {
      const response = await stack(harmless)(requestOf('rest', await sealedBy(envelope)), context)
      expect(response.statusCode).toBe(200)
      expect(response.body).not.toContain(marker)
    })

    test('stops an early return, which skips encryptResponse', async () => {
      const cached = { before: ({ event }: any) => ({ statusCode: 200, body: JSON.stringify(event.body) }) }
      await expect(stack(cached)(requestOf('rest', await sealedBy(envelope)), context)).rejects.toMatchObject(
        refused('/ssn'),
      )
    })

    test('stops what a middleware adds after the encryption', async () => {
      for (const change of [
        (response: any) => ({ ...response, body: JSON.stringify(patient) }),
        (response: any) => ({ ...response, ssn: patient.ssn }),
        () => patient,
      ]) {
        const handler: Handler = middy(assertEncrypted({ fields }))
          .use({
            after: (request: any) => {
              request.response = change(request.response)
            },
          })
          .use(decryptRequest({ fields, envelope, bind }))
          .use(encryptResponse())
          .handler(async (event: any) => ({ statusCode: 200, body: event.body }))
        await expect(handler(requestOf('rest', await sealedBy(envelope)), context)).rejects.toMatchObject({
          statusCode: 500,
        })
      }
    })

    test('stops plaintext quoted by an error handler', async () => {
      const quoting = {
        onError: (request: any) => {
          request.response = { statusCode: 400, body: JSON.stringify({ ssn: patient.ssn }) }
        },
      }
      const handler: Handler = middy(assertEncrypted({ fields }))
        .use(quoting)
        .handler(async () => {
          throw new Error('x')
        })
      await expect(handler(requestOf('rest', {}), context)).rejects.toMatchObject(refused('/ssn'))
    })

    test('checks its own declaration, even if another was encrypted', async () => {
      const more = defineFields<{ id: string }>('more', { id: {} })
      await expect(
        stack(harmless, assertEncrypted({ fields: more }))(
          requestOf('rest', await sealedBy(envelope)),
          context,
        ),
      ).rejects.toMatchObject(refused('/id'))
    })

    test('does not read an unchanged encrypted body again', async () => {
      const recognises = jest.fn(envelope.recognises)
      const spied = fakeEnvelope('fake', { recognises })
      const handler = (plugin: object): Handler =>
        middy(plugin)
          .use(encryptResponse({ fields, envelope: spied, bind }))
          .handler(async () => ({ statusCode: 200, body: patient }) as any)
      await handler({})(requestOf('rest', {}), context)
      const without = recognises.mock.calls.length
      recognises.mockClear()
      await handler(assertEncrypted({ fields }))(requestOf('rest', {}), context)
      expect(recognises).toHaveBeenCalledTimes(without)
    })

    test('leaves an error thrown by the handler alone', async () => {
      const own = new Error('own')
      const handler: Handler = middy(assertEncrypted({ fields, envelope })).handler(async () => {
        throw own
      })
      await expect(handler(requestOf('rest', {}), context)).rejects.toBe(own)
    })
  })
})

describe('options of assertEncrypted', () => {
  test.each([
    ['options', undefined],
    ['fields', {}],
    ['fields', { fields: 1 }],
    ['envelope', { fields, envelope: [] }],
    ['requestEnd', { fields, requestEnd: () => {} }],
  ])('%s: refused at construction, by name', (option, options) => {
    expect(() => assertEncrypted(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', cause: { package: '@glassine/middy', option } }),
    )
  })
})
