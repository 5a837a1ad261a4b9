/** Recipients on a KMS over HTTP: what the service gets is what KMS's API returns, and nothing else. */

import { createPublicKey, type KeyObject } from 'node:crypto'
import {
  DeriveSharedSecretCommand,
  GenerateDataKeyPairWithoutPlaintextCommand,
  KMSClient,
} from '@aws-sdk/client-kms'
import { keyMaterial, kmsKeyring } from '@glassine/keys'
import { kmsFaultKinds, type LocalKms, startLocalKms } from '@glassine/local-kms'
import {
  kmsAgreementRecipient,
  kmsRsaRecipient,
  type Recipient,
  sessionEnvelope,
  wrappedRecipient,
} from '@glassine/session'
import { codeOf } from '@glassine/test-support'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { audience, beginSession, openFields, sealFields } from './support/device.ts'
import { fields, opened, patient, scope, sealed } from './support/patient.ts'

let kms: LocalKms
let reach: { client: KMSClient; insecureEndpoint: string }
beforeAll(async () => {
  kms = await startLocalKms({
    keys: [
      'alias/devices:ECC_NIST_P256:KEY_AGREEMENT',
      'alias/rsa:RSA_2048:ENCRYPT_DECRYPT',
      'alias/pair',
      'alias/other:ECC_NIST_P256:KEY_AGREEMENT',
    ],
  })
  reach = { client: new KMSClient({ ...kms.clientOptions, maxAttempts: 1 }), insecureEndpoint: kms.endpoint }
})
beforeEach(() => {
  kms.faults.clear()
  kms.resetCalls()
})
afterAll(async () => {
  reach.client.destroy()
  await kms.close()
})

const soon = { deadline: () => Date.now() + 5_000 }
const wrapped = async (keyId = 'alias/pair'): Promise<Recipient> => {
  const pair = await reach.client.send(
    new GenerateDataKeyPairWithoutPlaintextCommand({
      KeyId: keyId,
      KeyPairSpec: 'ECC_NIST_P256',
      EncryptionContext: { purpose: 'devices' },
    }),
  )
  return wrappedRecipient({
    keys: keyMaterial({ keyring: kmsKeyring({ keyId: 'alias/pair', ...reach }), cacheRefusals: 0 }),
    publicKey: pair.PublicKey!,
    encryptedPrivateKey: pair.PrivateKeyCiphertextBlob!,
    keyId: pair.KeyId!,
    encryptionContext: { purpose: 'devices' },
  })
}

const kinds: [string, () => Promise<Recipient> | Recipient, readonly any[], string, number][] = [
  [
    'agreement',
    () => kmsAgreementRecipient({ keyId: 'alias/devices', ...reach }),
    ['ECDH-ES', 'ECDH-ES+A256KW'],
    'DeriveSharedSecret',
    1,
  ],
  ['RSA', () => kmsRsaRecipient({ keyId: 'alias/rsa', ...reach }), ['RSA-OAEP-256'], 'Decrypt', 1],
  ['wrapped pair', () => wrapped(), ['ECDH-ES', 'ECDH-ES+A256KW'], 'Decrypt', 0],
]

