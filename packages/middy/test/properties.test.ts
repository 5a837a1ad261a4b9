import { defineFields } from '@glassine/core'
import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import { messageEnvelope } from '@glassine/message'
import { assertEncrypted, decryptRequest, encryptResponse, requireTls } from '@glassine/middy'
import { invoke, sampleContext, sampleEvent } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { eventSourceOf } from '../src/event-source.ts'
import { majors } from './support/outcome.ts'

interface Record {
  id: string
  any: unknown
  list: { value: unknown }[]
  maybe?: unknown
}

const fields = defineFields<any>('record', {
  any: {},
  'list[*].value': {},
  maybe: { optional: true },
})

const keys = keyMaterial({ keyring: localKeyring() })
const binding = { tenant: 't-1' }

// Members named __proto__ are refused and have their own tests; -0 is carried, so it is asked for.
const json = fc
  .jsonValue({ maxDepth: 6, noUnicodeString: false })
  .filter((value) => !JSON.stringify(value).includes('__proto__'))
const value = fc.oneof(
  json,
  fc.constantFrom<unknown>(null, '', 0, -0, false, [], {}, '\ufeff', '\ud800', 1e-320, 2 ** 53),
)
// What JSON.parse makes has a prototype.
const plain = { noNullPrototype: true }
const record: fc.Arbitrary<Record> = fc.record(
  {
    id: fc.string(),
    any: value,
    list: fc.array(fc.record({ value }, plain), { maxLength: 3 }),
    maybe: value,
  },
  { requiredKeys: ['id', 'any', 'list'], ...plain },
)

const sources = fc.constantFrom('rest', 'http-api', 'function-url', 'alb', 'websocket', 'lattice' as const)

describe.each(majors)('any JSON value, through whole handlers under Middy %s', (_, middy) => {
  test.each(['field', 'bundle'] as const)(
    'goes in encrypted and comes back encrypted, shape %s',
    async (shape) => {
      const envelope = shape === 'field' ? messageEnvelope({ keys }) : messageEnvelope({ keys, shape })
      let seen: unknown
      const handler = middy(assertEncrypted({ fields }))
        .use(requireTls({ listener: 'https' }))
        .use(decryptRequest({ fields, envelope, bind: () => binding }))
        .use(encryptResponse())
        .handler(async (event: any) => {
          seen = event.body
          return { statusCode: 200, body: event.body }
        })
      await fc.assert(
        fc.asyncProperty(record, sources, fc.boolean(), async (payload, source, base64) => {
          const sealed = (await (
            await envelope.prepareSeal(payload, fields, { binding, use: 'request' })
          ).finish()) as any
          const event = sampleEvent(source, { body: sealed, base64 } as never)
          const response = await invoke(handler, event)
          expect(response.statusCode).toBe(200)
          // Deep and strict: -0 is not 0.
          expect(seen).toStrictEqual(payload)
          const answered = JSON.parse(response.body)
          expect(answered).not.toEqual(payload)
          const opened = (await envelope.prepareOpen(answered, fields, { binding, use: 'response' })).finish()
          expect(opened).toStrictEqual(payload)
        }),
        { numRuns: 150 },
      )
    },
  )

  test('a payload with one field changed to any other value is never decrypted', async () => {
    const envelope = messageEnvelope({ keys })
    const handler = middy()
      .use(decryptRequest({ fields, envelope, bind: () => binding }))
      .handler(async (event: any) => event.body)
    await fc.assert(
      fc.asyncProperty(record, value, async (payload, other) => {
        const sealed = (await (
          await envelope.prepareSeal(payload, fields, { binding, use: 'request' })
        ).finish()) as any
        const event = sampleEvent('rest', { body: { ...sealed, any: other } })
        await expect(handler(event as never, sampleContext())).rejects.toMatchObject({ statusCode: 400 })
      }),
      { numRuns: 100 },
    )
  })
})

