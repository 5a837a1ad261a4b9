/** What refusals become: problem documents, redirects, errors of the response, and what an operator is told. */
import { GlassineError } from '@glassine/core'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { sealingError } from '../src/errors.ts'
import { bindingOf, invocationOf } from '../src/invocation.ts'
import { tell } from '../src/on-refused.ts'
import { httpResponse, plainResponse, problemResponse, sessionProblem } from '../src/problem.ts'
import { redirectLocation, refusalResponse } from '../src/require-tls/refusal.ts'

const error = (code: ConstructorParameters<typeof GlassineError>[0], init: object = {}) =>
  new GlassineError(code, { package: '@glassine/session', ...init })

describe('a response of ours', () => {
  test('has its headers once, or as lists for a load balancer that wants them', () => {
    expect(httpResponse(405, { Allow: 'GET' }, 'x', false)).toEqual({
      statusCode: 405,
      headers: { Allow: 'GET' },
      body: 'x',
      isBase64Encoded: false,
    })
    expect(httpResponse(405, { Allow: 'GET' }, '', true)).toEqual({
      statusCode: 405,
      multiValueHeaders: { Allow: ['GET'] },
      body: '',
      isBase64Encoded: false,
    })
  })

  test('is in the form of its source, and of none where no HTTP is answered', () => {
    const response = (source: Parameters<typeof plainResponse>[3]) =>
      plainResponse(403, { 'Content-Type': 'x' }, 'body', source, undefined)
    for (const source of ['rest', 'alb', 'websocket-message'] as const)
      expect(response(source)).toEqual({
        statusCode: 403,
        headers: { 'Content-Type': 'x' },
        body: 'body',
        isBase64Encoded: false,
      })
    for (const source of ['edge-viewer', 'edge-origin'] as const)
      expect(response(source)).toEqual({
        status: '403',
        headers: { 'content-type': [{ key: 'Content-Type', value: 'x' }] },
        body: 'body',
      })
    for (const source of ['direct', 'sqs', 'appsync', 'unknown'] as const)
      expect(response(source)).toBeUndefined()
  })

  test('is a problem document that says what the error says', () => {
    const response = problemResponse(
      error('ERR_TLS_REQUIRED'),
      { type: 'about:blank', title: 'Forbidden' },
      'rest',
      false,
    )
    expect(response).toMatchObject({
      statusCode: 403,
      headers: { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' },
    })
    expect(JSON.parse(response?.body as string)).toEqual({
      type: 'about:blank',
      title: 'Forbidden',
      status: 403,
      detail: 'The request must be made over https',
      code: 'ERR_TLS_REQUIRED',
    })
  })

  test.each([
    ['ERR_SESSION_EXPIRED', 'session-expired'],
    ['ERR_RECIPIENT_UNKNOWN', 'unknown-kid'],
  ] as const)('makes the client begin again after %s', (code, type) => {
    const { message } = error(code)
    const response = sessionProblem(error(code), 'rest', false)
    expect(response?.statusCode).toBe(400)
    expect(JSON.parse(response?.body as string)).toEqual({
      type,
      title: message,
      status: 400,
      detail: message,
      code,
    })
    expect(sessionProblem(error(code), 'direct', false)).toBeUndefined()
  })

  test('makes it begin again after nothing else', () => {
    for (const code of ['ERR_DECRYPT_FAILED', 'ERR_SESSION_MISSING', 'ERR_REPLAYED'] as const)
      expect(sessionProblem(error(code), 'rest', false)).toBeUndefined()
  })

  test('to a refused request is a problem or a redirect', () => {
    const refused = error('ERR_TLS_REQUIRED')
    expect(refusalResponse(refused, 'rest', 'https://a.example/x', false)).toEqual({
      statusCode: 308,
      headers: { Location: 'https://a.example/x', 'Cache-Control': 'no-store' },
      body: '',
      isBase64Encoded: false,
    })
    expect(JSON.parse(refusalResponse(refused, 'rest', undefined, false)?.body as string)).toMatchObject({
      type: 'about:blank',
      title: 'Forbidden',
      status: 403,
    })
  })
})

describe('a redirect', () => {
  const to = (event: object, source: Parameters<typeof redirectLocation>[1]) =>
    redirectLocation(event, source, 'https://a.example')
  const http = (method: string) => ({ requestContext: { http: { method } } })

  test.each([
    ['rest', { httpMethod: 'GET', path: '/x' }, 'https://a.example/x'],
    ['rest', { httpMethod: 'HEAD', path: '/x', rawPath: '/y' }, 'https://a.example/x'],
    ['rest', { httpMethod: 'GET' }, 'https://a.example/'],
    ['rest', { httpMethod: 'GET', path: '/a b?c#d' }, 'https://a.example/a%20b%3Fc%23d'],
    [
      'rest',
      { httpMethod: 'GET', path: '/', queryStringParameters: { 'a b': 'c&d', e: null } },
      'https://a.example/?a%20b=c%26d',
    ],
    [
      'rest',
      {
        httpMethod: 'GET',
        path: '/',
        queryStringParameters: { a: '2' },
        multiValueQueryStringParameters: { a: ['1', '2'], b: ['3', 5] },
      },
      'https://a.example/?a=1&a=2&b=3',
    ],
    [
      'alb',
      { httpMethod: 'GET', path: '/', queryStringParameters: { 'a%20b': 'c%26d' } },
      'https://a.example/?a%20b=c%26d',
    ],
    [
      'http-api',
      { ...http('GET'), rawPath: '/x', path: '/y', rawQueryString: 'a=1&b' },
      'https://a.example/x?a=1&b',
    ],
    [
      'function-url',
      { ...http('GET'), rawPath: '/x', rawQueryString: '', queryStringParameters: { a: '1' } },
      'https://a.example/x',
    ],
  ] as const)('of %s %j is to %s', (source, event, location) => expect(to(event, source)).toBe(location))

  test('is for what changes nothing', () => {
    for (const httpMethod of ['POST', 'PUT', 'DELETE', 'OPTIONS', undefined])
      expect(to({ httpMethod, path: '/' }, 'rest')).toBeUndefined()
  })
})

describe('an error of a response', () => {
  test('is of the service, whatever a request would be told', () => {
    expect(sealingError(error('ERR_FIELD_MISSING', { path: '/ssn' }))).toMatchObject({
      code: 'ERR_FIELD_MISSING',
      statusCode: 500,
      message: 'A declared field is missing from the response',
      cause: { package: '@glassine/session', path: '/ssn' },
    })
    expect(sealingError(error('ERR_FIELD_MISSING', { statusCode: 500 })).message).toBe(
      'A declared field is missing from the response',
    )
    expect(sealingError(error('ERR_DECRYPT_FAILED', { reason: 'x' }))).toMatchObject({
      code: 'ERR_DECRYPT_FAILED',
      statusCode: 500,
      message: 'The fields of the response could not be encrypted',
      cause: { package: '@glassine/session' },
    })
    for (const own of [
      error('ERR_KEY_UNAVAILABLE'),
      error('ERR_VALUE_INVALID'),
      error('ERR_SESSION_MISSING'),
    ])
      expect(sealingError(own)).toBe(own)
    for (const foreign of [new Error('canary'), null, 'canary'])
      expect(sealingError(foreign)).toMatchObject({
        code: 'ERR_ENCRYPT_FAILED',
        cause: { package: '@glassine/middy' },
      })
  })
})

describe('an operator', () => {
  afterEach(() => void jest.restoreAllMocks())

  test('is told of our errors, with all that they say, by a function or a line', () => {
    const told: object[] = []
    const refused = () => error('ERR_KEY_DENIED', { path: '/ssn', option: 'o', reason: 'r', keyId: 'k' })
    const first = refused()
    const full = {
      direction: 'request',
      code: 'ERR_KEY_DENIED',
      statusCode: 503,
      model: 'patient',
      package: '@glassine/session',
      path: '/ssn',
      option: 'o',
      reason: 'r',
      keyId: 'k',
    }
    tell((refusal) => told.push(refusal), 'request', first, 'patient')
    expect(told).toEqual([full])
    tell((refusal) => told.push(refusal), 'table', first, 'patient')
    expect(told).toHaveLength(1)
    tell((refusal) => told.push(refusal), 'response', error('ERR_DECRYPT_FAILED'), undefined)
    expect(told[1]).toEqual({
      direction: 'response',
      code: 'ERR_DECRYPT_FAILED',
      statusCode: 400,
      package: '@glassine/session',
    })
    tell((refusal) => told.push(refusal), 'request', new Error('x'), 'patient')
    expect(told).toHaveLength(2)
    const line = jest.spyOn(console, 'error').mockImplementation(() => {})
    tell(undefined, 'request', refused(), 'patient')
    expect(JSON.parse(line.mock.calls[0]![0] as string)).toEqual({
      level: 'WARN',
      message: 'Glassine refused',
      ...full,
    })
  })

  test('who throws fails no request', () => {
    const throwing = () => {
      throw new Error('x')
    }
    expect(() => tell(throwing, 'request', error('ERR_DECRYPT_FAILED'), undefined)).not.toThrow()
  })
})

describe('an invocation', () => {
  const context = (more: object = {}) => more as never

  test('has the tenant and the deadline that its context tells', () => {
    const binding = { tenant: 't-1' }
    expect(invocationOf(binding, undefined, {})).toEqual({ binding })
    expect(invocationOf(binding, context({ tenantId: 't-1' }), { principal: 'p' })).toEqual({
      binding,
      principal: 'p',
      tenant: 't-1',
    })
    for (const tenantId of ['', 5, null])
      expect(invocationOf(binding, context({ tenantId }), {})).toEqual({ binding })
    jest.spyOn(Date, 'now').mockReturnValue(1_000)
    const timed = context({ getRemainingTimeInMillis: () => 3_000 })
    expect(invocationOf(binding, timed, {}).deadline).toBe(3_750)
    expect(invocationOf(binding, timed, {}, 1_000).deadline).toBe(3_000)
    jest.restoreAllMocks()
  })

  test('has the binding that the option takes from the event, or none', async () => {
    expect(await bindingOf(undefined, {}, context())).toEqual({})
    const bind = async (event: { id: string }) => ({ id: event.id })
    expect(await bindingOf(bind, { id: 'x' }, context())).toEqual({ id: 'x' })
    await expect(bindingOf(bind, {}, context())).rejects.toMatchObject({
      code: 'ERR_BINDING_INVALID',
      cause: { package: '@glassine/middy' },
    })
  })
})
