/** What a client sends and requests besides the sealed fields, at the limits of what is allowed. */
import { createClient } from '@glassine/client'
import { rejection, thrown } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import * as jose from 'jose'
import { fields, pair, patient, pointers } from './support/patient.ts'
import { ReferenceService } from './support/reference-service.ts'

const post = { method: 'POST', body: patient() }

describe('a method', () => {
  test.each(['POST', 'FORGET', 'GETALL', 'HEADS', 'MYHEAD', 'DELETE', 'OPTIONS'])(
    '%s may have a body',
    async (method) => {
      const { api, service } = await pair()
      expect((await api.fetch('/patients', { method, body: patient() })).status).toBe(200)
      expect(service.exchanges[0]!.payload).toEqual(patient())
    },
  )

  test.each(['GET', 'head', 'DELETE', 'options'])('%s may come without a body', async (method) => {
    const { api, service } = await pair({ answer: () => ({ status: 204 }) })
    expect((await api.fetch('/patients', { method })).status).toBe(204)
    expect(service.exchanges).toHaveLength(1)
  })

  test.each(['UNDELETE', 'DELETEALL', 'FORGET', 'GETALL', 'PURGE'])('%s needs a body', async (method) => {
    const { api } = await pair()
    await expect(api.fetch('/patients', { method })).rejects.toMatchObject({ code: 'ERR_BODY_INVALID' })
  })

  test('of any kind may come without a body if partial documents are allowed', async () => {
    const { api, service } = await pair({ answer: () => ({ status: 204 }) })
    expect((await api.fetch('/patients', { method: 'PATCH', partial: true })).status).toBe(204)
    expect(service.exchanges[0]!.body).toBeUndefined()
  })
})

test.each(['/patients?x=1', '/patients#x', '/patients?x=1#y', '/patients', '/patients?'])(
  'the path %s is bound without query and fragment',
  async (path) => {
    const { api } = await pair({ context: { path: '/patients' } })
    expect((await api.fetch(path, post)).status).toBe(200)
  },
)

describe('a path that gateways read differently is refused before anything is sent:', () => {
  test.each([
    'patients',
    '/a/../b',
    '/a/%2e%2E/b',
    '/./a',
    '/100%',
    '/a%zz',
    '/a%3Fb',
    '/a%23b',
    '/a%00',
    '/a\tb',
    '/a?b=\n1',
    '/a ',
    '/a?b= ',
    '/%ff',
    '/a\ud800',
  ])('%j', async (path) => {
    const { api, service } = await pair()
    await expect(api.fetch(path, post)).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
      cause: { option: 'path' },
    })
    expect([service.exchanges, service.keyFetches]).toEqual([[], []])
  })

  test('a repeated parameter, if only one would be passed on', async () => {
    const { api } = await pair({}, { query: 'single' })
    expect((await api.fetch('/patients?b=1&a=1', post)).status).toBe(200)
    await expect(api.fetch('/patients?b=1&a=1&b=2', post)).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
    })
  })
})

