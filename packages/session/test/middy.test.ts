/** Sessions through whole handlers, under both majors of Middy. */
import { assertEncrypted, decryptRequest, encryptResponse } from '@glassine/middy'
import { localRecipient, type Recipient, type SessionEnvelope, sessionEnvelope } from '@glassine/session'
import { sampleContext, sampleEvent } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'
import middy6 from '@middy/core'
import httpErrorHandler from '@middy/http-error-handler'
import { compactDecrypt } from 'jose'
import middy7 from 'middy7'
import {
  audience,
  beginSession,
  type DeviceSession,
  openFields,
  proved,
  sealFields,
} from './support/device.ts'
import { fields, patient } from './support/patient.ts'

const majors = [
  ['6', middy6],
  ['7', middy7 as unknown as typeof middy6],
] as const
const inner = localRecipient()
const [jwk] = await inner.jwks({ deadline: () => Date.now() + 1_000 })
const bind = (event: any) => ({ tenant: event.headers['x-tenant'] ?? 't-1' })
const put = (body: unknown, headers: Record<string, string> = {}): any =>
  sampleEvent('rest', { method: 'PUT', path: '/patients/7', body, headers })
const get = async (carrier: string): Promise<any> =>
  sampleEvent('rest', {
    method: 'GET',
    path: '/patients/7',
    headers: { 'Encryption-Key': await proved(carrier, fields, place('GET')) },
  })
const place = (method = 'PUT', tenant = 't-1') => ({
  resource: { method, path: '/prod/patients/7', query: [] },
  binding: { tenant },
})
const status = 200

