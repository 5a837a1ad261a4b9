/** What an attacker may send: all of it is refused, most of it before it costs anything. */
import { createCipheriv, generateKeyPairSync, randomBytes } from 'node:crypto'
import { defineFields } from '@glassine/core'
import {
  localRecipient,
  type Recipient,
  type SessionEnvelopeOptions,
  sessionEnvelope,
} from '@glassine/session'
import { describe, expect, test } from '@jest/globals'
import { CompactEncrypt, importJWK } from 'jose'
import {
  audience,
  b64u,
  beginSession,
  ctxOf,
  type DeviceSession,
  type HeaderChange,
  type SessionOptions,
  sealFields,
  sealValue,
} from './support/device.ts'
import { codeOf, fields, opened, patient, scope, sealed } from './support/patient.ts'

const inner = localRecipient()
const [jwk] = await inner.jwks({ deadline: () => Date.now() + 1_000 })
const now = () => Math.floor(Date.now() / 1_000)

/** A recipient that counts what would have cost a call. */
const counting = (): Recipient & { calls: number } => {
  const recipient = {
    calls: 0,
    metered: true,
    jwks: inner.jwks,
    unwrap: (request: any) => {
      recipient.calls++
      return inner.unwrap(request)
    },
  }
  return recipient
}

const setUp = (options: Partial<SessionEnvelopeOptions> = {}) => {
  const recipient = counting()
  return { recipient, envelope: sessionEnvelope({ recipient, audience, ...options }) }
}

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
      const { reply } = await opened(envelope, undefined, { header: session.carrier })
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
      ctx: ctxOf('patient', scope),
      jti,
    }
    body.ssn = await make(session, header)
    const code = await codeOf(opened(envelope, body))
    expect(['ERR_DECRYPT_FAILED', 'ERR_FIELD_NOT_ENCRYPTED']).toContain(code)
  })

  test('what is in the clear, or absent, is told by its path', async () => {
    const { envelope } = setUp()
    const body = await sealFields(await beginSession(jwk), patient, fields, scope)
    expect(await codeOf(opened(envelope, { ...body, ssn: patient.ssn }))).toBe('ERR_FIELD_NOT_ENCRYPTED')
    expect(await codeOf(opened(envelope, { ...body, ssn: null }))).toBe('ERR_FIELD_NOT_ENCRYPTED')
    expect(await codeOf(opened(envelope, { ...body, ssn: undefined }))).toBe('ERR_FIELD_MISSING')
  })
})

