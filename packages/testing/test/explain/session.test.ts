import { type ClientOptions, createClient } from '@glassine/client'
import { type Binding, defineFields } from '@glassine/core'
import { localRecipient, sessionEnvelope } from '@glassine/session'
import { type Explanation, explain, sampleEvent } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'

interface Patient {
  id: string
  ssn: string
  note: string
}

const declaration = { id: { authenticated: true }, ssn: {}, note: { optional: true } } as const
const fields = defineFields<Patient>('patient', declaration)
const recipients = localRecipient()
const keys = await recipients.jwks({ deadline: () => Date.now() + 1_000 })
const origin = 'https://api.example.com'
const envelope = sessionEnvelope({ recipients, audience: origin })
const body = { id: 'p-1', ssn: '078-05-1120', note: 'first note' }

type Request = Partial<ClientOptions> & {
  readonly path?: string
  readonly method?: string
  readonly body?: object
  readonly token?: string
  readonly given?: object
}

/** The event that the real client's request becomes. */
const requested = async ({
  path = '/patients/p-1?full=1',
  method = 'PUT',
  body: sent = body,
  token,
  given,
  ...options
}: Request = {}): Promise<any> => {
  let event: any
  const fetch: any = async (url: string, init: any) => {
    if (url.endsWith('jwks.json')) return new Response(JSON.stringify({ keys }))
    const { pathname, searchParams } = new URL(url)
    event = sampleEvent('http-api', {
      method: init.method,
      path: pathname,
      query: Object.fromEntries(searchParams),
      headers: Object.fromEntries(new Headers(init.headers)),
      ...(init.body && { body: JSON.parse(init.body) }),
      ...given,
    })
    return new Response('{}', { status: 500 })
  }
  const api = createClient({ baseUrl: origin, fields, fetch, bind: { tenant: 't-1' }, ...options })
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  await api.fetch(path, { method, headers, ...(method !== 'GET' && { body: sent }) })
  return event
}

const expected = { fields, envelope, bind: (): Binding => ({ tenant: 't-1' }) }
const differences = ({ differences }: Explanation) =>
  differences.map(({ what, name, inCiphertext, expected }) => [what, name, inCiphertext, expected])

describe('a request that opens', () => {
  test('has no difference, and shows what both ends bound', async () => {
    const found = await explain(await requested({ token: 'secret-token' }), expected)
    expect(differences(found)).toEqual([])
    expect(found).toMatchObject({ verdict: 'opens', format: 'session' })
    expect(found.same).toEqual(
      expect.arrayContaining([
        { what: 'audience', inCiphertext: origin, expected: origin },
        { what: 'method', inCiphertext: 'PUT', expected: 'PUT' },
        { what: 'path', inCiphertext: '/patients/p-1', expected: '/patients/p-1' },
        { what: 'query', inCiphertext: 'full', expected: 'full' },
        { what: 'sender', inCiphertext: 'this one', expected: 'this one' },
        { what: 'binding', inCiphertext: 'tenant=t-1', expected: 'tenant=t-1' },
        { what: 'record', inCiphertext: '/id', expected: '/id' },
        { what: 'set', inCiphertext: '2 values', expected: '2 values' },
      ]),
    )
    expect(JSON.stringify(found)).not.toContain('secret-token')
  })

  test('may be without a body, and a bundle', async () => {
    expect(differences(await explain(await requested({ method: 'GET' }), expected))).toEqual([])
    const bundles = sessionEnvelope({ recipients, audience: origin, shape: 'bundle' })
    const event = await requested({ shape: 'bundle' })
    expect(differences(await explain(event, { ...expected, envelope: bundles }))).toEqual([])
  })
})