describe.each(kinds)('%s', (_kind, make, algs, operation, callsPerSession) => {
  test.each(algs)('opens what jose encrypted with %s', async (alg) => {
    const recipient = await make()
    const [jwk] = await recipient.jwks(soon)
    const envelope = sessionEnvelope({ recipients: recipient, audience })
    const session = await beginSession(jwk, { alg, apu: Buffer.from('Alice'), apv: Buffer.from('Bob') })
    const { payload, reply } = await opened(envelope, await sealFields(session, patient, fields, scope))
    expect(payload).toEqual(patient)
    const response = await openFields(session, await sealed(reply, patient), fields, scope)
    expect(response.payload).toEqual(patient)
  })

  test('is called once for simultaneous requests of a session', async () => {
    const recipient = await make()
    const [jwk] = await recipient.jwks(soon)
    const envelope = sessionEnvelope({ recipients: recipient, audience })
    kms.resetCalls()
    const session = await beginSession(jwk)
    const body = await sealFields(session, patient, fields, scope)
    const all = await Promise.all(Array.from({ length: 50 }, () => opened(envelope, body)))
    for (const { payload } of all) expect(payload).toEqual(patient)
    expect(kms.callCount(operation)).toBe(1)
    const next = await sealFields(await beginSession(jwk), patient, fields, scope)
    await opened(envelope, next)
    await opened(envelope, next)
    expect(kms.callCount(operation)).toBe(1 + callsPerSession)
    expect(kms.callCount()).toBe(1 + callsPerSession)
  })

  test('publishes its key with at most one GetPublicKey', async () => {
    const recipient = await make()
    kms.resetCalls()
    const [[first], [second]] = await Promise.all([recipient.jwks(soon), recipient.jwks(soon)])
    expect(first).toEqual(second)
    expect(kms.callCount()).toBe(_kind === 'wrapped pair' ? 0 : 1)
    expect(first).toMatchObject({ use: 'enc', alg: algs[0] })
    expect(Object.keys(first!)).not.toContain('d')
  })

  test('opens no session to another key, even if its header names this one', async () => {
    const recipient = await make()
    const [jwk] = await recipient.jwks(soon)
    const envelope = sessionEnvelope({ recipients: recipient, audience })
    const foreign =
      jwk!.kty === 'EC'
        ? kmsAgreementRecipient({ keyId: 'alias/other', ...reach })
        : kmsRsaRecipient({ keyId: (await kms.createKey({ keySpec: 'RSA_2048' })).arn, ...reach })
    const [other] = await foreign.jwks(soon)
    const session = await beginSession({ ...other!, kid: jwk!.kid })
    const body = await sealFields(session, patient, fields, scope)
    kms.resetCalls()
    expect(await codeOf(opened(envelope, body))).toBe('ERR_DECRYPT_FAILED')
    expect(await codeOf(opened(envelope, body))).toBe('ERR_DECRYPT_FAILED')
    expect(kms.callCount()).toBeLessThanOrEqual(1)
  })

  // What KMS's faults lead to: those that pass are waited for, those that stay are 503, and never a 400.
  test.each(kmsFaultKinds)('fault %s', async (kind) => {
    const recipient = await make()
    const [jwk] = await recipient.jwks(soon)
    const envelope = sessionEnvelope({ recipients: recipient, audience, timeout: 500, cacheRefusals: 0 })
    const body = await sealFields(await beginSession(jwk), patient, fields, scope)
    kms.faults.set(operation, { kind, ms: 50 })
    // What RSA decrypts is what the device has sent, of any length.
    const sent = kind === 'wrong-length' && operation === 'Decrypt' && callsPerSession === 1
    expect(await codeOf(opened(envelope, body))).toBe(
      kind === 'latency'
        ? 'none'
        : kind === 'access-denied'
          ? 'ERR_KEY_DENIED'
          : sent
            ? 'ERR_DECRYPT_FAILED'
            : 'ERR_KEY_UNAVAILABLE',
    )
    // The next request is served when the fault is over.
    kms.faults.clear()
    expect(await codeOf(opened(envelope, body))).toBe('none')
  })

  test('a transient fault is retried and not reported', async () => {
    const recipient = await make()
    const [jwk] = await recipient.jwks(soon)
    const envelope = sessionEnvelope({ recipients: recipient, audience })
    const body = await sealFields(await beginSession(jwk), patient, fields, scope)
    kms.faults.set(operation, { kind: 'throttle', times: 1 })
    expect((await opened(envelope, body)).payload).toEqual(patient)
  })
})

