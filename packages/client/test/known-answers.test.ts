/** What a device sends, byte for byte: randomness is injected, and the expected bytes are built from the RFCs alone. */
import {
  constants,
  createCipheriv,
  createHash,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
} from 'node:crypto'
import { type ClientOptions, createClient } from '@glassine/client'
import { standingClock } from '@glassine/test-support'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { calculateJwkThumbprint } from 'jose'
import { type Algorithm, bytes, serviceKey } from './support/captured.ts'
import { fields, patient } from './support/patient.ts'

/** What is drawn, in this order. */
const drawn = createHash('shake256', { outputLength: 2_000 }).update('what is drawn').digest()
const time = standingClock(1_760_000_000_123)
beforeAll(() => {
  jest.spyOn(Date, 'now').mockImplementation(time.now)
})
afterAll(() => {
  jest.restoreAllMocks()
})

const b64u = (value: Uint8Array | string): string => Buffer.from(value).toString('base64url')

/** RFC 7516, section 5.1, and A256GCM (RFC 7518, section 5.3). */
const jwe = (key: Uint8Array, header: object, iv: Buffer, plaintext: string, encryptedKey = ''): string => {
  const head = b64u(JSON.stringify(header))
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  cipher.setAAD(Buffer.from(head, 'ascii'))
  const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
  return [head, encryptedKey, b64u(iv), b64u(ciphertext), b64u(cipher.getAuthTag())].join('.')
}

/** RFC 7518, section 4.6.2: one round of SHA-256, no party information. */
const agreedKey = (privateKey: KeyObject, publicKey: KeyObject): Buffer => {
  const u32 = (value: number) => Buffer.from([0, 0, 0, value])
  const algorithm = Buffer.from('A256GCM')
  const info = [u32(algorithm.length), algorithm, u32(0), u32(0), Buffer.from([0, 0, 1, 0])]
  const secret = diffieHellman({ privateKey, publicKey })
  return createHash('sha256')
    .update(Buffer.concat([u32(1), secret, ...info]))
    .digest()
}

/** The first 16 bytes of SHA-256 over the texts, each after its length. */
const contextOf = (...texts: readonly string[]): string => {
  const parts = texts.flatMap((text) => [Buffer.from([0, 0, 0, Buffer.byteLength(text)]), Buffer.from(text)])
  return b64u(createHash('sha256').update(Buffer.concat(parts)).digest().subarray(0, 16))
}

/** The declared values of the patient, in the order of the declaration. */
const texts = [
  ['/ssn', '"078-05-1120"'],
  ['/address/street', '"Elm Street 7"'],
  ['/visits/0/note', '"broken arm"'],
  ['/visits/1/note', '{"deep":[-0,null,"\\ud800",1e+21]}'],
  ['/codes/0', '"code-a"'],
  ['/codes/1', '"code-b"'],
] as const

