import type { RequireTlsOptions } from '@glassine/middy'
import { sampleEvent } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'
import { edgeEvent } from './support/edge-event.ts'
import { majors, outcomeOf } from './support/outcome.ts'

const proto = (value: string | readonly string[] | undefined) => ({ headers: { 'X-Forwarded-Proto': value } })

const withMembers = (event: object, members: object) => ({ ...event, ...members })

describe.each(majors)('Middy %s', (_, middy) => {
  const outcome = (event: unknown, options?: RequireTlsOptions) => outcomeOf(event, options, middy)

  describe('services that speak TLS only', () => {
    const websocket = (overrides: object) => sampleEvent('websocket', { eventType: 'CONNECT', ...overrides })
    describe.each([
      ['REST API', (overrides: object) => sampleEvent('rest', overrides), 'https'],
      ['HTTP API', (overrides: object) => sampleEvent('http-api', overrides), 'https'],
      ['Function URL', (overrides: object) => sampleEvent('function-url', overrides), 'https'],
      ['WebSocket CONNECT', websocket, 'https'],
      ['AppSync', (overrides: object) => sampleEvent('appsync', overrides), 'ran'],
    ] as const)('%s', (_, make, allowed) => {
      test.each([
        ['https', allowed],
        ['HTTPS', allowed],
        ['https,https', allowed],
        ['https, https', allowed],
        [undefined, allowed],
        ['http', 'ERR_TLS_REQUIRED'],
        ['https,http', 'ERR_TLS_REQUIRED'],
        ['http, https', 'ERR_TLS_REQUIRED'],
        ['https,', 'ERR_TLS_REQUIRED'],
        ['', 'ERR_TLS_REQUIRED'],
        ['wss', 'ERR_TLS_REQUIRED'],
        ['httpss', 'ERR_TLS_REQUIRED'],
      ] as const)('X-Forwarded-Proto: %p is %s', async (value, expected) => {
        const headers = { 'x-forwarded-proto': value }
        expect(await outcome(make({ headers }))).toBe(expected)
      })
    })

    test('an AppSync batch is refused for any of its elements', async () => {
      const [tls, plain] = [sampleEvent('appsync'), sampleEvent('appsync', { proto: 'http' })]
      expect(await outcome([tls, tls])).toBe('ran')
      expect(await outcome([tls, plain])).toBe('ERR_TLS_REQUIRED')
    })
  })

  describe('headers that readers could read differently are refused:', () => {
    const rest = sampleEvent('rest')
    test.each([
      ['two spellings', { headers: { 'X-Forwarded-Proto': 'https', 'x-forwarded-proto': 'http' } }],
      ['upper case', { headers: { 'X-FORWARDED-PROTO': 'http' }, multiValueHeaders: undefined }],
      ['only multiValueHeaders', { headers: null, multiValueHeaders: { 'X-Forwarded-Proto': ['http'] } }],
      ['several values', { headers: null, multiValueHeaders: { 'X-Forwarded-Proto': ['https', 'http'] } }],
      [
        'a list in one of the values',
        { multiValueHeaders: { 'x-forwarded-proto': ['https', 'https,http'] } },
      ],
      ['no value at all', { headers: null, multiValueHeaders: { 'x-forwarded-proto': [] } }],
      ['no text', { headers: { 'x-forwarded-proto': 443 }, multiValueHeaders: undefined }],
      [
        'the two members differ',
        { headers: { 'x-forwarded-proto': 'https' }, multiValueHeaders: { 'x-forwarded-proto': ['http'] } },
      ],
    ])('%s', async (_, members) => {
      expect(await outcome(withMembers(rest, members))).toBe('ERR_TLS_REQUIRED')
    })
  })

  test.each(['MESSAGE', 'DISCONNECT'] as const)('WebSocket %s was allowed by CONNECT', async (eventType) => {
    expect(await outcome(sampleEvent('websocket', { eventType, proto: 'http' }))).toBe('ran')
  })

  describe('Function URL: the TLS version denies and never grants', () => {
    const event = (version: string | undefined, more = {}) =>
      sampleEvent('function-url', { headers: { 'x-amzn-tls-version': version, ...more } })
    test.each([
      ['TLSv1', undefined, 'ERR_TLS_REQUIRED'],
      ['TLSv1.1', undefined, 'ERR_TLS_REQUIRED'],
      ['SSLv3', undefined, 'ERR_TLS_REQUIRED'],
      ['', undefined, 'ERR_TLS_REQUIRED'],
      ['TLSv1.2', undefined, 'https'],
      ['TLSv1.3', undefined, 'https'],
      [undefined, undefined, 'https'],
      ['TLSv1.2', 'TLSv1.3', 'ERR_TLS_REQUIRED'],
      ['TLSv1.3', 'TLSv1.3', 'https'],
    ] as const)('%p with minVersion %p is %s', async (version, minVersion, expected) => {
      expect(await outcome(event(version), { minVersion })).toBe(expected)
    })

    test('a good version over plain http is refused', async () => {
      const plain = event('TLSv1.3', { 'x-forwarded-proto': 'http' })
      expect(await outcome(plain)).toBe('ERR_TLS_REQUIRED')
    })
  })

  describe.each([false, true])('ALB, multi-value headers: %p', (multiValue) => {
    const alb = (headers: Record<string, string | undefined>) => sampleEvent('alb', { headers, multiValue })
    const name = 'X-Tls'
    test.each([
      ['https', alb({}), {}, 'https'],
      ['http', alb({ 'x-forwarded-proto': 'http' }), {}, 'ERR_TLS_REQUIRED'],
      ['a list', alb({ 'x-forwarded-proto': 'https,http' }), {}, 'ERR_TLS_REQUIRED'],
      ['missing', alb({ 'x-forwarded-proto': undefined }), {}, 'ERR_TLS_REQUIRED'],
      ['a version that is not declared', alb({ 'x-amzn-tls-version': 'TLSv1' }), {}, 'https'],
      ['a declared version', alb({ [name]: 'TLSv1.2' }), { alb: { tlsVersionHeader: name } }, 'https'],
      ['one too old', alb({ [name]: 'TLSv1.1' }), { alb: { tlsVersionHeader: name } }, 'ERR_TLS_REQUIRED'],
      ['one not there', alb({}), { alb: { tlsVersionHeader: name } }, 'ERR_TLS_REQUIRED'],
    ] as const)('%s', async (_, event, options, expected) => {
      expect(await outcome(event, options)).toBe(expected)
    })

    describe('health check', () => {
      const bare = {
        'user-agent': 'ELB-HealthChecker/2.0',
        'x-forwarded-for': undefined,
        'x-forwarded-port': undefined,
        'x-forwarded-proto': undefined,
      }
      test.each([
        ['as the load balancer makes it', alb(bare), 'ran'],
        ['with a port', alb({ ...bare, 'X-Forwarded-Port': '80' }), 'ERR_TLS_REQUIRED'],
        ['with a client', alb({ ...bare, 'x-forwarded-for': '203.0.113.7' }), 'ERR_TLS_REQUIRED'],
        ['of another agent', alb({ ...bare, 'user-agent': 'ELB-HealthChecker/2.0 x' }), 'ERR_TLS_REQUIRED'],
      ] as const)('%s', async (_, event, expected) => {
        expect(await outcome(event)).toBe(expected)
      })
    })
  })

  test("VPC Lattice needs a declaration; a client's headers do not replace it", async () => {
    const event = sampleEvent('lattice', proto('https'))
    expect(await outcome(event)).toBe('ERR_TLS_REQUIRED')
    expect(await outcome(event, { listener: 'https' })).toBe('https')
    expect(await outcome(event, { direct: 'allow', edge: 'https-only' })).toBe('ERR_TLS_REQUIRED')
  })

  describe('CloudFront in front', () => {
    const secret = 'a-secret-of-the-origin-1'
    const options = {
      cloudFront: { secretHeader: 'X-Origin-Secret', secret: [secret, 'its-successor-000002'] },
    }
    const good = { 'x-origin-secret': secret, 'CloudFront-Forwarded-Proto': 'https' }
    const event = (headers: Record<string, string | readonly string[]>) => sampleEvent('rest', { headers })
    test.each([
      ['from the distribution over https', good, 'https'],
      ['the next secret', { ...good, 'x-origin-secret': 'its-successor-000002' }, 'https'],
      ['no secret', { 'cloudfront-forwarded-proto': 'https' }, 'ERR_TLS_REQUIRED'],
      ['a wrong secret', { ...good, 'x-origin-secret': `${secret}x` }, 'ERR_TLS_REQUIRED'],
      ['a prefix of it', { ...good, 'x-origin-secret': secret.slice(0, -1) }, 'ERR_TLS_REQUIRED'],
      ['two secrets', { ...good, 'x-origin-secret': [secret, 'x'] }, 'ERR_TLS_REQUIRED'],
      ['viewer over http', { ...good, 'CloudFront-Forwarded-Proto': 'http' }, 'ERR_TLS_REQUIRED'],
      ['viewer unknown', { 'x-origin-secret': secret }, 'ERR_TLS_REQUIRED'],
      ['origin over http', { ...good, 'x-forwarded-proto': 'http' }, 'ERR_TLS_REQUIRED'],
      [
        'viewer with TLS 1.3',
        { ...good, 'cloudfront-viewer-tls': 'TLSv1.3:TLS_AES_128_GCM_SHA256:x' },
        'https',
      ],
      [
        'viewer with TLS 1.1',
        { ...good, 'cloudfront-viewer-tls': 'TLSv1.1:AES128-SHA:x' },
        'ERR_TLS_REQUIRED',
      ],
      [
        'viewers with TLS 1.2 and 1.3',
        { ...good, 'cloudfront-viewer-tls': ['TLSv1.2:x', 'TLSv1.3:x'] },
        'https',
      ],
      ...[
        ['TLSv1.1:x', 'TLSv1.3:x'],
        ['TLSv1.3:x', 'TLSv1.1:x'],
      ].map(
        (versions) =>
          [
            `viewers with ${versions}`,
            { ...good, 'cloudfront-viewer-tls': versions },
            'ERR_TLS_REQUIRED',
          ] as const,
      ),
    ] as const)('%s', async (_, headers, expected) => {
      expect(await outcome(event(headers), options)).toBe(expected)
    })

    test('its headers neither grant nor deny if it is not declared', async () => {
      const headers = {
        'cloudfront-forwarded-proto': 'http',
        'cloudfront-viewer-tls': 'TLSv1.1:AES128-SHA:x',
      }
      expect(await outcome(event(headers))).toBe('https')
      const plain = sampleEvent('alb', { headers: { ...good, 'x-forwarded-proto': 'http' } })
      expect(await outcome(plain)).toBe('ERR_TLS_REQUIRED')
    })
  })

  describe('Lambda@Edge', () => {
    const header = (value: string) => ({ 'CloudFront-Forwarded-Proto': value })
    test.each([
      ['origin-request', header('https'), {}, 'ran'],
      ['origin-response', header('https'), {}, 'ran'],
      ['origin-request', header('http'), {}, 'ERR_TLS_REQUIRED'],
      ['origin-request', {}, {}, 'ERR_TLS_REQUIRED'],
      ['origin-request', header('http'), { edge: 'https-only' }, 'ERR_TLS_REQUIRED'],
      ['viewer-request', header('https'), {}, 'ERR_TLS_REQUIRED'],
      ['viewer-request', {}, { edge: 'https-only' }, 'ran'],
      ['viewer-response', {}, { edge: 'redirect-to-https' }, 'ran'],
    ] as const)('%s %j %j is %s', async (type, headers, options, expected) => {
      expect(await outcome(edgeEvent(type, headers), options)).toBe(expected)
    })
  })

  test.each(['sqs', 'sns', 'kinesis', 'eventbridge', 'dynamodb-stream'] as const)(
    '%s events always pass',
    async (source) => {
      expect(await outcome(sampleEvent(source))).toBe('ran')
      // No client's connection, so nothing of a client is asked for either.
      expect(
        await outcome(sampleEvent(source), { origins: ['https://a.example.com'], clientCert: 'require' }),
      ).toBe('ran')
    },
  )

  test('direct invocations pass only as declared, with any headers', async () => {
    const event = { id: 'p-1', headers: { 'x-forwarded-proto': 'https' } }
    expect(await outcome(event)).toBe('ERR_EVENT_UNKNOWN')
    expect(await outcome(event, { direct: 'allow' })).toBe('ran')
  })

  test.each([
    ['half an HTTP request', { httpMethod: 'GET', headers: { 'x-forwarded-proto': 'https' } }],
    ['an empty context', { requestContext: {} }],
    ['records of an unknown source', { Records: [{ eventSource: 'aws:other' }] }],
    ['no records', { Records: [] }],
    ['a list', [{ id: 'p-1' }]],
    ['a text', 'text'],
  ])('an unknown shape is refused: %s', async (_, event) => {
    expect(await outcome(event, { direct: 'allow' })).toBe('ERR_EVENT_UNKNOWN')
  })

  describe('plain http of development tools', () => {
    const at = (host: string, source: 'rest' | 'http-api' = 'rest') => {
      const event = sampleEvent(source, { proto: 'http', headers: { host } })
      return withMembers(event, { requestContext: { ...event.requestContext, domainName: host } })
    }
    const stack = 'p.execute-api.localhost.localstack.cloud:4566'
    test.each([
      ['127.0.0.1:3000', 'sam', 'ran'],
      ['localhost:3000', 'sam', 'ran'],
      ['localhost:4566', 'localstack', 'ran'],
      [stack, 'localstack', 'ran'],
      [stack, 'sam', 'ERR_TLS_REQUIRED'],
      ['127.0.0.1:3000', undefined, 'ERR_TLS_REQUIRED'],
      ['api.example.com', 'sam', 'ERR_TLS_REQUIRED'],
      ['api.example.com', 'localstack', 'ERR_TLS_REQUIRED'],
      ['localhost.example.com', 'localstack', 'ERR_TLS_REQUIRED'],
      ['127.0.0.1.example.com', 'sam', 'ERR_TLS_REQUIRED'],
    ] as const)('%s with %p is %s', async (host, local, expected) => {
      for (const source of ['rest', 'http-api'] as const)
        expect(await outcome(at(host, source), { local })).toBe(expected)
    })

    test('a client that forges its Host behind a real endpoint is refused', async () => {
      const event = sampleEvent('http-api', { proto: 'http', headers: { host: 'localhost' } })
      expect(await outcome(event, { local: 'sam' })).toBe('ERR_TLS_REQUIRED')
    })

    test('is never inferred from the environment', async () => {
      const names = { AWS_SAM_LOCAL: 'true', LOCALSTACK_HOSTNAME: 'localhost' }
      const before = { ...process.env }
      Object.assign(process.env, names)
      try {
        expect(await outcome(at('localhost'))).toBe('ERR_TLS_REQUIRED')
      } finally {
        for (const name of Object.keys(names))
          if (before[name] === undefined) delete process.env[name]
          else process.env[name] = before[name]
      }
    })
  })
})