describe.each(majors)('Middy %s', (_major, middy) => {
  const stack = (
    envelope: SessionEnvelope,
    work: (event: any) => unknown = (event) => event.body ?? patient,
    options: object = {},
  ) =>
    middy(assertEncrypted({ fields }) as any)
      .use(httpErrorHandler({ logger: false }))
      .use(
        decryptRequest({ fields, envelope, bind, principal: (event) => event.headers['x-user'], ...options }),
      )
      .use(encryptResponse())
      .handler(async (event: any): Promise<any> => ({ statusCode: 200, body: await work(event) }))
  const run = (handler: any, event: any): Promise<any> => handler(event, sampleContext({ timeoutMs: 60_000 }))
  const make = (options: object = {}) => sessionEnvelope({ recipients: inner, audience, ...options })

  test.each([false, true])('a PUT is decrypted and answered, forward secrecy %s', async (forwardSecret) => {
    const session = await beginSession(jwk, { forwardSecret })
    let seen: unknown
    const handler = stack(make(), (event) => {
      seen = event.body
      return event.body
    })
    const response = await run(handler, put(await sealFields(session, patient, fields, place())))
    expect(response.statusCode).toBe(200)
    expect(seen).toEqual(patient)
    expect(response.body).not.toContain(patient.ssn)
    const { payload } = await openFields(session, JSON.parse(response.body), fields, place(), { status })
    expect(payload).toEqual(patient)
  })

  test('a bundle is answered with a bundle', async () => {
    const session = await beginSession(jwk)
    const response = await run(stack(make({ shape: 'bundle' })), await get(session.carrier))
    const { sealed, ...rest } = JSON.parse(response.body)
    expect(JSON.stringify(rest)).not.toContain(patient.ssn)
    const { plaintext } = await compactDecrypt(sealed, session.r)
    expect(JSON.parse(new TextDecoder().decode(plaintext))).toMatchObject({ '/ssn': patient.ssn })
  })

  test('a GET with its keys in the header is answered, and the handler sees the event unchanged', async () => {
    const session = await beginSession(jwk)
    const response = await run(stack(make()), await get(session.carrier))
    expect(response.statusCode).toBe(200)
    expect(
      (await openFields(session, JSON.parse(response.body), fields, place('GET'), { status })).payload,
    ).toEqual(patient)
  })

  test('a body may have its keys in the header', async () => {
    const session = await beginSession(jwk)
    const body = await sealFields(session, patient, fields, place(), { carrier: false })
    const response = await run(stack(make()), put(body, { 'encryption-key': session.carrier }))
    expect(
      (await openFields(session, JSON.parse(response.body), fields, place(), { status })).payload,
    ).toEqual(patient)
  })

  test('an error with a field is encrypted too', async () => {
    const session = await beginSession(jwk)
    const handler = middy(assertEncrypted({ fields }) as any)
      .use(decryptRequest({ fields, envelope: make(), bind }))
      .use(encryptResponse())
      .handler(async (): Promise<any> => ({ statusCode: 409, body: { ssn: patient.ssn } }))
    const response = await run(handler, put(await sealFields(session, patient, fields, place())))
    expect(response.statusCode).toBe(409)
    expect(
      (await openFields(session, JSON.parse(response.body), fields, place(), { status: 409 })).payload,
    ).toEqual({
      ssn: patient.ssn,
    })
  })

  test.each<[string, any, number, string]>([
    ['an expired session', { now: Math.floor(Date.now() / 1_000) - 2_000 }, 400, 'session-expired'],
    ['an unknown key', { header: { kid: 'x' } }, 400, 'unknown-kid'],
  ])('%s is answered with a problem that a client acts on', async (_what, options, status, type) => {
    const session = await beginSession(jwk, options)
    const response = await run(stack(make()), put(await sealFields(session, patient, fields, place())))
    expect(response.statusCode).toBe(status)
    expect(JSON.parse(response.body)).toMatchObject({ type })
  })

  test.each<[string, (session: DeviceSession) => Promise<any>, number]>([
    [
      'fields of another tenant',
      async (s) => put(await sealFields(s, patient, fields, place('PUT', 't-2'))),
      400,
    ],
    ['fields of another method', async (s) => put(await sealFields(s, patient, fields, place('POST'))), 400],
    ['plaintext', async (s) => put({ ...patient, $jwe: s.carrier }), 400],
    ['no keys', async (s) => put(await sealFields(s, patient, fields, place(), { carrier: false })), 400],
  ])('%s: the handler does not run', async (_what, make_, status) => {
    let runs = 0
    const handler = stack(make(), () => {
      runs++
      return patient
    })
    const response = await run(handler, await make_(await beginSession(jwk)))
    expect(response.statusCode).toBe(status)
    expect(runs).toBe(0)
  })

  test('a budget counts by principal', async () => {
    const counted: Recipient = { jwks: inner.jwks, unwrap: inner.unwrap }
    const handler = stack(sessionEnvelope({ recipients: counted, audience, budget: { sessions: 2 } }))
    const statuses: number[] = []
    for (const user of ['a', 'a', 'a', 'b']) {
      const body = await sealFields(await beginSession(jwk), patient, fields, place())
      statuses.push((await run(handler, put(body, { 'x-user': user }))).statusCode)
    }
    expect(statuses).toEqual([200, 200, 429, 200])
  })

  test('10,000 interleaved invocations of two tenants share nothing', async () => {
    const envelope = make({ cacheMaxEntries: 3 })
    const tenants = ['t-a', 't-b']
    const parts = await Promise.all(
      Array.from({ length: 4 }, async (_, at) => {
        const tenant = tenants[at % 2]!
        const session = await beginSession(jwk)
        const secret = `ssn of ${tenant} ${at}`
        const body = await sealFields(session, { ...patient, ssn: secret }, fields, place('PUT', tenant))
        return { tenant, session, secret, body }
      }),
    )
    const handler = stack(envelope, async (event) => {
      for (let turn = (Number(event.headers['x-turn']) * 7) % 5; turn > 0; turn--) await null
      return {
        ...event.body,
        id: event.headers['x-turn'],
        email: `${event.body.ssn} for ${bind(event).tenant}`,
      }
    })
    let wrong = 0
    for (let start = 0; start < 10_000; start += 250) {
      await Promise.all(
        Array.from({ length: 250 }, async (_, at) => {
          const turn = start + at
          const part = parts[(turn * 13 + (turn >> 3)) % parts.length]!
          const response = await run(
            handler,
            put(part.body, { 'x-tenant': part.tenant, 'x-turn': String(turn) }),
          )
          const { id, email } = JSON.parse(response.body)
          // One of the fields: that it opens at all says whose response it is.
          const { plaintext } = await compactDecrypt(email, part.session.r)
          const value = JSON.parse(new TextDecoder().decode(plaintext))
          const right = value === `${part.secret} for ${part.tenant}` && id === String(turn)
          if (!right) wrong++
        }),
      )
    }
    expect(wrong).toBe(0)
  }, 120_000)
})
