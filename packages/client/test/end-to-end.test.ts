/** The client against `@glassine/session` and the middlewares, through Lambda events. */
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { refused } from './support/check.ts'
import { clock } from './support/clock.ts'
import { lambdaService } from './support/lambda.ts'
import { patient, secrets } from './support/patient.ts'

const shapes = ['field', 'bundle'] as const
const places = ['body', 'header'] as const
const modes = ['session', 'forward-secret'] as const

const combinations = shapes.flatMap((shape) =>
  places.flatMap((keysIn) => modes.map((mode) => [shape, keysIn, mode] as const)),
)

describe.each(combinations)('shape %s, keys in the %s, responses %s', (shape, keysIn, mode) => {
  test.each([false, true])('it writes and reads, with tickets %s', async (ticket) => {
    const service = lambdaService({ shape, ticket })
    const { put, get } = service.client({ keysIn, response: { mode } })
    for (let at = 0; at < 2; at++) {
      const response = await put()
      expect(response.status).toBe(200)
      expect(await response.json()).toEqual(patient())
      expect(await (await get()).json()).toEqual(patient())
    }
    expect(service.payloads).toEqual([patient(), undefined, patient(), undefined])
    const wire = JSON.stringify(service.seen)
    for (const secret of secrets) expect(wire).not.toContain(secret)
    expect(service.seen).toHaveLength(4)
    // The first response brings the ticket; after that only the ticket is sent.
    const carried = service.seen.map(
      ({ body, headers }) => headers['encryption-key']?.split(';')[0] ?? body.$jwe,
    )
    expect(new Set(carried).size).toBe(ticket ? 2 : 1)
    expect(service.seen.map(({ response }) => '$jwe' in response)).toEqual([ticket, false, false, false])
  })
})

test('an RSA key works, and so do signed keys', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const signer = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const service = lambdaService({ privateKey, signer: signer.privateKey })
  const trust = signer.publicKey.export({ format: 'jwk' }) as any
  const { put } = service.client({ serviceKeys: { trust } })
  expect(await (await put()).json()).toEqual(patient())
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }) as any
  await refused(service.client({ serviceKeys: { trust: other } }).put(), 'ERR_KEY_REFUSED')
})

test('a PATCH and a 204 work', async () => {
  const service = lambdaService({ work: () => undefined })
  const { api } = service.client()
  const init = { headers: { 'x-tenant': 't-1' } }
  const body = patient()
  const response = await api.fetch('/patients/7', { method: 'PUT', body, ...init })
  expect(response.status).toBe(204)
  expect(service.payloads).toEqual([body])
})

test('errors of the handler arrive with their fields decrypted', async () => {
  const service = lambdaService({ work: () => ({ ...patient(), statusCode: 200 }) })
  expect(await (await service.client().put()).json()).toMatchObject(patient())
})

describe('a session that the service refuses', () => {
  test('as unknown-kid: the keys are fetched again, and the request is sent once more', async () => {
    const first = lambdaService()
    const second = lambdaService()
    let service = first
    const events: unknown[] = []
    const { put } = first.client({
      fetch: ((...args: Parameters<typeof fetch>) => service.fetch(...args)) as never,
      onRetry: (event) => events.push(event),
    })
    await put()
    service = second
    expect(await (await put()).json()).toEqual(patient())
    expect(events).toEqual([{ problem: 'unknown-kid' }])
    expect(second.payloads).toEqual([patient()])
  })

  test('as session-expired: begun by a slow clock', async () => {
    const ahead = 600_000
    const service = lambdaService()
    const events: unknown[] = []
    const { put } = service.client({
      session: { maxAge: 60_000 },
      onRetry: (event) => events.push(event),
      fetch: (async (url: string, init: any) => {
        const response = await clock(ahead, () => service.fetch(url, init))
        response.headers.set('date', new Date(Date.now() + ahead).toUTCString())
        return response
      }) as never,
    })
    expect(await (await put()).json()).toEqual(patient())
    expect(events).toEqual([{ problem: 'session-expired' }])
  })
})

