/** The pieces of JWE against the examples of their specifications. */
import { createPrivateKey, createPublicKey, diffieHellman, randomBytes } from 'node:crypto'
import { secretKey } from '@glassine/keys/internal'
import { recipientJwk } from '@glassine/session'
import { describe, expect, test } from '@jest/globals'
import { concatKdf, ephemeralKey, unwrapKey } from '../src/jwe/agreement.ts'
import { looksLikeJwe, openCompact, parseCompact, sealCompact } from '../src/jwe/compact.ts'
import { decode, isBase64url, strictJson } from '../src/jwe/encoding.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const refused = expect.objectContaining({ code: 'ERR_DECRYPT_FAILED' })

test('A256GCM opens and writes the example of RFC 7516, appendix A.1', () => {
  const bytes = Buffer.from([
    177, 161, 244, 128, 84, 143, 225, 115, 63, 180, 3, 255, 107, 154, 212, 246, 138, 7, 110, 91, 112, 46, 34,
    105, 47, 130, 203, 46, 122, 234, 64, 252,
  ])
  const cek = secretKey(bytes)
  const protectedHeader = 'eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ'
  const [iv, ciphertext, tag] = [
    '48V1_ALb6US04U3b',
    '5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6jiSdiwkIr3ajwQzaBtQD_A',
    'XFBoMYUZodetZdvTiFvSkQ',
  ]
  const text = 'The true sign of intelligence is not knowledge but imagination.'
  const parts = { protectedHeader, iv: decode(iv), ciphertext: decode(ciphertext), tag: decode(tag) }
  expect(openCompact(cek, parts).toString()).toBe(text)
  expect(sealCompact(cek, protectedHeader, decode(iv), Buffer.from(text), 'a2V5')).toBe(
    `${protectedHeader}.a2V5.${iv}.${ciphertext}.${tag}`,
  )
})

test('the Concat KDF derives the key of RFC 7518, appendix C', () => {
  const alice = {
    kty: 'EC',
    crv: 'P-256',
    x: 'gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0',
    y: 'SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps',
    d: '0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo',
  }
  const bob = {
    kty: 'EC',
    crv: 'P-256',
    x: 'weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ',
    y: 'e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck',
  }
  const secret = diffieHellman({
    privateKey: createPrivateKey({ key: alice, format: 'jwk' }),
    publicKey: createPublicKey({ key: bob, format: 'jwk' }),
  })
  expect([...secret]).toEqual([
    158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110, 163, 218, 128,
    106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
  ])
  const derived = concatKdf(secret, 'A128GCM', Buffer.from('Alice'), Buffer.from('Bob'), 16)
  expect(derived.toString('base64url')).toBe('VqqN6vgjbSBcIijNcacQGg')
})

test('A256KW unwraps the key of RFC 3394, section 4.6', () => {
  const kek = hex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f')
  const wrapped = hex('28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21')
  expect(unwrapKey(kek, wrapped)).toEqual(
    hex('00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f'),
  )
  wrapped[3]! ^= 1
  expect(() => unwrapKey(kek, wrapped)).toThrow(refused)
})

test('a key id is the thumbprint of RFC 7638, section 3.1', () => {
  const n =
    '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3' +
    'oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdA' +
    'ZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-' +
    'kEgU8awapJzKnqDKgw'
  expect(recipientJwk({ kty: 'RSA', n, e: 'AQAB' }).kid).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
})

describe('base64url is strict', () => {
  test('the canonical text of some bytes is accepted, and no other text for them', () => {
    for (let length = 0; length < 40; length++) {
      const bytes = randomBytes(length)
      const text = bytes.toString('base64url')
      expect(decode(text)).toEqual(bytes)
      expect(isBase64url(`${text}=`)).toBe(false)
      // Every other last character stands for other bytes, or is refused.
      if (length === 0) continue
      const others = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].filter(
        (last) => {
          const changed = text.slice(0, -1) + last
          return isBase64url(changed) && Buffer.from(changed, 'base64url').equals(bytes)
        },
      )
      expect(others).toHaveLength(1)
    }
  })

  test.each(['A', 'AAAAA', 'AB', 'AAB', 'A A', 'AA==', 'A+/A', 'AA\n', 'ÄA', ' AAAA'])(
    '%j is refused',
    (text) => {
      expect(() => decode(text)).toThrow(refused)
    },
  )

  test.each([[undefined], [null], [7], [['AAAA']]])('%j is refused', (value) => {
    expect(() => decode(value)).toThrow(refused)
  })

  test('another length than the required one is refused', () => {
    expect(() => decode('AAAA', 2)).toThrow(refused)
  })
})

