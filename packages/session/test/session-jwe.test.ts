/** The JWE that brings the keys of a session: what its header shows is refused before it costs a call. */

import { generateKeyPairSync } from 'node:crypto'
import { localRecipient } from '@glassine/session'
import { codeOf } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { audience, b64u, beginSession, type SessionOptions, sealFields } from './support/device.ts'
import { fields, opened, patient, scope } from './support/patient.ts'
import { counting, envelopeWith, jwk, recipient, setUp } from './support/service.ts'

describe('a session JWE', () => {
  const seconds = Math.floor(Date.now() / 1_000)
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
    ['that lives a second too long', { header: { iat: seconds, exp: seconds + 901 } }, 'ERR_DECRYPT_FAILED'],
    ['that ends when it begins', { header: { iat: seconds, exp: seconds } }, 'ERR_DECRYPT_FAILED'],
    ['that ends before it begins', { header: { iat: seconds, exp: seconds - 1 } }, 'ERR_DECRYPT_FAILED'],
    ['with times that are texts', { header: { exp: String(seconds + 900) } }, 'ERR_DECRYPT_FAILED'],
    ['with a broken end', { header: { exp: seconds + 0.5 } }, 'ERR_DECRYPT_FAILED'],
    ['with a broken beginning', { header: { iat: seconds + 0.5 } }, 'ERR_DECRYPT_FAILED'],
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
    ['with a long PartyUInfo', { apu: Buffer.alloc(257) }, 'ERR_DECRYPT_FAILED'],
    ['with a long PartyVInfo', { apv: Buffer.alloc(257) }, 'ERR_DECRYPT_FAILED'],
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
    expect(await codeOf(opened(envelope, undefined, { sessionHeader: body.$jwe }))).toBe(code)
    expect(recipient.calls).toBe(0)
  })

  test('in the body and in the header at once is refused', async () => {
    const { envelope } = setUp()
    const session = await beginSession(jwk)
    const body = await sealFields(session, patient, fields, scope)
    expect(await codeOf(opened(envelope, body, { sessionHeader: session.carrier }))).toBe(
      'ERR_DECRYPT_FAILED',
    )
  })

  test('that is missing, null or not a text is refused', async () => {
    const { envelope } = setUp()
    const body = await sealFields(await beginSession(jwk), patient, fields, scope, { carrier: false })
    expect(await codeOf(opened(envelope, body))).toBe('ERR_SESSION_MISSING')
    for (const $jwe of [null, 7, {}, [], ''])
      expect(await codeOf(opened(envelope, { ...body, $jwe }))).toBe('ERR_DECRYPT_FAILED')
    expect(await codeOf(opened(envelope, undefined))).toBe('ERR_SESSION_MISSING')
  })

  test('to an RSA key, with an encrypted key of another length, costs no call', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const rsa = localRecipient({ privateKey })
    const counted = counting(rsa)
    const envelope = envelopeWith({ recipients: counted })
    const [key] = await rsa.jwks({ deadline: () => Date.now() + 1_000 })
    const session = await beginSession(key)
    const parts = session.carrier.split('.')
    for (const encrypted of ['', parts[1]!.slice(0, -4), `${parts[1]}AAAA`.replace(/.AAAA$/, 'AAAAA')]) {
      const header = parts.with(1, encrypted).join('.')
      expect(await codeOf(opened(envelope, undefined, { sessionHeader: header }))).toBe('ERR_DECRYPT_FAILED')
    }
    expect(counted.calls).toBe(0)
    expect(await codeOf(opened(envelope, undefined, { sessionHeader: session.carrier }))).toBe('none')
  })

  test.each([31, 33, 0])('is not opened with a shared secret of %d bytes', async (length) => {
    const short = { jwks: recipient.jwks, unwrap: async () => new Uint8Array(length) }
    const envelope = envelopeWith({ recipients: short })
    const { carrier } = await beginSession(jwk)
    expect(await codeOf(opened(envelope, undefined, { sessionHeader: carrier }))).toBe('ERR_KEY_UNAVAILABLE')
  })

  test('may have party information of up to 256 bytes', async () => {
    const session = await beginSession(jwk, { apu: Buffer.alloc(256, 1), apv: Buffer.alloc(256, 2) })
    const body = await sealFields(session, patient, fields, scope)
    expect((await opened(setUp().envelope, body)).payload).toEqual(patient)
  })

  test('may be for any of several audiences', async () => {
    const several = envelopeWith({ audience: ['https://other.example.com', audience] })
    const sessionFor = async (aud: string) => (await beginSession(jwk, { header: { aud } })).carrier
    for (const aud of ['https://other.example.com', audience])
      expect(await codeOf(opened(several, undefined, { sessionHeader: await sessionFor(aud) }))).toBe('none')
    const header = await sessionFor('https://third.example.com')
    expect(await codeOf(opened(several, undefined, { sessionHeader: header }))).toBe('ERR_DECRYPT_FAILED')
  })

  test('may be as long as `maxTokenBytes`, by default 8,192, and no longer', async () => {
    /** A session JWE of exactly this length: its header and its plaintext are filled up. */
    const carrierOf = async (length: number): Promise<string> => {
      for (let fill = 0; fill < 4; fill++) {
        const begin = (spaces: number) =>
          beginSession(jwk, {
            header: { fill: 'x'.repeat(fill) },
            plaintext: (keys) => JSON.stringify({ keys }) + ' '.repeat(spaces),
          })
        const short = (await begin(0)).carrier.length
        const spaces = Math.floor(((length - short) * 3) / 4)
        for (const more of [-1, 0, 1]) {
          const { carrier } = await begin(spaces + more)
          if (carrier.length === length) return carrier
        }
      }
      throw new Error('there is none')
    }
    const code = async (header: string, options = {}) =>
      codeOf(opened(envelopeWith(options), undefined, { sessionHeader: header }))
    expect(await code(await carrierOf(8_192))).toBe('none')
    expect(await code(await carrierOf(8_193))).toBe('ERR_DECRYPT_FAILED')
    const carrier = await carrierOf(1_000)
    expect(await code(carrier, { maxTokenBytes: 1_000 })).toBe('none')
    expect(await code(carrier, { maxTokenBytes: 999 })).toBe('ERR_DECRYPT_FAILED')
  })
})
