/** Nothing that is secret is in an explanation, whatever differs. */
import { createClient } from '@glassine/client'
import { defineFields } from '@glassine/core'
import { keyMaterial } from '@glassine/keys'
import { rawAesKeyring } from '@glassine/keys/raw-aes'
import { messageEnvelope } from '@glassine/message'
import { localRecipient, sessionEnvelope } from '@glassine/session'
import { type ExpectedOfPayload, explain, leaksOf, sampleEvent } from '@glassine/testing'
import { expect, test } from '@jest/globals'

const key = Buffer.from('a key of thirty-two bytes, secret')
const values = { ssn: 'canary-ssn-078-05-1120', street: 'canary-street-Main-1', id: 'canary-id-p-1' }
const token = 'canary-token-eyJhbGciOi'
const secrets = { ...values, token, key: key.subarray(0, 32) }

const fields = defineFields<any>('patient', { id: { authenticated: true }, ssn: {}, 'address.street': {} })
const bare = defineFields<any>('patient', { ssn: {} })
const keyring = rawAesKeyring({ namespace: 'n', name: 'k', key: secrets.key })
const envelope = messageEnvelope({ keys: keyMaterial({ keyring }) })
const payload = { id: values.id, ssn: values.ssn, address: { street: values.street } }

/** In every form that a test or a log might print. */
const shown = (found: object): string => `${JSON.stringify(found)}\n${String(found)}`

test('of messages', async () => {
  const as = { binding: { tenant: 't-1' }, use: 'request' }
  const sealed: any = await envelope.encrypt(payload, fields, as)
  const other: any = await envelope.encrypt({ ...payload, id: 'canary-other' }, fields, as)
  const right: ExpectedOfPayload = { ...as, fields, envelope }
  const changes: readonly (readonly [unknown, Partial<ExpectedOfPayload>])[] = [
    [sealed, {}],
    [sealed, { binding: { tenant: 't-2' } }],
    [sealed, { use: 'response' }],
    [sealed, { fields: bare }],
    [{ ...sealed, id: 'canary-id-p-2' }, {}],
    [{ ...sealed, ssn: other.ssn }, {}],
    [{ ...sealed, ssn: sealed.address.street, address: { street: sealed.ssn } }, {}],
    [payload, {}],
    [{ ...sealed, ssn: `${sealed.ssn.slice(0, -8)}AAAAAAA=` }, {}],
    [sealed.ssn, { place: '/note' }],
    [{ ...payload, address: values.street }, {}],
  ]
  for (const [received, change] of changes) {
    const found = await explain(received as object, { ...right, ...change })
    expect(leaksOf(shown(found), { ...secrets, other: 'canary-other', second: 'canary-id-p-2' })).toEqual([])
  }
  // The search finds what is there.
  expect(leaksOf(JSON.stringify(payload), secrets)).not.toEqual([])
})

test('of sessions', async () => {
  const recipients = localRecipient()
  const keys = await recipients.jwks({ deadline: () => Date.now() + 1_000 })
  const audience = 'https://api.example.com'
  const devices = sessionEnvelope({ recipients, audience })
  let event: any
  const fetch: any = async (url: string, init: any) => {
    if (url.endsWith('jwks.json')) return new Response(JSON.stringify({ keys }))
    const headers = Object.fromEntries(new Headers(init.headers))
    event = sampleEvent('http-api', { method: 'PUT', path: '/p', headers, body: JSON.parse(init.body) })
    return new Response('{}', { status: 500 })
  }
  const api = createClient({ baseUrl: audience, fields, fetch, bind: { tenant: 't-1' } })
  const query = '?canary-name=canary-query'
  await api.fetch(`/p${query}`, {
    method: 'PUT',
    body: payload,
    headers: { authorization: `Bearer ${token}` },
  })
  event.rawQueryString = query.slice(1)
  const right = { fields, envelope: devices, bind: () => ({ tenant: 't-1' }) }
  const seen = { ...secrets, query: 'canary-query' }
  for (const change of [
    {},
    { bind: () => ({ tenant: 't-2' }) },
    { sender: () => 'canary-token-another' },
    { sender: () => 'canary-token-another', sent: { sender: token, url: `/p${query}` } },
    { query: false as const },
    { fields: bare },
  ]) {
    const found = await explain(event, { ...right, ...change })
    expect(leaksOf(shown(found), { ...seen, another: 'canary-token-another' })).toEqual([])
  }
  expect(leaksOf(event, seen).length).toBeGreaterThan(0)
})
