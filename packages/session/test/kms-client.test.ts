/** What a KMS client of one's own is asked, and what is made of its responses. */

import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import {
  type KmsKeyOptions,
  kmsAgreementRecipient,
  kmsRsaRecipient,
  kmsSigner,
  publicJwkOf,
} from '@glassine/session'
import { codeOf } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { beginSession } from './support/device.ts'
import { opened } from './support/patient.ts'
import { envelopeWith } from './support/service.ts'

const KeyId = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const call = { deadline: () => Date.now() + 5_000 }
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const spki = (key: typeof ec.publicKey) => new Uint8Array(key.export({ format: 'der', type: 'spki' }))
const ecJwk: any = publicJwkOf(ec.publicKey)
const rsaJwk: any = publicJwkOf(rsa.publicKey)
const failure = (name: string) => Promise.reject(Object.assign(new Error(), { name }))

describe('an operation is called', () => {
  /** The input and the Region of the first call. */
  const asked = async (options: Partial<KmsKeyOptions>) => {
    const calls: any[] = []
    const recipient = kmsAgreementRecipient({
      keyId: KeyId,
      publicKey: ecJwk,
      client: {
        deriveSharedSecret: async (input, { region, signal }) => {
          calls.push({ ...input, region, hasSignal: signal instanceof AbortSignal })
          return failure('DisabledException')
        },
        getPublicKey: async () => ({ KeyId, PublicKey: spki(ec.publicKey) }),
      },
      ...options,
    })
    const [key] = await recipient.jwks(call)
    const session = await beginSession(key)
    const { epk } = JSON.parse(Buffer.from(session.carrier.split('.')[0]!, 'base64url').toString())
    await codeOf(
      opened(envelopeWith({ recipients: recipient }), undefined, { sessionHeader: session.carrier }),
    )
    expect(calls).toHaveLength(1)
    const { PublicKey, ...rest } = calls[0]
    const sent = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' })
    expect(sent.equals(createPublicKey({ key: epk, format: 'jwk' }))).toBe(true)
    return rest
  }

  test('with the key, the algorithm, and the Region of its ARN', async () => {
    expect(await asked({})).toEqual({
      KeyId,
      KeyAgreementAlgorithm: 'ECDH',
      region: 'eu-west-1',
      hasSignal: true,
    })
  })

  test('with the grant tokens of the option', async () => {
    expect(await asked({ grantTokens: ['a', 'b'] })).toMatchObject({ GrantTokens: ['a', 'b'] })
    expect(await asked({ grantTokens: [] })).not.toHaveProperty('GrantTokens')
  })

  test('with the ARN to which the alias resolved', async () => {
    expect(await asked({ keyId: 'alias/devices', publicKey: undefined })).toMatchObject({
      KeyId,
      region: 'eu-west-1',
    })
  })

  test('with the alias itself, and no Region, if the public key is given', async () => {
    expect(await asked({ keyId: 'alias/devices' })).toMatchObject({
      KeyId: 'alias/devices',
      region: undefined,
    })
  })
})

describe('a refusal of KMS', () => {
  test.each([
    ['InvalidCiphertextException', 'ERR_DECRYPT_FAILED'],
    ['ValidationException', 'ERR_DECRYPT_FAILED'],
    ['AccessDeniedException', 'ERR_KEY_DENIED'],
    ['DisabledException', 'ERR_KEY_UNAVAILABLE'],
    ['KMSInvalidStateException', 'ERR_KEY_UNAVAILABLE'],
  ])('%s is %s', async (name, code) => {
    const recipient = kmsRsaRecipient({
      keyId: KeyId,
      publicKey: rsaJwk,
      client: { decrypt: () => failure(name) },
    })
    const { carrier } = await beginSession((await recipient.jwks(call))[0])
    const work = opened(envelopeWith({ recipients: recipient, timeout: 500 }), undefined, {
      sessionHeader: carrier,
    })
    expect(await codeOf(work)).toBe(code)
  })

  test('for a missing permission names the action and the key', async () => {
    const denied = () => failure('AccessDeniedException')
    const decrypting = kmsRsaRecipient({ keyId: KeyId, publicKey: rsaJwk, client: { decrypt: denied } })
    const { carrier } = await beginSession((await decrypting.jwks(call))[0])
    const options = { recipients: decrypting, timeout: 500 }
    const work = opened(envelopeWith(options), undefined, { sessionHeader: carrier })
    await expect(work).rejects.toMatchObject({
      cause: { reason: 'AccessDeniedException: kms:Decrypt', keyId: KeyId },
    })
    const client = { decrypt: denied, getPublicKey: denied }
    await expect(kmsRsaRecipient({ keyId: KeyId, client }).jwks(call)).rejects.toMatchObject({
      cause: { reason: 'AccessDeniedException: kms:GetPublicKey', keyId: KeyId },
    })
  })
})

