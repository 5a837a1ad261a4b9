/** The set of published keys, signed and not, and signatures in the form of JOSE. */
import { createSign, generateKeyPairSync } from 'node:crypto'
import { KMSClient } from '@aws-sdk/client-kms'
import { type LocalKms, startLocalKms } from '@glassine/local-kms'
import {
  kmsAgreementRecipient,
  kmsRsaRecipient,
  kmsSigner,
  localRecipient,
  localSigner,
  type PublishedKeysOptions,
  publicJwkOf,
  publishedKeys,
  type Signer,
} from '@glassine/session'
import { codeOf, standingClock } from '@glassine/test-support'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { calculateJwkThumbprint, compactVerify, importJWK } from 'jose'
import { joseSignature } from '../src/signer.ts'

const recipient = localRecipient()
const soon = { deadline: () => Date.now() + 5_000 }
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const inner = localSigner({ privateKey })

/** The set signed by a signer, for a minute. */
const signedBy = (sign: Signer, options: Partial<PublishedKeysOptions> = {}) => {
  const { jwt } = publishedKeys({ recipients: recipient, sign, maxAge: 60_000, ...options })
  return jwt!
}

describe('a set of keys', () => {
  test('lists the keys of several recipients in their order', async () => {
    const rsa = localRecipient({ privateKey: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey })
    const { keys } = JSON.parse(await publishedKeys({ recipients: [rsa, recipient] }).json())
    expect(keys.map((key: any) => key.alg)).toEqual(['RSA-OAEP-256', 'ECDH-ES'])
    expect(await calculateJwkThumbprint(keys[0])).toBe(keys[0].kid)
  })

  test.each([
    [undefined, 300_000],
    [600_000, 600_000],
    [1_999, 1_000],
  ])('with a `maxAge` of %s may be cached for %s ms', (maxAge, expected) => {
    expect(publishedKeys({ recipients: recipient, ...(maxAge && { maxAge }) }).maxAge).toBe(expected)
  })

  test('has no signed form without a signer', () => {
    expect(publishedKeys({ recipients: recipient })).not.toHaveProperty('jwt')
  })

  test('waits for keys and signatures until the timeout, or until an earlier deadline', async () => {
    const now = 1_700_000_000_000
    const waits = async (ahead: number | undefined, timeout?: number) => {
      const deadlines: number[] = []
      const record = (call: { deadline: () => number }) => void deadlines.push(call.deadline() - now)
      const keys = publishedKeys({
        recipients: {
          jwks: (call) => {
            record(call)
            return recipient.jwks(call)
          },
          unwrap: recipient.unwrap,
        },
        sign: {
          jwk: (call) => {
            record(call)
            return inner.jwk(call)
          },
          sign: (input, call) => {
            record(call)
            return inner.sign(input, call)
          },
        },
        ...(timeout && { timeout }),
        now: () => now,
      })
      await keys.jwt!(ahead === undefined ? undefined : now + ahead)
      expect(deadlines).toHaveLength(3)
      expect(new Set(deadlines).size).toBe(1)
      return deadlines[0]
    }
    expect(await waits(undefined)).toBe(10_000)
    expect(await waits(60_000)).toBe(10_000)
    expect(await waits(4_750)).toBe(4_750)
    expect(await waits(0)).toBe(0)
    expect(await waits(4_750, 700)).toBe(700)
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
    const { jwt } = publishedKeys({ recipients, sign })
    const [text] = await Promise.all([jwt!(), jwt!()])
    await jwt!()
    const key = await importJWK((await sign.jwk(soon)) as any, 'ES256')
    const { payload } = await compactVerify(text, key)
    expect(JSON.parse(new TextDecoder().decode(payload)).keys).toHaveLength(2)
    expect([kms.callCount('GetPublicKey'), kms.callCount('Sign')]).toEqual([3, 1])
  })

  test('that do not exist are unavailable', async () => {
    const { json } = publishedKeys({
      recipients: kmsAgreementRecipient({ keyId: 'alias/nowhere', ...reach }),
    })
    expect(await codeOf(json())).toBe('ERR_KEY_UNAVAILABLE')
  })
})

