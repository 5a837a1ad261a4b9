/** Texts and numbers of the formats: one spelling each, and nothing that two readers could take differently. */
import { generateKeyPairSync } from 'node:crypto'
import { codeOf, hasCode } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { bodyLength, looksLikeJwe, parseCompact, readHeader } from '../src/jwe/compact.ts'
import { decode, isBase64url, strictJson } from '../src/jwe/encoding.ts'
import { importPublicKey, publicJwkOf, recipientJwk, signerJwk, thumbprint } from '../src/jwk.ts'
import { checkedSignature, joseSignature } from '../src/signer.ts'

const refused = hasCode('ERR_DECRYPT_FAILED')

describe('base64url', () => {
  test('of any bytes is read in one spelling only, the one that is written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 9 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64url')
        expect(decode(text)).toEqual(Buffer.from(bytes))
        expect(decode(text, bytes.length)).toHaveLength(bytes.length)
        for (const length of [bytes.length - 1, bytes.length + 1])
          expect(() => decode(text, length)).toThrow(refused)
      }),
    )
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    for (const [at, last] of [...alphabet].entries()) {
      // Two characters carry 8 of 12 bits, three 16 of 18.
      expect([last, isBase64url(`A${last}`)]).toEqual([last, at % 16 === 0])
      expect([last, isBase64url(`AA${last}`)]).toEqual([last, at % 4 === 0])
      expect(isBase64url(`AAA${last}`)).toBe(true)
      expect(isBase64url(`AAAA${last}`)).toBe(false)
    }
  })

  test.each(['AA==', 'AAA=', 'AA+A', 'AA/A', 'AA A', ' AAA', 'AAA\n', 'AAA.', '\u00e9AAA'])(
    '%j is refused',
    (text) => {
      expect(isBase64url(text)).toBe(false)
      expect(() => decode(text)).toThrow(refused)
    },
  )

  test.each([[5], [null], [undefined], [['AAAA']]])('%j is refused, since it is not a text', (value) => {
    expect(() => decode(value)).toThrow(refused)
  })
})

describe('JSON in a token', () => {
  const read = (text: string) => strictJson(Buffer.from(text, 'utf8'))
  const nested = (levels: number): string => `${'{"a":'.repeat(levels)}{}${'}'.repeat(levels)}`

  test('is an object of a few levels with each name once', () => {
    for (const text of ['{}', '{"a":1,"b":{"a":[{"a":"\\":"}]}}', '{"a":"b\\":","c":":"}', nested(8)])
      expect(read(text)).toEqual(JSON.parse(text))
  })

  test.each([
    ['a list', '[]'],
    ['a text', '"x"'],
    ['null', 'null'],
    ['a number', '5'],
    ['no JSON', '{'],
    ['nothing', ''],
    ['a name twice', '{"a":1,"a":1}'],
    ['a name twice, one of them escaped', '{"a":1,"\\u0061":1}'],
    ['a name twice further in', '{"a":[{"b":1,"b" :2}]}'],
    ['a name that reaches a prototype', '{"__proto__":{}}'],
    ['too many levels', nested(9)],
  ])('%s is refused', (_what, text) => {
    expect(() => read(text)).toThrow(refused)
  })

  test('that is not UTF-8 is refused', () => {
    expect(() => strictJson(Buffer.from('{"a":"\xff"}', 'latin1'))).toThrow(refused)
  })
})

describe('a token', () => {
  const header = Buffer.from('{"alg":"dir","enc":"A256GCM"}').toString('base64url')
  const token = (parts: Partial<Record<'header' | 'key' | 'iv' | 'text' | 'tag', string>> = {}) => {
    const all = { header, key: '', iv: 'i'.repeat(16), text: 'AAAA', tag: 'A'.repeat(22), ...parts }
    return [all.header, all.key, all.iv, all.text, all.tag].join('.')
  }

  test('has five parts, IV and tag of their lengths', () => {
    const jwe = parseCompact(token({ key: 'AAAA' }))
    expect(jwe).toEqual({
      protectedHeader: header,
      header: { alg: 'dir', enc: 'A256GCM' },
      encryptedKey: Buffer.alloc(3),
      iv: Buffer.from('i'.repeat(16), 'base64url'),
      ciphertext: Buffer.alloc(3),
      tag: Buffer.alloc(16),
    })
    expect(looksLikeJwe(token())).toBe(true)
    expect(parseCompact(token({ text: '' })).ciphertext).toHaveLength(0)
  })

  test.each([
    ['a long IV', token({ iv: 'i'.repeat(17) })],
    ['a short IV', token({ iv: 'i'.repeat(15) })],
    ['a long tag', token({ tag: 'A'.repeat(23) })],
    ['a short tag', token({ tag: 'A'.repeat(21) })],
    ['a tag in another spelling', token({ tag: `${'A'.repeat(21)}B` })],
    ['four parts', token().slice(0, -23)],
    ['six parts', `${token()}.`],
    ['one part', header],
    ['no part', ''],
  ])('with %s does not look like one', (_what, text) => {
    expect(looksLikeJwe(text)).toBe(false)
    expect(() => parseCompact(text)).toThrow(refused)
  })

  test.each([
    ['a ciphertext in another spelling', token({ text: 'AB' })],
    ['a key in another spelling', token({ key: 'AB' })],
    ['a header in another spelling', token({ header: `${header.slice(0, -1)}=` })],
    ['a header that is no JSON', token({ header: 'eyJh' })],
    ['no header', token({ header: '' })],
  ])('with %s is refused', (_what, text) => {
    expect(() => parseCompact(text)).toThrow(refused)
  })

  test.each([
    ['{"alg":"dir","enc":"A128GCM"}'],
    ['{"alg":"dir"}'],
    ['{"enc":"A256GCM","crit":[]}'],
    ['{"enc":"A256GCM","zip":"DEF"}'],
  ])('with the header %s is refused', (text) => {
    expect(() => readHeader(Buffer.from(text).toString('base64url'))).toThrow(refused)
  })

  test('that is not text, or begins otherwise, does not look like one', () => {
    for (const value of [5, null, undefined, [token()], ` ${token()}`, token({ header: 'eyK' })])
      expect(looksLikeJwe(value)).toBe(false)
  })

  test('has a length that follows from that of its plaintext', () => {
    for (const bytes of [0, 1, 2, 3, 100])
      expect(bodyLength(bytes)).toBe(
        `..${'i'.repeat(16)}.${Buffer.alloc(bytes).toString('base64url')}.${'t'.repeat(22)}`.length,
      )
  })
})

