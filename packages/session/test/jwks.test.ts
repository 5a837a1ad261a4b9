/** The handler that publishes keys, behind every kind of HTTP source, and its signatures. */
import { createHash, generateKeyPairSync } from 'node:crypto'
import { KMSClient } from '@aws-sdk/client-kms'
import { type LocalKms, startLocalKms } from '@glassine/local-kms'
import {
  jwksHandler,
  kmsAgreementRecipient,
  kmsRsaRecipient,
  kmsSigner,
  localRecipient,
  localSigner,
} from '@glassine/session'
import { invoke, sampleEvent } from '@glassine/testing'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { calculateJwkThumbprint, compactVerify, importJWK } from 'jose'
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

test('keys and signatures are asked for until a quarter of a second before the invocation ends, or the timeout', async () => {
  const now = 1_700_000_000_000
  const inner = localSigner({ privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey })
  const left = async (remaining: number | undefined, timeout?: number) => {
    const told: number[] = []
    const tell = (call: { deadline: () => number }) => void told.push(call.deadline() - now)
    const handler = jwksHandler({
      recipients: {
        jwks: (call) => {
          tell(call)
          return recipient.jwks(call)
        },
        unwrap: recipient.unwrap,
      },
      sign: {
        jwk: (call) => {
          tell(call)
          return inner.jwk(call)
        },
        sign: (input, call) => {
          tell(call)
          return inner.sign(input, call)
        },
      },
      timeout,
      now: () => now,
    })
    const event = eventOf('rest', { headers: { Accept: 'application/jwk-set+jwt' } })
    await handler(event, remaining === undefined ? undefined : { getRemainingTimeInMillis: () => remaining })
    expect(told).toHaveLength(3)
    expect(new Set(told).size).toBe(1)
    return told[0]
  }
  expect(await left(undefined)).toBe(10_000)
  expect(await left(60_000)).toBe(10_000)
  expect(await left(5_000)).toBe(4_750)
  expect(await left(100)).toBe(0)
  expect(await left(5_000, 700)).toBe(700)
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

test('an ETag is a hash of the keys', async () => {
  const response: any = await jwksHandler({ recipients: recipient })(eventOf('rest'))
  const hash = createHash('sha256').update(response.body).digest('base64url')
  expect(response.headers.ETag).toBe(`"${hash.slice(0, 22)}"`)
})