describe('each kind of mismatch is told apart by its name', () => {
  test('a binding that the device or the service forgot', async () => {
    expect(differences(await explain(await requested({ bind: {} }), expected))).toEqual([
      ['binding', undefined, null, 'tenant=t-1'],
    ])
    const both = { ...expected, bind: () => ({ tenant: 't-1', site: 's-1' }) }
    expect(differences(await explain(await requested(), both))).toEqual([
      ['binding', undefined, 'tenant=t-1', 'site=s-1, tenant=t-1'],
    ])
  })

  test('another binding, which a hash tells only to who knows it', async () => {
    const event = await requested({ bind: { tenant: 't-2' } })
    const found = await explain(event, expected)
    expect(differences(found)).toEqual([
      [
        'context',
        undefined,
        'the hash of something else',
        'model patient, binding tenant=t-1, sender none, method PUT, path /patients/p-1, query full, record /id, set 2 values',
      ],
    ])
    expect(found.differences[0]?.tried).toEqual(
      expect.arrayContaining([
        'binding: tenant=t-1, none',
        expect.stringMatching(/^path: \/patients\/p-1, \/p-1/),
      ]),
    )
    const sent = { binding: { tenant: 't-2' } }
    expect(differences(await explain(event, { ...expected, sent }))).toEqual([
      ['binding', undefined, 'tenant=t-2', 'tenant=t-1'],
    ])
  })

  test('another audience', async () => {
    const found = await explain(await requested({ audience: 'https://other.example.com' }), expected)
    expect(differences(found)).toEqual([['audience', undefined, 'https://other.example.com', origin]])
  })

  test('another model', async () => {
    const person = defineFields<Patient>('person', declaration)
    const event = await requested({ fields: person as never })
    expect((await explain(event, expected)).differences[0]?.what).toBe('context')
    expect(differences(await explain(event, { ...expected, sent: { fields: person } }))).toEqual([
      ['model', undefined, 'person', 'patient'],
    ])
  })

  test('another path: a base path, a stage, another record', async () => {
    const moved = (given: object) => requested({ given })
    expect(differences(await explain(await moved({ path: '/api/patients/p-1' }), expected))).toEqual([
      ['path', undefined, '/patients/p-1', '/api/patients/p-1'],
    ])
    const staged: any = await requested({ baseUrl: `${origin}/prod` })
    staged.rawPath = '/patients/p-1'
    staged.requestContext.stage = 'prod'
    staged.requestContext.domainName = 'api.example.com'
    expect(differences(await explain(staged, expected))).toEqual([
      ['path', undefined, '/prod/patients/p-1', '/patients/p-1'],
    ])
    const other = await requested({ path: '/patients/p-2?full=1', given: { path: '/patients/p-1' } })
    const sent = { url: `${origin}/patients/p-2?full=1` }
    expect(differences(await explain(other, { ...expected, sent }))).toEqual([
      ['path', undefined, '/patients/p-2', '/patients/p-1'],
    ])
  })

  test('another method and another query, by its names', async () => {
    expect(differences(await explain(await requested({ given: { method: 'POST' } }), expected))).toEqual([
      ['method', undefined, 'PUT', 'POST'],
    ])
    const event = await requested({ given: { query: { full: '1', campaign: '7' } } })
    expect(differences(await explain(event, expected))).toEqual([
      ['query', undefined, 'full', 'campaign, full'],
    ])
    const changed = await requested({ given: { query: { full: '2' } } })
    const sent = { url: '/patients/p-1?full=1' }
    expect(differences(await explain(changed, { ...expected, sent }))).toEqual([
      ['query', undefined, 'full (with other values)', 'full'],
    ])
  })

  test('another sender, and one that the device did not bind', async () => {
    const event = await requested({ token: 'first-token' })
    event.headers.authorization = 'Bearer second-token'
    expect((await explain(event, expected)).differences[0]?.what).toBe('context')
    const found = await explain(event, { ...expected, sent: { sender: 'first-token' } })
    expect(differences(found)).toEqual([['sender', undefined, 'the one in `sent`', 'this one']])
    const unseen = await requested()
    unseen.headers.authorization = 'Bearer added-later'
    const late = await explain(unseen, expected)
    expect(differences(late)).toEqual([['sender', undefined, null, 'this one']])
    expect(JSON.stringify([found, late])).not.toMatch(/-token|added-later/)
  })

  test('a member that was not authenticated, and a value that was taken out', async () => {
    const unbound = defineFields<Patient>('patient', { ssn: {}, note: { optional: true } })
    expect(differences(await explain(await requested({ fields: unbound as never }), expected))).toEqual([
      ['record', undefined, null, '/id'],
    ])
    const event = await requested()
    const { note: _note, ...rest } = JSON.parse(event.body)
    expect(differences(await explain({ ...event, body: JSON.stringify(rest) }, expected))).toEqual([
      ['set', undefined, '2 values', '1 values'],
    ])
  })

  test('another place, and values of two requests', async () => {
    const event = await requested()
    const payload = JSON.parse(event.body)
    const swapped = { ...payload, ssn: payload.note, note: payload.ssn }
    expect(differences(await explain({ ...event, body: swapped }, expected))).toEqual([
      ['place', '/ssn', '/note', '/ssn'],
      ['place', '/note', '/ssn', '/note'],
    ])
    const other = JSON.parse((await requested()).body)
    const mixed = await explain({ ...event, body: { ...payload, ssn: other.ssn } }, expected)
    expect(differences(mixed)).toEqual([
      ['session', 'of the value', 'another one', 'this one'],
      ['set', undefined, 'values of 2 payloads', 'values of one payload'],
    ])
  })

  test('keys that are missing, of another service, expired or changed', async () => {
    const event = await requested()
    const { $jwe, ...rest } = JSON.parse(event.body)
    expect(differences(await explain({ ...event, body: rest }, expected))).toEqual([
      ['session', undefined, null, 'keys in $jwe or in Encryption-Key'],
    ])
    const others = sessionEnvelope({ recipients: localRecipient(), audience: origin })
    const found = await explain(event, { ...expected, envelope: others })
    expect(found.differences.map(({ what }) => what)).toEqual(['key'])
    const both = sessionEnvelope({ recipients: [localRecipient(), recipients], audience: origin })
    expect((await explain(event, { ...expected, envelope: both })).differences).toEqual([])
    const later = sessionEnvelope({ recipients, audience: origin, now: () => Date.now() + 3_600_000 })
    expect(differences(await explain(event, { ...expected, envelope: later }))).toEqual([
      ['time', undefined, expect.stringMatching(/^\d{4}-.*Z to \d{4}-.*Z$/), expect.stringMatching(/^now, /)],
    ])
    const changed = `${$jwe.slice(0, -1)}${$jwe.endsWith('A') ? 'Q' : 'A'}`
    expect(differences(await explain({ ...event, body: { ...rest, $jwe: changed } }, expected))).toEqual([
      ['session', undefined, 'does not open (ERR_DECRYPT_FAILED)', 'opens'],
    ])
  })

  test('changed bytes', async () => {
    const event = await requested()
    const payload = JSON.parse(event.body)
    const { ssn } = payload
    const changed = `${ssn.slice(0, -1)}${ssn.endsWith('A') ? 'Q' : 'A'}`
    expect(differences(await explain({ ...event, body: { ...payload, ssn: changed } }, expected))).toEqual([
      ['contents', '/ssn', 'changed, or cut off', 'authentic'],
    ])
  })

  test('a message of a service in the place of a token, and a request of another sender class', async () => {
    const event = await requested()
    const payload = JSON.parse(event.body)
    const found = await explain({ ...event, body: { ...payload, ssn: '078-05-1120' } }, expected)
    expect(differences(found)).toContainEqual([
      'format',
      '/ssn',
      'a value in the clear',
      'a JWE of a session',
    ])
  })

  test('two at once', async () => {
    const event = await requested({ bind: {}, given: { method: 'POST' } })
    expect(differences(await explain(event, expected))).toEqual([
      ['binding', undefined, null, 'tenant=t-1'],
      ['method', undefined, 'PUT', 'POST'],
    ])
  })
})

