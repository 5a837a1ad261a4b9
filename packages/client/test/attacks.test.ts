/** An attacker in the middle, or another user, against the client and the middlewares. */
import { createClient } from '@glassine/client'
import { arrayOf, defineFields } from '@glassine/core'
import { decryptRequest, encryptResponse } from '@glassine/middy'
import { localRecipient, type ReplayStore, sessionEnvelope } from '@glassine/session'
import { invoke, sampleEvent } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'
import middy from '@middy/core'
import httpErrorHandler from '@middy/http-error-handler'

interface Note {
  readonly id?: string
  readonly text?: string
  readonly more?: string
}

const fields = defineFields<Note>('note', {
  id: { authenticated: true, optional: true },
  text: { optional: true },
  more: { optional: true },
})
const note: Note = { id: 'n-1', text: 'a secret', more: 'another secret' }
const origin = 'https://api.example.com'

interface Sent {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: any
}

interface Received {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: any
}

/** A store in memory. */
const memory = (): ReplayStore => {
  const spent = new Set<string>()
  return { spend: async (id) => spent.size < spent.add(id).size }
}

type Work = (event: any) => { readonly statusCode: number; readonly body?: unknown }

/** A service, and a connection to it that tests can tamper with. */
const setUp = async ({
  work = () => ({ statusCode: 200, body: note }),
  replay,
  policy = fields,
}: {
  readonly work?: Work
  readonly replay?: ReplayStore
  readonly policy?: any
} = {}) => {
  const recipient = localRecipient()
  const envelope = sessionEnvelope({ recipients: recipient, audience: origin, replay })
  const runs: { readonly method: string; readonly path: string; readonly body: unknown }[] = []
  const handler = middy()
    .use(httpErrorHandler({ logger: false }))
    .use(decryptRequest({ fields: policy, envelope, partial: true }))
    .use(encryptResponse({ partial: true }))
    .handler(async (event: any) => {
      runs.push({ method: event.requestContext.http.method, path: event.rawPath, body: event.body })
      return work(event)
    })
  const keys = JSON.stringify({ keys: await recipient.jwks({ deadline: () => Date.now() + 1_000 }) })
  const requests: Sent[] = []
  const answers: Received[] = []
  const way: {
    request: (sent: Sent) => Sent
    answer: (received: Received, sent: Sent) => Received | Promise<Received>
  } = {
    request: (sent) => sent,
    answer: (received) => received,
  }
  const deliver = async ({ method, path, headers, body }: Sent): Promise<Received> => {
    const [pathname = '', search = ''] = path.split('?')
    const query = Object.fromEntries(new URLSearchParams(search))
    const event = sampleEvent('http-api', { method, path: pathname, query, headers, ...(body && { body }) })
    const response = await invoke(handler as any, event)
    const text = response.body
    return {
      status: response.statusCode,
      headers: response.headers as Record<string, string>,
      body: /^[{[]/.test(text ?? '') ? JSON.parse(text!) : text || undefined,
    }
  }
  const fetch = (async (url: string, init: any) => {
    if (url.endsWith('jwks.json')) return new Response(keys)
    const sent = {
      method: init.method,
      path: url.slice(origin.length),
      headers: Object.fromEntries(init.headers),
      body: init.body && JSON.parse(init.body),
    }
    requests.push(sent)
    const received = await deliver(way.request(sent))
    answers.push(received)
    const { status, headers, body } = await way.answer(received, sent)
    const isEmpty = status === 204 || body === undefined
    return new Response(isEmpty ? null : typeof body === 'string' ? body : JSON.stringify(body), {
      status,
      headers,
    })
  }) as never
  const client = (token = 'token-of-ada', options: object = {}) => {
    const api = createClient({
      baseUrl: origin,
      fields: policy,
      fetch,
      response: { required: false },
      ...options,
    })
    const headers = { authorization: `Bearer ${token}` }
    return (method: string, path = '/notes/n-1', body?: object): Promise<any> =>
      api.fetch(path, { method, headers, partial: true, ...(body && { body }) } as never)
  }
  return { client, way, deliver, requests, answers, runs }
}

const failed = { code: 'ERR_DECRYPT_FAILED' }

test('an honest client reads and writes', async () => {
  const { client, runs } = await setUp()
  const send = client()
  for (const [method, body] of [
    ['PUT', note],
    ['GET'],
    ['DELETE'],
    ['POST', note],
    ['PATCH', { id: 'n-1' }],
  ] as const) {
    const response = await send(method, '/notes/n-1', body as object)
    expect([response.status, response.sealed, await response.json()]).toEqual([200, true, note])
  }
  expect(runs).toHaveLength(5)
})

describe('the service refuses', () => {
  test.each(['PUT', 'GET', 'DELETE', 'PATCH'])('a redirected %s', async (method) => {
    const { client, way, runs } = await setUp()
    way.request = (sent) => ({ ...sent, path: '/notes/n-2' })
    const body = method === 'PUT' ? note : method === 'PATCH' ? { id: 'n-1' } : undefined
    expect(await client()(method, '/notes/n-1', body)).toMatchObject({ status: 400, sealed: false })
    expect(runs).toEqual([])
  })

  test.each([
    ['GET', 'DELETE', undefined],
    ['PUT', 'POST', note],
  ])('a %s that was changed to %s', async (method, changed, body) => {
    const { client, way, runs } = await setUp()
    way.request = (sent) => ({ ...sent, method: changed })
    expect((await client()(method, '/notes/n-1', body)).status).toBe(400)
    expect(runs).toEqual([])
  })

  test.each(['/notes/n-1', '/notes/n-1?force=1', '/notes/n-1?dry=2'])('another query: %s', async (path) => {
    const { client, way, runs } = await setUp()
    way.request = (sent) => ({ ...sent, path })
    expect((await client()('DELETE', '/notes/n-1?dry=1')).status).toBe(400)
    expect(runs).toEqual([])
  })

  test.each([
    ['PUT', note],
    ['GET', undefined],
  ])("a captured %s under another user's token", async (method, body) => {
    const { client, deliver, requests, runs } = await setUp()
    await client()(method, '/notes/n-1', body)
    const [captured] = requests
    const headers = { ...captured!.headers, authorization: 'Bearer token-of-eve' }
    expect((await deliver({ ...captured!, headers })).status).toBe(400)
    expect((await deliver({ ...captured!, headers: { ...headers, authorization: '' } })).status).toBe(400)
    expect(runs).toHaveLength(1)
  })

  test('a withheld request, delivered under another token', async () => {
    const { client, way, deliver, requests, runs } = await setUp({ replay: memory() })
    way.request = (sent) => ({ ...sent, body: undefined, headers: {} })
    await client()('PUT', '/notes/n-1', note)
    const headers = { ...requests[0]!.headers, authorization: 'Bearer token-of-eve' }
    expect((await deliver({ ...requests[0]!, headers })).status).toBe(400)
    expect(runs).toEqual([])
  })

  test('a request from which one or all optional fields were removed', async () => {
    const { client, way, runs } = await setUp()
    const send = client()
    way.request = (sent) => ({ ...sent, body: { ...sent.body, more: undefined } })
    expect((await send('PUT', '/notes/n-1', note)).status).toBe(400)
    way.request = (sent) => ({ ...sent, body: { ...sent.body, more: undefined, text: undefined } })
    expect((await send('PUT', '/notes/n-1', note)).status).toBe(400)
    way.request = (sent) => ({ ...sent, body: { id: 'n-1' } })
    expect((await send('PATCH', '/notes/n-1', note)).status).toBe(400)
    expect(runs).toEqual([])
  })

  test.each(['GET', 'DELETE', 'PATCH'])('a %s from which the keys were removed', async (method) => {
    const { client, way, runs } = await setUp()
    way.request = ({ headers: { 'encryption-key': _keys, ...headers }, ...sent }) => ({ ...sent, headers })
    const body = method === 'PATCH' ? { id: 'n-1' } : undefined
    expect((await client()(method, '/notes/n-1', body)).status).toBe(400)
    expect(runs).toEqual([])
  })

  test('values of another record, and another id beside the values', async () => {
    const { client, way, requests, runs } = await setUp()
    const send = client()
    await send('PUT', '/notes/n-1', note)
    way.request = (sent) => ({ ...sent, body: { ...sent.body, text: requests[0]!.body.text } })
    expect((await send('PUT', '/notes/n-1', { ...note, id: 'n-2' })).status).toBe(400)
    way.request = (sent) => ({ ...sent, body: { ...sent.body, id: 'n-2' } })
    expect((await send('PUT', '/notes/n-1', note)).status).toBe(400)
    expect(runs).toHaveLength(1)
  })

  test.each([
    ['DELETE', undefined],
    ['PATCH', { id: 'n-1' }],
    ['PUT', note],
  ])('a replayed %s, with a sealed field or without', async (method, body) => {
    const { client, deliver, requests, runs } = await setUp({ replay: memory() })
    await client()(method, '/notes/n-1', body)
    expect((await deliver(requests[0]!)).status).toBe(409)
    expect(runs).toHaveLength(1)
  })
})

describe('the client refuses', () => {
  test('two responses to one request, mixed', async () => {
    const { client, way, deliver } = await setUp()
    way.answer = async (received, sent) => {
      const other = await deliver(sent)
      return { ...received, body: { ...received.body, text: other.body.text } }
    }
    await expect(client()('GET')).rejects.toMatchObject(failed)
    // Each of them alone is valid.
    way.answer = (_received, sent) => deliver(sent)
    expect(await (await client()('GET')).json()).toEqual(note)
  })

  test('an earlier response to an equal GET', async () => {
    const { client, way, answers } = await setUp()
    const send = client()
    await send('GET')
    way.answer = () => answers[0]!
    await expect(send('GET')).rejects.toMatchObject(failed)
  })

  test.each([
    ['with fields', note],
    ['without any', { id: 'n-1' }],
  ])('a 422 that was turned into 200, %s', async (_what, body) => {
    const { client, way } = await setUp({ work: () => ({ statusCode: 422, body: JSON.stringify(body) }) })
    const send = client()
    expect(await send('PUT', '/notes/n-1', note)).toMatchObject({ status: 422, sealed: true })
    way.answer = (received) => ({ ...received, status: 200 })
    await expect(send('PUT', '/notes/n-1', note)).rejects.toMatchObject(failed)
  })

  test.each([204, 200, 201, 302])('a forged empty %d', async (status) => {
    const { client, way } = await setUp()
    way.answer = () => ({ status, headers: {} })
    for (const method of ['DELETE', 'GET']) await expect(client()(method)).rejects.toMatchObject(failed)
  })

  test('a forged clear success if no field is required', async () => {
    const { client, way } = await setUp()
    way.answer = () => ({ status: 200, headers: {}, body: { id: 'n-1' } })
    await expect(client()('GET')).rejects.toMatchObject(failed)
  })

  test('another id beside the values of a response, and beside its proof', async () => {
    for (const body of [note, { id: 'n-1' }]) {
      const { client, way } = await setUp({ work: () => ({ statusCode: 200, body }) })
      const send = client()
      expect(await (await send('GET')).json()).toEqual(body)
      way.answer = (received) => ({ ...received, body: { ...received.body, id: 'n-2' } })
      await expect(send('GET')).rejects.toMatchObject(failed)
    }
  })

  test('a proof of another response', async () => {
    const { client, way, answers } = await setUp({ work: () => ({ statusCode: 204 }) })
    const send = client()
    expect(await send('DELETE')).toMatchObject({ status: 204, sealed: true })
    way.answer = (received) => ({ ...received, headers: answers[0]!.headers })
    await expect(send('DELETE')).rejects.toMatchObject(failed)
  })
})

describe('a forged `session-expired`', () => {
  const forged: Received = { status: 400, headers: {}, body: { type: 'session-expired' } }

  test('does not make a POST run twice', async () => {
    const { client, way, runs } = await setUp()
    way.answer = () => forged
    expect(await client()('POST', '/notes', note)).toMatchObject({ status: 400, sealed: false })
    expect(runs).toHaveLength(1)
  })

  test('does not make a POST run twice with `retry: all` either, in any session', async () => {
    const { client, way, runs, answers } = await setUp({ replay: memory() })
    let turn = 0
    way.answer = (received) => (turn++ === 0 ? forged : received)
    const response = await client('token-of-ada', { retry: 'all' })('POST', '/notes', note)
    expect([response.status, answers.map(({ status }) => status)]).toEqual([409, [200, 409]])
    expect(runs).toHaveLength(1)
  })

  test('shows at the first request that `retry: all` needs a store', async () => {
    const { client, runs } = await setUp()
    expect((await client('token-of-ada', { retry: 'all' })('POST', '/notes', note)).status).toBe(400)
    expect(runs).toEqual([])
  })
})

test('lists are encrypted, decrypted and proved too', async () => {
  const policy = arrayOf(fields)
  const { client } = await setUp({ policy, work: ({ body }) => ({ statusCode: 200, body }) })
  const send = client()
  for (const body of [[note, { id: 'n-2' }], [{ id: 'n-2' }], []]) {
    const response = await send('POST', '/notes', body)
    expect([response.sealed, await response.json()]).toEqual([true, body])
  }
})
