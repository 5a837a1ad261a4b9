/** The handler that publishes keys, behind every kind of HTTP source. */

import { createHash, generateKeyPairSync } from 'node:crypto'
import type { PublishedKeys } from '@glassine/core'
import { jwksHandler } from '@glassine/middy/jwks'
import { localRecipient, localSigner, publishedKeys } from '@glassine/session'
import { codeOf, refusedOption } from '@glassine/test-support'
import { invoke, sampleEvent } from '@glassine/testing'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { calculateJwkThumbprint, compactVerify, importJWK } from 'jose'

const recipients = localRecipient()
const soon = { deadline: () => Date.now() + 5_000 }
const sources = ['rest', 'http-api', 'function-url', 'alb', 'lattice'] as const
const eventOf = (source: (typeof sources)[number], options: object = {}): any =>
  sampleEvent(source, { method: 'GET', path: '/.well-known/jwks.json', ...options } as any)

describe.each(sources)('behind %s', (source) => {
  const handler = jwksHandler({ keySet: publishedKeys({ recipients, maxAge: 600_000 }) })

  test('a GET is answered with the keys', async () => {
    const response: any = await invoke(handler as any, eventOf(source))
    expect(response).toMatchObject({
      statusCode: 200,
      headers: {
        'Content-Type': 'application/jwk-set+json',
        'Cache-Control': 'public, max-age=600',
        'Access-Control-Allow-Origin': '*',
        ETag: expect.any(String),
      },
      isBase64Encoded: false,
    })
    expect(response.headers).not.toHaveProperty('Vary')
    const { keys } = JSON.parse(response.body)
    expect(keys).toEqual(await recipients.jwks(soon))
    expect(await calculateJwkThumbprint(keys[0])).toBe(keys[0].kid)
    expect(Object.keys(keys[0]).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
  })

  test('a HEAD is answered with the same headers and no body', async () => {
    const full: any = await invoke(handler as any, eventOf(source))
    const head: any = await invoke(handler as any, eventOf(source, { method: 'HEAD' }))
    expect(head).toEqual({ ...full, body: '' })
  })

  test('a client that has the keys already gets 304', async () => {
    const { headers }: any = await invoke(handler as any, eventOf(source))
    for (const value of [headers.ETag, `W/${headers.ETag}`, `"x", ${headers.ETag}`, '*']) {
      const event = eventOf(source, { headers: { 'If-None-Match': value } })
      expect(await invoke(handler as any, event)).toMatchObject({
        statusCode: 304,
        body: '',
        headers: { ETag: headers.ETag },
      })
    }
    const other = eventOf(source, { headers: { 'If-None-Match': '"x"' } })
    expect(await invoke(handler as any, other)).toMatchObject({ statusCode: 200 })
  })

  test('other methods are refused with 405', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'])
      expect(await invoke(handler as any, eventOf(source, { method }))).toMatchObject({
        statusCode: 405,
        headers: { Allow: 'GET, HEAD', 'Cache-Control': 'no-store' },
        body: '',
      })
  })

  test('a client that asks for a signed set gets it, and the ETag is that of the signed text', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const sign = localSigner({ privateKey })
    const signing = jwksHandler({ keySet: publishedKeys({ recipients, sign }) })
    const plain: any = await invoke(signing as any, eventOf(source))
    expect(plain.headers).toMatchObject({ 'Content-Type': 'application/jwk-set+json', Vary: 'Accept' })
    const accept = 'application/jwk-set+jwt, application/json;q=0.5'
    const signed: any = await invoke(signing as any, eventOf(source, { headers: { accept } }))
    expect(signed.headers).toMatchObject({ 'Content-Type': 'application/jwk-set+jwt', Vary: 'Accept' })
    expect(signed.headers.ETag).not.toBe(plain.headers.ETag)
    const { payload } = await compactVerify(
      signed.body,
      await importJWK((await sign.jwk(soon)) as any, 'ES256'),
    )
    expect(JSON.parse(new TextDecoder().decode(payload)).keys).toEqual(JSON.parse(plain.body).keys)
  })
})

