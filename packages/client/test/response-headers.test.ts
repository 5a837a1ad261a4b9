/** Headers of responses that are sealed under the right keys: each member must have its expected value. */
import {
  createCipheriv,
  createHash,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  randomBytes,
} from 'node:crypto'
import { createClient } from '@glassine/client'
import { defineFields } from '@glassine/core'
import { describe, expect, test } from '@jest/globals'
import { calculateJwkThumbprint, compactDecrypt, decodeProtectedHeader } from 'jose'

const fields = defineFields<{ ssn: string }>('patient', { ssn: {} })
const b64u = (value: Uint8Array | string): string => Buffer.from(value).toString('base64url')
const other = b64u(Buffer.alloc(16, 1))

/** A JWE with A256GCM with any header. */
const jwe = (key: Uint8Array, header: object, plaintext: string): string => {
  const head = b64u(JSON.stringify(header))
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  cipher.setAAD(Buffer.from(head))
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return [head, '', b64u(iv), b64u(ciphertext), b64u(cipher.getAuthTag())].join('.')
}

/** RFC 7518, section 4.6.2. */
const contentKeyOf = (secret: Buffer): Buffer =>
  createHash('sha256')
    .update(Buffer.from([0, 0, 0, 1]))
    .update(secret)
    .update('\0\0\0\x07A256GCM\0\0\0\0\0\0\0\0\0\0\x01\0', 'latin1')
    .digest()

/** Of a response with one value, to a POST to /patients. */
const contextOf = (answers: string): string => {
  const texts = [
    ...[
      'glassine-context-2',
      'response',
      '',
      answers,
      '200',
      '1',
      'POST',
      '/patients',
      '0',
      'patient',
      '0',
      '0',
    ],
  ]
  const parts = texts.flatMap((text) => [Buffer.from([0, 0, 0, text.length]), Buffer.from(text)])
  return b64u(createHash('sha256').update(Buffer.concat(parts)).digest().subarray(0, 16))
}

/** Sends one patient, and responds with a field whose headers were changed. */
const answered = async (
  mode: 'session' | 'forward-secret',
  change: object,
  changeInner: object = {},
): Promise<unknown> => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk: any = publicKey.export({ format: 'jwk' })
  const kid = await calculateJwkThumbprint(jwk)
  const api = createClient({
    baseUrl: 'https://api.example.com',
    fields,
    response: { mode },
    fetch: (async (url: string, init: any) => {
      if (url.endsWith('jwks.json')) return Response.json({ keys: [{ ...jwk, alg: 'ECDH-ES', kid }] })
      const { ssn, $jwe } = JSON.parse(init.body)
      const { plaintext } = await compactDecrypt($jwe, privateKey)
      const [, response, device] = JSON.parse(new TextDecoder().decode(plaintext)).keys
      const { p, jti: answers } = decodeProtectedHeader(ssn) as any
      const [ctx, jti] = [contextOf(answers), other]
      const isNested = mode === 'forward-secret'
      const header = {
        alg: 'dir',
        enc: 'A256GCM',
        kid: response.kid,
        p,
        ctx,
        jti,
        ...(isNested && { cty: 'JWE' }),
      }
      let text = '"078-05-1120"'
      if (isNested) {
        const own = generateKeyPairSync('ec', { namedCurve: 'P-256' })
        const theirs = createPublicKey({ key: device, format: 'jwk' })
        const secret = diffieHellman({ privateKey: own.privateKey, publicKey: theirs })
        const epk = own.publicKey.export({ format: 'jwk' })
        const inner = { alg: 'ECDH-ES', enc: 'A256GCM', kid: device.kid, epk, ...changeInner }
        text = jwe(contentKeyOf(secret), inner, text)
      }
      return Response.json({ ssn: jwe(Buffer.from(response.k, 'base64url'), { ...header, ...change }, text) })
    }) as never,
  })
  const response = await api.fetch('/patients', { method: 'POST', body: { ssn: '1' } })
  return response.json()
}

const opened = { ssn: '078-05-1120' }
const refused = { code: 'ERR_DECRYPT_FAILED' }

describe('a field of a response', () => {
  test('is decrypted if its header is right, even with other members', async () => {
    expect(await answered('session', {})).toEqual(opened)
    expect(await answered('session', { typ: 'x', more: [1] })).toEqual(opened)
    expect(await answered('forward-secret', {})).toEqual(opened)
    expect(await answered('forward-secret', {}, { typ: 'x' })).toEqual(opened)
  })

  test.each<[string, object]>([
    ['alg', { alg: 'A256KW' }],
    ['alg', { alg: undefined }],
    ['enc', { enc: 'A128GCM' }],
    ['enc', { enc: undefined }],
    ['kid', { kid: `${other}.r` }],
    ['kid', { kid: undefined }],
    ['p', { p: '/email' }],
    ['p', { p: undefined }],
    ['ctx', { ctx: other }],
    ['jti', { jti: undefined }],
    ['zip', { zip: 'DEF' }],
    ['zip', { zip: null }],
    ['crit', { crit: ['exp'] }],
    ['crit', { crit: [] }],
    ['cty', { cty: 'JWE' }],
  ])('is refused for its `%s`, %j', async (_member, change) => {
    await expect(answered('session', change)).rejects.toMatchObject(refused)
  })

  test.each<[string, object]>([
    ['cty', { cty: undefined }],
    ['cty', { cty: 'jwe' }],
  ])('is refused for its `%s`, %j, if it must be forward-secret', async (_member, change) => {
    await expect(answered('forward-secret', change)).rejects.toMatchObject(refused)
  })

  test.each<[string, object]>([
    ['alg', { alg: 'dir' }],
    ['alg', { alg: 'ECDH-ES+A256KW' }],
    ['enc', { enc: 'A128GCM' }],
    ['kid', { kid: `${other}.e` }],
    ['kid', { kid: undefined }],
    ['zip', { zip: 'DEF' }],
    ['crit', { crit: ['exp'] }],
    ['epk', { epk: undefined }],
    ['epk', { epk: null }],
    ['epk', { epk: { kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA' } }],
  ])('is refused for the `%s` of its inner layer, %j', async (_member, change) => {
    await expect(answered('forward-secret', {}, change)).rejects.toMatchObject(refused)
  })
})
