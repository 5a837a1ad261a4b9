/** Answers: shapes, carriers, sizes, padding, forward secrecy, tickets. */
import { createSecretKey, randomBytes } from 'node:crypto'
import { defineFields, type GlassineError } from '@glassine/core'
import { keyMaterial } from '@glassine/keys'
import { secretKey } from '@glassine/keys/internal'
import { localKeyring } from '@glassine/keys/raw-aes'
import {
  localRecipient,
  type Recipient,
  type SessionEnvelopeOptions,
  sessionEnvelope,
} from '@glassine/session'
import { describe, expect, test } from '@jest/globals'
import { compactDecrypt, decodeProtectedHeader } from 'jose'
import { contextHashes } from '../src/fields/contexts.ts'
import { replyOf } from '../src/fields/reply.ts'
import { maySeal } from '../src/session/key-set.ts'
import { audience, b64u, beginSession, ctxOf, openFields, sealFields, sealValue } from './support/device.ts'
import { codeOf, fields, opened, patient, scope, sealed } from './support/patient.ts'

const recipient = localRecipient()
const [jwk] = await recipient.jwks({ deadline: () => Date.now() + 1_000 })
const make = (options: Partial<SessionEnvelopeOptions> = {}) =>
  sessionEnvelope({ recipient, audience, ...options })

describe('an answer', () => {
  test('repeats the number of its request, under the response key', async () => {
    const session = await beginSession(jwk)
    const jti = b64u(Buffer.alloc(16, 7))
    const { reply } = await opened(make(), await sealFields(session, patient, fields, scope, { jti }))
    const answer = await sealed(reply, patient)
    const { payload, jtis, ticket } = await openFields(session, answer, fields, scope)
    expect(payload).toEqual(patient)
    expect(new Set(jtis)).toEqual(new Set([jti]))
    expect(ticket).toBeUndefined()
    expect(Object.keys(decodeProtectedHeader(answer.ssn))).toEqual(['alg', 'enc', 'kid', 'p', 'ctx', 'jti'])
  })

  test('to a request without a body is sealed under the keys in its header, all fields with one number', async () => {
    const session = await beginSession(jwk)
    const { payload, reply } = await opened(make(), undefined, { header: session.carrier })
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
    const { reply } = await opened(make(), undefined, { header })
    const { jtis } = await openFields(session, await sealed(reply, patient), fields, scope)
    expect(new Set(jtis)).toEqual(new Set([jti]))
    expect(make().recognises(header)).toBe(true)

    const { $jwe: carrier, ...body } = await sealFields(session, patient, fields, scope, { jti })
    expect(await codeOf(opened(make(), body, { header: `${carrier};jti=${jti}` }))).toBe('none')
    const other = b64u(Buffer.alloc(16, 8))
    expect(await codeOf(opened(make(), body, { header: `${carrier};jti=${other}` }))).toBe(
      'ERR_DECRYPT_FAILED',
    )
    for (const number of ['', 'x', `${jti}A`, `${jti.slice(0, -1)}x`])
      expect(await codeOf(opened(make(), undefined, { header: `${session.carrier};jti=${number}` }))).toBe(
        'ERR_DECRYPT_FAILED',
      )
    // A number makes no sealed field of a text, and no field's token carries keys.
    expect(make().recognises(`${body.ssn};jti=${jti}`)).toBe(false)
  })

  test("is for the request's route, model and binding", async () => {
    const session = await beginSession(jwk)
    const { reply } = await opened(make(), undefined, { header: session.carrier })
    const answer = await sealed(reply, patient, { binding: { tenant: 't-2' } })
    await expect(openFields(session, answer, fields, scope)).rejects.toThrow('not sealed for here')
  })

  test('outlives the session in the cache', async () => {
    const envelope = make()
    const session = await beginSession(jwk)
    const { reply } = await opened(envelope, undefined, { header: session.carrier })
    envelope.clear()
    expect((await openFields(session, await sealed(reply, patient), fields, scope)).payload).toEqual(patient)
  })

  test('with a part of the document seals that part; without any it stays as it is', async () => {
    const session = await beginSession(jwk)
    const { reply } = await opened(make(), undefined, { header: session.carrier })
    const part = await sealed(reply, { ssn: 'x' }, { partial: true })
    expect((await openFields(session, part, fields, scope)).payload).toEqual({ ssn: 'x' })
    expect(await sealed(reply, { error: 'none' }, { partial: true })).toEqual({ error: 'none' })
    expect(await codeOf(sealed(reply, { ssn: 'x' }))).toBe('ERR_FIELD_MISSING')
  })

  test('refuses what is sealed already, what JSON cannot carry, and a member that is ours', async () => {
    const session = await beginSession(jwk)
    const envelope = make({ shape: 'bundle' })
    const { reply } = await opened(make(), undefined, { header: session.carrier })
    const { reply: bundled } = await opened(envelope, undefined, { header: session.carrier })
    const done = await sealed(reply, patient)
    expect(await codeOf(sealed(reply, { ...patient, ssn: done.ssn }))).toBe('ERR_ALREADY_ENCRYPTED')
    expect(await codeOf(sealed(reply, { ...patient, ssn: Number.NaN }))).toBe('ERR_VALUE_INVALID')
    expect(await codeOf(sealed(reply, { ...patient, $jwe: 'x' }))).toBe('ERR_VALUE_INVALID')
    expect(await codeOf(sealed(reply, { ...patient, $jwe: session.carrier }))).toBe('ERR_ALREADY_ENCRYPTED')
    expect(await codeOf(sealed(bundled, { ...patient, sealed: 'x' }))).toBe('ERR_VALUE_INVALID')
    const twice = await sealed(bundled, patient)
    expect(await codeOf(sealed(bundled, { ...patient, sealed: twice.sealed }))).toBe('ERR_ALREADY_ENCRYPTED')
  })

  test('is finished once', async () => {
    const session = await beginSession(jwk)
    const { reply } = await opened(make(), undefined, { header: session.carrier })
    const prepared = await reply.prepareSeal(patient, fields, scope)
    prepared.finish()
    expect(() => prepared.finish()).toThrow(expect.objectContaining({ code: 'ERR_ENCRYPT_FAILED' }))
  })

  test('does not write to what the handler owns', async () => {
    const session = await beginSession(jwk)
    const { reply } = await opened(make(), undefined, { header: session.carrier })
    const frozen = JSON.parse(JSON.stringify(patient), (_name, value) => Object.freeze(value))
    await sealed(reply, frozen)
    expect(frozen).toEqual(patient)
  })
})