/** Sends one patient and returns the body that left; `draw` supplies the random bytes, in order. */
const sent = async (
  alg: Algorithm,
  options: Partial<ClientOptions> = {},
  init: any = { method: 'put', body: patient() },
) => {
  const { publicKey, privateKey } = serviceKey(alg)
  const jwk: any = publicKey.export({ format: 'jwk' })
  const kid = await calculateJwkThumbprint(jwk)
  let used = 0
  /** The pairs that were generated, in order. */
  const pairs: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }[] = []
  const { subtle } = globalThis.crypto
  const crypto = {
    getRandomValues: (out: Uint8Array) => {
      out.set(drawn.subarray(used, used + out.length))
      used += out.length
      return out
    },
    subtle: new Proxy(subtle, {
      get: (target, name) => {
        if (name !== 'generateKey') return (target as any)[name].bind(target)
        return async (algorithm: any, extractable: boolean, uses: any) => {
          const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
          pairs.push(pair)
          const [own, other] = [pair.privateKey, pair.publicKey].map((key) => key.export({ format: 'jwk' }))
          return {
            privateKey: await subtle.importKey('jwk', own as any, algorithm, extractable, uses),
            publicKey: await subtle.importKey('jwk', other as any, algorithm, true, []),
          }
        }
      },
    }),
  }
  const requests: any[] = []
  const api = createClient({
    baseUrl: 'https://api.example.com',
    fields: fields as never,
    bind: { tenant: 't-1', app: 'x' },
    crypto: crypto as never,
    fetch: (async (url: string, init: any) => {
      if (url.endsWith('jwks.json')) return Response.json({ keys: [{ ...jwk, use: 'enc', alg, kid }] })
      requests.push(init)
      return new Response(null, { status: 503 })
    }) as never,
    ...options,
  })
  await api.fetch('/patients/7?full=1', init)
  let at = 0
  const draw = (length: number): Buffer => {
    at += length
    return drawn.subarray(at - length, at)
  }
  return {
    body: requests[0].body && JSON.parse(requests[0].body),
    headers: requests[0].headers as Headers,
    draw,
    rest: () => used - at,
    kid,
    pairs,
    privateKey,
    publicKey,
  }
}

const point = (key: KeyObject) => {
  const { x, y } = key.export({ format: 'jwk' })
  return { x, y }
}
const times = { iat: 1_760_000_000, exp: 1_760_000_900 }
const aud = 'https://api.example.com'
/** Of a request without an authorization header, with this many values. */
const ctxOf = (count: number, method = 'PUT'): string =>
  contextOf(
    ...['glassine-context-2', 'request', '', '', '', `${count}`],
    ...[method, '/patients/7', '1', 'full', '1'],
    ...['patient', '0', '2', 'app', 'x', 'tenant', 't-1'],
  )
const ctx = ctxOf(6)

/** The keys of a session as they travel. */
const keySet = (id: string, request: Buffer, response: Buffer) => [
  { kty: 'oct', kid: `${id}.q`, k: b64u(request) },
  { kty: 'oct', kid: `${id}.r`, k: b64u(response) },
]

