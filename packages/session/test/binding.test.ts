/** What a field is bound to: moved anywhere else, it is refused. */

import { randomBytes } from 'node:crypto'
import { type Binding, defineFields } from '@glassine/core'
import { codeOf } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { decodeProtectedHeader } from 'jose'
import {
  b64u,
  beginSession,
  ctxOf,
  type DeviceSession,
  openFields,
  openProof,
  proved,
  requestHeader,
  sealFields,
  sealValue,
} from './support/device.ts'
import { fields, opened, patient, scope, sealed } from './support/patient.ts'
import { jwk, setUp } from './support/service.ts'

const elsewhere = (change: object) => ({ ...scope, resource: { ...scope.resource, ...change } })

describe('a field is bound', () => {
  const swaps: [string, (session: DeviceSession) => Promise<any>, object?][] = [
    [
      'to its place',
      async (session) => {
        const body = await sealFields(session, patient, fields, scope)
        return { ...body, ssn: body.email, email: body.ssn }
      },
    ],
    [
      'to its element',
      async (session) => {
        const body = await sealFields(session, patient, fields, scope)
        return { ...body, visits: [{ ...body.visits[0], note: body.visits[1].note }, body.visits[1]] }
      },
    ],
    ['to its path', (session) => sealFields(session, patient, fields, elsewhere({ path: '/patients/p-2' }))],
    ['to its method', (session) => sealFields(session, patient, fields, elsewhere({ method: 'POST' }))],
    ['to its query', (session) => sealFields(session, patient, fields, elsewhere({ query: [['a', '1']] }))],
    ['to its sender', (session) => sealFields(session, patient, fields, { ...scope, sender: 'another' })],
    [
      'to how many there are: an optional one cannot be taken out',
      async (session) => {
        const { visits, ...rest } = await sealFields(session, patient, fields, scope)
        return { ...rest, visits: visits.slice(0, 1) }
      },
    ],
    [
      'to the direction',
      async (session) => {
        const ctx = ctxOf('patient', scope, { direction: 'response', count: 5 })
        return sealFields(session, patient, fields, scope, { change: (header) => ({ ...header, ctx }) })
      },
    ],
    [
      'to its tenant',
      (session) => sealFields(session, patient, fields, { ...scope, binding: { tenant: 't-2' } }),
    ],
    [
      'to the name of its tenant',
      (session) => sealFields(session, patient, fields, { ...scope, binding: { user: 't-1' } }),
    ],
    [
      'to its model',
      (session) =>
        sealFields(
          session,
          patient,
          defineFields<any>('other', { ssn: {}, email: {}, 'address.street': {}, 'visits[*].note': {} }),
          scope,
        ),
    ],
    [
      'to its session',
      async (session) => {
        const body = await sealFields(session, patient, fields, scope)
        return { ...body, $jwe: (await beginSession(jwk)).carrier }
      },
    ],
    [
      'to its payload: two of one session cannot be spliced',
      async (session) => {
        const one = await sealFields(session, patient, fields, scope)
        const two = await sealFields(session, { ...patient, ssn: 'another' }, fields, scope)
        return { ...one, ssn: two.ssn }
      },
    ],
    [
      'to the request key: what a response key sealed is none',
      async (session) => sealFields({ ...session, q: session.r }, patient, fields, scope),
    ],
    [
      'to the request key, also with its name',
      async (session) =>
        sealFields({ ...session, q: session.r }, patient, fields, scope, {
          change: (header) => ({ ...header, kid: `${session.sid}.r` }),
        }),
    ],
  ]
  test.each(swaps)('to its context: %s', async (_what, make) => {
    const { envelope } = setUp()
    expect(await codeOf(opened(envelope, await make(await beginSession(jwk))))).toBe('ERR_DECRYPT_FAILED')
  })

  test('to a valid binding: an absent tenant differs from an empty one', async () => {
    const { envelope } = setUp()
    const session = await beginSession(jwk)
    const body = await sealFields(session, patient, fields, { ...scope, binding: { tenant: '' } })
    const bare = await sealFields(session, patient, fields, { ...scope, binding: {} })
    expect(await codeOf(opened(envelope, bare, { binding: {} }))).toBe('none')
    expect(await codeOf(opened(envelope, bare, { binding: { tenant: undefined } as any }))).toBe(
      'ERR_BINDING_INVALID',
    )
    for (const tenant of [undefined, '', '\ud800']) {
      const binding = { tenant } as any
      expect(await codeOf(opened(envelope, body, { binding }))).toBe('ERR_BINDING_INVALID')
      const { reply } = await opened(envelope, undefined, { sessionHeader: session.carrier })
      expect(await codeOf(sealed(reply, patient, { binding }))).toBe('ERR_BINDING_INVALID')
    }
  })

  test('to its direction: a response sent back as a request is refused', async () => {
    const { envelope } = setUp()
    const session = await beginSession(jwk)
    const { reply } = await opened(envelope, await sealFields(session, patient, fields, scope))
    const answer = await sealed(reply, patient)
    expect(await codeOf(opened(envelope, { ...answer, $jwe: session.carrier }))).toBe('ERR_DECRYPT_FAILED')
    expect(await codeOf(reply.prepareOpen(answer, fields, scope))).toBe('ERR_DECRYPT_FAILED')
  })
})

