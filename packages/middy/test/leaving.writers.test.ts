// What was opened does not leave, whatever wrote the response and whichever hook changed it.
import { defineFields } from '@glassine/core'
import { liveOpenedValues } from '@glassine/core/internal'
import {
  assertEncrypted,
  decryptRequest,
  encryptResponse,
  type Refusal,
  withoutFields,
} from '@glassine/middy'
import { sampleContext, sampleEvent } from '@glassine/testing'
import { describe, expect, it } from '@jest/globals'
import { fakeEnvelope } from './support/fake-envelope.ts'
import { majors } from './support/outcome.ts'
import { sealedBy } from './support/stack.ts'

const fields = defineFields<{ id: string; ssn: string; pin?: number; rate?: number }>('person', {
  ssn: {},
  pin: { optional: true },
  rate: { optional: true },
})
const envelope = fakeEnvelope()
const context = sampleContext()
const ssn = 'MARK/078-05-1120'
const person = { id: 'p-1', ssn, pin: 12345678, rate: 48.20531 }
const sealedEvent = async () =>
  sampleEvent('http-api', {
    method: 'POST',
    body: await sealedBy(envelope, person as never, {}, fields as never),
  })
const onRefused = () => {}
const opener = (options: object = {}): any => decryptRequest({ fields, envelope, onRefused, ...options })
const sealer = (): any => encryptResponse({ onRefused })
const outcome = async (handler: any): Promise<any> =>
  handler(await sealedEvent(), context).catch((error: unknown) => error)
const refused = { code: 'ERR_FIELD_NOT_ENCRYPTED', statusCode: 500 }
const escaped = [...ssn].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
const base64 = (text: string) => Buffer.from(text).toString('base64')