test('a token of a response is not one of a request', async () => {
  const header = { alg: 'dir', enc: 'A256GCM', kid: `${'A'.repeat(22)}.r`, p: '/ssn', ctx: 'x', jti: 'y' }
  const text = `${Buffer.from(JSON.stringify(header)).toString('base64url')}..${'A'.repeat(16)}.AA.${'A'.repeat(22)}`
  const found = await explain(text, { fields, envelope, binding: {}, place: '/ssn' })
  expect(differences(found)).toEqual([['use', undefined, 'response', 'request']])
})

test('one token alone is explained by its hash, as far as it can be without its payload', async () => {
  const unbound = defineFields<Patient>('patient', { ssn: {}, note: { optional: true } })
  const resource = { method: 'PUT', path: '/patients/p-1', query: [['full', '1'] as const] }
  const of = { envelope, binding: { tenant: 't-1' }, resource, place: '/ssn' }
  const { ssn } = JSON.parse((await requested({ fields: unbound as never })).body)
  expect(await explain(ssn, { ...of, fields: unbound })).toMatchObject({ verdict: 'opens', differences: [] })
  expect(differences(await explain(ssn, { ...of, fields: unbound, binding: {}, place: '/note' }))).toEqual([
    ['place', '/note', '/ssn', '/note'],
    ['context', undefined, 'the hash of something else', expect.stringContaining('binding none')],
  ])
  // Beside which record it stood is not known.
  const bound = JSON.parse((await requested()).body).ssn
  expect((await explain(bound, { ...of, fields })).differences.map(({ what }) => what)).toEqual(['context'])
})
