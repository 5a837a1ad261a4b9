/** Tickets: a session's keys, sealed by the service for all its instances. */

import { GlassineError } from '@glassine/core'
import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import { type Recipient, sessionEnvelope } from '@glassine/session'
import { codeOf } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { decodeProtectedHeader } from 'jose'
import { audience, b64u, beginSession, openFields, sealFields } from './support/device.ts'
import { fields, opened, patient, scope, sealed } from './support/patient.ts'
import { envelopeWith, jwk, recipient } from './support/service.ts'

describe('a ticket', () => {
  const shared = () => keyMaterial({ keyring: localKeyring({ key: Buffer.alloc(32, 3) }) })
  const counting = () => {
    const counted: Recipient & { calls: number } = {
      calls: 0,
      jwks: recipient.jwks,
      unwrap: (request) => {
        counted.calls++
        return recipient.unwrap(request)
      },
    }
    return counted
  }

  test('saves every other instance the call for the life of the session', async () => {
    let time = Date.now()
    const instance = () => {
      const counted = counting()
      return {
        counted,
        envelope: sessionEnvelope({ recipients: counted, audience, ticketKeys: shared(), now: () => time }),
      }
    }
    const first = instance()
    const session = await beginSession(jwk, { forwardSecret: true })
    const { reply } = await opened(first.envelope, await sealFields(session, patient, fields, scope))
    const { ticket } = await openFields(session, await sealed(reply, patient), fields, scope)
    expect(decodeProtectedHeader(ticket!)).toEqual({
      alg: 'dir',
      enc: 'A256GCM',
      typ: 'glassine-ticket',
      cty: 'jwk-set+json',
      kid: expect.any(String),
      aud: audience,
      iat: expect.any(Number),
      exp: decodeProtectedHeader(session.carrier).exp,
    })
    for (let turn = 0; turn < 3; turn++) {
      const other = instance()
      const resumed = { ...session, carrier: ticket! }
      const again = await opened(other.envelope, await sealFields(resumed, patient, fields, scope))
      expect(again.payload).toEqual(patient)
      const response = await openFields(resumed, await sealed(again.reply, patient), fields, scope)
      expect(response.payload).toEqual(patient)
      // It has one.
      expect(response.ticket).toBeUndefined()
      expect(other.counted.calls).toBe(0)
    }
    expect(first.counted.calls).toBe(1)
    time += 961_000
    const late = await sealFields({ ...session, carrier: ticket! }, patient, fields, scope)
    expect(await codeOf(opened(instance().envelope, late))).toBe('ERR_SESSION_EXPIRED')
  })

  test('is also in responses to requests without a body', async () => {
    const envelope = envelopeWith({ ticketKeys: shared() })
    const session = await beginSession(jwk)
    const { reply } = await opened(envelope, undefined, { sessionHeader: session.carrier })
    const { ticket } = await openFields(session, await sealed(reply, patient), fields, scope)
    const again = await opened(envelope, undefined, { sessionHeader: ticket })
    expect((await openFields(session, await sealed(again.reply, patient), fields, scope)).payload).toEqual(
      patient,
    )
  })

  test('that was changed, or is for another audience or service, is refused', async () => {
    const envelope = envelopeWith({ ticketKeys: shared() })
    const session = await beginSession(jwk)
    const { reply } = await opened(envelope, undefined, { sessionHeader: session.carrier })
    const { ticket = '' } = await openFields(session, await sealed(reply, patient), fields, scope)
    const [head = '', ...rest] = ticket.split('.')
    const withHeader = (change: object) =>
      [
        b64u(JSON.stringify({ ...JSON.parse(Buffer.from(head, 'base64url').toString()), ...change })),
        ...rest,
      ].join('.')
    const flipped = ticket.slice(0, -30) + (ticket.at(-30) === 'A' ? 'B' : 'A') + ticket.slice(-29)
    const now = Math.floor(Date.now() / 1_000)
    // What cannot be opened any more may be an honest device's: it begins a new session by itself.
    for (const bad of [
      flipped,
      withHeader({ iat: now + 1 }),
      withHeader({ exp: now + 890 }),
      withHeader({ kid: 'AAAA' }),
      withHeader({ kid: undefined }),
      withHeader({ kid: '' }),
    ])
      expect(await codeOf(opened(envelope, undefined, { sessionHeader: bad }))).toBe('ERR_SESSION_EXPIRED')
    const ofAnother = withHeader({ aud: 'x' })
    expect(await codeOf(opened(envelope, undefined, { sessionHeader: ofAnother }))).toBe('ERR_DECRYPT_FAILED')
    for (const [other, code] of [
      [envelopeWith({ ticketKeys: keyMaterial({ keyring: localKeyring() }) }), 'ERR_SESSION_EXPIRED'],
      [envelopeWith(), 'ERR_DECRYPT_FAILED'],
      [envelopeWith({ ticketKeys: shared(), audience: 'https://other.example.com' }), 'ERR_DECRYPT_FAILED'],
    ] as const)
      expect(await codeOf(opened(other, undefined, { sessionHeader: ticket }))).toBe(code)
    expect(await codeOf(opened(envelope, undefined, { sessionHeader: ticket }))).toBe('none')
  })

  test('that is malformed costs no call of its key', async () => {
    const material = shared()
    let calls = 0
    const decryptionKey = (request: any) => {
      calls++
      return material.decryptionKey(request)
    }
    const session = await beginSession(jwk)
    const { reply } = await opened(envelopeWith({ ticketKeys: material }), undefined, {
      sessionHeader: session.carrier,
    })
    const { ticket = '' } = await openFields(session, await sealed(reply, patient), fields, scope)
    const [head = '', , ...rest] = ticket.split('.')
    const header = JSON.parse(Buffer.from(head, 'base64url').toString())
    const withHeader = (change: object) =>
      [b64u(JSON.stringify({ ...header, ...change })), '', ...rest].join('.')
    const dataKey = [0, 1, 65, 0, 1, 66, 0, 1, 67]
    const bad = [
      withHeader({ typ: undefined }),
      withHeader({ typ: 'JWT' }),
      [head, 'AAAA', ...rest].join('.'),
      withHeader({ kid: b64u(Buffer.from([0, 6, ...Array(6).fill(dataKey).flat()])) }),
      withHeader({ kid: b64u(Buffer.from([0, 0])) }),
      withHeader({ kid: b64u(Buffer.from([0, 1, ...dataKey, 0])) }),
    ]
    for (const one of bad) {
      const envelope = envelopeWith({ ticketKeys: { ...material, decryptionKey } })
      expect(await codeOf(opened(envelope, undefined, { sessionHeader: one }))).toMatch(
        /^ERR_(?:DECRYPT_FAILED|SESSION_EXPIRED)$/,
      )
    }
    expect(calls).toBe(0)
    await opened(envelopeWith({ ticketKeys: { ...material, decryptionKey } }), undefined, {
      sessionHeader: ticket,
    })
    expect(calls).toBe(1)
  })

  test('is omitted if its key cannot be obtained, and the response is still encrypted', async () => {
    const broken = { ...shared(), encryptionKey: () => Promise.reject(new Error('down')) }
    const session = await beginSession(jwk)
    const { reply } = await opened(envelopeWith({ ticketKeys: broken }), undefined, {
      sessionHeader: session.carrier,
    })
    const response = await openFields(session, await sealed(reply, patient), fields, scope)
    expect(response).toMatchObject({ payload: patient, ticket: undefined })
  })

  test('with a new key counts against the budget', async () => {
    let unwraps = 0
    const material = shared()
    const ticket = {
      ...material,
      decryptionKey: (request: any) => {
        unwraps++
        return material.decryptionKey(request)
      },
    }
    const envelope = envelopeWith({ ticketKeys: ticket, budget: { sessions: 2 } })
    const now = Math.floor(Date.now() / 1_000)
    const codes: string[] = []
    for (let turn = 0; turn < 4; turn++) {
      const kid = b64u(Buffer.from([0, 1, 0, 1, 65, 0, 1, 66, 0, 1, turn]))
      const head = b64u(
        JSON.stringify({
          alg: 'dir',
          enc: 'A256GCM',
          typ: 'glassine-ticket',
          cty: 'jwk-set+json',
          kid,
          aud: audience,
          iat: now,
          exp: now + 900,
        }),
      )
      codes.push(
        await codeOf(
          opened(envelope, undefined, { sessionHeader: `${head}..${'A'.repeat(16)}.AAAA.${'A'.repeat(22)}` }),
        ),
      )
    }
    expect(codes).toEqual([
      'ERR_SESSION_EXPIRED',
      'ERR_SESSION_EXPIRED',
      'ERR_BUDGET_EXCEEDED',
      'ERR_BUDGET_EXCEEDED',
    ])
    expect(unwraps).toBe(2)
  })

  test('with a key used here before does not count against the budget', async () => {
    const [writer, reader] = [0, 1].map(() =>
      envelopeWith({ recipients: counting(), ticketKeys: shared(), budget: { sessions: 1 } }),
    )
    const session = await beginSession(jwk)
    const { reply } = await opened(writer!, undefined, { sessionHeader: session.carrier })
    const tickets: string[] = []
    for (let turn = 0; turn < 3; turn++)
      tickets.push((await openFields(session, await sealed(reply, patient), fields, scope)).ticket!)
    // The writer has used the key to write them, and has spent its budget on the session.
    for (const header of tickets)
      expect(await codeOf(opened(writer!, undefined, { sessionHeader: header }))).toBe('none')
    // The reader learns of the key by the first of them.
    for (const header of tickets)
      expect(await codeOf(opened(reader!, undefined, { sessionHeader: header }))).toBe('none')
  })

  test('is tried with at most five keys', async () => {
    const asked: any[] = []
    const decryptionKey = async (request: object) => {
      asked.push(request)
      throw new GlassineError('ERR_DECRYPT_FAILED', { package: '@glassine/keys' })
    }
    const now = 1_700_000_000
    const ticket = { ...shared(), decryptionKey }
    const envelope = envelopeWith({ ticketKeys: ticket, now: () => now * 1_000, cacheRefusals: 0 })
    const header = { alg: 'dir', enc: 'A256GCM', typ: 'glassine-ticket', cty: 'jwk-set+json', aud: audience }
    const open = (kid: readonly number[]) => {
      const head = b64u(JSON.stringify({ ...header, kid: b64u(Buffer.from(kid)), iat: now, exp: now + 900 }))
      const text = `${head}..${'A'.repeat(16)}.AAAA.${'A'.repeat(22)}`
      return codeOf(
        opened(envelope, undefined, { sessionHeader: text, tenant: 't-1', deadline: now * 1_000 + 700 }),
      )
    }
    const dataKey = [0, 1, 65, 0, 0, 0, 2, 67, 68]
    const five = [0, 5, ...Array(5).fill(dataKey).flat()]
    expect(await open(five)).toBe('ERR_SESSION_EXPIRED')
    expect(asked).toEqual([
      {
        suite: 0,
        context: expect.objectContaining({
          // One pair, as the AWS Encryption SDK writes it.
          bytes: Buffer.from('\0\x01\0\x10glassine:purpose\0\x0fglassine-ticket', 'latin1'),
        }),
        tenant: 't-1',
        deadline: now * 1_000 + 700,
        encryptedDataKeys: Array(5).fill({
          providerId: 'A',
          providerInfo: Buffer.alloc(0),
          ciphertext: Buffer.from([67, 68]),
        }),
        unproven: expect.anything(),
      },
    ])
    // Cut at every byte, and with one too many.
    for (let length = 0; length < five.length; length++)
      expect(await open(five.slice(0, length))).toBe('ERR_SESSION_EXPIRED')
    expect(await open([...five, 0])).toBe('ERR_SESSION_EXPIRED')
    expect(await open([0, 6, ...Array(6).fill(dataKey).flat()])).toBe('ERR_SESSION_EXPIRED')
    expect(await open([0, 0])).toBe('ERR_SESSION_EXPIRED')
    expect(asked).toHaveLength(1)
  })

  test('whose key cannot be obtained is an outage, and no reason to begin another session', async () => {
    const { reply } = await opened(envelopeWith({ ticketKeys: shared() }), undefined, {
      sessionHeader: (await beginSession(jwk)).carrier,
    })
    const { $jwe: header } = await sealed(reply, patient)
    for (const error of [
      new GlassineError('ERR_KEY_UNAVAILABLE', { package: '@glassine/keys' }),
      new Error('failed'),
    ]) {
      const decryptionKey = () => Promise.reject(error)
      const envelope = envelopeWith({ ticketKeys: { ...shared(), decryptionKey } })
      expect(await codeOf(opened(envelope, undefined, { sessionHeader: header }))).toBe('ERR_KEY_UNAVAILABLE')
    }
  })

  test('is written for the tenant, until the deadline of the response or the timeout', async () => {
    const asked: any[] = []
    const now = 1_700_000_000_000
    const material = shared()
    const encryptionKey = (request: any) => {
      asked.push([request.tenant, request.deadline - now])
      return material.encryptionKey(request)
    }
    const envelope = envelopeWith({
      ticketKeys: { ...material, encryptionKey },
      now: () => now,
      timeout: 800,
    })
    const { carrier: header } = await beginSession(jwk, { now: now / 1_000 })
    const { reply } = await opened(envelope, undefined, { sessionHeader: header })
    await sealed(reply, patient)
    await sealed(reply, patient, { deadline: now + 300, tenant: 't-1' })
    expect(asked).toEqual([
      [undefined, 800],
      ['t-1', 300],
    ])
  })
})