describe.each(majors)('what was opened does not leave, Middy %s', (_, middy) => {
  describe('in JSON text of the handler', () => {
    it.each([
      ['in a member that stands twice', `{"ssn":"x","note":"${ssn}","note":"harmless"}`],
      ['in an object that stands twice', `{"ssn":"x","a":{"note":"${ssn}"},"a":{}}`],
      ['with its slash escaped', `{"ssn":"x","note":"${ssn.replace('/', '\\/')}"}`],
      ['with every character escaped', `{"ssn":"x","note":"${escaped}"}`],
      ['escaped as a name', `{"ssn":"x","${escaped}":1}`],
      ['escaped in JSON in a string', `{"ssn":"x","note":${JSON.stringify(`{"a":"${escaped}"}`)}}`],
      ['as a number with an exponent', '{"ssn":"x","note":1.2345678e7}'],
      ['as a number with an exponent in JSON in a string', '{"ssn":"x","note":"{\\"n\\":1.2345678e7}"}'],
      ['as a number with an exponent in a text', '{"ssn":"x","note":"it is 1234567.8E+1 now"}'],
      ['as a fraction with a nought behind it', '{"ssn":"x","note":48.205310}'],
      ['in a URL that escapes letters', `{"ssn":"x","note":"/q?s=%4DARK%2F078-05-1120"}`],
      ['in HTML that escapes letters', `{"ssn":"x","note":"&#77;ARK&sol;"}`.replace('&sol;', '/078-05-1120')],
    ])('%s it is refused', async (_name, body) => {
      const handler = middy()
        .use(opener())
        .use(sealer())
        .handler(async (): Promise<any> => ({ statusCode: 200, body }))
      expect(await outcome(handler)).toMatchObject(refused)
    })

    it.each([200, 422])(
      'what stands twice and holds nothing leaves as it is, with status %s',
      async (statusCode) => {
        const handler = middy()
          .use(opener())
          .use(sealer())
          .handler(async (): Promise<any> => ({ statusCode, body: '{"ssn":"x","a":"1","a":"2"}' }))
        expect((await outcome(handler)).body).toMatch(/^\{"ssn":"fake:[^"]*","a":"1","a":"2"\}$/)
      },
    )

    it.each([
      ['twice', `{"note":"${ssn}","note":"harmless"}`],
      ['escaped', `{"note":"${escaped}"}`],
      ['as a number', '{"note":12345678.0,"other":1.2345678e7}'],
      ['in a text', `no: ${escaped}`],
    ])('in an error it is replaced: %s', async (_name, body) => {
      const handler = middy()
        .use(opener())
        .use(sealer())
        .handler(async (): Promise<any> => ({ statusCode: 422, body }))
      const answer = await outcome(handler)
      expect(answer.statusCode).toBe(422)
      expect(answer.body).not.toMatch(/MARK|\\u00|12345678|e7/)
    })
  })

  it('a number with an exponent in a header is refused', async () => {
    const handler = middy()
      .use(opener())
      .use(sealer())
      .handler(async (): Promise<any> => ({ statusCode: 204, headers: { 'X-Note': '1.2345678e7' } }))
    expect(await outcome(handler)).toMatchObject(refused)
  })

  it.each([1, 0, 'true', 'false', '', null, {}])(
    '`isBase64Encoded: %j` is refused, since clients may take it for `true` or for `false`',
    async (isBase64Encoded) => {
      const body = base64(`<p>${ssn}</p>`)
      for (const response of [
        withoutFields({ statusCode: 200, body, isBase64Encoded }),
        withoutFields({ statusCode: 200, body: 'no value', isBase64Encoded }),
        { statusCode: 200, body: { ssn: 'x' }, isBase64Encoded },
        { statusCode: 404, body, isBase64Encoded },
      ]) {
        const handler = middy()
          .use(opener())
          .use(sealer())
          .handler(async (): Promise<any> => response)
        expect(await outcome(handler)).toMatchObject({ code: 'ERR_RESPONSE_INVALID' })
      }
    },
  )

  describe('in base64', () => {
    const page = `<p>${ssn}</p>`
    it.each<[string, any]>([
      [
        'a page that was said to have no fields',
        withoutFields({ statusCode: 200, body: base64(page), isBase64Encoded: true }),
      ],
      [
        'a page of another character set',
        withoutFields({
          statusCode: 200,
          body: Buffer.from(`\ufeff${page}`, 'utf16le').toString('base64'),
          isBase64Encoded: true,
        }),
      ],
      [
        'a text that is not base64, although the flag says so',
        withoutFields({ statusCode: 200, body: page, isBase64Encoded: true }),
      ],
      [
        'bytes that are no text',
        withoutFields({
          statusCode: 200,
          body: Buffer.from([0xff, 0xfe, ...Buffer.from(page)]).toString('base64'),
          isBase64Encoded: true,
        }),
      ],
      [
        'JSON',
        { statusCode: 200, body: base64(JSON.stringify({ ssn: 'x', note: ssn })), isBase64Encoded: true },
      ],
    ])('%s is refused', async (_name, response) => {
      for (const stack of [middy().use(opener()).use(sealer()), middy().use(opener())])
        expect(await outcome(stack.handler(async () => response))).toMatchObject({ statusCode: 500 })
    })

    it('an error has it replaced, and its body is text then', async () => {
      const body = base64(`no: ${ssn}`)
      const handler = middy()
        .use(opener())
        .use(sealer())
        .handler(async (): Promise<any> => ({ statusCode: 422, body, isBase64Encoded: true }))
      expect(await outcome(handler)).toMatchObject({ body: 'no: [redacted]', isBase64Encoded: false })
    })

    it.each([
      ['in another character set', Buffer.from(`no: ${ssn}`, 'utf16le').toString('base64')],
      ['and is no base64', `no: ${ssn}`],
    ])('an error that has it %s has no body of it', async (_name, body) => {
      const handler = middy()
        .use(opener())
        .use(sealer())
        .handler(async (): Promise<any> => ({ statusCode: 422, body, isBase64Encoded: true }))
      expect(await outcome(handler)).toEqual({ statusCode: 422, body: '[redacted]', isBase64Encoded: false })
    })

    it('a letter beyond ASCII is found in Latin-1', async () => {
      const name = 'M\u00fcller-L\u00fcdenscheidt'
      const event = sampleEvent('http-api', {
        method: 'POST',
        body: await sealedBy(envelope, { id: 'p-1', ssn: name } as never, {}, fields as never),
      })
      const body = Buffer.from(`<p>${name}</p>`, 'latin1').toString('base64')
      const handler: any = middy()
        .use(opener())
        .use(sealer())
        .handler(async (): Promise<any> => withoutFields({ statusCode: 200, body, isBase64Encoded: true }))
      await expect(handler(event, context)).rejects.toMatchObject(refused)
    })

    it('an error that holds nothing stays as it is', async () => {
      const response = { statusCode: 422, body: base64('no'), isBase64Encoded: true }
      const handler = middy()
        .use(opener())
        .use(sealer())
        .handler(async (): Promise<any> => response)
      expect(await outcome(handler)).toEqual(response)
    })
  })

  describe('beside the body', () => {
    const places: [string, object][] = [
      ['the value of a header', { headers: { 'X-Note': ssn } }],
      ['the name of a header', { headers: { [`X-${ssn}`]: '1' } }],
      ['the value of a multi-value header', { multiValueHeaders: { 'X-Note': ['1', `n=${ssn}`] } }],
      ['the name of a multi-value header', { multiValueHeaders: { [ssn]: ['1'] } }],
      ['a cookie', { cookies: [`note=${encodeURIComponent(ssn)}`] }],
      ['the description of the status', { statusDescription: `200 ${ssn}` }],
      ['a header that is no text', { headers: { 'X-Pin': 12345678 } }],
    ]
    it.each(places)('%s is refused in a success', async (_name, beside) => {
      for (const stack of [middy().use(opener()).use(sealer()), middy().use(opener({}))])
        expect(
          await outcome(
            stack.handler(async (): Promise<any> => ({ statusCode: 200, body: '{"ssn":"x"}', ...beside })),
          ),
        ).toMatchObject(refused)
    })

    it.each(places)('%s is replaced in an error', async (_name, beside) => {
      const handler = middy()
        .use(opener())
        .use(sealer())
        .handler(async (): Promise<any> => ({ statusCode: 422, body: 'no', ...beside }))
      const answer = await outcome(handler)
      expect(answer).toMatchObject({ statusCode: 422, body: 'no' })
      expect(decodeURIComponent(JSON.stringify(answer))).not.toMatch(/MARK|12345678/)
      // No header has a name with brackets.
      for (const holder of [answer.headers, answer.multiValueHeaders])
        expect(Object.keys(holder ?? {}).join()).not.toContain('[')
    })
  })

  describe('where another hook changes the response', () => {
    const writing = (change: (request: any) => void): any => ({
      // What a hook returns would be the response.
      after: (request: any) => void change(request),
    })
    const answering: any = async () => ({ statusCode: 200, body: { id: 'p', ssn: 'x' } })
    const changes: [string, (request: any) => void][] = [
      [
        'a header',
        ({ response, event }) => (response.headers = { ...response.headers, 'X-Note': event.body.ssn }),
      ],
      ['the name of a header', ({ response, event }) => (response.headers[event.body.ssn] = '1')],
      ['a cookie', ({ response, event }) => (response.cookies = [event.body.ssn])],
      [
        'the body',
        (request) => (request.response = { statusCode: 200, body: JSON.stringify(request.event.body) }),
      ],
      ['a text for the body', ({ response, event }) => (response.body = `${event.body.ssn}`)],
    ]
    it.each(changes)(
      '%s, between decryptRequest and encryptResponse, it is refused',
      async (_name, change) => {
        expect(
          await outcome(middy().use(opener()).use(writing(change)).use(sealer()).handler(answering)),
        ).toMatchObject({ statusCode: 500 })
      },
    )

    it.each(changes)('%s, outside of decryptRequest, the guard refuses it', async (_name, change) => {
      const stack = middy(assertEncrypted({ fields, onRefused }) as any)
        .use(writing(change))
        .use(opener())
        .use(sealer())
      expect(await outcome(stack.handler(answering))).toMatchObject({ statusCode: 500 })
      const withoutSealer = middy(assertEncrypted({ fields, onRefused }) as any)
        .use(writing(change))
        .use(opener())
      expect(
        await outcome(withoutSealer.handler(async () => ({ statusCode: 200, headers: {} }))),
      ).toMatchObject({
        statusCode: 500,
      })
    })

    it('an error handler further inside that answers with the request is redacted, without encryptResponse too', async () => {
      const answers: any = {
        onError: (request: any) => {
          request.response = { statusCode: 422, body: `no: ${request.event.body.ssn}` }
        },
      }
      const failing: any = async () => {
        throw new Error('no')
      }
      for (const stack of [
        middy().use(opener()).use(answers),
        middy().use(opener()).use(answers).use(sealer()),
      ])
        expect(await outcome(stack.handler(failing))).toMatchObject({
          statusCode: 422,
          body: 'no: [redacted]',
        })
    })

    it('a declared field in the response of an error handler is refused without encryptResponse', async () => {
      const answers: any = {
        onError: (request: any) => {
          request.response = { statusCode: 422, body: { ssn: 'short' } }
        },
      }
      const failing: any = async () => {
        throw new Error('no')
      }
      expect(await outcome(middy().use(opener()).use(answers).handler(failing))).toMatchObject(refused)
    })

    it('loggers outside of decryptRequest still know the values', async () => {
      const seen: string[] = []
      const logger: any = {
        after: ({ event }: any) => {
          for (const opened of liveOpenedValues()) seen.push(opened.redact(`was ${event.body.ssn}`))
        },
      }
      await outcome(middy().use(logger).use(opener()).use(sealer()).handler(answering))
      expect(seen).toContain('was [redacted]')
    })

    it.each([
      ['with the guard', true],
      ['without it', false],
    ])('loggers still know them when the invocation is over, %s', async (_name, isGuarded) => {
      const own = `of ${_}, ${isGuarded}`
      const guard: any = isGuarded ? assertEncrypted({ fields, onRefused }) : undefined
      const handler: any = middy(guard).use(opener()).use(sealer()).handler(answering)
      const body = await sealedBy(envelope, { ...person, ssn: own } as never, {}, fields as never)
      await handler(sampleEvent('http-api', { method: 'POST', body }), context)
      expect(liveOpenedValues().map((opened) => opened.redact(`was ${own}`))).toContain('was [redacted]')
    })

    it.each<[string, (text: string) => unknown]>([
      ['a Buffer', (text) => Buffer.from(text)],
      ['bytes of another kind', (text) => new Uint8Array(Buffer.from(text))],
      ['a list of numbers', (text) => [...Buffer.from(`is ${text}`)]],
      ['JSON of bytes', (text) => JSON.stringify({ a: new Uint8Array(Buffer.from(text)) })],
    ])('bytes of them are refused in a success and redacted in an error: %s', async (_name, bytes) => {
      const answer =
        (statusCode: number): any =>
        async ({ body }: any) => ({ statusCode, body: { ssn: 'x', note: bytes(body.ssn) } })
      const stack = () => middy().use(opener()).use(sealer())
      expect(await outcome(stack().handler(answer(200)))).toMatchObject(refused)
      const { statusCode, body } = await outcome(stack().handler(answer(422)))
      expect(statusCode).toBe(422)
      expect(body).not.toContain(String([...Buffer.from(ssn)].slice(0, 6)))
      expect(body).not.toContain(`"0":${ssn.charCodeAt(0)}`)
    })

    it.each([
      ['with a seal', true],
      ['without one', false],
    ])('a hook further out gives the response no other JSON, %s', async (_name, isSealed) => {
      const json = () => ({ statusCode: 200, body: ssn })
      for (const isShown of [true, false]) {
        const hook = {
          after: (request: any) => {
            request.response = { ...request.response }
            Object.defineProperty(request.response, 'toJSON', { value: json, enumerable: isShown })
          },
        }
        const stack = middy(assertEncrypted({ fields, onRefused }) as any)
          .use(hook)
          .use(opener())
        if (isSealed) stack.use(sealer())
        const body = isSealed ? { ssn: 'x' } : {}
        const handler = stack.handler(async (): Promise<any> => ({ statusCode: 200, body }))
        expect(await outcome(handler)).toMatchObject({ code: 'ERR_RESPONSE_INVALID', statusCode: 500 })
      }
    })

    it('bytes of something else leave', async () => {
      const answer: any = async () => ({ statusCode: 200, body: { ssn: 'x', note: Buffer.from('harmless') } })
      expect(await outcome(middy().use(opener()).use(sealer()).handler(answer))).toMatchObject({
        statusCode: 200,
      })
    })

    it('a refusal names places that a program may have named, and no others', async () => {
      const paths: (string | undefined)[] = []
      const told: any = { onRefused: ({ path }: Refusal) => paths.push(path) }
      const answer: any = async ({ body }: any) => ({
        statusCode: 200,
        body: { ssn: 'x', by: { 'Jane Doe': [{ of: body.ssn }] } },
      })
      await outcome(middy().use(opener()).use(encryptResponse(told)).handler(answer))
      expect(paths).toEqual(['/by/*/0/of'])
    })

    it('clearResponse lets all of it leave', async () => {
      const stack = middy(assertEncrypted({ fields, onRefused }) as any).use(opener({ clearResponse: true }))
      const response = { statusCode: 200, body: `Saved ${ssn}` }
      expect(await outcome(stack.handler(async () => response as any))).toEqual(response)
    })
  })
})