describe('a request', () => {
  test('carries its keys by an agreement, and each value under the request key in its place', async () => {
    const { body, headers, draw, rest, kid, pairs, publicKey } = await sent('ECDH-ES')
    const [jti, id, request, response] = [b64u(draw(16)), b64u(draw(16)), draw(32), draw(32)]
    const epk = { crv: 'P-256', kty: 'EC', ...point(pairs[0]!.publicKey) }
    const header = { alg: 'ECDH-ES', enc: 'A256GCM', kid, cty: 'jwk-set+json', aud, ...times, epk }
    const contentKey = agreedKey(pairs[0]!.privateKey, publicKey)
    const $jwe = jwe(contentKey, header, draw(12), JSON.stringify({ keys: keySet(id, request, response) }))
    const [ssn, street, first, second, one, two] = texts.map(([p, text]) =>
      jwe(request, { alg: 'dir', enc: 'A256GCM', kid: `${id}.q`, p, ctx, jti }, draw(12), text),
    )
    expect(body).toEqual({
      id: 'p-1',
      ssn,
      address: { street, country: 'NL' },
      visits: [
        { at: '2026-01-01', note: first },
        { at: '2026-02-01', note: second },
      ],
      codes: [one, two],
      $jwe,
    })
    expect([...headers]).toEqual([['content-type', 'application/json']])
    expect([rest(), pairs.length]).toEqual([0, 1])
  })

  test('carries a content key under an RSA key if one is published', async () => {
    const { body, draw, kid, pairs, privateKey } = await sent('RSA-OAEP-256')
    draw(16)
    const [id, request, response, contentKey] = [b64u(draw(16)), draw(32), draw(32), draw(32)]
    const encryptedKey = body.$jwe.split('.')[1]
    const oaep = { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
    expect(privateDecrypt(oaep, bytes(encryptedKey))).toEqual(contentKey)
    const header = { alg: 'RSA-OAEP-256', enc: 'A256GCM', kid, cty: 'jwk-set+json', aud, ...times }
    const text = JSON.stringify({ keys: keySet(id, request, response) })
    expect(body.$jwe).toBe(jwe(contentKey, header, draw(12), text, encryptedKey))
    expect(pairs).toEqual([])
  })

  test('carries a key of the device if forward-secret responses are requested', async () => {
    const { body, draw, kid, pairs, publicKey } = await sent('ECDH-ES', {
      response: { mode: 'forward-secret' },
    })
    draw(16)
    const [id, request, response] = [b64u(draw(16)), draw(32), draw(32)]
    const [device, ephemeral] = pairs as [any, any]
    const epk = { crv: 'P-256', kty: 'EC', ...point(ephemeral.publicKey) }
    const header = { alg: 'ECDH-ES', enc: 'A256GCM', kid, cty: 'jwk-set+json', aud, ...times, epk }
    const own = { crv: 'P-256', kty: 'EC', ...point(device.publicKey), kid: `${id}.e` }
    const text = JSON.stringify({ keys: [...keySet(id, request, response), own] })
    expect(body.$jwe).toBe(jwe(agreedKey(ephemeral.privateKey, publicKey), header, draw(12), text))
  })

  test('has all values in one bundle, padded, with its keys in the header', async () => {
    const { body, headers, draw } = await sent('ECDH-ES', {
      shape: 'bundle',
      keysIn: 'header',
      padding: { bucket: 64 },
      session: { maxAge: 60_000 },
      audience: 'the service',
    })
    const [jti, id, request] = [b64u(draw(16)), b64u(draw(16)), draw(32)]
    draw(32 + 12)
    const members = `{${texts.map(([p, text]) => `"${p}":${text}`).join(',')}}`
    const padded = members + ' '.repeat((64 - (Buffer.byteLength(members) % 64)) % 64)
    const header = { alg: 'dir', enc: 'A256GCM', kid: `${id}.q`, p: '/sealed', ctx: ctxOf(1), jti }
    expect(body.sealed).toBe(jwe(request, header, draw(12), padded))
    expect(Object.keys(body).toSorted()).toEqual(['address', 'codes', 'id', 'sealed', 'visits'])
    const carrier = headers.get('encryption-key')!
    expect(carrier).not.toContain(';')
    const { aud, iat, exp } = JSON.parse(bytes(carrier.split('.')[0]).toString())
    expect([aud, iat, exp]).toEqual(['the service', 1_760_000_000, 1_760_000_060])
  })

  test('without a value has a proof after its keys', async () => {
    const { body, headers, draw, rest } = await sent('ECDH-ES', {}, { method: 'DELETE' })
    expect(body).toBeUndefined()
    const [jti, id, request] = [b64u(draw(16)), b64u(draw(16)), draw(32)]
    draw(32 + 12)
    const [, proof] = headers.get('encryption-key')!.split(';proof=')
    const header = { alg: 'dir', enc: 'A256GCM', kid: `${id}.q`, p: '', ctx: ctxOf(0, 'DELETE'), jti }
    expect(proof).toBe(jwe(request, header, draw(12), '{}'))
    expect(rest()).toBe(0)
  })

  test('that may be sent twice has one number for both attempts', async () => {
    const { body, draw } = await sent('ECDH-ES', { retry: 'all' }, { method: 'POST', body: patient() })
    const [rid, jti, id, request] = [b64u(draw(16)), b64u(draw(16)), b64u(draw(16)), draw(32)]
    draw(32 + 12)
    const header = { alg: 'dir', enc: 'A256GCM', kid: `${id}.q`, p: '/ssn', ctx: ctxOf(6, 'POST'), jti, rid }
    expect(body.ssn).toBe(jwe(request, header, draw(12), texts[0]![1]))
  })
})
