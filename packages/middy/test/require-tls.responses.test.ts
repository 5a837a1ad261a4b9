import { requireTls } from '@glassine/middy'
import { invoke, sampleEvent } from '@glassine/testing'
import { describe, expect, jest, test } from '@jest/globals'
import { edgeEvent } from './support/edge-event.ts'
import { majors, outcomeOf } from './support/outcome.ts'

const hsts = 'max-age=63072000; includeSubDomains'

describe.each(majors)('Middy %s', (_, middy) => {
  const answer = (event: unknown, options = {}, response: unknown = { statusCode: 200, body: '' }) =>
    invoke<any>(
      middy()
        .use(requireTls(options))
        .handler(async () => response),
      event,
    )

  describe('a refusal', () => {
    test.each(['rest', 'http-api', 'function-url', 'alb'] as const)('to %s', async (source) => {
      const response = await answer(sampleEvent(source, { proto: 'http' }))
      expect(response.statusCode).toBe(403)
      expect(response.headers).toEqual({
        'Content-Type': 'application/problem+json',
        'Cache-Control': 'no-store',
      })
      expect(JSON.parse(response.body)).toEqual({
        type: 'about:blank',
        title: 'Forbidden',
        status: 403,
        detail: expect.any(String),
        code: 'ERR_TLS_REQUIRED',
      })
    })

    test('to an ALB that reads multi-value headers', async () => {
      const response = await answer(sampleEvent('alb', { proto: 'http', multiValue: true }))
      expect(response.multiValueHeaders['Content-Type']).toEqual(['application/problem+json'])
      expect(response).not.toHaveProperty('headers')
    })

    test('to Lambda@Edge, in its own form', async () => {
      const response = await answer(edgeEvent('viewer-request'))
      expect(response.status).toBe('403')
      expect(response.headers['content-type']).toEqual([
        { key: 'Content-Type', value: 'application/problem+json' },
      ])
      expect(JSON.parse(response.body).code).toBe('ERR_TLS_REQUIRED')
    })

    test('stops all later middlewares, and says nothing about the request', async () => {
      const later = jest.fn()
      const handler = middy()
        .use(requireTls())
        .before(later)
        .handler(async () => later())
      const event = sampleEvent('rest', { proto: 'http', body: { name: 'secret-7' }, path: '/secret-8' })
      expect(JSON.stringify(await invoke(handler, event))).not.toMatch(/secret-/)
      expect(later).not.toHaveBeenCalled()
    })

    test("with 'throw' the error reaches the caller", async () => {
      const refused = answer(sampleEvent('rest', { proto: 'http' }), { refusal: 'throw' })
      await expect(refused).rejects.toMatchObject({ code: 'ERR_TLS_REQUIRED', statusCode: 403 })
    })

    test('does the same if no HTTP response is read', async () => {
      const refused = answer(sampleEvent('appsync', { proto: 'http' }))
      await expect(refused).rejects.toMatchObject({ code: 'ERR_TLS_REQUIRED', statusCode: 403 })
    })
  })

  describe('a redirect', () => {
    const redirect = 'https://app.example.com'
    const plain = { proto: 'http', path: '/a', query: { q: '1 2' }, headers: { host: 'evil.test' } } as const
    test.each(['rest', 'http-api', 'function-url', 'alb'] as const)('%s: GET and HEAD', async (source) => {
      for (const method of ['GET', 'HEAD']) {
        const { statusCode, headers, body } = await answer(sampleEvent(source, { ...plain, method }), {
          redirect,
        })
        expect(statusCode).toBe(308)
        expect(body).toBe('')
        // Never to the host that the client named.
        const { origin, pathname, searchParams } = new URL(headers.Location)
        expect([origin, pathname, searchParams.get('q')]).toEqual([redirect, '/a', '1 2'])
      }
    })

    test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])(
      'is not made for %s, whose body was readable already',
      async (method) => {
        const response = await answer(sampleEvent('rest', { ...plain, method }), { redirect })
        expect(response.statusCode).toBe(403)
        expect(response.headers).not.toHaveProperty('Location')
      },
    )

    test('is made only if configured', async () => {
      expect((await answer(sampleEvent('rest', plain))).statusCode).toBe(403)
    })

    test.each(['//evil.test/a', '/\\evil.test', '/a\r\nx: y', '@evil.test'])(
      'never leads to %j',
      async (path) => {
        const { headers } = await answer(sampleEvent('rest', { ...plain, path }), { redirect })
        expect(new URL(headers.Location).origin).toBe(redirect)
        expect(headers.Location).not.toMatch(/\s/)
      },
    )

    test.each([
      ['a listener that is unknown', sampleEvent('lattice'), {}],
      ['a protocol not told', sampleEvent('alb', { headers: { 'x-forwarded-proto': undefined } }), {}],
      ['a foreign origin', sampleEvent('rest', { origin: 'https://evil.test' }), { origins: [redirect] }],
    ])('is not made for %s, which https would not fix', async (_, event, options) => {
      expect((await answer(event, { redirect, ...options })).statusCode).toBe(403)
    })
  })

  describe('Strict-Transport-Security', () => {
    const named = 'Strict-Transport-Security'
    test.each(['rest', 'http-api', 'function-url', 'alb'] as const)('%s', async (source) => {
      const response = await answer(
        sampleEvent(source),
        {},
        { statusCode: 200, headers: { a: 'b' }, body: '' },
      )
      expect(response.headers).toEqual({ a: 'b', [named]: hsts })
    })

    test('of an ALB that reads multi-value headers', async () => {
      const response = await answer(sampleEvent('alb', { multiValue: true }))
      expect(response.multiValueHeaders).toEqual({ [named]: [hsts] })
    })

    test('can be changed, disabled, or set by the handler', async () => {
      const own = { statusCode: 200, headers: { 'strict-transport-security': 'max-age=1' } }
      expect((await answer(sampleEvent('rest'), { hsts: 'max-age=300' })).headers[named]).toBe('max-age=300')
      expect((await answer(sampleEvent('rest'), { hsts: false })).headers?.[named]).toBeUndefined()
      expect((await answer(sampleEvent('rest'), {}, own)).headers).toEqual(own.headers)
    })

    test('is not set over plain http', async () => {
      const host = 'localhost:3000'
      const event = sampleEvent('rest', { proto: 'http', headers: { host } })
      const local = { ...event, requestContext: { ...event.requestContext, domainName: 'localhost' } }
      expect(await outcomeOf(local, { local: 'sam' }, middy)).toBe('ran')
    })

    test('is set on the response of an inner error handler', async () => {
      const handler = middy()
        .use(requireTls())
        .onError((request) => {
          request.response = { statusCode: 418, body: '' }
        })
        .handler(async () => {
          throw new Error('no')
        })
      const { statusCode, headers } = await invoke(handler, sampleEvent('rest'))
      expect([statusCode, headers[named]]).toEqual([418, hsts])
    })

    test('changes no object of the handler', async () => {
      const response = Object.freeze({ statusCode: 200, headers: Object.freeze({}), body: '' })
      expect((await answer(sampleEvent('rest'), {}, response)).headers[named]).toBe(hsts)
      expect(response.headers).toEqual({})
    })
  })
})

