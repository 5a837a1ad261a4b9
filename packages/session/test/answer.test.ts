/** Answers: what they are bound to, carry and refuse; their sizes, padding and forward secrecy. */
import { defineFields, type GlassineError } from '@glassine/core'
import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import { describe, expect, test } from '@jest/globals'
import { compactDecrypt, decodeProtectedHeader } from 'jose'
import { b64u, beginSession, ctxOf, openFields, sealFields, sealValue } from './support/device.ts'
import { codeOf, fields, opened, patient, scope, sealed } from './support/patient.ts'
import { envelopeWith, jwk } from './support/service.ts'

describe('an answer', () => {
  test('repeats the number of its request, under the response key', async () => {
    const session = await beginSession(jwk)
    const jti = b64u(Buffer.alloc(16, 7))
    const { reply } = await opened(envelopeWith(), await sealFields(session, patient, fields, scope, { jti }))
    const answer = await sealed(reply, patient)
    const { payload, jtis, ticket } = await openFields(session, answer, fields, scope)
    expect(payload).toEqual(patient)
    expect(new Set(jtis)).toEqual(new Set([jti]))
    expect(ticket).toBeUndefined()
    expect(Object.keys(decodeProtectedHeader(answer.ssn))).toEqual(['alg', 'enc', 'kid', 'p', 'ctx', 'jti'])
  })

  test('to a request without a body is sealed under the keys in its header, all fields with one number', async () => {
    const session = await beginSession(jwk)
    const { payload, reply } = await opened(envelopeWith(), undefined, { sessionHeader: session.carrier })
    expect(payload).toBeUndefined()
    const [one, two] = await Promise.all([sealed(reply, patient), sealed(reply, patient)])
    const answers = await Promise.all([one, two].map((answer) => openFields(session, answer, fields, scope)))
    for (const { payload, jtis } of answers) {
      expect(payload).toEqual(patient)
      expect(new Set(jtis).size).toBe(1)
    }
    expect(answers[0]!.jtis[0]).not.toBe(answers[1]!.jtis[0])
  })

  test('repeats the number that stands behind the keys in the header', async () => {
    const session = await beginSession(jwk)
    const jti = b64u(Buffer.alloc(16, 9))
    const header = `${session.carrier};jti=${jti}`
    const { reply } = await opened(envelopeWith(), undefined, { sessionHeader: header })
    const { jtis } = await openFields(session, await sealed(reply, patient), fields, scope)
    expect(new Set(jtis)).toEqual(new Set([jti]))
    expect(envelopeWith().recognises(header)).toBe(true)

    const { $jwe: carrier, ...body } = await sealFields(session, patient, fields, scope, { jti })
    expect(await codeOf(opened(envelopeWith(), body, { sessionHeader: `${carrier};jti=${jti}` }))).toBe(
      'none',
    )
    const other = b64u(Buffer.alloc(16, 8))
    expect(await codeOf(opened(envelopeWith(), body, { sessionHeader: `${carrier};jti=${other}` }))).toBe(
      'ERR_DECRYPT_FAILED',
    )
    for (const number of ['', 'x', `${jti}A`, `${jti.slice(0, -1)}x`])
      expect(
        await codeOf(
          opened(envelopeWith(), undefined, { sessionHeader: `${session.carrier};jti=${number}` }),
        ),
      ).toBe('ERR_DECRYPT_FAILED')
    // A number makes no sealed field of a text, and no field's token carries keys.
    expect(envelopeWith().recognises(`${body.ssn};jti=${jti}`)).toBe(false)
  })

  test("is for the request's route, model and binding", async () => {
    const session = await beginSession(jwk)
    const { reply } = await opened(envelopeWith(), undefined, { sessionHeader: session.carrier })
    const answer = await sealed(reply, patient, { binding: { tenant: 't-2' } })
    await expect(openFields(session, answer, fields, scope)).rejects.toThrow('not sealed for here')
  })

  test('outlives the session in the cache', async () => {
    const envelope = envelopeWith()
    const session = await beginSession(jwk)
    const { reply } = await opened(envelope, undefined, { sessionHeader: session.carrier })
    envelope.clear()
    expect((await openFields(session, await sealed(reply, patient), fields, scope)).payload).toEqual(patient)
  })

  test('with a part of the document seals that part; without any it stays as it is', async () => {
    const session = await beginSession(jwk)
    const { reply } = await opened(envelopeWith(), undefined, { sessionHeader: session.carrier })
    const part = await sealed(reply, { ssn: 'x' }, { partial: true })
    expect((await openFields(session, part, fields, scope)).payload).toEqual({ ssn: 'x' })
    expect(await sealed(reply, { error: 'none' }, { partial: true })).toEqual({ error: 'none' })
    expect(await codeOf(sealed(reply, { ssn: 'x' }))).toBe('ERR_FIELD_MISSING')
  })

  test('refuses what is sealed already, what JSON cannot carry, and a member that is ours', async () => {
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

  test('that is no object has no field', async () => {
    const { reply } = await opened(envelopeWith(), undefined, {
      sessionHeader: (await beginSession(jwk)).carrier,
    })
    for (const body of [null, undefined, 'text', [patient], 7])
      expect(await codeOf(sealed(reply, body))).toBe('ERR_FIELD_MISSING')
  })

  test('may have an undefined member where a ticket would go', async () => {
    const session = await beginSession(jwk)
    const { reply } = await opened(envelopeWith(), undefined, { sessionHeader: session.carrier })
    const answer = await sealed(reply, { ...patient, $jwe: undefined })
    expect((await openFields(session, answer, fields, scope)).payload).toEqual(patient)
  })

  test('is finished once', async () => {
    const session = await beginSession(jwk)
    const { reply } = await opened(envelopeWith(), undefined, { sessionHeader: session.carrier })
    const prepared = await reply.prepareSeal(patient, fields, scope)
    prepared.finish()
    expect(() => prepared.finish()).toThrow(expect.objectContaining({ code: 'ERR_ENCRYPT_FAILED' }))
  })

  test('does not write to what the handler owns', async () => {
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
    const envelope = envelopeWith({ shape, ticket, padding: { bucket: 16 } })
    const session = await beginSession(jwk, { forwardSecret })
    const { reply } = await opened(envelope, undefined, { sessionHeader: session.carrier })
    const answer = await sealed(reply, patient)
    const bytes = Buffer.byteLength(JSON.stringify(answer))
    expect(await codeOf(sealed(reply, patient, { maxBytes: bytes }))).toBe('none')
    const error: GlassineError = await sealed(reply, patient, { maxBytes: bytes - 1 }).catch(
      (thrown) => thrown,
    )
    expect(error.code).toBe('ERR_TOO_LARGE')
    expect(error.message).toContain('1 bytes over')
  })
})

describe('forward secrecy', () => {
  test('answers are nested, with one ephemeral key for a payload and a new one for the next', async () => {
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
  test('hides lengths by steps, and is not seen by who opens', async () => {
    const session = await beginSession(jwk)
    const { reply } = await opened(envelopeWith({ padding: { bucket: 32 } }), undefined, {
      sessionHeader: session.carrier,
    })
    const small = defineFields<{ a: string }>('small', { a: {} })
    const lengths = new Set<number>()
    for (let length = 0; length < 64; length++) {
      const answer = await sealed(reply, { a: 'x'.repeat(length) }, {}, small)
      lengths.add(answer.a.length)
      expect((await openFields(session, answer, small, scope)).payload).toEqual({ a: 'x'.repeat(length) })
    }
    expect(lengths.size).toBe(3)
  })

  test('of a request is opened whatever the option says', async () => {
    const session = await beginSession(jwk)
    const small = defineFields<{ a: string }>('small', { a: {} })
    const header = {
      alg: 'dir',
      enc: 'A256GCM',
      kid: `${session.sid}.q`,
      p: '/a',
      ctx: ctxOf('small', scope),
      jti: b64u(Buffer.alloc(16)),
    }
    const body = { a: await sealValue(session, header, '"x"     '), $jwe: session.carrier }
    expect((await opened(envelopeWith(), body, {}, small)).payload).toEqual({ a: 'x' })
  })
})