describe('a session JWE', () => {
  const seconds = now()
  const off = { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) }
  const headerOf = (carrier: string): any =>
    JSON.parse(Buffer.from(carrier.split('.')[0]!, 'base64url').toString())
  const withHeader = (carrier: string, change: object): string => {
    const [, ...rest] = carrier.split('.')
    return [b64u(JSON.stringify({ ...headerOf(carrier), ...change })), ...rest].join('.')
  }
  /** Refused by what can be seen in the clear: no call. */
  const early: [string, SessionOptions | ((carrier: string) => string), string][] = [
    ['of another audience', { header: { aud: 'https://evil.example.com' } }, 'ERR_DECRYPT_FAILED'],
    ['of several audiences', { header: { aud: [audience] } }, 'ERR_DECRYPT_FAILED'],
    ['without an audience', { header: { aud: undefined } }, 'ERR_DECRYPT_FAILED'],
    ['that has expired', { now: seconds - 1_000 }, 'ERR_SESSION_EXPIRED'],
    ['that is not valid yet', { now: seconds + 600 }, 'ERR_SESSION_EXPIRED'],
    ['that lives too long', { header: { exp: seconds + 990 } }, 'ERR_DECRYPT_FAILED'],
    ['that ends before it begins', { header: { exp: seconds - 1 } }, 'ERR_DECRYPT_FAILED'],
    ['with times that are texts', { header: { exp: String(seconds + 900) } }, 'ERR_DECRYPT_FAILED'],
    ['with broken times', { header: { exp: seconds + 0.5 } }, 'ERR_DECRYPT_FAILED'],
    ['without times', { header: { iat: undefined } }, 'ERR_DECRYPT_FAILED'],
    ['to an unknown key', { header: { kid: 'unknown' } }, 'ERR_RECIPIENT_UNKNOWN'],
    ['to no key', { header: { kid: undefined } }, 'ERR_RECIPIENT_UNKNOWN'],
    ['to a prototype', { header: { kid: '__proto__' } }, 'ERR_RECIPIENT_UNKNOWN'],
    ['of another type', { header: { cty: 'JWT' } }, 'ERR_DECRYPT_FAILED'],
    ['of no type', { header: { cty: undefined } }, 'ERR_DECRYPT_FAILED'],
    ['that pretends to be a ticket', { header: { typ: 'glassine-ticket' } }, 'ERR_DECRYPT_FAILED'],
    ['with an agreement of 128 bits', { alg: 'ECDH-ES+A128KW' as any }, 'ERR_DECRYPT_FAILED'],
    ['with an encryption of 128 bits', { header: { enc: 'A128GCM' } }, 'ERR_DECRYPT_FAILED'],
    ['with an encryption by CBC', { header: { enc: 'A256CBC-HS512' } }, 'ERR_DECRYPT_FAILED'],
    ['off the curve', (carrier) => withHeader(carrier, { epk: off }), 'ERR_DECRYPT_FAILED'],
    [
      'on another curve',
      (carrier) => withHeader(carrier, { epk: { ...off, crv: 'P-384' } }),
      'ERR_DECRYPT_FAILED',
    ],
    [
      'on another curve of the same size',
      (carrier) => {
        const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
        return withHeader(carrier, { epk: publicKey.export({ format: 'jwk' }) })
      },
      'ERR_DECRYPT_FAILED',
    ],
    ['without an ephemeral key', (carrier) => withHeader(carrier, { epk: undefined }), 'ERR_DECRYPT_FAILED'],
    [
      'that names RSA for a key on a curve',
      (carrier) => withHeader(carrier, { alg: 'RSA-OAEP-256' }),
      'ERR_DECRYPT_FAILED',
    ],
    [
      'that names a password',
      (carrier) => withHeader(carrier, { alg: 'PBES2-HS256+A128KW', p2c: 1e9, p2s: 'AAAA' }),
      'ERR_DECRYPT_FAILED',
    ],
    ['that names no algorithm', (carrier) => withHeader(carrier, { alg: undefined }), 'ERR_DECRYPT_FAILED'],
    [
      'that names a member of objects',
      (carrier) => withHeader(carrier, { alg: 'constructor' }),
      'ERR_DECRYPT_FAILED',
    ],
    ['that names dir', (carrier) => withHeader(carrier, { alg: 'dir' }), 'ERR_DECRYPT_FAILED'],
    [
      'that names dir as a ticket where there are none',
      (carrier) => withHeader(carrier, { alg: 'dir', typ: 'glassine-ticket' }),
      'ERR_DECRYPT_FAILED',
    ],
    ['with crit', (carrier) => withHeader(carrier, { crit: ['exp'] }), 'ERR_DECRYPT_FAILED'],
    ['with zip', (carrier) => withHeader(carrier, { zip: 'DEF' }), 'ERR_DECRYPT_FAILED'],
    [
      'with an encrypted key beside the agreement',
      (carrier) => carrier.replace('..', `.${'A'.repeat(54)}.`),
      'ERR_DECRYPT_FAILED',
    ],
    [
      'with a long PartyUInfo',
      (carrier) => withHeader(carrier, { apu: 'A'.repeat(400) }),
      'ERR_DECRYPT_FAILED',
    ],
    [
      'that is oversized',
      (carrier) => carrier.replace(/\.([\w-]{22})$/, `${'AAAA'.repeat(2_100)}.$1`),
      'ERR_DECRYPT_FAILED',
    ],
    ['that is cut short', (carrier) => carrier.slice(0, -1), 'ERR_DECRYPT_FAILED'],
    ['that is a text of another kind', () => 'eyJhbGciOiJub25lIn0.e30.', 'ERR_DECRYPT_FAILED'],
  ]
  test.each(early)('%s is refused and costs no call', async (_what, change, code) => {
    const { recipient, envelope } = setUp()
    const session = await beginSession(jwk, typeof change === 'object' ? change : {})
    const body = await sealFields(session, patient, fields, scope)
    if (typeof change === 'function') body.$jwe = change(session.carrier)
    expect(await codeOf(opened(envelope, body))).toBe(code)
    expect(await codeOf(opened(envelope, undefined, { header: body.$jwe }))).toBe(code)
    expect(recipient.calls).toBe(0)
  })

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

  test('in the body and in the header at once is refused', async () => {
    const { envelope } = setUp()
    const session = await beginSession(jwk)
    const body = await sealFields(session, patient, fields, scope)
    expect(await codeOf(opened(envelope, body, { header: session.carrier }))).toBe('ERR_DECRYPT_FAILED')
  })

  test('that is missing, null or no text is refused', async () => {
    const { envelope } = setUp()
    const body = await sealFields(await beginSession(jwk), patient, fields, scope, { carrier: false })
    expect(await codeOf(opened(envelope, body))).toBe('ERR_SESSION_MISSING')
    for (const $jwe of [null, 7, {}, [], ''])
      expect(await codeOf(opened(envelope, { ...body, $jwe }))).toBe('ERR_DECRYPT_FAILED')
    expect(await codeOf(opened(envelope, undefined))).toBe('ERR_SESSION_MISSING')
  })

  test('that is kept ends when it ends', async () => {
    let time = Date.now()
    const { recipient, envelope } = setUp({ now: () => time })
    const body = await sealFields(await beginSession(jwk), patient, fields, scope)
    await opened(envelope, body)
    time += 899_000
    await opened(envelope, body)
    time += 62_000
    expect(await codeOf(opened(envelope, body))).toBe('ERR_SESSION_EXPIRED')
    expect(recipient.calls).toBe(1)
  })

  test('that was opened late is kept to its end, and no longer', async () => {
    let time = Date.now()
    const { envelope } = setUp({ now: () => time })
    const body = await sealFields(await beginSession(jwk), patient, fields, scope)
    time += 600_000
    await opened(envelope, body)
    time += 362_000
    expect(await codeOf(opened(envelope, body))).toBe('ERR_SESSION_EXPIRED')
  })

  test("that is kept for one of Lambda's tenants is not for another", async () => {
    const { recipient, envelope } = setUp()
    const body = await sealFields(await beginSession(jwk), patient, fields, scope)
    for (const tenant of ['one', 'two', 'one', 'two']) await opened(envelope, body, { tenant })
    expect(recipient.calls).toBe(2)
  })

  test('to an RSA key, with an encrypted key that is not as long as it, costs no call', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const rsa = localRecipient({ privateKey })
    let calls = 0
    const recipient: Recipient = {
      jwks: rsa.jwks,
      unwrap: (request) => {
        calls++
        return rsa.unwrap(request)
      },
    }
    const envelope = sessionEnvelope({ recipient, audience })
    const [key] = await rsa.jwks({ deadline: () => Date.now() + 1_000 })
    const session = await beginSession(key)
    const parts = session.carrier.split('.')
    for (const encrypted of ['', parts[1]!.slice(0, -4), `${parts[1]}AAAA`.replace(/.AAAA$/, 'AAAAA')]) {
      const header = parts.with(1, encrypted).join('.')
      expect(await codeOf(opened(envelope, undefined, { header }))).toBe('ERR_DECRYPT_FAILED')
    }
    expect(calls).toBe(0)
    expect(await codeOf(opened(envelope, undefined, { header: session.carrier }))).toBe('none')
  })

  test.each([31, 33, 0])('is not opened with a shared secret of %d bytes', async (length) => {
    const recipient: Recipient = { jwks: inner.jwks, unwrap: async () => new Uint8Array(length) }
    const envelope = sessionEnvelope({ recipient, audience })
    const { carrier } = await beginSession(jwk)
    expect(await codeOf(opened(envelope, undefined, { header: carrier }))).toBe('ERR_KEY_UNAVAILABLE')
  })

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

