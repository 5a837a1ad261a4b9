/** Signed key sets, and signatures in the form of JOSE. */
import { createSign, generateKeyPairSync } from 'node:crypto'
import { jwksHandler, localRecipient, localSigner, publicJwkOf, type Signer } from '@glassine/session'
import { standingClock } from '@glassine/test-support'
import { sampleEvent } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'
import { calculateJwkThumbprint, compactVerify, importJWK } from 'jose'
import { joseSignature } from '../src/jwks/signature.ts'
import { codeOf } from './support/patient.ts'

const recipient = localRecipient()
const soon = { deadline: () => Date.now() + 5_000 }
const eventOf = (headers: object): any =>
  sampleEvent('http-api', { method: 'GET', path: '/.well-known/jwks.json', headers } as any)

const signedBy = async (signer: Signer, now?: () => number) => {
  const handler = jwksHandler({ recipients: recipient, sign: signer, maxAge: 60_000, ...(now && { now }) })
  const ask = async (accept: string | undefined): Promise<any> => handler(eventOf({ accept }))
  return { ask }
}

describe('signed keys', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

  test('are sent to those who ask for them, and verified by jose', async () => {
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

describe('a signed set', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const inner = localSigner({ privateKey })
  const accept = 'application/jwk-set+jwt'

  test('is signed anew at the exact half of its life, and when the clock was set back', async () => {
    const clock = standingClock(1_700_000_000_000)
    let signatures = 0
    const sign: Signer['sign'] = (...given) => {
      signatures++
      return inner.sign(...given)
    }
    const { ask } = await signedBy({ jwk: inner.jwk, sign }, clock.now)
    await ask(accept)
    clock.advance(59_999)
    await ask(accept)
    expect(signatures).toBe(1)
    clock.advance(1)
    const { body } = await ask(accept)
    expect(signatures).toBe(2)
    const { iat, exp } = JSON.parse(Buffer.from(body.split('.')[1], 'base64url').toString())
    expect([iat, exp]).toEqual([1_700_000_060, 1_700_000_180])
    clock.advance(-1_000)
    await ask(accept)
    expect(signatures).toBe(3)
  })

  test.each([
    ['of 63 bytes', new Uint8Array(63)],
    ['of 65 bytes', new Uint8Array(65)],
    ['that is a text', 'A'.repeat(64)],
    ['that is none', undefined],
  ])('with a signature %s is not answered', async (_what, signature) => {
    const { ask } = await signedBy({ jwk: inner.jwk, sign: async () => signature as never })
    expect(await codeOf(ask(accept))).toBe('ERR_KEY_UNAVAILABLE')
  })

  test('is not signed, and `Vary` not sent, where no signer is given', async () => {
    const answer: any = await jwksHandler({ recipients: recipient })(eventOf({ accept }))
    expect(answer.headers['Content-Type']).toBe('application/jwk-set+json')
    expect(answer.headers).not.toHaveProperty('Vary')
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
    // A byte behind both integers, inside and outside of the sequence.
    '3007020101020101ff',
    '3006020101020101ff',
    // An integer without bytes, one that ends behind the signature, and one of more than 32 bytes.
    '300402000200',
    '3006020101020201',
    `3026020101022200${'00'}${'01'.repeat(32)}`,
    '3006030101020101',
    '3006020101020001',
    `3025020101022100${'ff'.repeat(33)}`,
  ])('%s is refused', (hex) => {
    expect(() => joseSignature(Buffer.from(hex, 'hex'))).toThrow(
      expect.objectContaining({ code: 'ERR_KEY_UNAVAILABLE' }),
    )
  })
})