describe('the service refuses what was moved or changed in transit:', () => {
  type Change = (request: any, other: any) => any
  const withBody = (request: any, change: (body: any) => object) => ({
    ...request,
    body: JSON.stringify(change(JSON.parse(request.body))),
  })

  test.each<[string, Change]>([
    ['another tenant', (request) => ({ ...request, headers: { ...request.headers, 'x-tenant': 't-2' } })],
    ['another path', (request) => ({ ...request, path: '/patients/8' })],
    ['another query', (request) => ({ ...request, path: '/patients/7?force=1' })],
    ['another method', (request) => ({ ...request, method: 'POST' })],
    [
      'two fields swapped',
      (request) =>
        withBody(request, (body) => ({
          ...body,
          ssn: body.address.street,
          address: { ...body.address, street: body.ssn },
        })),
    ],
    [
      'two elements of a list swapped',
      (request) => withBody(request, (body) => ({ ...body, visits: body.visits.toReversed() })),
    ],
    [
      'a field of another request of the session',
      (request, other) => withBody(request, (body) => ({ ...body, ssn: other.ssn })),
    ],
    [
      'the keys of another session',
      (request, other) => withBody(request, (body) => ({ ...body, $jwe: other.foreign })),
    ],
    ['a field in the clear', (request) => withBody(request, (body) => ({ ...body, ssn: '078-05-1120' }))],
    ['a field that is gone', (request) => withBody(request, ({ ssn: _gone, ...body }) => body)],
    ['no keys', (request) => withBody(request, ({ $jwe: _gone, ...body }) => body)],
  ])('%s', async (_what, change) => {
    const service = lambdaService()
    const { put } = service.client()
    await put()
    await service.client().put()
    const [{ body: before }, { body: foreign }] = service.seen as [any, any]
    service.way.request = (request) => change(request, { ...before, foreign: foreign.$jwe })
    const response = await put()
    expect(response.status).toBe(400)
    expect(service.payloads).toHaveLength(2)
  })

  test('a session for another audience', async () => {
    const service = lambdaService({ audience: 'https://other.example.com' })
    expect((await service.client().put()).status).toBe(400)
    expect((await service.client({ audience: 'https://other.example.com' }).put()).status).toBe(200)
  })

  test("a binding that differs from the service's", async () => {
    const service = lambdaService()
    expect((await service.client({}, 't-2').put()).status).toBe(400)
  })
})

describe('the client refuses what was moved or changed in transit:', () => {
  test.each<[string, (body: any, before: any) => any, string]>([
    ['the response to another request', (_body, before) => before, 'ERR_DECRYPT_FAILED'],
    ['a field of another response', (body, before) => ({ ...body, ssn: before.ssn }), 'ERR_DECRYPT_FAILED'],
    ['a field in the clear', (body) => ({ ...body, ssn: 'x' }), 'ERR_FIELD_NOT_ENCRYPTED'],
    ['a field that is gone', ({ ssn: _gone, ...body }) => body, 'ERR_FIELD_MISSING'],
    ['two fields swapped', (body) => ({ ...body, visits: body.visits.toReversed() }), 'ERR_DECRYPT_FAILED'],
  ])('%s', async (_what, change, code) => {
    const service = lambdaService()
    const { put } = service.client()
    await put()
    const before = service.seen[0]!.response
    service.way.response = (body) => change(body, before)
    await refused(put(), code, secrets)
  })
})

test('a ticket that can no longer be decrypted costs a new session, but no error', async () => {
  const service = lambdaService({ ticket: true })
  const problems: string[] = []
  const { put } = service.client({ onRetry: ({ problem }) => problems.push(problem) })
  service.way.response = (body) => ({
    ...body,
    // As if the service had lost its ticket keys: the ticket of another service is stored.
    $jwe: `${body.$jwe.slice(0, -3)}AAA`,
  })
  expect((await put()).status).toBe(200)
  service.way.response = undefined
  expect([(await put()).status, (await put()).status]).toEqual([200, 200])
  expect(problems).toEqual(['session-expired'])
})

test('the responses of two GETs of one session, resource and binding cannot be exchanged', async () => {
  const service = lambdaService()
  const { put, get } = service.client()
  await put()
  await get()
  const { response: first } = service.seen.at(-1)!
  service.way.response = () => first
  await refused(get(), 'ERR_DECRYPT_FAILED', secrets)
  service.way.response = undefined
  expect(await (await get()).json()).toEqual(patient())
})

test('a service on this machine is reached over plain http where its origin is named', async () => {
  const service = lambdaService({ ticket: true })
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method, url, headers } = request
    const answer = await service.serve({
      method: method!,
      path: url!,
      headers: headers as Record<string, string>,
      body: Buffer.concat(chunks).toString(),
    })
    response.writeHead(answer.status, answer.headers).end(answer.body)
  }).listen(0, '127.0.0.1')
  try {
    await once(server, 'listening')
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const given = { baseUrl: origin, audience: 'https://api.example.com', fetch }
    await refused(() => service.client(given), 'ERR_TLS_REQUIRED')
    const { put, get } = service.client({ ...given, insecureOrigin: origin })
    for (let at = 0; at < 2; at++) {
      expect(await (await put()).json()).toEqual(patient())
      expect(await (await get()).json()).toEqual(patient())
    }
    const wire = JSON.stringify(service.seen)
    for (const secret of secrets) expect(wire).not.toContain(secret)
  } finally {
    server.close()
    server.closeAllConnections()
  }
})
