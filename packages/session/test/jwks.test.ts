/** The handler that publishes keys, behind every kind of HTTP source, and its signatures. */
import { createHash, createSign, generateKeyPairSync } from 'node:crypto'
import { KMSClient } from '@aws-sdk/client-kms'
import { type LocalKms, startLocalKms } from '@glassine/local-kms'
import {
  jwksHandler,
  kmsAgreementRecipient,
  kmsRsaRecipient,
  kmsSigner,
  localRecipient,
  localSigner,
  publicJwkOf,
  type Signer,
} from '@glassine/session'
import { invoke, sampleEvent } from '@glassine/testing'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { calculateJwkThumbprint, compactVerify, importJWK } from 'jose'
import { joseSignature } from '../src/jwks/signature.ts'
import { codeOf } from './support/patient.ts'

const recipient = localRecipient()
const soon = { deadline: () => Date.now() + 5_000 }
const sources = ['rest', 'http-api', 'function-url', 'alb'] as const
const eventOf = (source: (typeof sources)[number], options: object = {}): any =>
  sampleEvent(source, { method: 'GET', path: '/.well-known/jwks.json', ...options } as any)

describe.each(sources)('%s', (source) => {
  const handler = jwksHandler({ recipients: recipient, maxAge: 600_000 })

  test('GET answers the keys', async () => {
    const response: any = await invoke(handler as any, eventOf(source))
    expect(response).toMatchObject({
      statusCode: 200,
      headers: {
        'Content-Type': 'application/jwk-set+json',
        'Cache-Control': 'public, max-age=600',
        ETag: expect.any(String),
      },
      isBase64Encoded: false,
    })
    expect(response.statusDescription).toBe(source === 'alb' ? '200 OK' : undefined)
    const { keys } = JSON.parse(response.body)
    expect(keys).toEqual(await recipient.jwks(soon))
    expect(await calculateJwkThumbprint(keys[0])).toBe(keys[0].kid)
    expect(Object.keys(keys[0]).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
  })

  test('HEAD answers the same without a body', async () => {
    const full: any = await invoke(handler as any, eventOf(source))
    const head: any = await invoke(handler as any, eventOf(source, { method: 'HEAD' }))
    expect(head).toEqual({ ...full, body: '' })
  })

  test('who has them already gets 304', async () => {
    const { headers }: any = await invoke(handler as any, eventOf(source))
    for (const value of [headers.ETag, `W/${headers.ETag}`, `"x", ${headers.ETag}`, '*']) {
      const event = eventOf(source, { headers: { 'If-None-Match': value } })
      expect(await invoke(handler as any, event)).toMatchObject({
        statusCode: 304,
        body: '',
        headers: { ETag: headers.ETag },
      })
    }
    const other = eventOf(source, { headers: { 'If-None-Match': '"x"' } })
    expect(await invoke(handler as any, other)).toMatchObject({ statusCode: 200 })
  })

  test('other methods are refused', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'get'])
      expect(await invoke(handler as any, eventOf(source, { method }))).toMatchObject({
        statusCode: 405,
        headers: { Allow: 'GET, HEAD' },
      })
  })
})

test('an ALB with plural headers is answered in the plural', async () => {
  const response: any = await invoke(
    jwksHandler({ recipients: recipient }) as any,
    eventOf('alb', { multiValue: true }),
  )
  expect(response.headers).toBeUndefined()
  expect(response.multiValueHeaders['Cache-Control']).toEqual(['public, max-age=300'])
})

test('what is no HTTP request is refused', async () => {
  const handler = jwksHandler({ recipients: recipient })
  for (const event of [undefined, null, {}, { Records: [] }, 'GET'])
    expect(await codeOf(handler(event))).toBe('ERR_EVENT_UNKNOWN')
})

test('several recipients are published in their order', async () => {
  const rsa = localRecipient({ privateKey: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey })
  const response: any = await jwksHandler({ recipients: [rsa, recipient] })(eventOf('rest'))
  const { keys } = JSON.parse(response.body)
  expect(keys.map((key: any) => key.alg)).toEqual(['RSA-OAEP-256', 'ECDH-ES'])
  expect(await calculateJwkThumbprint(keys[0])).toBe(keys[0].kid)
})

const signedBy = async (signer: Signer, now?: () => number) => {
  const handler = jwksHandler({ recipients: recipient, sign: signer, maxAge: 60_000, ...(now && { now }) })
  const ask = async (accept: string | undefined): Promise<any> =>
    handler(eventOf('http-api', { headers: { accept } }))
  return { ask }
}

