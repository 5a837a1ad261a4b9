/** The bundle shape: all fields in one token. */

import { defineFields } from '@glassine/core'
import { codeOf } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { compactDecrypt } from 'jose'
import { b64u, beginSession, ctxOf, proved, requestHeader, sealValue } from './support/device.ts'
import { opened, scope, sealed } from './support/patient.ts'
import { envelopeWith, jwk } from './support/service.ts'

describe('a bundle', () => {
  const list = defineFields<{ id: string; ssn: string; notes: string[] }>('list', { ssn: {}, 'notes[*]': {} })
  const document = { id: 'p-1', ssn: '078-05-1120', notes: ['a', 'b'] }
  const bundleOf = async (session: any, members: unknown, change: object = {}) => {
    const header = {
      ...requestHeader(session, '/sealed', ctxOf('list', scope)),
      jti: b64u(Buffer.alloc(16)),
    }
    return sealValue(session, { ...header, ...change }, JSON.stringify(members))
  }
  const members = { '/ssn': document.ssn, '/notes/0': 'a', '/notes/1': 'b' }

  test('has all fields in one token, in both directions', async () => {
    const envelope = envelopeWith({ shape: 'bundle' })
    expect(envelope.bundleMember).toBe('sealed')
    const session = await beginSession(jwk)
    const body = {
      id: 'p-1',
      notes: [null, null],
      sealed: await bundleOf(session, members),
      $jwe: session.carrier,
    }
    const { payload, reply } = await opened(envelope, body, {}, list)
    expect(payload).toEqual(document)
    const response = await sealed(reply, document, {}, list)
    expect(response).toEqual({ id: 'p-1', notes: [null, null], sealed: expect.any(String) })
    const { plaintext } = await compactDecrypt(response.sealed, session.r)
    expect(JSON.parse(new TextDecoder().decode(plaintext))).toEqual(members)
  })

  test.each<[string, (session: any) => Promise<any>, string]>([
    [
      'a value without a place',
      async (session) => ({ sealed: await bundleOf(session, { ...members, '/id': 'x' }) }),
      'ERR_DECRYPT_FAILED',
    ],
    [
      'a place without a value',
      async (session) => ({ sealed: await bundleOf(session, { '/notes/0': 'a', '/notes/1': 'b' }) }),
      'ERR_FIELD_MISSING',
    ],
    [
      'another member',
      async (session) => ({ sealed: await bundleOf(session, members, { p: '/other' }) }),
      'ERR_DECRYPT_FAILED',
    ],
    ['a list', async (session) => ({ sealed: await bundleOf(session, ['x']) }), 'ERR_DECRYPT_FAILED'],
    ['plaintext', async () => ({ sealed: 'plain' }), 'ERR_FIELD_NOT_ENCRYPTED'],
    [
      'a field beside it in the clear',
      async (session) => ({ ssn: 'x', sealed: await bundleOf(session, members) }),
      'ERR_FIELD_NOT_ENCRYPTED',
    ],
    ['no bundle', async () => ({}), 'ERR_FIELD_MISSING'],
  ])('with %s is refused', async (_what, body, code) => {
    const session = await beginSession(jwk)
    const payload = { id: 'p-1', notes: [null, null], ...(await body(session)), $jwe: session.carrier }
    expect(await codeOf(opened(envelopeWith({ shape: 'bundle' }), payload, {}, list))).toBe(code)
  })

  test('that is absent from a partial document leaves it unchanged, and the response is still encrypted', async () => {
    const session = await beginSession(jwk)
    const envelope = envelopeWith({ shape: 'bundle' })
    const sessionHeader = await proved(session.carrier, list, scope)
    const { payload, reply } = await opened(envelope, { id: 'p-1' }, { partial: true, sessionHeader }, list)
    expect(payload).toEqual({ id: 'p-1' })
    expect(await sealed(reply, document, {}, list)).toHaveProperty('sealed')
    expect(await codeOf(opened(envelope, { id: 'p-1' }, { partial: true }, list))).toBe('ERR_SESSION_MISSING')
  })
})

test('a model may declare neither the members of the format nor that of the bundle', async () => {
  const session = await beginSession(jwk)
  const bad = [
    defineFields<any>('a', { $jwe: {} }),
    defineFields<any>('p', { $proof: {} }),
    defineFields<any>('b', { '$jwe.k': {} }),
    defineFields<any>('c', { '*': {} }),
  ]
  for (const policy of bad)
    expect(await codeOf(opened(envelopeWith(), { $jwe: session.carrier }, {}, policy))).toBe(
      'ERR_OPTION_INVALID',
    )
  const { reply } = await opened(envelopeWith({ shape: 'bundle' }), undefined, {
    sessionHeader: session.carrier,
  })
  expect(await codeOf(sealed(reply, { sealed: 'x' }, {}, defineFields<any>('d', { sealed: {} })))).toBe(
    'ERR_OPTION_INVALID',
  )
  expect(await codeOf(sealed(reply, { $jwe: 'x' }, {}, bad[0]))).toBe('ERR_OPTION_INVALID')
})
