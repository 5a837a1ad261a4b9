import { type HttpOverrides, sampleEvent } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'

const http = ['rest', 'http-api', 'function-url', 'alb', 'lattice'] as const

/** One header wherever a source keeps it, by its lower-case name. */
const header = (event: any, name: string): string | undefined => {
  const found = Object.entries<string | string[]>(event.headers ?? event.multiValueHeaders).find(
    ([key]) => key.toLowerCase() === name,
  )
  return Array.isArray(found?.[1]) ? found[1].join() : found?.[1]
}

const body = { id: 'p-1', ssn: 'AYADeA==' }

describe.each(http)('%s', (source) => {
  const make = (overrides?: HttpOverrides): any => sampleEvent(source, overrides)

  test('survives JSON unchanged', () => {
    const event = make({ body, query: { a: 'b' }, cookies: ['c=d'] })
    expect(JSON.parse(JSON.stringify(event))).toEqual(event)
  })

  test('is a new object at every call', () => {
    const first = make({ body })
    first.requestContext.extra = true
    first.headers.host = 'changed'
    expect(make({ body })).not.toEqual(first)
    expect(make({ body })).toEqual(make({ body }))
  })

  test('has an object body as JSON text, with its media type and POST', () => {
    const event = make({ body })
    expect(JSON.parse(event.body)).toEqual(body)
    expect(event.isBase64Encoded).toBe(false)
    expect(header(event, 'content-type')).toBe('application/json')
    expect(event.httpMethod ?? event.method ?? event.requestContext.http.method).toBe('POST')
  })

  test('has a text body unchanged', () => {
    expect(make({ body: 'a=b' }).body).toBe('a=b')
    expect(header(make({ body: 'a=b' }), 'content-type')).toBeUndefined()
  })

  test('has bytes, and with base64 also text, in base64', () => {
    const text = JSON.stringify(body)
    for (const event of [make({ body, base64: true }), make({ body: new TextEncoder().encode(text) })]) {
      expect(event.isBase64Encoded).toBe(true)
      expect(Buffer.from(event.body, 'base64').toString()).toBe(text)
    }
  })

  test('without a body is a GET', () => {
    const event = make()
    expect(event.body ?? '').toBe('')
    expect(event.httpMethod ?? event.method ?? event.requestContext.http.method).toBe('GET')
  })

  test('refuses a body that JSON cannot hold', () => {
    expect(() => make({ body: () => 1 })).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTION_INVALID',
        cause: expect.objectContaining({ option: 'body' }),
      }),
    )
  })

  test('merges headers case-insensitively, removes undefined ones and repeats lists', () => {
    const event = make({
      origin: 'https://app.example.com',
      headers: { 'X-ForWarded-For': '198.51.100.1', accept: undefined, 'x-list': ['1', '2'] },
    })
    expect(header(event, 'origin')).toBe('https://app.example.com')
    expect(header(event, 'x-forwarded-for')).toBe('198.51.100.1')
    expect(header(event, 'accept')).toBeUndefined()
    expect(header(event, 'x-list')).toBe(source === 'rest' || source === 'alb' ? '2' : '1,2')
  })

  test.each(['https', 'http'] as const)('shows the protocol %s', (proto) => {
    if (source === 'lattice') return expect(header(make({ proto }), 'x-forwarded-proto')).toBeUndefined()
    const event = make({ proto })
    expect(header(event, 'x-forwarded-proto')).toBe(proto)
    expect(header(event, 'x-forwarded-port')).toBe(proto === 'https' ? '443' : '80')
    expect(header(event, 'x-amzn-tls-version')).toBe(
      source === 'function-url' && proto === 'https' ? 'TLSv1.3' : undefined,
    )
  })

  test('has the tenant where the source can carry it', () => {
    const event = make({ tenant: 't-1' })
    const { authorizer } = event.requestContext
    const claims = authorizer?.jwt?.claims ?? authorizer?.claims
    expect(claims?.['custom:tenant'] ?? header(event, 'x-tenant')).toBe('t-1')
    expect(header(make(), 'x-tenant')).toBeUndefined()
  })
})

test('the default protocol is https', () => {
  for (const source of ['rest', 'http-api', 'function-url', 'alb'] as const)
    expect(header(sampleEvent(source), 'x-forwarded-proto')).toBe('https')
})