test.each(['field', 'bundle'] as const)(
  'a value that looks sealed is refused: no response could hold it, shape %s',
  async (shape) => {
    const { envelope } = setUp({ shape })
    const small = defineFields<{ ssn: string }>('small', { ssn: {} })
    const session = await beginSession(jwk)
    const { ssn: token } = await sealFields(session, { ssn: 'x' }, small, scope)
    const header = { alg: 'dir', enc: 'A256GCM', kid: `${session.sid}.q`, ctx: ctxOf('small', scope) }
    const jti = b64u(randomBytes(16))
    const bodyOf = async (ssn: string) =>
      shape === 'field'
        ? sealFields(session, { ssn }, small, scope)
        : {
            $jwe: session.carrier,
            sealed: await sealValue(
              session,
              { ...header, p: '/sealed', jti },
              JSON.stringify({ '/ssn': ssn }),
            ),
          }
    expect((await opened(envelope, await bodyOf('eyJ'), {}, small)).payload).toEqual({ ssn: 'eyJ' })
    for (const ssn of [token, session.carrier])
      expect(await codeOf(opened(envelope, await bodyOf(ssn), {}, small))).toBe('ERR_DECRYPT_FAILED')
  },
)

test('one envelope distinguishes resources, senders, models and bindings', async () => {
  const { envelope } = setUp()
  const session = await beginSession(jwk)
  const policies = ['one', 'two'].map((model) => defineFields<{ ssn: string }>(model, { ssn: {} }))
  const bindings: readonly Binding[] = [{ tenant: 'a' }, { tenant: 'b' }, { user: 'a' }, {}]
  const places = policies.flatMap((policy) =>
    ['/a', '/b'].flatMap((path) =>
      bindings.map((binding) => ({
        policy,
        resource: { ...scope.resource, path },
        sender: path,
        binding,
      })),
    ),
  )
  const bodies = await Promise.all(
    places.map(({ policy, ...place }) => sealFields(session, { ssn: 'x' }, policy, place)),
  )
  for (const [at, { policy, ...place }] of places.entries())
    for (const [of, body] of bodies.entries()) {
      const code = await codeOf(opened(envelope, body, place, policy))
      expect([at, of, code]).toEqual([at, of, at === of ? 'none' : 'ERR_DECRYPT_FAILED'])
    }
})

describe('authenticated members', () => {
  interface Visit {
    readonly id: string
    readonly note?: string
    readonly visits: readonly { readonly id: number; readonly text: string }[]
  }
  const policy = defineFields<Visit>('visit', {
    id: { authenticated: true },
    'visits[*].id': { authenticated: true },
    'visits[*].text': {},
    note: { optional: true },
  })
  const record: Visit = { id: 'p-1', visits: [1, 2].map((id) => ({ id, text: `text ${id}` })) }
  const members = { '/id': '"p-1"', '/visits/0/id': '1', '/visits/1/id': '2' }

  test('of a payload are bound, all of them and no others', async () => {
    const { envelope } = setUp()
    const session = await beginSession(jwk)
    const body = await sealFields(session, record, policy, scope, { members })
    const { payload, reply } = await opened(envelope, body, {}, policy)
    expect(payload).toEqual(record)
    const answer = await sealed(reply, record, {}, policy)
    expect((await openFields(session, answer, policy, scope, { members })).payload).toEqual(record)
    const [first, second] = body.visits
    for (const change of [
      { id: 'p-2' },
      {
        visits: [
          { ...first, id: 2 },
          { ...second, id: 1 },
        ],
      },
      { visits: [{ ...first, id: '1' }, second] },
    ])
      expect(await codeOf(opened(envelope, { ...body, ...change }, {}, policy))).toBe('ERR_DECRYPT_FAILED')
  })

  test('of a bundle are bound, in both directions', async () => {
    const { envelope } = setUp({ shape: 'bundle' })
    const session = await beginSession(jwk)
    const ctx = ctxOf('visit', scope, { members })
    session.sent = b64u(randomBytes(16))
    const header = {
      ...requestHeader(session, '/sealed', ctx),
      jti: session.sent,
    }
    const values = JSON.stringify({ '/visits/0/text': 'text 1', '/visits/1/text': 'text 2' })
    const body = {
      id: 'p-1',
      visits: [{ id: 1 }, { id: 2 }],
      $jwe: session.carrier,
      sealed: await sealValue(session, header, values),
    }
    const { payload, reply } = await opened(envelope, body, {}, policy)
    expect(payload).toEqual(record)
    expect(await codeOf(opened(envelope, { ...body, id: 'p-2' }, {}, policy))).toBe('ERR_DECRYPT_FAILED')
    const swapped = { ...body, visits: [{ id: 2 }, { id: 1 }] }
    expect(await codeOf(opened(envelope, swapped, {}, policy))).toBe('ERR_DECRYPT_FAILED')
    const answer = await sealed(reply, record, {}, policy)
    const expected = ctxOf('visit', scope, { direction: 'response', answers: session.sent, members })
    expect(decodeProtectedHeader(answer.sealed).ctx).toBe(expected)
  })

  test('of a payload without an encrypted value are bound by its proof', async () => {
    const { envelope } = setUp()
    const session = await beginSession(jwk)
    const bare = defineFields<any>('bare', { id: { authenticated: true }, note: { optional: true } })
    const sessionHeader = await proved(session.carrier, bare, scope, { members: { '/id': '"p-1"' } })
    const { payload, reply } = await opened(envelope, { id: 'p-1', a: 1 }, { sessionHeader }, bare)
    expect(payload).toEqual({ id: 'p-1', a: 1 })
    expect(await codeOf(opened(envelope, { id: 'p-2', a: 1 }, { sessionHeader }, bare))).toBe(
      'ERR_DECRYPT_FAILED',
    )
    const answer = await sealed(reply, { id: 'p-1' }, {}, bare)
    await openProof(session, answer.$proof, bare, scope, { members: { '/id': '"p-1"' } })
  })
})

