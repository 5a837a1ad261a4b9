/**
 * What the service writes, byte for byte: randomness is injected, and what is expected is built from the RFCs alone.
 */
import * as real from 'node:crypto'
import type { Envelope } from '@glassine/core'
import { beforeEach, describe, expect, jest, test } from '@jest/globals'
import { audience, beginSession, ctxOf, type DeviceSession } from './support/device.ts'
import { fields, opened, patient, scope, sealed } from './support/patient.ts'

/** What is drawn, in this order. */
const drawn = real.createHash('shake256', { outputLength: 2_000 }).update('what is drawn').digest()
let used = 0
const fill = (out: Uint8Array): Uint8Array => {
  out.set(drawn.subarray(used, used + out.length))
  used += out.length
  return out
}
const ephemeral = real.generateKeyPairSync('ec', { namedCurve: 'P-256' })
const replaced = {
  ...real,
  randomFillSync: fill,
  randomBytes: (length: number) => fill(Buffer.alloc(length)),
  generateKeyPairSync: () => ephemeral,
}
jest.unstable_mockModule('node:crypto', () => ({ ...replaced, default: replaced }))
// From here on: modules that were imported before hold the real one.
const { localRecipient, sessionEnvelope } = await import('@glassine/session')

beforeEach(() => {
  used = 0
})

const { privateKey } = real.generateKeyPairSync('ec', { namedCurve: 'P-256' })
const recipient = localRecipient({ privateKey })
const [jwk] = await recipient.jwks({ deadline: () => Date.now() + 1_000 })
const b64u = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64url')
const draw = (from: number, length: number): Buffer => drawn.subarray(from, from + length)

/** RFC 7516, section 5.1, with the empty encrypted key of `dir` and ECDH-ES, and A256GCM (RFC 7518, section 5.3). */
const jwe = (key: Uint8Array, header: object, iv: Buffer, plaintext: string): string => {
  const head = b64u(JSON.stringify(header))
  const cipher = real.createCipheriv('aes-256-gcm', key, iv)
  cipher.setAAD(Buffer.from(head, 'ascii'))
  const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
  return [head, '', b64u(iv), b64u(ciphertext), b64u(cipher.getAuthTag())].join('.')
}

/** RFC 7518, section 4.6.2: one round of SHA-256, no party information. */
const contentKeyOf = (secret: Buffer): Buffer => {
  const u32 = (value: number) => Buffer.from([0, 0, 0, value])
  const algorithm = Buffer.from('A256GCM')
  const info = [u32(algorithm.length), algorithm, u32(0), u32(0), Buffer.from([0, 0, 1, 0])]
  return real
    .createHash('sha256')
    .update(Buffer.concat([u32(1), secret, ...info]))
    .digest()
}

/** The number of a response is drawn first, and the IVs behind it. */
const numberBytes = 16
const headerFor = ({ sid, sent }: DeviceSession, p: string, more: object = {}, count = 5) => {
  const ctx = ctxOf('patient', scope, { direction: 'response', answers: sent, count, status: 200 })
  return { alg: 'dir', enc: 'A256GCM', kid: `${sid}.r`, p, ctx, jti: b64u(draw(0, numberBytes)), ...more }
}
const ivAt = (at: number): Buffer => draw(numberBytes + 12 * at, 12)
const answered = (reply: Envelope): Promise<any> => sealed(reply, patient, { status: 200 })

/** The declared places of the patient, in the order of the declaration, and their values as JSON. */
const places = [
  ['/ssn', '"078-05-1120"'],
  ['/email', '"ada@example.org"'],
  ['/address/street', '"Main St 1"'],
  ['/visits/0/note', '"a first note"'],
  ['/visits/1/note', '"a second ✓ note"'],
] as const

const answerWith = ([ssn, email, street, first, second]: readonly string[]) => ({
  id: 'p-1',
  ssn,
  email,
  address: { street, city: 'Delft' },
  visits: [
    { date: '2026-01-02', note: first },
    { date: '2026-02-03', note: second },
  ],
})

const begin = async (options: object = {}, forwardSecret = false) => {
  const envelope = sessionEnvelope({ recipients: recipient, audience, ...options })
  const session = await beginSession(jwk, { forwardSecret })
  const { reply } = await opened(envelope, undefined, { sessionHeader: session.carrier })
  used = 0
  return { session, reply }
}

