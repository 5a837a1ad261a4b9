import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import { messageEnvelope } from '@glassine/message'
import { assertEncrypted, type FieldEncryptionOptions, fieldEncryption } from '@glassine/middy'
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
const keys = keyMaterial({ keyring: localKeyring() })

type Handler = (event: any, context: any) => Promise<any>

describe.each(majors)('fieldEncryption under Middy %s', (_, middy) => {
  const stack = (
    options: Partial<FieldEncryptionOptions> = {},
    handle: (event: any) => Promise<any> = async (event) => ({ statusCode: 200, body: event.body }),
  ): Handler =>
    middy(assertEncrypted({ fields }))
      .use(httpErrorHandler({ logger: false }))
      .use(fieldEncryption({ fields, keys, bind, tls: { listener: 'https' }, ...options }))
      .handler(handle)

  describe.each(['field', 'bundle'] as const)('in the shape %s', (shape) => {
    const envelope = shape === 'field' ? messageEnvelope({ keys }) : messageEnvelope({ keys, shape })

    test.each(bodySources)('%s: only the handler sees the clear', async (source) => {
      const handle = jest.fn(async (event: any) => ({ statusCode: 200, body: event.body }))
      const sealed = await sealedBy(envelope)
      const response = await stack({ shape }, handle)(requestOf(source, sealed), context)
      expect(response.statusCode).toBe(200)
      expect(handle.mock.calls[0]![0].body).toEqual(patient)
      expect(response.body).not.toContain(marker)
      const opened = await openedBy(envelope, JSON.parse(response.body))
      expect(opened).toEqual(patient)
      expect(response.headers['Cache-Control']).toBe('no-store')
      const hsts = response.headers['Strict-Transport-Security']
      expect(hsts).toBe(source === 'websocket' ? undefined : 'max-age=63072000; includeSubDomains')
    })

    test('a direct invocation works if it is allowed', async () => {
      const sealed = await sealedBy(envelope)
      const handler = stack({ shape, tls: { direct: 'allow' } }, async (event) => event)
      expect(await openedBy(envelope, await handler(sealed, context))).toEqual(patient)
      await expect(stack({ shape }, async (event) => event)(sealed, context)).resolves.toMatchObject({
        statusCode: 403,
      })
    })
  })

  test('refuses plain http before anything is opened, with a problem document', async () => {
    const envelope = fakeEnvelope()
    const handle = jest.fn(async () => ({ statusCode: 204 }))
    const response = await stack({ keys: undefined, envelope }, handle)(
      sampleEvent('alb', { body: await sealedBy(envelope), proto: 'http' }),
      context,
    )
    expect(response.statusCode).toBe(403)
    expect(JSON.parse(response.body)).toMatchObject({ status: 403, code: 'ERR_TLS_REQUIRED' })
    expect(envelope.calls.filter(({ direction }) => direction === 'open')).toEqual([])
    expect(handle).not.toHaveBeenCalled()
  })

  test('`tls: false` omits requireTls', async () => {
    const envelope = messageEnvelope({ keys })
    const event = sampleEvent('alb', { body: await sealedBy(envelope), proto: 'http' })
    const response = await stack({ tls: false })(event, context)
    expect(response.statusCode).toBe(200)
    expect(response.headers).not.toHaveProperty('Strict-Transport-Security')
  })

  test('`partial` applies in both directions', async () => {
    const envelope = messageEnvelope({ keys })
    const options = { binding: bind(), use: 'request', partial: true }
    const { ssn } = (await envelope.encrypt({ ssn: patient.ssn } as never, fields, options)) as {
      ssn: unknown
    }
    const response = await stack({ partial: true })(requestOf('rest', { ssn }), context)
    expect(Object.keys(JSON.parse(response.body))).toEqual(['ssn'])
    expect((await stack()(requestOf('rest', { ssn }), context)).statusCode).toBe(400)
  })

  test('several formats work as in decryptRequest', async () => {
    const [devices, services] = [fakeEnvelope(), messageEnvelope({ keys })]
    const from = (event: any): boolean => event.requestContext.authorizer?.service === 'orders'
    const handler = stack({
      keys: undefined,
      envelope: [{ envelope: devices }, { envelope: services, from }],
    })
    for (const envelope of [devices, services]) {
      const event: any = requestOf('rest', await sealedBy(envelope))
      event.requestContext.authorizer = envelope === services ? { service: 'orders' } : {}
      const { body } = await handler(event, context)
      expect(await openedBy(envelope, JSON.parse(body))).toEqual(patient)
    }
  })

  test('a handler that returns encrypted fields is refused: encrypted twice, they would be decrypted once', async () => {
    const sealed = await sealedBy(messageEnvelope({ keys }))
    const replay = stack({}, async () => ({ statusCode: 200, body: sealed }))
    expect((await replay(requestOf('rest', sealed), context)).statusCode).toBe(500)
  })

  test('an error of the handler is answered by the outer error handler', async () => {
    const handler = stack({}, async () => {
      throw Object.assign(new Error('gone'), { statusCode: 410 })
    })
    const response = await handler(requestOf('rest', await sealedBy(messageEnvelope({ keys }))), context)
    expect([response.statusCode, response.body]).toEqual([410, 'gone'])
  })
})

describe('options of fieldEncryption', () => {
  const envelope = fakeEnvelope()
  test.each([
    ['options', undefined],
    ['keys', { fields }],
    ['keys', { fields, keys, envelope }],
    ['shape', { fields, envelope, shape: 'bundle' }],
    ['shape', { fields, keys, shape: 'record' }],
    ['tls', { fields, keys, tls: true }],
    ['tables', { fields, keys, tables: {} }],
    // Those of its parts are theirs to refuse, and before any request.
    ['fields', { keys }],
    ['bind', { fields, keys, bind: 1 }],
    ['partial', { fields, keys, partial: 1 }],
    ['cacheControl', { fields, keys, cacheControl: '' }],
    ['maxBodyBytes', { fields, keys, maxBodyBytes: 0 }],
    ['maxResponseBytes', { fields, keys, maxResponseBytes: 0 }],
    ['origins', { fields, keys, tls: { origins: [] } }],
  ])('%s: refused at construction, by name', (option, options) => {
    expect(() => fieldEncryption(options as never)).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTION_INVALID',
        cause: { package: '@glassine/middy', option },
      }),
    )
  })
})