describe('a proof', () => {
  const open = (sessionHeader: string, options: object = {}, body?: unknown) =>
    codeOf(opened(setUp().envelope, body, { sessionHeader, ...options }))

  test('is bound like values, and is invalid for a payload with values', async () => {
    const session = await beginSession(jwk)
    const sessionHeader = await proved(session.carrier, fields, scope)
    expect(await open(sessionHeader)).toBe('none')
    for (const place of [
      elsewhere({ path: '/patients/p-2' }),
      elsewhere({ method: 'DELETE' }),
      elsewhere({ query: [['a', '1']] }),
      { sender: 'another' },
      { binding: { tenant: 't-2' } },
    ])
      expect(await open(sessionHeader, place)).toBe('ERR_DECRYPT_FAILED')
    const { $jwe: _, ...body } = await sealFields(session, patient, fields, scope)
    expect(await open(sessionHeader, {}, body)).toBe('ERR_DECRYPT_FAILED')
    expect(await open(sessionHeader, { partial: true }, { id: 'p-1' })).toBe('none')
  })

  test('is required: a request with neither values nor a proof is refused, with any method', async () => {
    const { envelope } = setUp()
    const { carrier, ...session } = await beginSession(jwk)
    for (const method of ['GET', 'DELETE', 'PATCH']) {
      const options = { ...elsewhere({ method }), partial: true }
      // Not by `opened`, which adds the proof.
      const bare = envelope.prepareOpen(undefined, fields, { ...options, sessionHeader: carrier })
      expect(await codeOf(bare)).toBe('ERR_DECRYPT_FAILED')
      expect(await codeOf(opened(envelope, { id: 'p-1', $jwe: carrier }, options))).toBe('ERR_DECRYPT_FAILED')
      expect(await codeOf(opened(envelope, { id: 'p-1' }, options))).toBe('ERR_SESSION_MISSING')
    }
    const header = { alg: 'dir', enc: 'A256GCM', kid: `${session.sid}.q`, p: '' }
    const numbers = { ctx: ctxOf('patient', scope, { count: 0 }), jti: b64u(randomBytes(16)) }
    const make = (change: object = {}, key = session.q) =>
      sealValue({ ...session, carrier }, { ...header, ...numbers, ...change }, '{}', key)
    expect(await open(`${carrier};proof=${await make()}`)).toBe('none')
    for (const proof of [
      await make({ p: '/ssn' }),
      await make({ kid: `${session.sid}.r` }),
      await make({ jti: 'x' }),
      await make({ ctx: ctxOf('patient', scope) }),
      await make({}, session.r),
      carrier,
      '',
    ])
      expect(await open(`${carrier};proof=${proof}`)).toBe('ERR_DECRYPT_FAILED')
  })

  test('makes a header recognisable, but not a field value', async () => {
    const { envelope } = setUp()
    const session = await beginSession(jwk)
    const header = await proved(session.carrier, fields, scope)
    const proof = header.slice(session.carrier.length)
    const { ssn } = await sealFields(session, patient, fields, scope)
    expect([header, session.carrier, `${ssn}${proof}`].map(envelope.recognises)).toEqual([true, true, false])
    expect(envelope.recognises(`${session.carrier};proof=x`)).toBe(false)
  })
})