test('an RSA key decrypts by OAEP with SHA-256, once for each session, even if the plaintext is empty', async () => {
  const inputs: any[] = []
  const recipient = kmsRsaRecipient({
    keyId: KeyId,
    publicKey: rsaJwk,
    client: {
      decrypt: async (input) => {
        inputs.push(input)
        return { KeyId, Plaintext: new Uint8Array(0) }
      },
    },
  })
  const { carrier } = await beginSession((await recipient.jwks(call))[0])
  const work = opened(envelopeWith({ recipients: recipient }), undefined, { sessionHeader: carrier })
  expect(await codeOf(work)).toBe('ERR_DECRYPT_FAILED')
  expect(inputs).toEqual([
    {
      KeyId,
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
      CiphertextBlob: Buffer.from(carrier.split('.')[1]!, 'base64url'),
    },
  ])
})

test('a signer signs the message itself by ECDSA with SHA-256', async () => {
  const inputs: any[] = []
  const signer = kmsSigner({
    keyId: KeyId,
    publicKey: ecJwk,
    client: {
      sign: async (input) => {
        inputs.push(input)
        return { KeyId, Signature: Buffer.from('3006020101020102', 'hex') }
      },
    },
  })
  const message = Buffer.from('a message')
  const signature = Buffer.alloc(64)
  signature[31] = 1
  signature[63] = 2
  expect(await signer.sign(message, call)).toEqual(signature)
  expect(inputs).toEqual([{ KeyId, SigningAlgorithm: 'ECDSA_SHA_256', MessageType: 'RAW', Message: message }])
})

describe('a public key in KMS', () => {
  const fetched = (answers: (() => Promise<object>)[]) => {
    let calls = 0
    const recipient = kmsAgreementRecipient({
      keyId: 'alias/devices',
      timeout: 500,
      client: {
        getPublicKey: () => answers[Math.min(calls++, answers.length - 1)]!(),
        deriveSharedSecret: () => failure('asked'),
      },
    })
    return { calls: () => calls, code: () => codeOf(recipient.jwks(call)) }
  }

  test('is fetched again after a failure, and cached after a success', async () => {
    const { calls, code } = fetched([
      () => failure('AccessDeniedException'),
      async () => ({ KeyId, PublicKey: spki(ec.publicKey) }),
    ])
    expect(await code()).toBe('ERR_KEY_DENIED')
    expect(await code()).toBe('none')
    expect(await code()).toBe('none')
    expect(calls()).toBe(2)
  })

  test.each([
    ['of RSA', spki(rsa.publicKey)],
    ['on another curve', spki(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey)],
    ['that cannot be read', new Uint8Array(91)],
  ])('%s is not available', async (_what, PublicKey) => {
    expect(await fetched([async () => ({ KeyId, PublicKey })]).code()).toBe('ERR_KEY_UNAVAILABLE')
  })

  test('that is absent from the response is fetched again until the deadline', async () => {
    const { calls, code } = fetched([
      async () => ({ KeyId }),
      async () => ({ KeyId, PublicKey: spki(ec.publicKey) }),
    ])
    expect(await code()).toBe('none')
    expect(calls()).toBe(2)
  })
})

test('a call ends with the timeout of the key or the deadline of the request, whichever comes first', async () => {
  const never = kmsAgreementRecipient({
    keyId: 'alias/devices',
    timeout: 50,
    client: { getPublicKey: () => new Promise(() => {}), deriveSharedSecret: () => failure('asked') },
  })
  expect(await codeOf(never.jwks({ deadline: () => Number.POSITIVE_INFINITY }))).toBe('ERR_KEY_UNAVAILABLE')
  const patient = kmsAgreementRecipient({
    keyId: 'alias/devices',
    client: { getPublicKey: () => new Promise(() => {}), deriveSharedSecret: () => failure('asked') },
  })
  const end = Date.now() + 50
  expect(await codeOf(patient.jwks({ deadline: () => end }))).toBe('ERR_KEY_UNAVAILABLE')
})
