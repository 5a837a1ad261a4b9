/** Headers of sealed fields that no honest device writes, and changed tokens: all are refused by one error. */

import { createCipheriv, randomBytes } from 'node:crypto'
import { defineFields } from '@glassine/core'
import { codeOf } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { CompactEncrypt, importJWK } from 'jose'
import {
  b64u,
  beginSession,
  ctxOf,
  type DeviceSession,
  type HeaderChange,
  sealFields,
  sealValue,
} from './support/device.ts'
import { fields, opened, patient, scope } from './support/patient.ts'
import { jwk, setUp } from './support/service.ts'

describe("a field's header", () => {
  const changes: [string, HeaderChange][] = [
    ['without its place', ({ p: _, ...header }) => header],
    ['without its context', ({ ctx: _, ...header }) => header],
    ['without a number', ({ jti: _, ...header }) => header],
    ['with a number of another form', (header) => ({ ...header, jti: 'x"y' })],
    ['with a number that is none', (header) => ({ ...header, jti: 7 })],
    ['with a list for its place', (header) => ({ ...header, p: [header.p] })],
    ['with the key of the device', (header) => ({ ...header, kid: String(header.kid).replace('.q', '.e') })],
    ['with another session id', (header) => ({ ...header, kid: `${b64u(randomBytes(16))}.q` })],
  ]
  test.each(changes)('%s is refused', async (_what, change) => {
    const { envelope } = setUp()
    const body = await sealFields(await beginSession(jwk), patient, fields, scope, { change })
    expect(await codeOf(opened(envelope, body))).toBe('ERR_DECRYPT_FAILED')
  })

  test.each<[string, HeaderChange]>([
    ['the algorithms last', ({ alg, enc, ...header }) => ({ typ: 'x', ...header, enc, alg })],
    ['the context last, which looks like the number', ({ ctx, ...header }) => ({ ...header, ctx })],
    ['more of them', (header) => ({ ...header, 'https://example.com': { any: [1] } })],
  ])('may have its members in another order: %s', async (_what, change) => {
    const { envelope } = setUp()
    const body = await sealFields(await beginSession(jwk), patient, fields, scope, { change })
    expect((await opened(envelope, body)).payload).toEqual(patient)
  })

  test.each<[string, (session: DeviceSession, header: any) => Promise<string>]>([
    [
      'another algorithm of the same key',
      (session, header) =>
        new CompactEncrypt(Buffer.from('"x"'))
          .setProtectedHeader({ ...header, alg: 'A256KW' })
          .encrypt(session.q),
    ],
    [
      'another encryption of the same key',
      (session, header) =>
        new CompactEncrypt(Buffer.from('"x"'))
          .setProtectedHeader({ ...header, alg: 'A256GCMKW', enc: 'A128GCM' })
          .encrypt(session.q),
    ],
    [
      "an agreement with the recipient's own key",
      async (_session, header) =>
        new CompactEncrypt(Buffer.from('"x"'))
          .setProtectedHeader({ ...header, alg: 'ECDH-ES' })
          .encrypt(await importJWK(jwk as any, 'ECDH-ES')),
    ],
    [
      'a name of another algorithm, sealed under the right key',
      async (session, header) => {
        const iv = randomBytes(12)
        const cipher = createCipheriv('aes-256-gcm', session.q, iv)
        const head = b64u(JSON.stringify({ ...header, alg: 'ECDH-ES' }))
        const ciphertext = cipher.setAAD(Buffer.from(head)).update('"x"')
        cipher.final()
        return `${head}..${b64u(iv)}.${b64u(ciphertext)}.${b64u(cipher.getAuthTag())}`
      },
    ],
    ['text that is no JSON', (session, header) => sealValue(session, header, 'no JSON')],
    ['nothing', (session, header) => sealValue(session, header, '')],
    ['a text with __proto__', (session, header) => sealValue(session, header, '{"__proto__":{"x":1}}')],
    [
      'ill-formed UTF-8',
      (session, header) =>
        new CompactEncrypt(Buffer.from([0x22, 0xff, 0x22])).setProtectedHeader(header).encrypt(session.q),
    ],
  ])('%s is refused', async (_what, make) => {
    const { envelope } = setUp()
    const session = await beginSession(jwk)
    const jti = b64u(randomBytes(16))
    const body = await sealFields(session, patient, fields, scope, { jti })
    const header = {
      alg: 'dir',
      enc: 'A256GCM',
      kid: `${session.sid}.q`,
      p: '/ssn',
      ctx: ctxOf('patient', scope, { count: 5 }),
      jti,
    }
    body.ssn = await make(session, header)
    const code = await codeOf(opened(envelope, body))
    expect(['ERR_DECRYPT_FAILED', 'ERR_FIELD_NOT_ENCRYPTED']).toContain(code)
  })

  test('does not exist in a clear or null field, which is a separate error', async () => {
    const { envelope } = setUp()
    const body = await sealFields(await beginSession(jwk), patient, fields, scope)
    expect(await codeOf(opened(envelope, { ...body, ssn: patient.ssn }))).toBe('ERR_FIELD_NOT_ENCRYPTED')
    expect(await codeOf(opened(envelope, { ...body, ssn: null }))).toBe('ERR_FIELD_NOT_ENCRYPTED')
    expect(await codeOf(opened(envelope, { ...body, ssn: undefined }))).toBe('ERR_FIELD_MISSING')
  })
})