describe('invalid options', () => {
  const secret = 'a-secret-of-the-origin-1'
  test.each<[string, unknown]>([
    ...[
      '*',
      'null',
      'http://app.example.com',
      'https://app.example.com/',
      'https://app.example.com/a',
      'https://app.example.com:443',
      'https://user@app.example.com',
      'https://*.com',
      'https://*',
      'https://*.*.example.com',
      'https://a*.example.com',
      'https://a.*.example.com',
      'http://*.example.com',
      'http://localhost:3000',
      'app.example.com',
      'https://bücher.example',
      '',
      7,
    ].map((origin): [string, unknown] => ['origins[1]', { origins: ['https://ok.example.com', origin] }]),
    ['origins', { origins: [] }],
    ['origins', { origins: 'https://app.example.com' }],
    ['missingOrigin', { origins: ['https://a.example.com'], missingOrigin: 'ask' }],
    ['missingOrigin', { missingOrigin: 'allow' }],
    ['minVersion', { minVersion: 'TLSv1.1' }],
    ['alb', { alb: true }],
    ['alb.clientCert', { alb: { clientCert: 'require' } }],
    ['alb.tlsVersionHeader', { alb: { tlsVersionHeader: 'a b' } }],
    ['alb.other', { alb: { other: 1 } }],
    ['listener', { listener: 'http' }],
    ['listener', { listener: true }],
    ['cloudFront', { cloudFront: { secretHeader: 'x-secret' } }],
    ['cloudFront', { cloudFront: { secret } }],
    ['cloudFront.secret', { cloudFront: { secretHeader: 'x-secret', secret: 'fifteen-letters' } }],
    ['cloudFront.secret', { cloudFront: { secretHeader: 'x-secret', secret: 'sixteen letters\n' } }],
    ['cloudFront.secret', { cloudFront: { secretHeader: 'x-secret', secret: [] } }],
    ['cloudFront.secret', { cloudFront: { secretHeader: 'x-secret', secret: [secret, ''] } }],
    ['cloudFront.secretHeader', { cloudFront: { secretHeader: '', secret } }],
    ['clientCert', { clientCert: true }],
    ['clientCert', { clientCert: 'require', alb: { clientCert: 'passthrough' } }],
    ['direct', { direct: true }],
    ['edge', { edge: 'allow-all' }],
    ['local', { local: true }],
    ['redirect', { redirect: 'http://app.example.com' }],
    ['redirect', { redirect: 'https://app.example.com/a' }],
    ['redirect', { redirect: true }],
    ['hsts', { hsts: true }],
    ['hsts', { hsts: 'includeSubDomains' }],
    ['hsts', { hsts: 'max-age=1\r\nx: y' }],
    ['refusal', { refusal: 426 }],
    ['orgins', { orgins: ['https://app.example.com'] }],
    ['options', null],
  ])('%s: %j', (option, options) => {
    let caught: any
    try {
      requireTls(options as object)
    } catch (error) {
      caught = error
    }
    expect(caught?.code).toBe('ERR_OPTION_INVALID')
    expect(caught.message).toContain(`\`${option}\``)
    expect(caught.message).not.toContain(secret)
  })

  test('a page of a development server, only with local', () => {
    expect(() => requireTls({ origins: ['http://localhost:3000'], local: 'sam' })).not.toThrow()
  })
})