describe('signed keys', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

  test('are had by who asks, and verified by jose', async () => {
    const signer = localSigner({ privateKey })
    const { ask } = await signedBy(signer)
    const plain = await ask(undefined)
    expect(plain.headers).toMatchObject({ 'Content-Type': 'application/jwk-set+json', Vary: 'Accept' })
    const signed = await ask('application/jwk-set+jwt, application/json;q=0.5')
    expect(signed.headers).toMatchObject({ 'Content-Type': 'application/jwk-set+jwt', Vary: 'Accept' })
    expect(signed.headers.ETag).not.toBe(plain.headers.ETag)
    const jwk = await signer.jwk(soon)
    const { payload, protectedHeader } = await compactVerify(
      signed.body,
      await importJWK(jwk as any, 'ES256'),
    )
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'jwk-set+jwt', kid: jwk.kid })
    const { keys, iat, exp } = JSON.parse(new TextDecoder().decode(payload))
    expect(keys).toEqual(JSON.parse(plain.body).keys)
    expect(exp - iat).toBe(120)
    expect(jwk).toMatchObject({ use: 'sig', alg: 'ES256', kid: await calculateJwkThumbprint(jwk as any) })
  })

  test('are signed anew when half of their life is over, and once for all who ask meanwhile', async () => {
    let time = Date.now()
    let signatures = 0
    const inner = localSigner({ privateKey })
    const { ask } = await signedBy(
      {
        jwk: inner.jwk,
        sign: (...args) => {
          signatures++
          return inner.sign(...args)
        },
      },
      () => time,
    )
    const accept = 'application/jwk-set+jwt'
    await Promise.all([ask(accept), ask(accept), ask(accept)])
    time += 59_000
    await ask(accept)
    expect(signatures).toBe(1)
    time += 1_001
    await ask(accept)
    expect(signatures).toBe(2)
  })

  test('a signer that fails fails the answer, and is asked again', async () => {
    let broken = true
    const inner = localSigner({ privateKey })
    const { ask } = await signedBy({
      jwk: inner.jwk,
      sign: async (...args) => (broken ? new Uint8Array(63) : inner.sign(...args)),
    })
    expect(await codeOf(ask('application/jwk-set+jwt'))).toBe('ERR_KEY_UNAVAILABLE')
    broken = false
    expect((await ask('application/jwk-set+jwt')).statusCode).toBe(200)
  })
})

describe('keys in KMS', () => {
  let kms: LocalKms
  let reach: { client: KMSClient; insecureEndpoint: string }
  beforeAll(async () => {
    kms = await startLocalKms({
      keys: [
        'alias/devices:ECC_NIST_P256:KEY_AGREEMENT',
        'alias/rsa:RSA_2048:ENCRYPT_DECRYPT',
        'alias/sign:ECC_NIST_P256:SIGN_VERIFY',
      ],
    })
    reach = { client: new KMSClient(kms.clientOptions), insecureEndpoint: kms.endpoint }
  })
  afterAll(async () => {
    reach.client.destroy()
    await kms.close()
  })

  test('are fetched once, and signed by KMS', async () => {
    const sign = kmsSigner({ keyId: 'alias/sign', ...reach })
    const recipients = [
      kmsAgreementRecipient({ keyId: 'alias/devices', ...reach }),
      kmsRsaRecipient({ keyId: 'alias/rsa', ...reach }),
    ]
    const handler = jwksHandler({ recipients, sign })
    const ask = (): Promise<any> =>
      handler(eventOf('rest', { headers: { Accept: 'application/jwk-set+jwt' } }))
    const [response] = await Promise.all([ask(), ask()])
    await ask()
    const key = await importJWK((await sign.jwk(soon)) as any, 'ES256')
    const { payload } = await compactVerify(response.body, key)
    expect(JSON.parse(new TextDecoder().decode(payload)).keys).toHaveLength(2)
    expect([kms.callCount('GetPublicKey'), kms.callCount('Sign')]).toEqual([3, 1])
  })

  test('that cannot be reached are 503', async () => {
    const handler = jwksHandler({ recipients: kmsAgreementRecipient({ keyId: 'alias/nowhere', ...reach }) })
    expect(await codeOf(handler(eventOf('rest')))).toBe('ERR_KEY_UNAVAILABLE')
  })
})

describe('ECDSA signatures from DER to JOSE', () => {
  test("agree with OpenSSL's own form, also where a half is short", async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const key = await importJWK(publicJwkOf(publicKey) as any, 'ES256')
    const lengths = new Set<number>()
    for (let turn = 0; turn < 600; turn++) {
      const head = Buffer.from('{"alg":"ES256"}').toString('base64url')
      const input = `${head}.${Buffer.from(String(turn)).toString('base64url')}`
      const der = createSign('sha256').update(input).sign(privateKey)
      lengths.add(der.length)
      const jose = joseSignature(der)
      expect(jose).toHaveLength(64)
      await compactVerify(`${input}.${jose.toString('base64url')}`, key)
    }
    expect(lengths.size).toBeGreaterThanOrEqual(3)
  })

  test.each([
    '',
    '30',
    '3000',
    '300602010102',
    '30060201010201',
    '3006020101020100ff',
    '3006030101020101',
    '3006020101020001',
    `3025020101022100${'ff'.repeat(33)}`,
  ])('%s is refused', (hex) => {
    expect(() => joseSignature(Buffer.from(hex, 'hex'))).toThrow(
      expect.objectContaining({ code: 'ERR_KEY_UNAVAILABLE' }),
    )
  })
})

test('an ETag is a hash of the keys', async () => {
  const response: any = await jwksHandler({ recipients: recipient })(eventOf('rest'))
  const hash = createHash('sha256').update(response.body).digest('base64url')
  expect(response.headers.ETag).toBe(`"${hash.slice(0, 22)}"`)
})