describe('a signed set', () => {
  test('is verified by jose and has the keys of the plain one', async () => {
    const keys = publishedKeys({ recipients: recipient, sign: inner, maxAge: 60_000 })
    const jwk = await inner.jwk(soon)
    const { payload, protectedHeader } = await compactVerify(
      await keys.jwt!(),
      await importJWK(jwk as any, 'ES256'),
    )
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'jwk-set+jwt', kid: jwk.kid })
    const { keys: signed, iat, exp } = JSON.parse(new TextDecoder().decode(payload))
    expect(signed).toEqual(JSON.parse(await keys.json()).keys)
    expect(exp - iat).toBe(120)
    expect(jwk).toMatchObject({ use: 'sig', alg: 'ES256', kid: await calculateJwkThumbprint(jwk as any) })
  })

  test('is signed once for clients that ask at the same time', async () => {
    let signatures = 0
    const jwt = signedBy({
      jwk: inner.jwk,
      sign: (...given) => {
        signatures++
        return inner.sign(...given)
      },
    })
    const texts = await Promise.all([jwt(), jwt(), jwt()])
    expect([signatures, new Set(texts).size]).toEqual([1, 1])
  })

  test('fails if its signer fails, and calls it again next time', async () => {
    let broken = true
    const jwt = signedBy({
      jwk: inner.jwk,
      sign: async (...given) => (broken ? new Uint8Array(63) : inner.sign(...given)),
    })
    expect(await codeOf(jwt())).toBe('ERR_KEY_UNAVAILABLE')
    broken = false
    expect((await jwt()).split('.')).toHaveLength(3)
  })

  test('is signed again at the exact half of its validity, and after the clock was set back', async () => {
    const clock = standingClock(1_700_000_000_000)
    let signatures = 0
    const sign: Signer['sign'] = (...given) => {
      signatures++
      return inner.sign(...given)
    }
    const jwt = signedBy({ jwk: inner.jwk, sign }, { now: clock.now })
    await jwt()
    clock.advance(59_999)
    await jwt()
    expect(signatures).toBe(1)
    clock.advance(1)
    const text = await jwt()
    expect(signatures).toBe(2)
    const { iat, exp } = JSON.parse(Buffer.from(text.split('.')[1]!, 'base64url').toString())
    expect([iat, exp]).toEqual([1_700_000_060, 1_700_000_180])
    clock.advance(-1_000)
    await jwt()
    expect(signatures).toBe(3)
  })

  test.each([
    ['of 63 bytes', new Uint8Array(63)],
    ['of 65 bytes', new Uint8Array(65)],
    ['that is a string', 'A'.repeat(64)],
    ['that is undefined', undefined],
  ])('is refused with a signature %s', async (_what, signature) => {
    const jwt = signedBy({ jwk: inner.jwk, sign: async () => signature as never })
    expect(await codeOf(jwt())).toBe('ERR_KEY_UNAVAILABLE')
  })
})

describe('ECDSA signatures from DER to JOSE', () => {
  test("agree with OpenSSL's own conversion, even if one half is short", async () => {
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
    // A byte after both integers, inside and outside of the sequence.
    '3007020101020101ff',
    '3006020101020101ff',
    // An integer without bytes, one that ends behind the signature, and one of more than 32 bytes.
    '300402000200',
    '3006020101020201',
    `3026020101022200${'00'}${'01'.repeat(32)}`,
    '3006030101020101',
    '3006020101020001',
    `3025020101022100${'ff'.repeat(33)}`,
  ])('refuse the malformed signature %s', (hex) => {
    expect(() => joseSignature(Buffer.from(hex, 'hex'))).toThrow(
      expect.objectContaining({ code: 'ERR_KEY_UNAVAILABLE' }),
    )
  })
})
