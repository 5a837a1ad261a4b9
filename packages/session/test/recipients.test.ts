/** Recipients: in what forms a key is given, which requests they refuse, and how several are asked. */
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { GlassineError } from '@glassine/core'
import {
  kmsAgreementRecipient,
  kmsRsaRecipient,
  localRecipient,
  localSigner,
  publicJwkOf,
  type Recipient,
  wrappedRecipient,
} from '@glassine/session'
import { codeOf, thrown } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { beginSession, sealFields } from './support/device.ts'
import { fields, opened, patient, scope } from './support/patient.ts'
import { counting, envelopeWith, jwk, recipient } from './support/service.ts'

const call = { deadline: () => Date.now() + 1_000 }
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const opens = async (one: Recipient): Promise<string> => {
  const [key] = await one.jwks(call)
  const body = await sealFields(await beginSession(key), patient, fields, scope)
  return codeOf(opened(envelopeWith({ recipients: one }), body))
}

describe('a local recipient', () => {
  test.each([
    ['on P-256', ec],
    ['of RSA', rsa],
  ])('takes a private key %s as a KeyObject, a JWK and PEM', async (_what, { privateKey, publicKey }) => {
    const forms = [
      privateKey,
      privateKey.export({ format: 'jwk' }),
      privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
    ]
    const { kid, ...rest } = (await localRecipient({ privateKey }).jwks(call))[0] as any
    expect(publicKey.equals(createPublicKey({ key: rest, format: 'jwk' }))).toBe(true)
    for (const form of forms) {
      const one = localRecipient({ privateKey: form })
      expect((await one.jwks(call))[0]!.kid).toBe(kid)
      expect(await opens(one)).toBe('none')
    }
  })

  test.each<[string, unknown]>([
    ['a public key', ec.publicKey],
    ['a public key as PEM', ec.publicKey.export({ format: 'pem', type: 'spki' })],
    ['a key on P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey],
    [
      'a key on another curve of that size',
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey,
    ],
    ['a key for signatures only', generateKeyPairSync('ed25519').privateKey],
    ['an RSA key of 1,024 bits', generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey],
  ])('refuses %s', (_what, privateKey) => {
    expect(thrown(() => localRecipient({ privateKey: privateKey as never }))).toMatchObject({
      code: 'ERR_OPTION_INVALID',
      cause: { option: 'privateKey' },
    })
  })
})

test('a local signer refuses a key that is not on P-256', () => {
  for (const { privateKey } of [rsa, generateKeyPairSync('ec', { namedCurve: 'P-384' })])
    expect(thrown(() => localSigner({ privateKey }))).toMatchObject({
      code: 'ERR_OPTION_INVALID',
      cause: { option: 'privateKey' },
    })
})

test('RSA keys are published if KMS offers their length', () => {
  const ofBits = (bits: number) => {
    const n = randomBytes(bits / 8)
    n[0]! |= 0x80
    n[n.length - 1]! |= 1
    const key = { kty: 'RSA', n: n.toString('base64url'), e: 'AQAB' }
    return publicJwkOf(createPublicKey({ key, format: 'jwk' }))
  }
  for (const bits of [2048, 3072, 4096]) expect(ofBits(bits)).toMatchObject({ kty: 'RSA', e: 'AQAB' })
  for (const bits of [1024, 2056, 8192]) expect(ofBits(bits)).toBeUndefined()
})

describe('a request of another kind is refused, and costs no call:', () => {
  const keyId = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
  const [onCurve, ofRsa] = [ec, rsa].map(({ publicKey }) => publicJwkOf(publicKey)!) as [any, any]
  let calls = 0
  const asked = async (): Promise<never> => {
    calls++
    throw new Error('asked')
  }
  const agree = { kind: 'agree', kid: 'x', publicKey: ec.publicKey, ...call } as const
  const decrypt = { kind: 'decrypt', kid: 'x', encryptedKey: Buffer.alloc(256), ...call } as const

  test.each<[string, Recipient, typeof agree | typeof decrypt]>([
    [
      'by agreement in KMS',
      kmsAgreementRecipient({ keyId, publicKey: onCurve, client: { deriveSharedSecret: asked } }),
      decrypt,
    ],
    ['by RSA in KMS', kmsRsaRecipient({ keyId, publicKey: ofRsa, client: { decrypt: asked } }), agree],
    [
      'by a wrapped pair',
      wrappedRecipient({
        keys: { decryptionKey: asked } as never,
        publicKey: onCurve,
        encryptedPrivateKey: Buffer.alloc(1),
        keyId,
      }),
      decrypt,
    ],
    ['by a local key on a curve', localRecipient({ privateKey: ec.privateKey }), decrypt],
    ['by a local RSA key', localRecipient({ privateKey: rsa.privateKey }), agree],
  ])('%s', async (_what, one, request) => {
    expect(await codeOf(one.unwrap(request))).toBe('ERR_DECRYPT_FAILED')
    expect(calls).toBe(0)
  })

  test('each recipient says whether a session costs a call', () => {
    const { metered: agreement } = kmsAgreementRecipient({ keyId, publicKey: onCurve })
    const { metered: byRsa } = kmsRsaRecipient({ keyId, publicKey: ofRsa })
    expect([agreement, byRsa, recipient.metered]).toEqual([true, true, false])
  })
})

describe('a wrapped pair', () => {
  const { privateKey, publicKey } = ec
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' })
  const refusal = () => new GlassineError('ERR_DECRYPT_FAILED', { package: '@glassine/keys' })
  const make = (decryptionKey: (request: any) => Promise<unknown>) =>
    wrappedRecipient({
      keys: { decryptionKey } as never,
      publicKey: publicKey.export({ format: 'der', type: 'spki' }),
      encryptedPrivateKey: Buffer.from('wrapped'),
      keyId: 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab',
      encryptionContext: { b: '2', a: '1' },
    })
  const lease = (bytes: Buffer, identity = {}) => ({
    bytes,
    identity,
    encryptedDataKeys: [],
    release: () => {},
  })

  test('is requested with all possible lengths first, and later with its actual one', async () => {
    const asked: number[] = []
    let right = 67
    const identity = {}
    const one = make(async ({ length }) => {
      asked.push(length)
      if (length !== right) throw refusal()
      return lease(pkcs8, identity)
    })
    expect(await opens(one)).toBe('none')
    expect(asked.splice(0)).toEqual([138, 150, 67])
    expect(await opens(one)).toBe('none')
    expect(asked.splice(0)).toEqual([67])
    right = 0
    expect(await opens(one)).toBe('ERR_KEY_UNAVAILABLE')
    expect(asked).toEqual([67])
  })

  test('of an impossible length is an outage', async () => {
    const asked: number[] = []
    const one = make(async ({ length }) => {
      asked.push(length)
      throw refusal()
    })
    expect(await opens(one)).toBe('ERR_KEY_UNAVAILABLE')
    expect(asked).toEqual([138, 150, 67])
  })

  test.each<[string, Error]>([
    ['an outage', new GlassineError('ERR_KEY_UNAVAILABLE', { package: '@glassine/keys' })],
    ['anything else', new Error('failed')],
  ])('is requested once if the response is %s', async (_what, error) => {
    let asked = 0
    const one = make(() => {
      asked++
      return Promise.reject(error)
    })
    expect(await opens(one)).toBe('ERR_KEY_UNAVAILABLE')
    expect(asked).toBe(1)
  })

  test('is requested with the response of KMS, the tenant and the deadline', async () => {
    const asked: any[] = []
    const one = make(async (request) => {
      asked.push(request)
      return lease(pkcs8)
    })
    const now = Date.now()
    const { carrier: header } = await beginSession((await one.jwks(call))[0])
    const envelope = envelopeWith({ recipients: one })
    await opened(envelope, undefined, { sessionHeader: header, tenant: 't-1', deadline: now + 5_000 })
    expect(asked).toEqual([
      {
        suite: 0,
        // Pairs by their names, each text behind its length (AWS Encryption SDK).
        context: expect.objectContaining({
          bytes: Buffer.from('\0\x02\0\x01a\0\x011\0\x01b\0\x012', 'latin1'),
        }),
        tenant: 't-1',
        deadline: now + 5_000,
        length: 138,
        encryptedDataKeys: [
          {
            providerId: 'aws-kms',
            providerInfo: Buffer.from('arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab'),
            ciphertext: Buffer.from('wrapped'),
          },
        ],
      },
    ])
  })

  test('is parsed once for as long as the key material caches it', async () => {
    const identity = {}
    let bytes = pkcs8
    const one = make(async () => lease(bytes, identity))
    expect(await opens(one)).toBe('none')
    bytes = Buffer.alloc(138)
    expect(await opens(one)).toBe('none')
  })
})

describe('several recipients', () => {
  const unavailable = () =>
    Promise.reject(new GlassineError('ERR_KEY_UNAVAILABLE', { package: '@glassine/session' }))

  test('with the same key: the first in the list is used', async () => {
    const [first, second] = [counting(), counting()]
    const body = await sealFields(await beginSession(jwk), patient, fields, scope)
    await opened(envelopeWith({ recipients: [first, second] }), body)
    expect([first.calls, second.calls]).toEqual([1, 0])
  })

  test('are called for their keys until each has answered, and then no more', async () => {
    let asked = 0
    const late: Recipient = {
      jwks: (request) => (asked++ === 0 ? unavailable() : recipient.jwks(request)),
      unwrap: recipient.unwrap,
    }
    const envelope = envelopeWith({ recipients: [localRecipient(), late] })
    const body = await sealFields(await beginSession(jwk), patient, fields, scope)
    expect(await codeOf(opened(envelope, body))).toBe('ERR_KEY_UNAVAILABLE')
    expect(await codeOf(opened(envelope, body))).toBe('none')
    expect(asked).toBe(2)
    const unknown = await sealFields(await beginSession({ ...jwk!, kid: 'x' }), patient, fields, scope)
    for (let turn = 0; turn < 3; turn++)
      expect(await codeOf(opened(envelope, unknown))).toBe('ERR_RECIPIENT_UNKNOWN')
    expect(asked).toBe(2)
  })

  test('an error of a custom recipient is an outage, even while its keys are fetched', async () => {
    const failing: Recipient = {
      jwks: () => Promise.reject(new Error('failed')),
      unwrap: () => Promise.reject(new Error('failed')),
    }
    const body = await sealFields(await beginSession(jwk), patient, fields, scope)
    expect(await codeOf(opened(envelopeWith({ recipients: failing }), body))).toBe('ERR_KEY_UNAVAILABLE')
    const { jwks } = recipient
    const unwrapping = envelopeWith({ recipients: { ...failing, jwks } })
    expect(await codeOf(opened(unwrapping, body))).toBe('ERR_KEY_UNAVAILABLE')
  })

  test('may return any view of bytes, and nothing else', async () => {
    const body = await sealFields(await beginSession(jwk), patient, fields, scope)
    const answering = (change: (answer: Uint8Array) => unknown): Recipient => ({
      jwks: recipient.jwks,
      unwrap: async (request) => change(await recipient.unwrap(request)) as never,
    })
    const code = (change: (answer: Uint8Array) => unknown) =>
      codeOf(opened(envelopeWith({ recipients: answering(change) }), body))
    expect(await code((answer) => new DataView(Uint8Array.from(answer).buffer))).toBe('none')
    for (const change of [
      (answer: Uint8Array) => Uint8Array.from(answer).buffer,
      (answer: Uint8Array) => Buffer.from(answer).toString('latin1'),
      (answer: Uint8Array) => [...answer],
      () => undefined,
      () => null,
    ])
      expect(await code(change)).toBe('ERR_KEY_UNAVAILABLE')
  })
})
