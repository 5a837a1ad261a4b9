/** What headers say of a connection: the version of TLS, the distribution, and a tool on this machine. */
import { describe, expect, test } from '@jest/globals'
import type { EventSource } from '../src/event-source.ts'
import { requestHeaders } from '../src/headers.ts'
import { distributionGate, isLocal, versionAllowed } from '../src/require-tls/connection.ts'
import { originAllowed, originGate } from '../src/require-tls/origins.ts'

const of = (headers: object) => requestHeaders({ headers }, 'rest')

describe('the version of TLS', () => {
  const allowed = (source: EventSource, headers: object, options: object) =>
    versionAllowed(source, of(headers), { minVersion: 'TLSv1.2', ...options } as never)
  const versions: [string, boolean][] = [
    ['TLSv1.2', true],
    ['TLSv1.3', true],
    ['tlsv1.3', true],
    [' TLSv1.2 ', true],
    ['TLSv2', true],
    ['TLSv1.1', false],
    ['TLSv1', false],
    ['SSLv3', false],
    ['TLSv1.2x', false],
    ['xTLSv1.2', false],
    ['', false],
  ]

  test.each(versions)('%j is enough for TLS 1.2: %p', (version, expected) => {
    expect(allowed('function-url', { 'x-amzn-tls-version': version }, {})).toBe(expected)
    expect(allowed('alb', { 'x-tls': version }, { alb: { tlsVersionHeader: 'X-TLS' } })).toBe(expected)
    const viewer = { 'cloudfront-viewer-tls': `${version}:TLS_AES_128_GCM_SHA256:fullHandshake` }
    expect(allowed('rest', viewer, { cloudFront: {} })).toBe(expected)
  })

  test('is looked at where the source tells it, and every value counts', () => {
    const old = { 'x-amzn-tls-version': 'TLSv1', 'x-tls': 'TLSv1', 'cloudfront-viewer-tls': 'TLSv1' }
    expect(allowed('rest', old, {})).toBe(true)
    expect(allowed('alb', old, {})).toBe(true)
    expect(allowed('rest', old, { alb: { tlsVersionHeader: 'x-tls' } })).toBe(true)
    expect(allowed('function-url', {}, {})).toBe(true)
    // A load balancer that was told to write it has written it.
    expect(allowed('alb', {}, { alb: { tlsVersionHeader: 'x-tls' } })).toBe(false)
    expect(allowed('rest', {}, { cloudFront: {} })).toBe(true)
    for (const [source, name, options] of [
      ['function-url', 'x-amzn-tls-version', {}],
      ['alb', 'x-tls', { alb: { tlsVersionHeader: 'x-tls' } }],
      ['rest', 'cloudfront-viewer-tls', { cloudFront: {} }],
    ] as const)
      expect(allowed(source, { [name]: 'TLSv1.3', [name.toUpperCase()]: 'TLSv1.0' }, options)).toBe(false)
    expect(allowed('function-url', { 'x-amzn-tls-version': 'TLSv1.2' }, { minVersion: 'TLSv1.3' })).toBe(
      false,
    )
  })
})

describe('a distribution', () => {
  const gate = distributionGate({ secretHeader: 'X-Secret', secret: ['one', 'two'] } as never)

  test('is known by any of its secrets, sent once', () => {
    for (const secret of ['one', 'two']) expect(gate.isFrom(of({ 'x-secret': secret }))).toBe(true)
    for (const headers of [
      {},
      { 'x-secret': 'three' },
      { 'x-secret': 'One' },
      { 'x-secret': '' },
      { 'x-secret': 'one', 'X-SECRET': 'two' },
    ])
      expect(gate.isFrom(of(headers))).toBe(false)
    const single = distributionGate({ secretHeader: 'x-secret', secret: 'one' } as never)
    expect(single.isFrom(of({ 'x-secret': 'one' }))).toBe(true)
  })

  test('tells https, in every value', () => {
    const isHttps = (...values: string[]) =>
      gate.isHttps(requestHeaders({ multiValueHeaders: { 'CloudFront-Forwarded-Proto': values } }, 'rest'))
    expect(isHttps('https')).toBe(true)
    expect(isHttps('HTTPS, https')).toBe(true)
    for (const values of [['http'], ['https', 'http'], ['https,http'], ['']])
      expect(isHttps(...values)).toBe(false)
    expect(gate.isHttps(of({}))).toBe(false)
  })
})

