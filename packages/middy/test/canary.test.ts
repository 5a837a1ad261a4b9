// Whole handlers with marked values: everything that comes out of them is searched.
import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import { messageEnvelope } from '@glassine/message'
import { assertEncrypted, fieldEncryption } from '@glassine/middy'
import { sampleContext } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'
import httpErrorHandler from '@middy/http-error-handler'
import { printedBy, seenIn } from './support/markers.ts'
import { majors } from './support/outcome.ts'
import { bind, marker, patient, patientFields, requestOf, sealedBy } from './support/stack.ts'

const fields = patientFields
const keys = keyMaterial({ keyring: localKeyring() })
const envelope = messageEnvelope({ keys })
const text = JSON.stringify(patient)

class Instance {
  constructor(members: object) {
    Object.assign(this, members)
  }
}

const throwing = (value: unknown) => () => {
  throw value
}

const cyclic = (): unknown => {
  const body: any = structuredClone(patient)
  body.address.self = body
  return body
}

/** What careless and hostile handlers return; none of it may leave in the clear. */
const responses: [string, () => unknown][] = [
  ['an object', () => ({ statusCode: 200, body: patient })],
  ['text', () => ({ statusCode: 200, body: text })],
  ['a bare payload', () => patient],
  ['an error with a field', () => ({ statusCode: 400, body: text })],
  ['a list', () => ({ statusCode: 200, body: [patient] })],
  ['a list in an error', () => ({ statusCode: 400, body: [patient] })],
  ['a truncated text', () => ({ statusCode: 200, body: text.slice(0, -1) })],
  ['a cycle', () => ({ statusCode: 200, body: cyclic() })],
  ['a BigInt', () => ({ statusCode: 200, body: { ...patient, id: 1n } })],
  ['a BigInt in a field', () => ({ statusCode: 200, body: { ...patient, notes: [patient.ssn, 1n] } })],
  ['a stream', () => ({ statusCode: 200, body: ReadableStream.from([text]) })],
  [
    'an async generator',
    () => ({
      statusCode: 200,
      body: (async function* () {
        yield text
      })(),
    }),
  ],
  ['bytes', () => ({ statusCode: 200, body: Buffer.from(text) })],
  ['a class', () => new Instance({ statusCode: 200, body: patient })],
  ['a class as a body', () => ({ statusCode: 200, body: new Instance(patient) })],
  [
    'a class as a holder',
    () => ({ statusCode: 200, body: { ...patient, address: new Instance(patient.address) } }),
  ],
  [
    'a getter',
    () => ({
      statusCode: 200,
      body: Object.defineProperty({ ...patient }, 'ssn', {
        enumerable: true,
        get: throwing(new Error(patient.ssn)),
      }),
    }),
  ],
  [
    'a getter that throws the value',
    () => ({
      statusCode: 200,
      body: Object.defineProperty({ ...patient }, 'ssn', { enumerable: true, get: throwing(patient.ssn) }),
    }),
  ],
  ['a toJSON', () => ({ statusCode: 200, body: { ...patient, toJSON: () => patient } })],
  [
    'a toJSON that throws',
    () => ({ statusCode: 200, body: { ...patient, id: { toJSON: throwing(new Error(patient.ssn)) } } }),
  ],
  [
    'a Proxy',
    () => ({ statusCode: 200, body: new Proxy(patient, { ownKeys: throwing(new Error(patient.ssn)) }) }),
  ],
  ['a field beside the body', () => ({ statusCode: 200, body: patient, ssn: patient.ssn })],
  ['a field of another shape', () => ({ statusCode: 200, body: { ...patient, visits: patient.visits[0] } })],
  ['too much', () => ({ statusCode: 200, body: { ...patient, id: 'x'.repeat(6_300_000) } })],
]

describe.each(majors)('canary under Middy %s', (_, middy) => {
  const run = async (
    handle: (event: any) => unknown,
    request: unknown,
    source: 'rest' | 'alb' | 'direct',
    withErrorHandler: boolean,
  ): Promise<{ came: string; out: unknown; ran: boolean }> => {
    let ran = false
    let out: unknown
    const stack = middy(assertEncrypted({ fields }))
    // The outermost middleware prints everything that a logger there would see.
    const printer = ({ event, response, error }: any) => console.log(event === undefined, response, error)
    stack.use({ after: printer, onError: printer })
    // Its default logger is the console that was there when it was imported, which no test can listen to.
    if (withErrorHandler) stack.use(httpErrorHandler({ logger: (error) => console.error(error) }))
    const handler = stack
      .use(fieldEncryption({ fields, keys, bind, tls: { direct: 'allow' } }))
      .handler(async (event: any) => {
        ran = true
        return handle(event) as any
      })
    const printed = await printedBy(async () => {
      try {
        out = await handler(requestOf(source, request), sampleContext())
      } catch (error) {
        out = error
      }
    })
    return { came: printed + seenIn(out), out, ran }
  }

  test('the search finds the leak of a handler without us', async () => {
    const handler = middy().handler(async () => ({ statusCode: 200, body: patient }) as any)
    const printed = await printedBy(async () => {
      console.log(patient)
      process.stderr.write(text)
    })
    expect(printed.split(marker).length).toBeGreaterThan(8)
    expect(seenIn(await handler(requestOf('rest', {}), sampleContext()))).toContain(marker)
    expect(seenIn(Object.assign(new Error('x'), { cause: { value: patient.ssn } }))).toContain(marker)
  })

  describe.each(['rest', 'direct'] as const)('%s', (source) => {
    test.each(responses)('a handler that returns %s leaks nothing', async (_, respond) => {
      const sealed = await sealedBy(envelope)
      for (const withErrorHandler of [true, false]) {
        const { came, out, ran } = await run(respond, sealed, source, withErrorHandler)
        expect(ran).toBe(true)
        expect(came).not.toContain(marker)
        // Either sealed, or an error or response of 500.
        const { statusCode } = out as { statusCode?: number }
        if (source === 'rest') expect([200, 400, 500]).toContain(statusCode)
      }
    })
  })

  test.each([
    ['plaintext', () => patient],
    ['plaintext in one field', (sealed: any) => ({ ...sealed, notes: patient.notes })],
    ['a swap', (sealed: any) => ({ ...sealed, ssn: sealed.address.street })],
    ['text that is no JSON', () => `${marker}{`],
  ])('a request with %s leaks nothing', async (_, change) => {
    const { came, ran } = await run(
      () => ({ statusCode: 204 }),
      change(await sealedBy(envelope)),
      'rest',
      true,
    )
    expect(ran).toBe(false)
    // The printer outside prints no event; of the refusal and the response nothing may quote it.
    expect(came).not.toContain(marker)
  })

  test('hostile responses are 500, never 200', async () => {
    const sealed = await sealedBy(envelope)
    for (const [name, respond] of responses.slice(4)) {
      const { out } = await run(respond, sealed, 'rest', true)
      expect([name, (out as { statusCode: number }).statusCode]).toEqual([name, 500])
    }
  })
})
