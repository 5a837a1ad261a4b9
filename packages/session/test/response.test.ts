/** Responses: what they are bound to, carry and refuse; their sizes, padding and forward secrecy. */

import { arrayOf, defineFields, type GlassineError } from '@glassine/core'
import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import { codeOf } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { compactDecrypt, decodeProtectedHeader } from 'jose'
import {
  b64u,
  beginSession,
  ctxOf,
  openFields,
  openProof,
  requestHeader,
  sealFields,
  sealValue,
} from './support/device.ts'
import { fields, opened, patient, scope, sealed } from './support/patient.ts'
import { envelopeWith, jwk } from './support/service.ts'

describe('a response', () => {
  test('has a fresh number, the same for all its values, under the response key', async () => {
    const session = await beginSession(jwk)
    const jti = b64u(Buffer.alloc(16, 7))
    const { reply } = await opened(envelopeWith(), await sealFields(session, patient, fields, scope, { jti }))
    const response = await sealed(reply, patient)
    const { payload, jtis, ticket } = await openFields(session, response, fields, scope)
    expect(payload).toEqual(patient)
    expect(new Set(jtis).size).toBe(1)
    expect(jtis[0]).not.toBe(jti)
    expect(ticket).toBeUndefined()
    expect(Object.keys(decodeProtectedHeader(response.ssn))).toEqual(['alg', 'enc', 'kid', 'p', 'ctx', 'jti'])
  })

  test('to a request without a body is encrypted under the keys in its header, all fields with one number', async () => {
    const session = await beginSession(jwk)
    const { payload, reply } = await opened(envelopeWith(), undefined, { sessionHeader: session.carrier })
    expect(payload).toBeUndefined()
    const [one, two] = await Promise.all([sealed(reply, patient), sealed(reply, patient)])
    const responses = await Promise.all(
      [one, two].map((response) => openFields(session, response, fields, scope)),
    )
    for (const { payload, jtis } of responses) {
      expect(payload).toEqual(patient)
      expect(new Set(jtis).size).toBe(1)
    }
    expect(responses[0]!.jtis[0]).not.toBe(responses[1]!.jtis[0])
  })

  test('is for its request, sender, resource, status, model and binding', async () => {
    const session = await beginSession(jwk)
    const { reply } = await opened(envelopeWith(), undefined, { sessionHeader: session.carrier })
    const response = await sealed(reply, patient, { status: 200 })
    expect((await openFields(session, response, fields, scope, { status: 200 })).payload).toEqual(patient)
    const { resource } = scope
    const others: [object, object?][] = [
      [{ ...scope, binding: { tenant: 't-2' } }],
      [{ ...scope, sender: 'another' }],
      [{ ...scope, resource: { ...resource, method: 'GET' } }],
      [{ ...scope, resource: { ...resource, path: '/patients/p-2' } }],
      [{ ...scope, resource: { ...resource, query: [['a', '1']] } }],
      [scope, { status: 422 }],
      [scope, { answers: b64u(Buffer.alloc(16)) }],
      [scope, { count: 4 }],
      [scope, { members: { '/id': '"p-1"' } }],
    ]
    for (const [place, facts = {}] of others)
      await expect(openFields(session, response, fields, place, { status: 200, ...facts })).rejects.toThrow(
        'not sealed for here',
      )
  })

  test.each(['field', 'bundle'] as const)('without a value has a proof, shape %s', async (shape) => {
    const session = await beginSession(jwk, { forwardSecret: true })
    const { reply } = await opened(envelopeWith({ shape }), undefined, { sessionHeader: session.carrier })
    expect(reply.proves).toBe(true)
    const invocation = { ...scope, status: 200, partial: true }
    const response = await sealed(reply, { id: 'p-1' }, invocation)
    expect(Object.keys(response)).toEqual(['id', '$proof'])
    await openProof(session, response.$proof, fields, scope, { status: 200 })
    // A list has no root that could hold a bundle.
    for (const payload of shape === 'field' ? [undefined, []] : [undefined]) {
      const prepared = await reply.prepareSeal(payload, payload ? arrayOf(fields) : fields, {
        ...invocation,
        status: 204,
      })
      expect(prepared.finish()).toEqual(payload)
      const [name, proof] = prepared.header!()!
      expect(name).toBe('encryption-proof')
      await openProof(session, proof, payload ? arrayOf(fields) : fields, scope, { status: 204 })
    }
    const values = await reply.prepareSeal(patient, fields, invocation)
    values.finish()
    expect(values.header!()).toBeUndefined()
  })

  test('may not have a member that the format reserves', async () => {
    const session = await beginSession(jwk)
    const { reply } = await opened(envelopeWith(), undefined, { sessionHeader: session.carrier })
    for (const member of ['$jwe', '$proof']) {
      expect(await codeOf(sealed(reply, { ...patient, [member]: 'x' }))).toBe('ERR_VALUE_INVALID')
      expect(await codeOf(sealed(reply, { ...patient, [member]: session.carrier }))).toBe(
        'ERR_ALREADY_ENCRYPTED',
      )
    }
  })

  test('without a session may have neither a declared value nor a proof', async () => {
    const envelope = envelopeWith()
    expect(await codeOf(sealed(envelope, patient))).toBe('ERR_SESSION_MISSING')
    expect(await sealed(envelope, { id: 'p-1' }, { partial: true })).toEqual({ id: 'p-1' })
    const prepared = await envelope.prepareSeal(undefined, fields, scope)
    expect([prepared.finish(), prepared.header]).toEqual([undefined, undefined])
  })

  test('outlives the session in the cache', async () => {
    const envelope = envelopeWith()
    const session = await beginSession(jwk)
    const { reply } = await opened(envelope, undefined, { sessionHeader: session.carrier })
    envelope.clear()
    expect((await openFields(session, await sealed(reply, patient), fields, scope)).payload).toEqual(patient)
  })

  test('with a part of the document encrypts that part; without any it only has a proof', async () => {
    const session = await beginSession(jwk)
    const { reply } = await opened(envelopeWith(), undefined, { sessionHeader: session.carrier })
    const part = await sealed(reply, { ssn: 'x' }, { partial: true })
    expect((await openFields(session, part, fields, scope)).payload).toEqual({ ssn: 'x' })
    const none = await sealed(reply, { error: 'none' }, { partial: true })
    expect((await openFields(session, none, fields, scope)).payload).toEqual({ error: 'none' })
    expect(await codeOf(sealed(reply, { ssn: 'x' }))).toBe('ERR_FIELD_MISSING')
  })

  test('refuses encrypted values, values that JSON cannot carry, and reserved members', async () => {
    const session = await beginSession(jwk)
    const envelope = envelopeWith({ shape: 'bundle' })
    const { reply } = await opened(envelopeWith(), undefined, { sessionHeader: session.carrier })
    const { reply: bundled } = await opened(envelope, undefined, { sessionHeader: session.carrier })
    const done = await sealed(reply, patient)
    expect(await codeOf(sealed(reply, { ...patient, ssn: done.ssn }))).toBe('ERR_ALREADY_ENCRYPTED')
    expect(await codeOf(sealed(reply, { ...patient, ssn: Number.NaN }))).toBe('ERR_VALUE_INVALID')
    expect(await codeOf(sealed(reply, { ...patient, $jwe: 'x' }))).toBe('ERR_VALUE_INVALID')
    expect(await codeOf(sealed(reply, { ...patient, $jwe: session.carrier }))).toBe('ERR_ALREADY_ENCRYPTED')
    expect(await codeOf(sealed(bundled, { ...patient, sealed: 'x' }))).toBe('ERR_VALUE_INVALID')
    const twice = await sealed(bundled, patient)
    expect(await codeOf(sealed(bundled, { ...patient, sealed: twice.sealed }))).toBe('ERR_ALREADY_ENCRYPTED')
  })

  test('that is not an object has no field', async () => {
    const { reply } = await opened(envelopeWith(), undefined, {
      sessionHeader: (await beginSession(jwk)).carrier,
    })
    for (const body of [null, 'text', [patient], 7])
      expect(await codeOf(sealed(reply, body))).toBe('ERR_FIELD_MISSING')
  })

  test('may have an undefined member where a ticket would go', async () => {
    const session = await beginSession(jwk)
    const { reply } = await opened(envelopeWith(), undefined, { sessionHeader: session.carrier })
    const response = await sealed(reply, { ...patient, $jwe: undefined })
    expect((await openFields(session, response, fields, scope)).payload).toEqual(patient)
  })

  test('can be finished only once', async () => {
    const session = await beginSession(jwk)
    const { reply } = await opened(envelopeWith(), undefined, { sessionHeader: session.carrier })
    const prepared = await reply.prepareSeal(patient, fields, scope)
    prepared.finish()
    expect(() => prepared.finish()).toThrow(expect.objectContaining({ code: 'ERR_ENCRYPT_FAILED' }))
  })

  test("does not modify the handler's objects", async () => {
    const session = await beginSession(jwk)
    const { reply } = await opened(envelopeWith(), undefined, { sessionHeader: session.carrier })
    const frozen = JSON.parse(JSON.stringify(patient), (_name, value) => Object.freeze(value))
    await sealed(reply, frozen)
    expect(frozen).toEqual(patient)
  })
})

