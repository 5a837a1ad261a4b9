/** What a refused request of a session tells: the caller one sentence, the operator what to mend. */
import { type ClientOptions, createClient } from '@glassine/client'
import { defineFields } from '@glassine/core'
import type { Refusal } from '@glassine/middy'
import { localRecipient, sessionEnvelope } from '@glassine/session'
import { sampleEvent } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'
import { refusedBy } from './support/refused.ts'

const declaration = {
  id: { authenticated: true },
  ssn: {},
  'visits[*].note': { optional: true },
} as const
type Patient = { id: string; ssn: string; visits: { note: string }[] }
const fields = defineFields<Patient>('patient', declaration)
const recipients = localRecipient()
const jwks = await recipients.jwks({ deadline: () => Date.now() + 1_000 })
const origin = 'https://api.example.com'
const body: Patient = { id: 'p-1', ssn: 'MARK-1', visits: [{ note: 'MARK-2' }, { note: 'MARK-3' }] }

/** The event that the real client's request becomes. */
const sent = async ({
  token,
  ...options
}: Partial<ClientOptions> & { token?: string } = {}): Promise<any> => {
  let event: any
  const fetch: any = async (url: string, init: any) => {
    if (url.endsWith('jwks.json')) return new Response(JSON.stringify({ keys: jwks }))
    event = sampleEvent('http-api', {
      method: init.method,
      path: new URL(url).pathname,
      query: Object.fromEntries(new URL(url).searchParams),
      headers: Object.fromEntries(new Headers(init.headers)),
      body: JSON.parse(init.body),
    })
    return new Response('{}', { status: 500 })
  }
  const api = createClient({ baseUrl: origin, fields, fetch, bind: { tenant: 't-1' }, ...options })
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  await api.fetch('/patients/p-1?full=MARK-4', { method: 'PUT', headers, body })
  return event
}

const refusalOf = async (event: any, options: object = {}): Promise<Refusal> => {
  const envelope = sessionEnvelope({ recipients, audience: origin })
  const { caller, operator } = await refusedBy(event, { fields, envelope, ...options })
  expect(caller).toEqual({
    statusCode: 400,
    response: 'The encrypted fields of the request could not be decrypted',
  })
  expect(operator).toMatchObject({
    code: 'ERR_DECRYPT_FAILED',
    package: '@glassine/session',
    model: 'patient',
  })
  return operator
}

const changed = (event: any, change: (payload: any) => object): any => ({
  ...event,
  body: JSON.stringify(change(JSON.parse(event.body))),
})

const differs = 'the context of the encrypted values differs in '
const unknown = `${differs}one of: `

describe("the context of a session's values", () => {
  test('of another tenant: the operator reads which parts it can be, and no value', async () => {
    const { reason, path } = await refusalOf(await sent({ bind: { tenant: 'MARK-other' } }))
    expect(reason).toBe(
      `${unknown}the binding's tenant, a sender, where none is expected, the method, the path or the query, an authenticated field, the model`,
    )
    expect(path).toBe('/ssn')
  })

  test.each([
    ['without a binding', {}, {}, 'the binding: it lacks tenant'],
    ['without the token', {}, { sender: () => 'MARK-token' }, 'the sender: it has none'],
    [
      'without the authenticated field',
      { fields: defineFields<any>('patient', { ssn: {}, 'visits[*].note': { optional: true } }) },
      {},
      'the authenticated fields: it has none',
    ],
    ['without the query', {}, { query: false }, undefined],
  ])('%s at one end: the operator reads so', async (name, client, service, part) => {
    const options = name === 'without a binding' ? { bind: {} } : client
    const { reason } = await refusalOf(await sent(options as never), service)
    expect(reason).toContain(part === undefined ? `${unknown}the binding's tenant` : `${differs}${part}`)
  })

  test('of another path: the operator reads that the resource may be it', async () => {
    const { reason } = await refusalOf(await sent(), { publicPath: { add: '/stage' } })
    expect(reason).toContain('the method, the path or the query')
  })

  test('with a value taken out: the operator reads so', async () => {
    const event = changed(await sent(), ({ visits, ...rest }) => ({ ...rest, visits: visits.slice(0, 1) }))
    expect((await refusalOf(event)).reason).toBe(
      `${differs}the number of encrypted values: one was taken out, or the sender declares more`,
    )
  })

  test('with another id: the operator reads that an authenticated field may be it', async () => {
    const event = changed(await sent(), (payload) => ({ ...payload, id: 'p-2' }))
    expect((await refusalOf(event)).reason).toContain('an authenticated field')
  })
})

describe('values of a session that were moved', () => {
  test('within a request: the operator reads so', async () => {
    const event = changed(await sent(), ({ visits, ...rest }) => ({ ...rest, visits: visits.toReversed() }))
    expect(await refusalOf(event)).toMatchObject({
      reason: 'it was written for another place',
      path: '/visits/*/note',
    })
  })

  test('to another session: the operator reads so', async () => {
    const other = JSON.parse((await sent()).body)
    const event = changed(await sent(), (payload) => ({ ...payload, ssn: other.ssn }))
    expect((await refusalOf(event)).reason).toMatch(/another (?:key|request of the session)/)
  })
})

test('a session for another audience: the operator reads so', async () => {
  const envelope = sessionEnvelope({ recipients, audience: 'https://other.example.com' })
  expect((await refusalOf(await sent(), { envelope })).reason).toBe('the session is for another audience')
})

test('a changed value: the operator reads so', async () => {
  const event = changed(await sent(), (payload) => ({
    ...payload,
    ssn: payload.ssn.replace(/.{22}$/, 'AAAAAAAAAAAAAAAAAAAAAA'),
  }))
  expect((await refusalOf(event)).reason).toBe('the ciphertext was changed, or is under another key')
})