describe.each([false, true])('sizes, forward secrecy %s', (forwardSecret) => {
  test.each(['field', 'bundle'] as const)('are predicted to the byte: %s', async (shape) => {
    const ticket = keyMaterial({ keyring: localKeyring() })
    const envelope = make({ shape, ticket, padding: { bucket: 16 } })
    const session = await beginSession(jwk, { forwardSecret })
    const { reply } = await opened(envelope, undefined, { header: session.carrier })
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
    const { reply } = await opened(make(), await sealFields(session, patient, fields, scope))
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
    const { reply } = await opened(make({ padding: { bucket: 32 } }), undefined, { header: session.carrier })
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
    expect((await opened(make(), body, {}, small)).payload).toEqual({ a: 'x' })
  })
})

describe('a bundle', () => {
  const list = defineFields<{ id: string; ssn: string; notes: string[] }>('list', { ssn: {}, 'notes[*]': {} })
  const document = { id: 'p-1', ssn: '078-05-1120', notes: ['a', 'b'] }
  const bundleOf = async (session: any, members: unknown, change: object = {}) => {
    const header = {
      alg: 'dir',
      enc: 'A256GCM',
      kid: `${session.sid}.q`,
      p: '/sealed',
      ctx: ctxOf('list', scope),
      jti: b64u(Buffer.alloc(16)),
    }
    return sealValue(session, { ...header, ...change }, JSON.stringify(members))
  }
  const members = { '/ssn': document.ssn, '/notes/0': 'a', '/notes/1': 'b' }

  test('holds all fields in one token, in both directions', async () => {
    const envelope = make({ shape: 'bundle' })
    expect(envelope.carrier).toBe('sealed')
    const session = await beginSession(jwk)
    const body = {
      id: 'p-1',
      notes: [null, null],
      sealed: await bundleOf(session, members),
      $jwe: session.carrier,
    }
    const { payload, reply } = await opened(envelope, body, {}, list)
    expect(payload).toEqual(document)
    const answer = await sealed(reply, document, {}, list)
    expect(answer).toEqual({ id: 'p-1', notes: [null, null], sealed: expect.any(String) })
    const { plaintext } = await compactDecrypt(answer.sealed, session.r)
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
    expect(await codeOf(opened(make({ shape: 'bundle' }), payload, {}, list))).toBe(code)
  })

  test('that is absent from a part of a document leaves it as it is, and the answer is sealed all the same', async () => {
    const session = await beginSession(jwk)
    const envelope = make({ shape: 'bundle' })
    const { payload, reply } = await opened(
      envelope,
      { id: 'p-1', $jwe: session.carrier },
      { partial: true },
      list,
    )
    expect(payload).toEqual({ id: 'p-1' })
    expect(await sealed(reply, document, {}, list)).toHaveProperty('sealed')
    expect((await opened(envelope, { id: 'p-1' }, { partial: true }, list)).reply).toBeUndefined()
  })
})