describe('an abort', () => {
  const slow = async (given: (signal: AbortSignal | undefined, url: string) => Promise<Response>) => {
    const stop = new AbortController()
    const { api } = await pair({}, { fetch: ((url: string, init: any) => given(init.signal, url)) as never })
    const work = api.fetch('/patients', { ...post, signal: stop.signal })
    const reason = new Error('stopped')
    setTimeout(() => stop.abort(reason), 5)
    await expect(work).rejects.toBe(reason)
  }

  test('works while keys are fetched, without aborting them for others', async () => {
    const { service } = await pair()
    await slow(() => new Promise(() => {}))
    let answer = (): void => {}
    const gate = new Promise<void>((resolve) => {
      answer = resolve
    })
    const { api } = await pair(
      {},
      {
        fetch: (async (url: string, init: any) => {
          if (url.endsWith('jwks.json')) await gate
          return service.fetch(url, init)
        }) as never,
      },
    )
    const stop = new AbortController()
    const first = api.fetch('/patients', { ...post, signal: stop.signal })
    const second = api.fetch('/patients', post)
    await new Promise((resolve) => setTimeout(resolve, 5))
    stop.abort()
    await expect(first).rejects.toMatchObject({ name: 'AbortError' })
    answer()
    expect((await second).status).toBe(200)
    expect(service.keyFetches).toHaveLength(1)
  })

  test('works before anything begins', async () => {
    const { api, service } = await pair()
    await expect(api.fetch('/patients', { ...post, signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    })
    expect(service.exchanges).toEqual([])
  })
})

test('the member for a bundle can be named; it defaults to `sealed`', async () => {
  for (const bundleMember of ['box', undefined]) {
    const member = bundleMember ?? 'sealed'
    const { api, service } = await pair({ bundleMember: member }, { shape: 'bundle', bundleMember })
    expect(await (await api.fetch('/patients', post)).json()).toEqual(patient())
    expect(Object.keys(JSON.parse(service.exchanges[0]!.body!))).toContain(member)
  }
})

test('a member for a bundle requires that shape', async () => {
  const options = { baseUrl: 'https://api.example.com', fields, bundleMember: 'box' }
  expect(thrown(() => createClient(options))).toMatchObject({
    code: 'ERR_OPTION_INVALID',
    cause: { option: 'bundleMember' },
  })
})

test('headers that describe the encrypted bytes are removed from the decrypted response', async () => {
  const names = 'content-encoding content-md5 content-digest repr-digest digest etag content-length'.split(
    ' ',
  )
  const headers = { ...Object.fromEntries(names.map((name) => [name, '1'])), 'x-kept': 'yes' }
  const { api } = await pair({ answer: () => ({ body: patient(), seal: pointers, headers }) })
  const response = await api.fetch('/patients', post)
  expect([...response.headers.keys()].toSorted()).toEqual(['content-type', 'x-kept'])
})

describe('a ticket', () => {
  const answering = async (status: number) => {
    let failing = false
    const both = await pair({
      ticket: true,
      answer: ({ payload }) => (failing ? { status, body: {} } : { body: payload, seal: pointers }),
      // A refusal brings no other ticket.
      tamper: (body) => (failing ? {} : body),
    })
    await both.api.fetch('/patients', post)
    failing = true
    await both.api.fetch('/patients', post)
    failing = false
    await both.api.fetch('/patients', post)
    return [both.service.unwraps, both.service.tickets]
  }

  test('is dropped after a 400, since it may be the reason', async () => {
    expect(await answering(400)).toEqual([2, 1])
  })

  test.each([401, 404, 409, 500, 503])('is kept after %d', async (status) => {
    expect(await answering(status)).toEqual([1, 2])
  })
})

describe('the keys of the service', () => {
  test('are requested without credentials, redirects or a body', async () => {
    const { api, service } = await pair()
    await api.fetch('/patients', post)
    expect(service.keyFetches).toEqual([
      {
        headers: { accept: 'application/json' },
        credentials: 'omit',
        redirect: 'error',
        cache: 'default',
        signal: expect.any(AbortSignal),
      },
    ])
  })

  test('are requested as a signed set if a key is trusted; the set may end with a line break', async () => {
    const { publicKey, privateKey } = await jose.generateKeyPair('ES256', { extractable: true })
    const trust = (await jose.exportJWK(publicKey)) as never
    const service = await ReferenceService.start({ signer: privateKey })
    const api = createClient({
      baseUrl: 'https://api.example.com',
      fields: fields as any,
      serviceKeys: { trust },
      fetch: (async (url: string, init: any) => {
        const answer = await service.fetch(url, init)
        return url.endsWith('jwks.json') ? new Response(`${await answer.text()}\r\n`) : answer
      }) as never,
    })
    expect((await api.fetch('/patients', post)).status).toBe(200)
    expect(service.keyFetches[0].headers).toEqual({ accept: 'application/jwk-set+jwt' })
  })

  test('are refused if the first usable one has a wrong id, whatever follows it', async () => {
    const { api, service } = await pair()
    const other = (await ReferenceService.start()).jwk
    service.keys = () => ({ keys: [{ ...other, kid: 'x' }, service.jwk] })
    await expect(api.fetch('/patients', post)).rejects.toMatchObject({ code: 'ERR_KEY_REFUSED' })
    // A key that cannot be used may have any id.
    service.keys = () => ({
      keys: [{ ...other, kid: 'x', use: 'sig' }, { ...other, kid: 'x', alg: 'none' }, service.jwk],
    })
    expect((await api.fetch('/patients', post)).status).toBe(200)
  })

  test.each([404, 500, 503])(
    'are unavailable after a response with %d, and requested again',
    async (status) => {
      const { service } = await pair()
      let failing = true
      const { api } = await pair(
        {},
        {
          fetch: (async (url: string, init: any) => {
            if (!url.endsWith('jwks.json') || !failing) return service.fetch(url, init)
            return Response.json({ keys: [service.jwk] }, { status })
          }) as never,
        },
      )
      await expect(api.fetch('/patients', post)).rejects.toMatchObject({
        code: 'ERR_KEY_UNAVAILABLE',
        cause: { reason: `status ${status}` },
      })
      failing = false
      expect((await api.fetch('/patients', post)).status).toBe(200)
    },
  )
})

test.each<[string, () => Promise<Response>]>([
  [
    'no response: the network, an untrusted certificate, or CORS',
    () => Promise.reject(new TypeError('MARK')),
  ],
  ['no response in time', () => new Promise(() => {})],
  ['the key set is no JSON', async () => new Response('<html>')],
])('are missing for a reason that developers can read: %s', async (reason, answer) => {
  const { api } = await pair({}, { fetch: answer as never, serviceKeys: { timeout: 20 } })
  const error: any = await rejection(api.fetch('/patients', post))
  expect(error).toMatchObject({ code: 'ERR_KEY_UNAVAILABLE', cause: { reason } })
  expect(`${error.message}${error.stack}`).not.toContain('MARK')
})

describe('the option', () => {
  const faultWith = (options: object): unknown => {
    try {
      createClient({ baseUrl: 'https://api.example.com', fields, ...options })
    } catch (error) {
      return (error as any).cause.option
    }
    return 'none'
  }

  test.each<[string, number, number | undefined, (value: number) => object]>([
    ['session.maxAge', 1_000, 900_000, (maxAge) => ({ session: { maxAge } })],
    ['session.maxSeals', 1, 1_048_576, (maxSeals) => ({ session: { maxSeals } })],
    ['padding.bucket', 1, 65_536, (bucket) => ({ padding: { bucket } })],
    ['serviceKeys.timeout', 1, undefined, (timeout) => ({ serviceKeys: { timeout } })],
    ['serviceKeys.maxAge', 1, undefined, (maxAge) => ({ serviceKeys: { maxAge } })],
  ])('`%s` is from %d to %d', (option, least, most, change) => {
    expect(faultWith(change(least))).toBe('none')
    for (const value of [least - 1, least + 0.5]) expect(faultWith(change(value))).toBe(option)
    if (most === undefined) return
    expect(faultWith(change(most))).toBe('none')
    expect(faultWith(change(most + 1))).toBe(option)
  })

  test.each([
    'https://api.example.com',
    'https://api.example.com:8443/a/b',
    'HTTPS://API.example.com',
    'https://[::1]:8443/x',
    'https://localhost?x',
  ])('`baseUrl` may be %s', (baseUrl) => {
    expect(faultWith({ baseUrl })).toBe('none')
  })

  test.each([
    'xhttps://api.example.com',
    'https://',
    'https:///path',
    'https://a b',
    'https://user@host',
    'https://a#b',
  ])('`baseUrl` may not be %s', (baseUrl) => {
    expect(faultWith({ baseUrl })).toBe('baseUrl')
  })
})