describe('JSON is strict', () => {
  test.each([
    ['a member twice', '{"alg":"dir","alg":"ECDH-ES"}'],
    ['a member twice, once escaped', '{"alg":"dir","\\u0061lg":"ECDH-ES"}'],
    ['a member twice, deeper', '{"a":[{"k":{"b":1,"b":2}}]}'],
    ['a member twice behind a text with a colon', '{"a":"\\":","b":1,"b" : 2}'],
    ['__proto__', '{"__proto__":{"alg":"dir"}}'],
    ['no object', '[]'],
    ['null', 'null'],
    ['no JSON', '{"alg":dir}'],
    ['more than JSON', '{} {}'],
    ['many levels', `${'{"a":'.repeat(12)}1${'}'.repeat(12)}`],
  ])('%s is refused', (_what, text) => {
    expect(() => strictJson(Buffer.from(text))).toThrow(refused)
  })

  test('ill-formed UTF-8 is refused', () => {
    expect(() => strictJson(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toThrow(refused)
  })

  test('a value that looks like a member is not counted as one', () => {
    expect(strictJson(Buffer.from('{"a":"b\\":","c":["a","c"],"d":{"a":1}}'))).toEqual({
      a: 'b":',
      c: ['a', 'c'],
      d: { a: 1 },
    })
  })
})

describe('compact serialization is strict', () => {
  const head = (header: object): string => Buffer.from(JSON.stringify(header)).toString('base64url')
  const tail = `.${'A'.repeat(16)}.AAAA.${'A'.repeat(22)}`
  const token = (header: object): string => `${head(header)}.${tail}`

  test('a well-formed token is parsed into its parts', () => {
    const { header, encryptedKey, iv, ciphertext, tag } = parseCompact(token({ alg: 'dir', enc: 'A256GCM' }))
    expect(header).toEqual({ alg: 'dir', enc: 'A256GCM' })
    expect([encryptedKey, iv, ciphertext, tag].map(({ length }) => length)).toEqual([0, 12, 3, 16])
  })

  test.each<[string, string]>([
    ['another encryption', token({ alg: 'dir', enc: 'A128GCM' })],
    ['no encryption', token({ alg: 'dir' })],
    ['crit', token({ alg: 'dir', enc: 'A256GCM', crit: ['x'], x: 1 })],
    ['an empty crit', token({ alg: 'dir', enc: 'A256GCM', crit: [] })],
    ['zip', token({ alg: 'dir', enc: 'A256GCM', zip: 'DEF' })],
    ['four parts', token({ alg: 'dir', enc: 'A256GCM' }).slice(0, -23)],
    ['six parts', `${token({ alg: 'dir', enc: 'A256GCM' })}.AAAA`],
    ['a short tag', token({ alg: 'dir', enc: 'A256GCM' }).slice(0, -6)],
    ['a long IV', `${head({ alg: 'dir', enc: 'A256GCM' })}..${'A'.repeat(20)}.AAAA.${'A'.repeat(22)}`],
    [
      'bits behind the ciphertext',
      `${head({ alg: 'dir', enc: 'A256GCM' })}..${'A'.repeat(16)}.AB.${'A'.repeat(22)}`,
    ],
    ['bits behind the tag', token({ alg: 'dir', enc: 'A256GCM' }).slice(0, -1).concat('B')],
    ['a line break at the end', `${token({ alg: 'dir', enc: 'A256GCM' })}\n`],
    ['nothing', ''],
  ])('%s is refused', (_what, text) => {
    expect(() => parseCompact(text)).toThrow(refused)
  })

  test('a value of another form does not look like a token', () => {
    for (const value of [undefined, null, 7, {}, 'eyJ', 'eyJhbGciOiJub25lIn0.e30.', ['eyJ']])
      expect(looksLikeJwe(value)).toBe(false)
  })
})

describe('an ephemeral key', () => {
  const { x, y } = {
    x: 'gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0',
    y: 'SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps',
  }
  test('on the curve is accepted', () => {
    expect(ephemeralKey({ epk: { kty: 'EC', crv: 'P-256', x, y } }).type).toBe('public')
  })

  test.each<[string, unknown]>([
    ['off the curve', { kty: 'EC', crv: 'P-256', x, y: x }],
    ['zero', { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) }],
    ['at or beyond the prime', { kty: 'EC', crv: 'P-256', x: '_'.repeat(42).concat('8'), y }],
    ['of another curve', { kty: 'EC', crv: 'P-384', x, y }],
    ['with the name of another curve', { kty: 'EC', crv: 'secp256k1', x, y }],
    ['of another kind', { kty: 'OKP', crv: 'X25519', x }],
    ['with its private half', { kty: 'EC', crv: 'P-256', x, y, d: x }],
    ['with a short coordinate', { kty: 'EC', crv: 'P-256', x: x.slice(0, -2), y }],
    ['with padding', { kty: 'EC', crv: 'P-256', x: `${x}=`, y }],
    ['missing', undefined],
    ['null', null],
    ['a text', 'EC'],
  ])('%s is refused', (_what, epk) => {
    expect(() => ephemeralKey({ epk })).toThrow(refused)
  })
})