test('a model may not declare the member that carries the keys, nor that of the bundle', async () => {
  const session = await beginSession(jwk)
  const bad = [
    defineFields<any>('a', { $jwe: {} }),
    defineFields<any>('b', { '$jwe.k': {} }),
    defineFields<any>('c', { '*': {} }),
  ]
  for (const policy of bad)
    expect(await codeOf(opened(make(), { $jwe: session.carrier }, {}, policy))).toBe('ERR_OPTION_INVALID')
  const { reply } = await opened(make({ shape: 'bundle' }), undefined, { header: session.carrier })
  expect(await codeOf(sealed(reply, { sealed: 'x' }, {}, defineFields<any>('d', { sealed: {} })))).toBe(
    'ERR_OPTION_INVALID',
  )
  expect(await codeOf(sealed(reply, { $jwe: 'x' }, {}, bad[0]))).toBe('ERR_OPTION_INVALID')
})

describe('recognises', () => {
  test('what belongs to sessions, and nothing else', async () => {
    const envelope = make()
    const session = await beginSession(jwk)
    const body = await sealFields(session, patient, fields, scope)
    expect([body.ssn, session.carrier].map(envelope.recognises)).toEqual([true, true])
    const header = { alg: 'dir', enc: 'A256GCM', kid: 'x' }
    const others = [
      undefined,
      null,
      7,
      '',
      'eyJ',
      patient.ssn,
      {},
      [body.ssn],
      `${body.ssn}x`,
      await sealValue(session, header, '"x"'),
      'AgR4',
    ]
    expect(others.filter(envelope.recognises)).toEqual([])
  })
})

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

  test('spares every other instance the call, for as long as the session lives', async () => {
    let time = Date.now()
    const instance = () => {
      const counted = counting()
      return {
        counted,
        envelope: sessionEnvelope({ recipient: counted, audience, ticket: shared(), now: () => time }),
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
      const again = await opened(
        other.envelope,
        await sealFields({ ...session, carrier: ticket! }, patient, fields, scope),
      )
      expect(again.payload).toEqual(patient)
      const answer = await openFields(session, await sealed(again.reply, patient), fields, scope)
      expect(answer.payload).toEqual(patient)
      // It has one.
      expect(answer.ticket).toBeUndefined()
      expect(other.counted.calls).toBe(0)
    }
    expect(first.counted.calls).toBe(1)
    time += 961_000
    const late = await sealFields({ ...session, carrier: ticket! }, patient, fields, scope)
    expect(await codeOf(opened(instance().envelope, late))).toBe('ERR_SESSION_EXPIRED')
  })

  test('goes with answers to requests without a body, too', async () => {
    const envelope = make({ ticket: shared() })
    const session = await beginSession(jwk)
    const { reply } = await opened(envelope, undefined, { header: session.carrier })
    const { ticket } = await openFields(session, await sealed(reply, patient), fields, scope)
    const again = await opened(envelope, undefined, { header: ticket })
    expect((await openFields(session, await sealed(again.reply, patient), fields, scope)).payload).toEqual(
      patient,
    )
  })

  test('that is changed, of another audience or of another service is refused', async () => {
    const envelope = make({ ticket: shared() })
    const session = await beginSession(jwk)
    const { reply } = await opened(envelope, undefined, { header: session.carrier })
    const { $jwe: ticket } = await sealed(reply, patient)
    const [head, ...rest] = ticket.split('.')
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
      expect(await codeOf(opened(envelope, undefined, { header: bad }))).toBe('ERR_SESSION_EXPIRED')
    const ofAnother = withHeader({ aud: 'x' })
    expect(await codeOf(opened(envelope, undefined, { header: ofAnother }))).toBe('ERR_DECRYPT_FAILED')
    for (const [other, code] of [
      [make({ ticket: keyMaterial({ keyring: localKeyring() }) }), 'ERR_SESSION_EXPIRED'],
      [make(), 'ERR_DECRYPT_FAILED'],
      [make({ ticket: shared(), audience: 'https://other.example.com' }), 'ERR_DECRYPT_FAILED'],
    ] as const)
      expect(await codeOf(opened(other, undefined, { header: ticket }))).toBe(code)
    expect(await codeOf(opened(envelope, undefined, { header: ticket }))).toBe('none')
  })

  test('that cannot be one costs no call of its key', async () => {
    const material = shared()
    let calls = 0
    const decryptionKey = (request: any) => {
      calls++
      return material.decryptionKey(request)
    }
    const session = await beginSession(jwk)
    const { reply } = await opened(make({ ticket: material }), undefined, { header: session.carrier })
    const { $jwe: ticket } = await sealed(reply, patient)
    const [head, , ...rest] = ticket.split('.')
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
      const envelope = make({ ticket: { ...material, decryptionKey } })
      expect(await codeOf(opened(envelope, undefined, { header: one }))).toMatch(
        /^ERR_(?:DECRYPT_FAILED|SESSION_EXPIRED)$/,
      )
    }
    expect(calls).toBe(0)
    await opened(make({ ticket: { ...material, decryptionKey } }), undefined, { header: ticket })
    expect(calls).toBe(1)
  })

  test('is left out when its key cannot be had, and the answer is sealed all the same', async () => {
    const broken = { ...shared(), encryptionKey: () => Promise.reject(new Error('down')) }
    const session = await beginSession(jwk)
    const { reply } = await opened(make({ ticket: broken }), undefined, { header: session.carrier })
    const answer = await openFields(session, await sealed(reply, patient), fields, scope)
    expect(answer).toMatchObject({ payload: patient, ticket: undefined })
  })

  test('with a key that was not seen before counts against the budget', async () => {
    let unwraps = 0
    const material = shared()
    const ticket = {
      ...material,
      decryptionKey: (request: any) => {
        unwraps++
        return material.decryptionKey(request)
      },
    }
    const envelope = make({ ticket, budget: { sessions: 2 } })
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
          opened(envelope, undefined, { header: `${head}..${'A'.repeat(16)}.AAAA.${'A'.repeat(22)}` }),
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
})

test('a key seals 2^20 values and no more', async () => {
  // Reaching that takes long, so the session is made here as if it had sealed nearly as many.
  const [request, response] = [randomBytes(32), randomBytes(32)].map((bytes) =>
    secretKey(createSecretKey(bytes)),
  )
  const keys = { sid: 'A'.repeat(22), request: request!, response: response! }
  const session = { keys, audience, expires: Date.now() + 900_000, byTicket: false, seals: 2 ** 20 - 5 }
  const reply = replyOf(
    { sessions: undefined as never, contextOf: contextHashes(), timeout: 1_000, now: Date.now },
    session,
  )
  expect(maySeal(session)).toBe(true)
  await sealed(reply, patient)
  expect(session.seals).toBe(2 ** 20)
  expect(maySeal(session)).toBe(false)
  expect(await codeOf(sealed(reply, patient))).toBe('ERR_ENCRYPT_FAILED')
})