test('a token with any single bit flipped is refused', async () => {
  const { envelope } = setUp()
  const small = defineFields<{ ssn: string }>('small', { ssn: {} })
  const body = await sealFields(await beginSession(jwk), { ssn: '078-05-1120' }, small, scope)
  const codes = new Set<string>()
  const bytes = Buffer.from(body.ssn, 'latin1')
  for (let at = 0; at < bytes.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = Buffer.from(bytes)
      flipped[at]! ^= 1 << bit
      codes.add(await codeOf(opened(envelope, { ...body, ssn: flipped.toString('latin1') }, {}, small)))
    }
  }
  // A text that is no longer a token is plaintext that was never sealed.
  expect([...codes].toSorted()).toEqual(['ERR_DECRYPT_FAILED', 'ERR_FIELD_NOT_ENCRYPTED'])
  expect((await opened(envelope, body, {}, small)).payload).toEqual({ ssn: '078-05-1120' })
})

test('all failures of decryption are equal in every property', async () => {
  const { envelope } = setUp()
  const session = await beginSession(jwk)
  const body = await sealFields(session, patient, fields, scope)
  const seen = new Set<string>()
  const attempts = [
    { ...body, ssn: body.email },
    { ...body, $jwe: (await beginSession(jwk)).carrier },
    { ...body, $jwe: (await beginSession(jwk, { header: { aud: 'x' } })).carrier },
    { ...body, $jwe: (await beginSession(jwk, { plaintext: () => 'x' })).carrier },
    await sealFields(session, patient, fields, { ...scope, sender: 'x' }),
  ]
  for (const attempt of attempts) {
    const error: any = await opened(envelope, attempt).catch((thrown) => thrown)
    const { name, message, ...own } = error
    // Field, reason and key are for the operator only; each refusal has a reason.
    const { reason, path: _, keyId: _keyId, ...cause } = error.cause
    expect(reason).toMatch(/^[^\n]{10,200}$/)
    seen.add(JSON.stringify({ name: error.name, message: error.message, ...own, cause }))
  }
  expect([...seen]).toEqual([
    JSON.stringify({
      name: 'GlassineError',
      message: 'The encrypted fields of the request could not be decrypted',
      code: 'ERR_DECRYPT_FAILED',
      statusCode: 400,
      expose: true,
      cause: { package: '@glassine/session' },
    }),
  ])
})