describe('an answer', () => {
  test('has the JWE of RFC 7516 in each place', async () => {
    const { session, reply } = await begin()
    const expected = places.map(([p, text], at) => jwe(session.r, headerFor(session, p), ivAt(at), text))
    expect(await answered(reply)).toEqual(answerWith(expected))
    expect(used).toBe(76)
  })

  test('without a value has a proof in its root, or beside it', async () => {
    const { session, reply } = await begin()
    const proof = () => jwe(session.r, headerFor(session, '', {}, 0), ivAt(0), '{}')
    expect(await sealed(reply, { id: 'p-1' }, { status: 200, partial: true })).toEqual({
      id: 'p-1',
      $proof: proof(),
    })
    expect(used).toBe(28)
    used = 0
    const prepared = await reply.prepareSeal(undefined, fields, { ...scope, status: 200 })
    expect(prepared.finish()).toBeUndefined()
    expect(prepared.header!()).toEqual(['encryption-proof', proof()])
  })

  test('in one bundle has all values by their pointers', async () => {
    const { session, reply } = await begin({ shape: 'bundle' })
    const members = `{${places.map(([p, text]) => `"${p}":${text}`).join(',')}}`
    expect(await answered(reply)).toMatchObject({
      id: 'p-1',
      sealed: jwe(session.r, headerFor(session, '/sealed', {}, 1), ivAt(0), members),
    })
  })

  test('is padded with spaces to a multiple of the bucket, in bytes, not in characters', async () => {
    const { session, reply } = await begin({ padding: { bucket: 8 } })
    // 13, 17, 11, 14 and 19 bytes; the last has 17 characters.
    const spaces = [3, 7, 5, 2, 5]
    const expected = places.map(([p, text], at) =>
      jwe(session.r, headerFor(session, p), ivAt(at), text + ' '.repeat(spaces[at]!)),
    )
    expect(await answered(reply)).toEqual(answerWith(expected))
  })

  test('is not padded if it is a multiple of the bucket already', async () => {
    const { session, reply } = await begin({ padding: { bucket: 13 } })
    const { ssn } = await answered(reply)
    expect(ssn).toBe(jwe(session.r, headerFor(session, '/ssn'), ivAt(0), '"078-05-1120"'))
  })

  test('with forward secrecy nests the JWE for the device in that of the session', async () => {
    const { session, reply } = await begin({}, true)
    const publicKey = real.createPublicKey(real.KeyObject.from(session.privateKey as never))
    const key = contentKeyOf(real.diffieHellman({ privateKey: ephemeral.privateKey, publicKey }))
    const { x, y } = ephemeral.publicKey.export({ format: 'jwk' })
    const epk = { kty: 'EC', crv: 'P-256', x, y }
    const innerHeader = { alg: 'ECDH-ES', enc: 'A256GCM', kid: `${session.sid}.e`, epk }
    const expected = places.map(([p, text], at) => {
      const inner = jwe(key, innerHeader, ivAt(2 * at), text)
      return jwe(session.r, headerFor(session, p, { cty: 'JWE' }), ivAt(2 * at + 1), inner)
    })
    expect(await answered(reply)).toEqual(answerWith(expected))
    expect(used).toBe(136)
  })
})

describe('a ticket', () => {
  const now = 1_760_000_000
  const dataKey = Buffer.alloc(32, 0x42)
  const asked: any[] = []
  const ticket = {
    encryptionKey: async (request: object) => {
      asked.push(request)
      return {
        bytes: dataKey,
        encryptedDataKeys: [
          { providerId: 'ä', providerInfo: Buffer.from('info'), ciphertext: Buffer.alloc(300, 1) },
          { providerId: 'b', providerInfo: Buffer.alloc(0), ciphertext: Buffer.from('x') },
        ],
        release: () => {},
      }
    },
    decryptionKey: () => Promise.reject(new Error('not asked for')),
  } as never
  /** Counts and lengths of 16 bits, big-endian. */
  const kid = b64u(
    Buffer.concat([
      Buffer.from([0, 2]),
      ...[Buffer.from([0, 2]), Buffer.from('ä'), Buffer.from([0, 4]), Buffer.from('info')],
      ...[Buffer.from([1, 44]), Buffer.alloc(300, 1)],
      ...[Buffer.from([0, 1]), Buffer.from('b'), Buffer.from([0, 0]), Buffer.from([0, 1]), Buffer.from('x')],
    ]),
  )

  test.each([false, true])('contains the keys of the session, forward secrecy %s', async (forwardSecret) => {
    const session = await beginSession(jwk, { forwardSecret, now })
    const envelope = sessionEnvelope({
      recipients: recipient,
      audience,
      ticketKeys: ticket,
      now: () => (now + 100) * 1_000 + 999,
    })
    const { reply } = await opened(envelope, undefined, { sessionHeader: session.carrier })
    used = 0
    asked.length = 0
    const { $jwe, ssn } = await answered(reply)
    const keys: object[] = [
      { kty: 'oct', kid: `${session.sid}.q`, k: b64u(session.q) },
      { kty: 'oct', kid: `${session.sid}.r`, k: b64u(session.r) },
    ]
    if (session.privateKey) {
      const publicKey = real.createPublicKey(real.KeyObject.from(session.privateKey as never))
      const { x, y } = publicKey.export({ format: 'jwk' })
      keys.push({ kty: 'EC', crv: 'P-256', kid: `${session.sid}.e`, x, y })
    }
    const header = {
      alg: 'dir',
      enc: 'A256GCM',
      typ: 'glassine-ticket',
      cty: 'jwk-set+json',
      kid,
      aud: audience,
      iat: now + 100,
      exp: now + 900,
    }
    const plaintext = JSON.stringify({ keys })
    // All random bytes of the response are drawn at once, before those of the ticket.
    const ivs = forwardSecret ? 2 * places.length : places.length
    expect($jwe).toBe(jwe(dataKey, header, ivAt(ivs), plaintext))
    expect(ssn.split('.')[2]).toBe(b64u(ivAt(forwardSecret ? 1 : 0)))
    // One message, and as many bytes as the keys have, count against the data key.
    expect(asked).toEqual([
      expect.objectContaining({ messages: 1, bytes: plaintext.length, deadline: expect.any(Number) }),
    ])
  })

  test('of a session in its last second begins before it ends', async () => {
    const session = await beginSession(jwk, { now })
    const envelope = sessionEnvelope({
      recipients: recipient,
      audience,
      ticketKeys: ticket,
      now: () => (now + 905) * 1_000,
    })
    const { reply } = await opened(envelope, undefined, { sessionHeader: session.carrier })
    const { $jwe } = await answered(reply)
    const { iat, exp } = JSON.parse(Buffer.from($jwe.split('.')[0], 'base64url').toString())
    expect([iat, exp]).toEqual([now + 899, now + 900])
  })
})