test('rest has header names as sent, every value and a decoded query', () => {
  const event = sampleEvent('rest', {
    query: { q: ['a b', 'c&d'] },
    cookies: ['x=1', 'y=2'],
    claims: { role: 'nurse' },
  })
  expect(event.headers).toHaveProperty('X-Forwarded-Proto', 'https')
  const own = sampleEvent('rest', { headers: { 'x-own': '1', ACCEPT: '*/*' } }).headers
  expect(own).toMatchObject({ 'x-own': '1', ACCEPT: '*/*' })
  expect(own).not.toHaveProperty('Accept')
  expect(event.multiValueHeaders.Cookie).toEqual(['x=1; y=2'])
  expect(event.queryStringParameters).toEqual({ q: 'c&d' })
  expect(event.multiValueQueryStringParameters).toEqual({ q: ['a b', 'c&d'] })
  expect(event.requestContext.authorizer?.claims).toEqual({ sub: 'user-1', role: 'nurse' })
  expect(sampleEvent('rest').queryStringParameters).toBeNull()
})

test('http-api has lower-case names, separate cookies and an encoded raw query', () => {
  const event = sampleEvent('http-api', { query: { q: ['a b', 'c&d'] }, cookies: ['x=1'], path: '/a/b' })
  expect(Object.keys(event.headers).every((name) => name === name.toLowerCase())).toBe(true)
  expect(event.cookies).toEqual(['x=1'])
  expect(event.headers).not.toHaveProperty('cookie')
  expect([...new URLSearchParams(event.rawQueryString)]).toEqual([
    ['q', 'a b'],
    ['q', 'c&d'],
  ])
  expect(event.queryStringParameters).toEqual({ q: 'a b,c&d' })
  expect([event.rawPath, event.requestContext.http.path]).toEqual(['/a/b', '/a/b'])
  expect(sampleEvent('http-api')).not.toHaveProperty('queryStringParameters')
})

test('alb has an encoded query, in singular or in plural members', () => {
  const overrides = { query: { 'a b': ['c&d', 'e f'] }, cookies: ['x=1'], headers: { 'x-list': ['1', '2'] } }
  const single = sampleEvent('alb', overrides)
  expect(single.queryStringParameters).toEqual({ 'a%20b': 'e%20f' })
  expect(single).not.toHaveProperty('multiValueHeaders')
  const multi = sampleEvent('alb', { ...overrides, multiValue: true })
  expect(multi.multiValueQueryStringParameters).toEqual({ 'a%20b': ['c%26d', 'e%20f'] })
  expect(multi.multiValueHeaders).toMatchObject({ cookie: ['x=1'], 'x-list': ['1', '2'] })
  expect(multi).not.toHaveProperty('headers')
})

test('websocket has headers at CONNECT and a body at MESSAGE', () => {
  const connect = sampleEvent('websocket', { eventType: 'CONNECT', body: 'x', query: { token: '1' } })
  expect(connect.requestContext.routeKey).toBe('$connect')
  expect(connect.headers).toHaveProperty('x-forwarded-proto', 'https')
  expect(connect.queryStringParameters).toEqual({ token: '1' })
  expect(connect).not.toHaveProperty('body')
  const message = sampleEvent('websocket', { body: { id: 1 }, routeKey: 'admit' })
  expect(message.body).toBe('{"id":1}')
  expect(message.requestContext).toMatchObject({ eventType: 'MESSAGE', routeKey: 'admit' })
  expect(message).not.toHaveProperty('headers')
})

test('an unknown source is refused', () => {
  expect(() => sampleEvent('toString' as 'rest')).toThrow(
    expect.objectContaining({
      code: 'ERR_OPTION_INVALID',
      cause: expect.objectContaining({ option: 'source' }),
    }),
  )
})

test.each([
  ['http-api', '/a/b ü%41'],
  ['function-url', '/a%2Fb%20%C3%BC%2541'],
])('%s passes on an encoded path as %s', (source, path) => {
  const event: any = sampleEvent(source as 'http-api', { path: '/a%2Fb%20%C3%BC%2541' })
  expect([event.rawPath, event.requestContext.http.path]).toEqual([path, path])
})

test('http-api passes on the part before a decoded question mark, and leaves bytes that are not UTF-8 unchanged', () => {
  const rawPath = (path: string) => (sampleEvent('http-api', { path }) as any).rawPath
  expect([rawPath('/a%3Fb'), rawPath('/a%ff'), rawPath('/a%')]).toEqual(['/a', '/a%ff', '/a%'])
})

test.each(['rest', 'alb', 'lattice'] as const)('%s passes on an encoded path unchanged', (source) => {
  const event: any = sampleEvent(source, { path: '/a%2Fb' })
  expect(event.requestContext.path ?? event.path).toMatch(/^(\/prod)?\/a%2Fb$/)
})
