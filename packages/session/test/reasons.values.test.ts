/** What an operator reads where an encrypted value or a proof is refused. */
import { defineFields } from '@glassine/core'
import { describe, expect, test } from '@jest/globals'
import { CompactEncrypt, importJWK } from 'jose'
import {
  b64u,
  beginSession,
  ctxOf,
  type DeviceSession,
  proved,
  requestHeader,
  sealFields,
  sealValue,
} from './support/device.ts'
import { fields, opened, patient, scope } from './support/patient.ts'
import { bodyWith, reasonOf, refused } from './support/reasons.ts'
import { envelopeWith, jwk } from './support/service.ts'

describe('an encrypted value is refused, and the operator reads why:', () => {
  const small = defineFields<{ ssn: string }>('small', { ssn: {} })
  type Header = Record<string, unknown>
  const malformedJwe = 'a JWE, or JSON in it, is malformed'

  /** A request with one value, of this header. */
  const bodyOf = async (session: DeviceSession, change: (header: Header) => Header, text = '"x"') => {
    const header = requestHeader(session, '/ssn', ctxOf('small', scope))
    const jti = b64u(Buffer.alloc(16, 5))
    return { ssn: await sealValue(session, change({ ...header, jti }), text), $jwe: session.carrier }
  }

  test.each<[string, (header: Header) => Header, string]>([
    ['no id', ({ jti: _, ...header }) => header, 'the header of an encrypted value has no `jti`'],
    [
      'an id of a request sent twice that is none',
      (header) => ({ ...header, rid: 'x' }),
      'the header of an encrypted value has a malformed `rid`',
    ],
    [
      'an id of a request sent twice, and no store',
      (header) => ({ ...header, rid: b64u(Buffer.alloc(16, 6)) }),
      'a request that may be sent twice needs a replay store',
    ],
    [
      'the key of the responses',
      (header) => ({ ...header, kid: String(header.kid).replace('.q', '.r') }),
      'it is under another key: of another session, or of the responses',
    ],
  ])('%s', async (_what, change, reason) => {
    const body = await bodyOf(await beginSession(jwk), change)
    expect(await reasonOf(opened(envelopeWith(), body, {}, small))).toEqual(refused(reason))
  })

  test('the header of a session JWE', async () => {
    const session = await beginSession(jwk)
    const body = await bodyOf(session, (header) => header)
    const header = { alg: 'ECDH-ES', enc: 'A256GCM', kid: `${session.sid}.q`, jti: b64u(Buffer.alloc(16, 5)) }
    const ssn = await new CompactEncrypt(Buffer.from('"x"'))
      .setProtectedHeader(header as any)
      .encrypt(await importJWK(jwk as any, 'ECDH-ES'))
    expect(await reasonOf(opened(envelopeWith(), { ...body, ssn }, {}, small))).toEqual(
      refused('the header is not that of an encrypted value'),
    )
  })

  test.each<[string, (token: string) => string, string]>([
    ['an encrypted key', (token) => token.replace('..', '.AAAA.'), 'an encrypted value has an encrypted key'],
    [
      'a ciphertext with bits to spare',
      (token) => token.replace(/[\w-]+(?=\.[\w-]+$)/, 'AAAAB'),
      'an encrypted value is malformed',
    ],
    ['a header that is no JSON', (token) => token.replace(/^[\w-]+/, 'eyJhbGciOg'), malformedJwe],
  ])('%s', async (_what, change, reason) => {
    const body = await bodyOf(await beginSession(jwk), (header) => header)
    expect(await reasonOf(opened(envelopeWith(), { ...body, ssn: change(body.ssn) }, {}, small))).toEqual(
      refused(reason),
    )
  })

  test('a value of another request of the session', async () => {
    const session = await beginSession(jwk)
    const one = await sealFields(session, patient, fields, scope)
    const two = await sealFields(session, patient, fields, scope)
    expect(await reasonOf(opened(envelopeWith(), { ...one, email: two.email }))).toEqual(
      refused('it was written in another request of the session'),
    )
  })

  test('a plaintext that no response could hold', async () => {
    const session = await beginSession(jwk)
    const body = await bodyOf(session, (header) => header, JSON.stringify(session.carrier))
    expect(await reasonOf(opened(envelopeWith(), body, {}, small))).toEqual(
      refused('a decrypted value looks encrypted itself'),
    )
  })

  test('a proof that is missing, superfluous or none', async () => {
    const { carrier } = await beginSession(jwk)
    const empty = envelopeWith().prepareOpen(undefined, fields, { ...scope, sessionHeader: carrier })
    expect(await reasonOf(empty)).toEqual(refused('no value is encrypted, and there is no proof'))
    const { $jwe: _, ...body } = await bodyWith()
    const sessionHeader = await proved(carrier, fields, scope)
    expect(await reasonOf(opened(envelopeWith(), body, { sessionHeader }))).toEqual(
      refused('there are encrypted values and a proof'),
    )
    const wrong = { sessionHeader: `${carrier};proof=x` }
    expect(await reasonOf(opened(envelopeWith(), undefined, wrong))).toEqual(
      refused('the proof is not a JWE'),
    )
  })

  test('a response that is read back', async () => {
    const { reply } = await opened(envelopeWith(), await bodyWith())
    expect(await reasonOf(reply.prepareOpen(patient, fields, scope))).toEqual(
      refused('a response is encrypted only'),
    )
  })
})
