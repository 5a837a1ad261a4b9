/** What a field is bound to: moved anywhere else, it is refused. */
import { randomBytes } from 'node:crypto'
import { type Binding, defineFields } from '@glassine/core'
import { describe, expect, test } from '@jest/globals'
import { b64u, beginSession, ctxOf, type DeviceSession, sealFields, sealValue } from './support/device.ts'
import { codeOf, fields, opened, patient, scope, sealed } from './support/patient.ts'
import { jwk, setUp } from './support/service.ts'

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
    [
      'to its route',
      (session) => sealFields(session, patient, fields, { ...scope, route: 'POST /patients' }),
    ],
    [
      'to its method',
      (session) => sealFields(session, patient, fields, { ...scope, route: 'GET /patients/{id}' }),
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
  test.each(swaps)('%s', async (_what, make) => {
    const { envelope } = setUp()
    expect(await codeOf(opened(envelope, await make(await beginSession(jwk))))).toBe('ERR_DECRYPT_FAILED')
  })

  test('to a binding that is one: an absent tenant is not an empty one', async () => {
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

  test('an answer sent back as a request is refused', async () => {
    const { envelope } = setUp()
    const session = await beginSession(jwk)
    const { reply } = await opened(envelope, await sealFields(session, patient, fields, scope))
    const answer = await sealed(reply, patient)
    expect(await codeOf(opened(envelope, { ...answer, $jwe: session.carrier }))).toBe('ERR_DECRYPT_FAILED')
    expect(await codeOf(reply.prepareOpen(answer, fields, scope))).toBe('ERR_DECRYPT_FAILED')
  })
})

test.each(['field', 'bundle'] as const)(
  'a value that looks sealed is refused: no answer could hold it, shape %s',
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

test('one envelope tells routes, models and bindings apart that it has seen before', async () => {
  const { envelope } = setUp()
  const session = await beginSession(jwk)
  const policies = ['one', 'two'].map((model) => defineFields<{ ssn: string }>(model, { ssn: {} }))
  const bindings: readonly Binding[] = [{ tenant: 'a' }, { tenant: 'b' }, { user: 'a' }, {}]
  const places = policies.flatMap((policy) =>
    ['PUT /a', 'PUT /b'].flatMap((route) => bindings.map((binding) => ({ policy, route, binding }))),
  )
  const bodies = await Promise.all(
    places.map(({ policy, ...place }) => sealFields(session, { ssn: 'x' }, policy, place)),
  )
  // Twice: what an envelope remembers of a place is used from the second time on.
  for (let turn = 0; turn < 2; turn++)
    for (const [at, { policy, route, binding }] of places.entries())
      for (const [of, body] of bodies.entries()) {
        const code = await codeOf(opened(envelope, body, { route, binding }, policy))
        expect([at, of, code]).toEqual([at, of, at === of ? 'none' : 'ERR_DECRYPT_FAILED'])
      }
})