test('a set without a signer is sent as JSON also to a client that asks for a signed one', async () => {
  const handler = jwksHandler({ keySet: publishedKeys({ recipients }) })
  const event = eventOf('http-api', { headers: { accept: 'application/jwk-set+jwt' } })
  const answer: any = await handler(event)
  expect(answer.headers['Content-Type']).toBe('application/jwk-set+json')
  expect(answer.headers).not.toHaveProperty('Vary')
})

test('an ALB with multi-value headers is answered with multi-value headers', async () => {
  const handler = jwksHandler({ keySet: publishedKeys({ recipients }) })
  const response: any = await invoke(handler as any, eventOf('alb', { multiValue: true }))
  expect(response.headers).toBeUndefined()
  expect(response.multiValueHeaders['Cache-Control']).toEqual(['public, max-age=300'])
})

test('an event that is not an HTTP request is refused', async () => {
  const handler = jwksHandler({ keySet: publishedKeys({ recipients }) })
  const others = [sampleEvent('sqs' as any), sampleEvent('websocket', { eventType: 'CONNECT' } as any)]
  for (const event of [undefined, null, {}, { Records: [] }, 'GET', { httpMethod: 'GET' }, ...others])
    expect(await codeOf(handler(event))).toBe('ERR_EVENT_UNKNOWN')
})

test('an ETag is a hash of the keys', async () => {
  const response: any = await jwksHandler({ keySet: publishedKeys({ recipients }) })(eventOf('rest'))
  const hash = createHash('sha256').update(response.body).digest('base64url')
  expect(response.headers.ETag).toBe(`"${hash.slice(0, 22)}"`)
})

test('keys that cannot be fetched are an error with 503', async () => {
  const broken = { ...recipients, jwks: async () => Promise.reject(new Error('down')) }
  const handler = jwksHandler({ keySet: publishedKeys({ recipients: broken }) })
  expect(await codeOf(handler(eventOf('rest')))).toBe('ERR_KEY_UNAVAILABLE')
})

describe('the deadline of the keys', () => {
  afterEach(() => void jest.restoreAllMocks())

  test.each([
    [undefined, undefined],
    [60_000, 59_750],
    [250, 0],
    [100, 0],
    [Number.NaN, undefined],
  ])('with %s ms of the invocation left is %s ms ahead', async (remaining, ahead) => {
    const now = 1_700_000_000_000
    jest.spyOn(Date, 'now').mockReturnValue(now)
    const deadlines: (number | undefined)[] = []
    const record = async (deadline?: number): Promise<string> => {
      deadlines.push(deadline)
      return '{}'
    }
    const handler = jwksHandler({ keySet: { maxAge: 1_000, json: record, jwt: record } })
    const context = remaining === undefined ? undefined : { getRemainingTimeInMillis: () => remaining }
    await handler(eventOf('rest'), context)
    await handler(eventOf('rest', { headers: { Accept: 'application/jwk-set+jwt' } }), context)
    const expected = ahead === undefined ? undefined : now + ahead
    expect(deadlines).toEqual([expected, expected])
  })
})

test('a key set that is an instance of a class keeps its `this`', async () => {
  class Keys implements PublishedKeys {
    readonly maxAge = 1_000
    readonly #text = '{"keys":[]}'
    async json() {
      return this.#text
    }
    async jwt() {
      return this.#text
    }
  }
  const handler = jwksHandler({ keySet: new Keys() })
  for (const accept of ['*/*', 'application/jwk-set+jwt'])
    expect((await handler(eventOf('rest', { headers: { accept } }))).body).toBe('{"keys":[]}')
})

test.each([
  ['keySet', {}],
  ['keySet', { keySet: { maxAge: 1_000 } }],
  ['recipients', { keySet: publishedKeys({ recipients }), recipients }],
])('the option %s is checked', (option, options: any) => {
  expect(refusedOption(() => jwksHandler(options))).toBe(option)
})