describe('a key in KMS', () => {
  test('is not fetched when the option gives its public half', async () => {
    const [jwk] = await kmsAgreementRecipient({ keyId: 'alias/devices', ...reach }).jwks(soon)
    kms.resetCalls()
    const { kty, crv, x, y } = jwk as any
    const recipient = kmsAgreementRecipient({
      keyId: 'alias/devices',
      publicKey: { kty, crv, x, y },
      ...reach,
    })
    expect(await recipient.jwks(soon)).toEqual([jwk])
    expect(kms.callCount()).toBe(0)
    const body = await sealFields(await beginSession(jwk), patient, fields, scope)
    expect((await opened(sessionEnvelope({ recipients: recipient, audience }), body)).payload).toEqual(
      patient,
    )
  })

  test('that may not be used is named by its alias and its ARN', async () => {
    const { arn } = kms.keys.find(({ alias }) => alias === 'alias/devices')!
    const awsClientOptions = kms.clientOptionsFor({ principal: 'arn:aws:iam::111122223333:role/other' })
    const denied = kmsAgreementRecipient({
      keyId: 'alias/devices',
      awsClientOptions,
      insecureEndpoint: kms.endpoint,
    })
    await expect(denied.jwks(soon)).rejects.toMatchObject({
      code: 'ERR_KEY_DENIED',
      cause: { reason: 'AccessDeniedException: kms:GetPublicKey', keyId: `alias/devices, ${arn}` },
    })
  })

  test('behind an alias stays the same when the alias moves', async () => {
    const first = await kms.createKey({
      alias: 'alias/moves',
      keySpec: 'ECC_NIST_P256',
      keyUsage: 'KEY_AGREEMENT',
    })
    const calls: string[] = []
    const recipient = kmsAgreementRecipient({
      keyId: 'alias/moves',
      client: {
        getPublicKey: async (input) => ({
          KeyId: first.arn,
          PublicKey: await publicKeyOf(input.KeyId),
        }),
        deriveSharedSecret: async (input) => {
          calls.push(input.KeyId)
          const { KeyId, PublicKey } = input
          return reach.client.send(
            new DeriveSharedSecretCommand({ KeyId, PublicKey, KeyAgreementAlgorithm: 'ECDH' }),
          )
        },
      },
    })
    const [jwk] = await recipient.jwks(soon)
    const body = await sealFields(await beginSession(jwk), patient, fields, scope)
    await opened(sessionEnvelope({ recipients: recipient, audience }), body)
    expect(calls).toEqual([first.arn])
  })

  test.each<[string, () => Recipient]>([
    ['of another curve', () => kmsAgreementRecipient({ keyId: 'alias/p384', ...reach })],
    ['of RSA for agreement', () => kmsAgreementRecipient({ keyId: 'alias/rsa', ...reach })],
    ['on P-256 for RSA', () => kmsRsaRecipient({ keyId: 'alias/devices', ...reach })],
    ['that is symmetric', () => kmsAgreementRecipient({ keyId: 'alias/pair', ...reach })],
    ['that is not there', () => kmsAgreementRecipient({ keyId: 'alias/nowhere', ...reach })],
  ])('%s is not available', async (_what, make) => {
    if (kms.keys.length === 4)
      await kms.createKey({ alias: 'alias/p384', keySpec: 'ECC_NIST_P384' }).catch(() => {})
    expect(await codeOf(make().jwks(soon))).toBe('ERR_KEY_UNAVAILABLE')
  })

  test('over plain http is refused unless the origin is named', async () => {
    const recipient = kmsAgreementRecipient({ keyId: 'alias/devices', client: reach.client })
    expect(await codeOf(recipient.jwks(soon))).toBe('ERR_TLS_REQUIRED')
  })

  test('that cannot be reached does not block the other recipients', async () => {
    const good = kmsAgreementRecipient({ keyId: 'alias/devices', ...reach })
    const bad = kmsAgreementRecipient({ keyId: 'alias/nowhere', ...reach })
    const [jwk] = await good.jwks(soon)
    const envelope = sessionEnvelope({ recipients: [bad, good], audience })
    const body = await sealFields(await beginSession(jwk), patient, fields, scope)
    expect((await opened(envelope, body)).payload).toEqual(patient)
    const unknown = await sealFields(await beginSession({ ...jwk!, kid: 'x' }), patient, fields, scope)
    // It may be the one that cannot be reached.
    expect(await codeOf(opened(envelope, unknown))).toBe('ERR_KEY_UNAVAILABLE')
  })
})

test('a pair wrapped under a foreign key is an outage, not a fault of the device', async () => {
  const { arn } = await kms.createKey()
  const recipient = await wrapped(arn)
  const [jwk] = await recipient.jwks(soon)
  const body = await sealFields(await beginSession(jwk), patient, fields, scope)
  kms.resetCalls()
  expect(await codeOf(opened(sessionEnvelope({ recipients: recipient, audience }), body))).toBe(
    'ERR_KEY_UNAVAILABLE',
  )
})

const publicKeyOf = async (alias: string): Promise<Uint8Array> => {
  const [jwk] = await kmsAgreementRecipient({ keyId: alias, ...reach }).jwks(soon)
  const key: KeyObject = createPublicKey({ key: jwk as any, format: 'jwk' })
  return key.export({ format: 'der', type: 'spki' })
}

test.each([
  ['kmsAgreementRecipient', 'KEY_AGREEMENT', { keySpec: 'ECC_NIST_P256', keyUsage: 'SIGN_VERIFY' }],
  ['kmsRsaRecipient', 'ENCRYPT_DECRYPT', { keySpec: 'RSA_2048', keyUsage: 'SIGN_VERIFY' }],
] as const)('%s publishes no key of another usage than %s', async (name, usage, spec) => {
  const { arn } = await kms.createKey(spec)
  const recipient = { kmsAgreementRecipient, kmsRsaRecipient }[name]({ keyId: arn, ...reach })
  await expect(recipient.jwks(soon)).rejects.toMatchObject({
    code: 'ERR_KEY_UNAVAILABLE',
    cause: { reason: `The usage of the key in KMS is not ${usage}`, keyId: arn },
  })
})
