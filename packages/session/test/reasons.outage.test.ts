/** What an operator reads where recipients, signers and KMS do not give what they should. */
import { generateKeyPairSync } from 'node:crypto'
import {
  GenerateDataKeyPairWithoutPlaintextCommand,
  KMSClient,
  type KMSClientConfig,
} from '@aws-sdk/client-kms'
import { keyMaterial, kmsKeyring } from '@glassine/keys'
import { type LocalKms, startLocalKms } from '@glassine/local-kms'
import {
  kmsAgreementRecipient,
  kmsRsaRecipient,
  localSigner,
  publishedKeys,
  type Recipient,
  wrappedRecipient,
} from '@glassine/session'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { opened } from './support/patient.ts'
import { bodyWith, isOut, reasonOf, soon } from './support/reasons.ts'
import { envelopeWith, recipient } from './support/service.ts'

describe('keys are not available, and the operator reads why:', () => {
  test.each<[string, unknown, string]>([
    ['a recipient that returns a text', 'x'.repeat(32), 'A recipient must return bytes'],
    [
      'a recipient that returns 31 bytes',
      new Uint8Array(31),
      'A recipient returned a shared secret of the wrong length',
    ],
  ])('%s', async (_what, bytes, reason) => {
    const other: Recipient = { jwks: recipient.jwks, unwrap: async () => bytes as never }
    expect(await reasonOf(opened(envelopeWith({ recipients: other }), await bodyWith()))).toEqual(
      isOut(reason),
    )
  })

  test('a signer that returns 63 bytes', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const sign = { ...localSigner({ privateKey }), sign: async () => new Uint8Array(63) }
    const { jwt } = publishedKeys({ recipients: recipient, sign, maxAge: 60_000 })
    expect(await reasonOf(jwt!())).toEqual(isOut('A signer must return a signature of 64 bytes'))
  })

  describe('in KMS', () => {
    let kms: LocalKms
    let reach: { awsClientOptions: KMSClientConfig; insecureEndpoint: string }
    beforeAll(async () => {
      kms = await startLocalKms({ keys: ['alias/pair', 'alias/other:ECC_NIST_P384:KEY_AGREEMENT'] })
      reach = { awsClientOptions: kms.clientOptions, insecureEndpoint: kms.endpoint }
    })
    afterAll(() => kms.close())

    test('a key on another curve', async () => {
      const other = kmsAgreementRecipient({ keyId: 'alias/other', ...reach })
      expect(await reasonOf(other.jwks(soon))).toEqual(isOut('The key in KMS is not on P-256'))
    })

    test('a key on a curve instead of RSA, where a client says no usage', async () => {
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const KeyId = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
      const PublicKey = publicKey.export({ format: 'der', type: 'spki' })
      const client = {
        getPublicKey: async () => ({ KeyId, PublicKey }),
        decrypt: () => Promise.reject(new Error('asked')),
      }
      expect(await reasonOf(kmsRsaRecipient({ keyId: KeyId, client }).jwks(soon))).toEqual(
        isOut('The key in KMS is not an RSA key'),
      )
    })

    test('a pair that was wrapped with another context, or has another public key', async () => {
      const client = new KMSClient({ ...kms.clientOptions, endpoint: kms.endpoint })
      const newPair = () =>
        client.send(
          new GenerateDataKeyPairWithoutPlaintextCommand({
            KeyId: 'alias/pair',
            KeyPairSpec: 'ECC_NIST_P256',
            EncryptionContext: { purpose: 'devices' },
          }),
        )
      const [one, two] = [await newPair(), await newPair()]
      const keys = keyMaterial({ keyring: kmsKeyring({ keyId: 'alias/pair', ...reach }) })
      const unwrapped = (publicKey: Uint8Array, purpose: string) => {
        const pair = wrappedRecipient({
          keys,
          publicKey,
          encryptedPrivateKey: one.PrivateKeyCiphertextBlob!,
          keyId: one.KeyId!,
          encryptionContext: { purpose },
        })
        const device = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
        return pair.unwrap({ kind: 'agree', kid: 'x', publicKey: device, ...soon })
      }
      expect(await unwrapped(one.PublicKey!, 'devices')).toHaveLength(32)
      expect(await reasonOf(unwrapped(one.PublicKey!, 'other') as Promise<unknown>)).toEqual(
        isOut('The private key could not be unwrapped'),
      )
      expect(await reasonOf(unwrapped(two.PublicKey!, 'devices') as Promise<unknown>)).toEqual(
        isOut('The unwrapped private key does not belong to `publicKey`'),
      )
      client.destroy()
    })
  })
})