describe('a public key', () => {
  const p256 = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength })

  test('has the thumbprint of RFC 7638, whatever other members it has', () => {
    // RFC 7638, section 3.1.
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'
    expect(thumbprint({ kty: 'RSA', n, e: 'AQAB', kid: '2011-04-29', alg: 'RS256' })).toBe(
      'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
    )
  })

  test('is published with its use, its algorithm and its thumbprint', () => {
    const ec = publicJwkOf(p256.publicKey)!
    expect(ec).toEqual({ kty: 'EC', crv: 'P-256', x: expect.any(String), y: expect.any(String) })
    expect(publicJwkOf(p256.privateKey)).toEqual(ec)
    expect(recipientJwk(ec)).toEqual({ ...ec, use: 'enc', alg: 'ECDH-ES', kid: thumbprint(ec) })
    expect(signerJwk(ec as never)).toEqual({ ...ec, use: 'sig', alg: 'ES256', kid: thumbprint(ec) })
    const other = publicJwkOf(rsa(2048).publicKey)!
    expect(other).toEqual({ kty: 'RSA', n: expect.any(String), e: 'AQAB' })
    expect(recipientJwk(other)).toMatchObject({ use: 'enc', alg: 'RSA-OAEP-256' })
  })

  test('of another kind, curve or length is refused', () => {
    expect(publicJwkOf(rsa(1024).publicKey)).toBeUndefined()
    expect(publicJwkOf(generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).publicKey)).toBeUndefined()
    expect(publicJwkOf(generateKeyPairSync('ed25519').publicKey)).toBeUndefined()
    const { publicKey } = generateKeyPairSync('rsa-pss', { modulusLength: 2048 })
    expect(publicJwkOf(publicKey)).toBeUndefined()
  })

  test('is read from DER or a JWK, and nothing else', () => {
    const der = p256.publicKey.export({ format: 'der', type: 'spki' })
    const jwk = p256.publicKey.export({ format: 'jwk' })
    for (const value of [der, new Uint8Array(der), jwk, { ...jwk, d: 'x', more: 1 }])
      expect(importPublicKey(value)?.equals(p256.publicKey)).toBe(true)
    const { publicKey } = rsa(2048)
    expect(importPublicKey(publicKey.export({ format: 'jwk' }))?.equals(publicKey)).toBe(true)
    for (const value of [null, undefined, {}, 'x', Buffer.of(1), { kty: 'EC', crv: 'P-256' }])
      expect(importPublicKey(value)).toBeUndefined()
  })
})

describe('a signature', () => {
  const der = (...parts: readonly string[]): Buffer => Buffer.from(parts.join(''), 'hex')
  const [r, s] = ['11'.repeat(32), '22'.repeat(32)]

  test('of KMS, in DER, becomes the 64 bytes of JOSE', () => {
    expect(joseSignature(der('3044', '0220', r, '0220', s)).toString('hex')).toBe(r + s)
    const high = 'ff'.repeat(32)
    expect(joseSignature(der('3046', '022100', high, '022100', high)).toString('hex')).toBe(high + high)
    expect(joseSignature(der('3006', '020101', '020102')).toString('hex')).toBe(
      `${'00'.repeat(31)}01${'00'.repeat(31)}02`,
    )
    expect(joseSignature(der('3006', '020100', '020100')).toString('hex')).toBe('00'.repeat(64))
  })

  test.each([
    ['another tag', der('3144', '0220', r, '0220', s)],
    ['a length that is too short', der('3043', '0220', r, '0220', s)],
    ['a length that is too long', der('3045', '0220', r, '0220', s)],
    ['another first number', der('3044', '0320', r, '0220', s)],
    ['another second number', der('3044', '0220', r, '0320', s)],
    ['an empty number', der('3004', '0200', '0200')],
    ['one number', der('3022', '0220', r)],
    ['a number of 33 bytes', der('3045', '0221', `01${r}`, '0220', s)],
    ['bytes behind it', der('3045', '0220', r, '0220', s, '00')],
    ['a third number', der('3047', '0220', r, '0220', s, '020101')],
    ['a second number that is cut', der('3044', '0220', r, '0221', s)],
    ['nothing', Buffer.alloc(0)],
  ])('with %s is refused', (_what, bytes) => {
    expect(() => joseSignature(bytes)).toThrow(
      hasCode('ERR_KEY_UNAVAILABLE', {
        cause: {
          package: '@glassine/session',
          reason: 'KMS returned a signature that is not on P-256',
        },
      }),
    )
  })

  test('of a signer has 64 bytes', async () => {
    expect(checkedSignature(new Uint8Array(64).fill(255))).toBe(Buffer.alloc(64, 255).toString('base64url'))
    for (const wrong of [new Uint8Array(63), new Uint8Array(65), 'x'.repeat(64), undefined])
      expect(await codeOf((async () => checkedSignature(wrong as never))())).toBe('ERR_KEY_UNAVAILABLE')
  })
})