describe('a tool on this machine', () => {
  const isOf = (tool: 'sam' | 'localstack', host: string | undefined, domainName?: string) =>
    isLocal({ requestContext: { domainName } }, of({ host }), tool)

  test.each([
    ['localhost', true, true],
    ['LOCALHOST:3000', true, true],
    ['127.0.0.1', true, true],
    ['127.1.2.3:65535', true, true],
    ['[::1]:80', true, true],
    ['0.0.0.0', true, true],
    ['10.1.2.3', true, true],
    ['192.168.0.1', true, true],
    ['172.16.0.1', true, true],
    ['172.19.0.1', true, true],
    ['172.20.0.1', true, true],
    ['172.31.0.1', true, true],
    ['host.docker.internal', true, true],
    ['container', false, true],
    ['localhost.localstack.cloud:4566', false, true],
    ['abc.execute-api.localhost.localstack.cloud', false, true],
    ['172.15.0.1', false, false],
    ['172.32.0.1', false, false],
    ['192.169.0.1', false, false],
    ['11.1.2.3', false, false],
    ['10.1.2', false, false],
    ['10.1.2.3.4', false, false],
    ['example.com', false, false],
    ['localhost.example.com', false, false],
    ['localstack.cloud', false, false],
    ['localhost.localstack.cloud.example', false, false],
    ['localhost:123456', false, false],
    ['xlocalhost.y', false, false],
    ['', false, false],
  ])('%j is of SAM: %p, of LocalStack: %p', (host, sam, localstack) => {
    expect(isOf('sam', host)).toBe(sam)
    expect(isOf('localstack', host)).toBe(localstack)
    expect(isOf('sam', 'localhost', host)).toBe(sam)
  })

  test('says where the request was sent', () => {
    expect(isOf('sam', undefined)).toBe(false)
    expect(isOf('sam', undefined, 'localhost')).toBe(true)
    expect(isOf('sam', 'localhost', 'example.com')).toBe(false)
  })
})

describe('origins', () => {
  const gate = originGate(
    ['https://App.example.com', 'https://*.example.org:8443', 'https://b.example'],
    false,
  )

  test.each([
    ['https://app.example.com', true],
    ['HTTPS://APP.EXAMPLE.COM', true],
    ['https://b.example', true],
    ['https://a.example.org:8443', true],
    ['https://A.Example.Org:8443', true],
    ['https://a.b.example.org:8443', false],
    ['https://example.org:8443', false],
    ['https://.example.org:8443', false],
    ['https://a.example.org', false],
    ['http://app.example.com', false],
    ['https://app.example.com/', false],
    ['https://app.example.com:443', false],
    ['https://x.app.example.com', false],
    ['null', false],
    ['', false],
  ])('%j is allowed: %p', (origin, allowed) => expect(gate(origin)).toBe(allowed))

  test.each([
    'xhttps://*.example.org',
    'https://*.com',
    'https://*',
    'https://**.example.org',
    'https://a.*.example.org',
    'https://*.example.org/',
    'https://*.example.org:123456',
    'https://*.example.orgx y',
    'http://localhost',
    'https://user@example.com',
    'https://example.com:443',
    5,
  ])('%j is no origin to allow', (origin) => {
    expect(() => originGate([origin as string], false)).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTION_INVALID',
        cause: { package: '@glassine/middy', option: 'origins[0]' },
      }),
    )
  })

  test('of this machine are allowed where that is asked for', () => {
    for (const origin of ['http://localhost', 'http://127.0.0.1:3000', 'http://[::1]:5173'])
      expect(originGate([origin], true)(origin)).toBe(true)
    for (const origin of [
      'http://localhost.example',
      'http://localhost:',
      'xhttp://localhost',
      'http://10.0.0.1',
    ])
      expect(() => originGate([origin], true)).toThrow()
  })

  test('are asked for by methods that change something, by Origin, Referer or Sec-Fetch-Site', () => {
    const allowed = (headers: object, method?: string, missing: 'deny' | 'allow' = 'deny') =>
      originAllowed(gate, missing, of(headers), method)
    const good = 'https://b.example'
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST', undefined]) {
      expect(allowed({ origin: good }, method)).toBe(true)
      expect(allowed({ origin: 'https://evil.example' }, method)).toBe(false)
      expect(allowed({ origin: good, ORIGIN: 'https://evil.example' }, method)).toBe(false)
    }
    for (const method of ['GET', 'HEAD', 'OPTIONS']) expect(allowed({}, method)).toBe(true)
    for (const method of ['POST', 'PUT', 'DELETE', undefined]) {
      expect(allowed({}, method)).toBe(false)
      expect(allowed({}, method, 'allow')).toBe(true)
      expect(allowed({ referer: `${good}/page?x=1` }, method)).toBe(true)
      expect(allowed({ referer: 'https://evil.example/' }, method, 'allow')).toBe(false)
      expect(allowed({ referer: 'no url' }, method, 'allow')).toBe(false)
      expect(allowed({ 'sec-fetch-site': 'same-origin' }, method)).toBe(true)
      expect(allowed({ 'sec-fetch-site': 'cross-site' }, method, 'allow')).toBe(false)
      expect(allowed({ 'sec-fetch-site': 'same-origin, cross-site' }, method, 'allow')).toBe(false)
    }
  })
})
