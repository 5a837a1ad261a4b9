/** The keys in a session JWE: a set that no honest device makes is refused. */

import { randomBytes } from 'node:crypto'
import { codeOf } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { b64u, beginSession, type SessionOptions, sealFields } from './support/device.ts'
import { fields, opened, patient, scope } from './support/patient.ts'
import { jwk, setUp } from './support/service.ts'

describe('a session JWE', () => {
  const off = { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) }

  const late: [string, SessionOptions][] = [
    ['keys without a list', { plaintext: (keys) => ({ ...keys }) }],
    ['nulls for keys', { plaintext: () => ({ keys: [null, null] }) }],
    ['a null for the key of the device', { plaintext: (keys) => ({ keys: [...keys, null] }) }],
    ['texts for keys', { plaintext: () => ({ keys: ['q', 'r'] }) }],
    ['one key', { plaintext: ([q]) => ({ keys: [q] }) }],
    ['four keys', { plaintext: (keys) => ({ keys: [...keys, ...keys] }) }],
    ['keys in the wrong order', { plaintext: ([q, r]) => ({ keys: [r, q] }) }],
    ['one key for both directions', { plaintext: ([q, r]) => ({ keys: [q, { ...r, k: q.k }] }) }],
    [
      'keys of two sessions',
      { plaintext: ([q, r]) => ({ keys: [q, { ...r, kid: `${b64u(randomBytes(16))}.r` }] }) },
    ],
    ['a short key', { plaintext: ([q, r]) => ({ keys: [{ ...q, k: b64u(randomBytes(16)) }, r] }) }],
    ['a key of another kind', { plaintext: ([q, r]) => ({ keys: [{ ...q, kty: 'EC' }, r] }) }],
    [
      'an id that is too short',
      {
        plaintext: ([q, r]) => ({
          keys: [
            { ...q, kid: 'x.q' },
            { ...r, kid: 'x.r' },
          ],
        }),
      },
    ],
    [
      'a device key off the curve',
      { plaintext: ([q, r]) => ({ keys: [q, r, { ...off, kid: q.kid.replace('.q', '.e') }] }) },
    ],
    [
      'a device key of another session',
      {
        forwardSecret: true,
        plaintext: ([q, r, e]) => ({ keys: [q, r, { ...e, kid: `${'A'.repeat(22)}.e` }] }),
      },
    ],
    ['a member twice', { plaintext: (keys) => `{"keys":[],"keys":${JSON.stringify(keys)}}` }],
    ['no JSON', { plaintext: () => 'keys' }],
    ['null', { plaintext: () => null }],
  ]
  test.each(late)(
    'with %s is refused, and costs one call however often it is sent',
    async (_what, options) => {
      const { recipient, envelope } = setUp()
      const body = await sealFields(await beginSession(jwk, options), patient, fields, scope)
      for (let turn = 0; turn < 3; turn++)
        expect(await codeOf(opened(envelope, body))).toBe('ERR_DECRYPT_FAILED')
      expect(recipient.calls).toBe(1)
    },
  )

  test('of one id and other keys does not reach the first one', async () => {
    const { envelope } = setUp()
    const session = await beginSession(jwk)
    await opened(envelope, await sealFields(session, patient, fields, scope))
    const thief = await beginSession(jwk, {
      plaintext: ([q, r]) => ({
        keys: [
          { ...q, kid: `${session.sid}.q` },
          { ...r, kid: `${session.sid}.r` },
        ],
      }),
    })
    const body = await sealFields(session, patient, fields, scope)
    expect(await codeOf(opened(envelope, { ...body, $jwe: thief.carrier }))).toBe('ERR_DECRYPT_FAILED')
    expect((await opened(envelope, body)).payload).toEqual(patient)
  })
})