test('every single bit of a token', async () => {
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
  // A text that is no token any more is plaintext that nobody sealed.
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
    await sealFields(session, patient, fields, { ...scope, route: 'x' }),
  ]
  for (const attempt of attempts) {
    const error: any = await opened(envelope, attempt).catch((thrown) => thrown)
    const { name, message, ...own } = error
    seen.add(JSON.stringify({ name: error.name, message: error.message, ...own }))
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

describe('a budget', () => {
  const begin = async () => sealFields(await beginSession(jwk), patient, fields, scope)

  test('of one sender stops the rest, and nobody else', async () => {
    let time = Date.now()
    const { recipient, envelope } = setUp({ budget: { sessions: 3, window: 10_000 }, now: () => time })
    const codes: string[] = []
    for (let turn = 0; turn < 5; turn++)
      codes.push(await codeOf(opened(envelope, await begin(), { principal: 'a' })))
    expect(codes).toEqual(['none', 'none', 'none', 'ERR_BUDGET_EXCEEDED', 'ERR_BUDGET_EXCEEDED'])
    expect(recipient.calls).toBe(3)
    expect(await codeOf(opened(envelope, await begin(), { principal: 'b' }))).toBe('none')
    // The binding counts where nobody is named.
    for (let turn = 0; turn < 3; turn++) await opened(envelope, await begin())
    expect(await codeOf(opened(envelope, await begin()))).toBe('ERR_BUDGET_EXCEEDED')
    time += 10_000
    expect(await codeOf(opened(envelope, await begin(), { principal: 'a' }))).toBe('none')
  })

  test('is not spent by sessions that are kept or joined, nor by what is refused early', async () => {
    const { recipient, envelope } = setUp({ budget: { sessions: 2 } })
    const body = await begin()
    await Promise.all(Array.from({ length: 50 }, () => opened(envelope, body)))
    for (let turn = 0; turn < 5; turn++) {
      const bad = await sealFields(await beginSession(jwk, { header: { aud: 'x' } }), patient, fields, scope)
      expect(await codeOf(opened(envelope, bad))).toBe('ERR_DECRYPT_FAILED')
    }
    expect(await codeOf(opened(envelope, await begin()))).toBe('none')
    expect(recipient.calls).toBe(2)
    const third = await begin()
    expect(await codeOf(opened(envelope, third))).toBe('ERR_BUDGET_EXCEEDED')
    // That one sender was refused is not remembered of the session.
    expect(await codeOf(opened(envelope, third, { principal: 'another' }))).toBe('none')
  })

  test("that one sender has used up does not stop another's session whose time in the cache is over", async () => {
    let time = Date.now()
    const { envelope } = setUp({ budget: { sessions: 1 }, cacheExpiry: 1_000, now: () => time })
    const victim = await begin()
    expect(await codeOf(opened(envelope, victim, { principal: 'a' }))).toBe('none')
    expect(await codeOf(opened(envelope, await begin(), { principal: 'thief' }))).toBe('none')
    time += 1_000
    expect(await codeOf(opened(envelope, victim, { principal: 'thief' }))).toBe('ERR_BUDGET_EXCEEDED')
    expect(await codeOf(opened(envelope, victim, { principal: 'b' }))).toBe('none')
  })

  test("of one of Lambda's tenants is not that of another", async () => {
    const { envelope } = setUp({ budget: { sessions: 1 } })
    for (const tenant of ['one', 'two'])
      for (const code of ['none', 'ERR_BUDGET_EXCEEDED'])
        expect(await codeOf(opened(envelope, await begin(), { tenant, principal: 'a' }))).toBe(code)
  })

  test('is spent by sessions that are forged', async () => {
    const { recipient, envelope } = setUp({ budget: { sessions: 2 } })
    const codes: string[] = []
    for (let turn = 0; turn < 4; turn++) {
      const forged = await sealFields(
        await beginSession(jwk, { plaintext: () => turn }),
        patient,
        fields,
        scope,
      )
      codes.push(await codeOf(opened(envelope, forged)))
    }
    expect(codes).toEqual([
      'ERR_DECRYPT_FAILED',
      'ERR_DECRYPT_FAILED',
      'ERR_BUDGET_EXCEEDED',
      'ERR_BUDGET_EXCEEDED',
    ])
    expect(recipient.calls).toBe(2)
  })
})