describe.each([false, true])('sizes, forward secrecy %s', (forwardSecret) => {
  test.each(['field', 'bundle'] as const)('are predicted to the byte: %s', async (shape) => {
    const ticket = keyMaterial({ keyring: localKeyring() })
    const envelope = envelopeWith({ shape, ticketKeys: ticket, padding: { bucket: 16 } })
    const session = await beginSession(jwk, { forwardSecret })
    const { reply } = await opened(envelope, undefined, { sessionHeader: session.carrier })
    const response = await sealed(reply, patient)
    const bytes = Buffer.byteLength(JSON.stringify(response))
    expect(await codeOf(sealed(reply, patient, { maxBytes: bytes }))).toBe('none')
    const error: GlassineError = await sealed(reply, patient, { maxBytes: bytes - 1 }).catch(
      (thrown) => thrown,
    )
    expect(error.code).toBe('ERR_TOO_LARGE')
    expect(error.message).toContain('1 bytes over')
  })
})

describe('forward secrecy', () => {
  test('nests responses, with a new ephemeral key for each payload', async () => {
    const session = await beginSession(jwk, { forwardSecret: true })
    const { reply } = await opened(envelopeWith(), await sealFields(session, patient, fields, scope))
    const first = await sealed(reply, patient)
    expect((await openFields(session, first, fields, scope)).payload).toEqual(patient)
    const epks = new Set<string>()
    for (const token of [first.ssn, first.email, (await sealed(reply, patient)).ssn]) {
      const { plaintext, protectedHeader } = await compactDecrypt(token, session.r)
      expect(Object.keys(protectedHeader)).toEqual(['alg', 'enc', 'kid', 'p', 'ctx', 'jti', 'cty'])
      const header = decodeProtectedHeader(new TextDecoder().decode(plaintext))
      expect(Object.keys(header)).toEqual(['alg', 'enc', 'kid', 'epk'])
      epks.add(JSON.stringify(header.epk))
    }
    expect(epks.size).toBe(2)
  })
})

describe('padding', () => {
  test('hides lengths up to a multiple, and is invisible after decryption', async () => {
    const session = await beginSession(jwk)
    const { reply } = await opened(envelopeWith({ padding: { bucket: 32 } }), undefined, {
      sessionHeader: session.carrier,
    })
    const small = defineFields<{ a: string }>('small', { a: {} })
    const lengths = new Set<number>()
    for (let length = 0; length < 64; length++) {
      const response = await sealed(reply, { a: 'x'.repeat(length) }, {}, small)
      lengths.add(response.a.length)
      expect((await openFields(session, response, small, scope)).payload).toEqual({ a: 'x'.repeat(length) })
    }
    expect(lengths.size).toBe(3)
  })

  test('of a request is accepted with any option', async () => {
    const session = await beginSession(jwk)
    const small = defineFields<{ a: string }>('small', { a: {} })
    const header = {
      ...requestHeader(session, '/a', ctxOf('small', scope)),
      jti: b64u(Buffer.alloc(16)),
    }
    const body = { a: await sealValue(session, header, '"x"     '), $jwe: session.carrier }
    expect((await opened(envelopeWith(), body, {}, small)).payload).toEqual({ a: 'x' })
  })
})
