import { createClient } from '@glassine/client'
import { Encrypted, Model } from '@glassine/core'
import { decryptRequest, encryptResponse } from '@glassine/middy'
import { jwksHandler } from '@glassine/middy/jwks'
import { localRecipient, publishedKeys, sessionEnvelope } from '@glassine/session'
import { thrown } from '@glassine/test-support'
import { handlerFetch } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'
import middy from '@middy/core'

const url = 'https://api.example.com/patients/7'

describe('a fetch over a handler', () => {
  // The claims are where each source has them.
  test.each([
    ['http-api', ({ requestContext }: any) => requestContext.authorizer.jwt.claims['custom:tenant']],
    ['rest', ({ requestContext }: any) => requestContext.authorizer.claims['custom:tenant']],
    ['function-url', () => 't-1'],
    ['alb', () => 't-1'],
    ['lattice', () => 't-1'],
  ] as const)('takes the device client through the service and back, behind %s', async (source, tenantOf) => {
    @Model('patient')
    class Patient {
      id!: string
      @Encrypted() ssn!: Encrypted<string>
    }
    const recipient = localRecipient()
    const seen: unknown[] = []
    const wire: string[] = []
    const patients = middy()
      .use(
        decryptRequest({
          fields: Patient,
          envelope: sessionEnvelope({ recipients: recipient, audience: 'https://api.example.com' }),
          bind: (event) => ({ tenant: tenantOf(event) }),
        }),
      )
      .use(encryptResponse())
      .handler(async (event: any) => {
        seen.push(event.body)
        return { statusCode: 200, body: { ...event.body, ssn: 'canary-answer' } }
      })
    const over = handlerFetch(
      {
        '/.well-known/jwks.json': jwksHandler({ keySet: publishedKeys({ recipients: recipient }) }),
        '/patients/*': patients,
      },
      { tenant: 't-1', source },
    )
    const fetch: typeof over = async (input, init) => {
      wire.push(String(init?.body))
      const response = await over(input, init)
      wire.push(await response.clone().text())
      return response
    }
    const api = createClient({
      baseUrl: 'https://api.example.com',
      fields: Patient,
      fetch,
      bind: { tenant: 't-1' },
    })
    const body = { id: 'p-1', ssn: 'canary-request' }
    const response = await api.fetch('/patients/7', { method: 'PUT', body: body as never })
    expect(await response.json()).toEqual({ id: 'p-1', ssn: 'canary-answer' })
    expect(seen).toEqual([body])
    expect(wire.join()).toContain('p-1')
    expect(wire.join()).not.toContain('canary')
  })

  test.each([
    [
      'http-api',
      (event: any) => [event.rawPath, event.rawQueryString, event.cookies, event.requestContext.http.method],
    ],
    [
      'function-url',
      (event: any) => [event.rawPath, event.rawQueryString, event.cookies, event.requestContext.http.method],
    ],
    [
      'rest',
      ({ path, multiValueQueryStringParameters: query, headers, httpMethod }: any) => [
        path,
        new URLSearchParams(
          Object.entries(query).flatMap(([name, values]: any) =>
            values.map((value: string) => [name, value]),
          ),
        ).toString(),
        (headers.cookie ?? headers.Cookie).split('; '),
        httpMethod,
      ],
    ],
  ] as const)('makes the event of %s from method, path, query and cookies', async (source, read) => {
    let found: unknown
    const fetch = handlerFetch(
      async (event) => {
        found = read(event)
        return { statusCode: 204 }
      },
      { source },
    )
    const response = await fetch(`${url}?a=1&b=x%20y&a=2`, {
      method: 'DELETE',
      headers: { cookie: 'c=1; d=2' },
    })
    expect(response.status).toBe(204)
    expect(found).toEqual(['/patients/7', 'a=1&a=2&b=x+y', ['c=1', 'd=2'], 'DELETE'])
  })

  test('passes text as it is and bytes in base64', async () => {
    const bodies: unknown[] = []
    const fetch = handlerFetch(async ({ body, isBase64Encoded }) => {
      bodies.push([body, isBase64Encoded])
      return { statusCode: 204 }
    })
    await fetch(url, { method: 'POST', body: '{"a":"ü"}' })
    await fetch(url, { method: 'POST', body: new Uint8Array([255, 0]) })
    await fetch(url)
    expect(bodies).toEqual([
      ['{"a":"ü"}', false],
      ['/wA=', true],
      [undefined, false],
    ])
  })

  test('answers with status, headers, several values, cookies and bytes', async () => {
    const fetch = handlerFetch(async () => ({
      statusCode: 201,
      headers: { 'content-type': 'image/png', a: 'one' },
      multiValueHeaders: { a: ['1', '2'] },
      cookies: ['c=1', 'd=2'],
      body: '/wA=',
      isBase64Encoded: true,
    }))
    const response = await fetch(url)
    expect(response.status).toBe(201)
    expect(response.headers.get('a')).toBe('1, 2')
    expect(response.headers.getSetCookie()).toEqual(['c=1', 'd=2'])
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([255, 0])
  })

  test('answers JSON where a handler returns its payload alone', async () => {
    const response = await handlerFetch(async () => ({ id: 'p-1' }))(url)
    expect(await response.json()).toEqual({ id: 'p-1' })
  })

  test('answers 404 to a path without a handler, and throws what a handler throws', async () => {
    const fault = new Error('no')
    const fetch = handlerFetch({ '/a': async () => Promise.reject(fault) })
    expect((await fetch('https://api.example.com/b')).status).toBe(404)
    await expect(fetch('https://api.example.com/a')).rejects.toBe(fault)
  })

  test('does not invoke the handler for a request that is aborted already', async () => {
    let calls = 0
    const fetch = handlerFetch(async () => ({ statusCode: 200, body: String(++calls) }))
    await expect(fetch(url, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
    expect(calls).toBe(0)
  })

  test('refuses anything but handlers, and options that it does not know', () => {
    for (const handlers of [undefined, 'handler', { '/a': 'handler' }, []])
      expect(thrown(() => handlerFetch(handlers as never))).toMatchObject({ code: 'ERR_OPTION_INVALID' })
    for (const options of [{ source: 'sqs' }, { other: 1 }, { tenant: 1 }])
      expect(thrown(() => handlerFetch(async () => {}, options as never))).toMatchObject({
        code: 'ERR_OPTION_INVALID',
      })
  })
})