describe('for any event', () => {
  // Half an event of AWS is the interesting one: its members with values of any kind in them.
  const members = fc.constantFrom(
    'requestContext',
    'headers',
    'multiValueHeaders',
    'Records',
    'records',
    'httpMethod',
    'resource',
    'version',
    'raw_path',
    'method',
    'arguments',
    'identity',
    'prev',
    'info',
    'eventSource',
    'detail',
    'detail-type',
    'source',
    'body',
    'elb',
    'http',
    'connectionId',
    'eventType',
    'serviceArn',
    'domainName',
    'x-forwarded-proto',
    'origin',
    'request',
    'cf',
    'config',
  )
  const { node: event } = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>(null, undefined, '', 'https', 'http', 'CONNECT', '2.0', 'GET', 0, true),
      fc.dictionary(members, tie('node'), { maxKeys: 8 }),
      fc.array(tie('node'), { maxLength: 3 }),
    ),
  }))

  test('it is classified without an error, and with the same result twice', () => {
    fc.assert(
      fc.property(event, (event) => {
        expect(eventSourceOf(event)).toBe(eventSourceOf(structuredClone(event)))
      }),
      { numRuns: 2_000 },
    )
  })

  /**
   * A whole event of AWS without a proof of anything, with one member replaced. Not one of a WebSocket: its messages
   * are let in, since its CONNECT was checked.
   */
  const damaged = fc
    .tuple(fc.constantFrom('rest', 'http-api', 'function-url', 'alb', 'lattice' as const), members, event)
    .map(([source, member, value]) => ({
      ...(sampleEvent(source, { origin: 'https://app.example.com' }) as object),
      [member]: value,
    }))
  const any = fc.oneof(event, damaged)

  test('requireTls never accepts an event that proves nothing, and refuses it with one of its codes', () => {
    const { before } = requireTls({
      origins: ['https://app.example.com'],
      clientCert: 'require',
      local: 'localstack',
    })
    const codes = new Set<string>()
    fc.assert(
      fc.property(any, (event) => {
        try {
          before!({ event, context: {}, internal: {}, response: undefined, error: null } as never)
        } catch (error: any) {
          codes.add(error.code)
          expect(error.statusCode).toBe(403)
          return
        }
        throw new Error('let in')
      }),
      { numRuns: 2_000 },
    )
    expect([...codes].toSorted()).toEqual([
      'ERR_CLIENT_CERT_REFUSED',
      'ERR_EVENT_UNKNOWN',
      'ERR_TLS_REQUIRED',
    ])
  })

  test('decryptRequest refuses every body, and leaves an event without one unchanged', async () => {
    const { before } = decryptRequest({ fields, envelope: messageEnvelope({ keys }), bind: () => binding })
    const outcomes = { refused: 0, left: 0 }
    await fc.assert(
      fc.asyncProperty(
        any,
        fc.constantFrom('rest', 'alb' as const),
        fc.boolean(),
        async (value, source, isWhole) => {
          const event = isWhole ? { ...(sampleEvent(source) as object), body: JSON.stringify(value) } : value
          const request: any = { event, context: {}, internal: {}, response: undefined, error: null }
          await (before!(request) as Promise<void>).then(
            () => {
              outcomes.left++
              expect(request.event).toBe(event)
              expect((event as { body?: unknown }).body ?? '').toBe('')
            },
            (error) => {
              outcomes.refused++
              expect([400, 403]).toContain(error.statusCode)
            },
          )
        },
      ),
      { numRuns: 1_000 },
    )
    expect(outcomes.refused).toBeGreaterThan(300)
    expect(outcomes.left).toBeGreaterThan(20)
  })

  test('encryptResponse lets nothing leave that the envelope did not make', async () => {
    const envelope = messageEnvelope({ keys })
    const response = fc.oneof(
      fc.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withSet: true,
        withNullPrototype: true,
      }),
      fc.record({
        statusCode: fc.constantFrom<unknown>(200, 204, 400, 500, '200', null),
        body: fc.oneof(record, fc.json(), fc.anything()),
      }),
      record,
    )
    await fc.assert(
      fc.asyncProperty(response, fc.constantFrom('rest', 'direct' as const), async (response, source) => {
        const handler = middyOf(envelope).handler(async () => response as any)
        const out = await (handler as any)(
          source === 'rest' ? sampleEvent('rest') : { id: 'x' },
          sampleContext(),
        ).catch((error: any) => {
          expect(error.statusCode).toBe(500)
          return undefined
        })
        for (const place of payloadsIn(out))
          if (place?.any !== undefined) expect(envelope.recognises(place.any)).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })
})

const middyOf = (envelope: any) =>
  majors[0][1](assertEncrypted({ fields, envelope })).use(
    encryptResponse({ fields, envelope, bind: () => binding }),
  )

/** The payload of a response, wherever it is in it. */
const payloadsIn = (out: any): any[] => {
  const texts = [out, out?.body].map((one) => {
    try {
      return typeof one === 'string' ? JSON.parse(one) : one
    } catch {
      return undefined
    }
  })
  return texts.filter((one) => typeof one === 'object' && one !== null && !Array.isArray(one))
}
