import {
  DecryptCommand,
  DeriveSharedSecretCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyPairCommand,
  GenerateDataKeyPairWithoutPlaintextCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateMacCommand,
  GetKeyLastUsageCommand,
  GetPublicKeyCommand,
  KMSClient,
  ReEncryptCommand,
  ReplicateKeyCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  VerifyCommand,
  VerifyMacCommand,
} from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type LocalKms, startLocalKms } from '../src/index.ts'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const Plaintext = Buffer.from('a value')

describe('GetKeyLastUsage', () => {
  let time = Date.UTC(2026, 0, 1)
  let kms: LocalKms
  let client: KMSClient
  beforeAll(async () => {
    kms = await startLocalKms({ now: () => time })
    client = new KMSClient(kms.clientOptions)
  })
  afterAll(async () => {
    client.destroy()
    await kms.close()
  })

  const lastUsage = async (KeyId: string, by = client) => {
    const { $metadata: _, ...usage } = await by.send(new GetKeyLastUsageCommand({ KeyId }))
    return usage
  }

  test('a key that was never used has an empty last usage, and is tracked since it was created', async () => {
    const created = new Date(time)
    const { arn, keyId } = await kms.createKey()
    time += 1000
    const unused = {
      KeyId: keyId,
      KeyLastUsage: {},
      TrackingStartDate: created,
      KeyCreationDate: created,
    }
    expect(await lastUsage(arn)).toEqual(unused)
    await client.send(new DescribeKeyCommand({ KeyId: keyId }))
    expect(await lastUsage(keyId)).toEqual(unused)
  })

  test('a used key names operation, time, and the ids of event and request, which are new each time', async () => {
    const { keyId } = await kms.createKey()
    await client.send(new GenerateDataKeyCommand({ KeyId: keyId, KeySpec: 'AES_256' }))
    time += 1000
    const { $metadata, CiphertextBlob } = await client.send(new EncryptCommand({ KeyId: keyId, Plaintext }))
    const first = await lastUsage(keyId)
    expect(first.KeyLastUsage).toEqual({
      Operation: 'Encrypt',
      Timestamp: new Date(time),
      CloudTrailEventId: kms.calls.at(-2)?.eventId,
      KmsRequestId: $metadata.requestId,
    })
    expect(first.KeyLastUsage?.CloudTrailEventId).toMatch(uuid)
    expect(first.KeyLastUsage?.KmsRequestId).toMatch(uuid)
    expect(first.KeyLastUsage?.KmsRequestId).not.toBe(first.KeyLastUsage?.CloudTrailEventId)
    time += 1000
    await client.send(new DecryptCommand({ CiphertextBlob }))
    const second = await lastUsage(keyId)
    expect(second.KeyLastUsage).toMatchObject({ Operation: 'Decrypt', Timestamp: new Date(time) })
    expect(second.KeyLastUsage?.CloudTrailEventId).not.toBe(first.KeyLastUsage?.CloudTrailEventId)
    expect(second.KeyLastUsage?.KmsRequestId).not.toBe(first.KeyLastUsage?.KmsRequestId)
  })

  test('calls that fail, dry runs and operations without cryptography do not count', async () => {
    const { arn: KeyId } = await kms.createKey()
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext }))
    const used = await lastUsage(KeyId)
    time += 1000
    await expect(
      client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: { wrong: 'context' } })),
    ).rejects.toMatchObject({ name: 'InvalidCiphertextException' })
    await expect(client.send(new EncryptCommand({ KeyId, Plaintext, DryRun: true }))).rejects.toMatchObject({
      name: 'DryRunOperationException',
    })
    await client.send(new DescribeKeyCommand({ KeyId }))
    await client.send(new DisableKeyCommand({ KeyId }))
    expect(await lastUsage(KeyId)).toEqual(used)
    const signing = await kms.createKey({ keySpec: 'ECC_NIST_P256' })
    await client.send(new GetPublicKeyCommand({ KeyId: signing.keyId }))
    expect((await lastUsage(signing.keyId)).KeyLastUsage).toEqual({})
  })

  test('both keys of a ReEncrypt were used', async () => {
    const [from, to] = [await kms.createKey(), await kms.createKey()]
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId: from.arn, Plaintext }))
    await client.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: to.arn }))
    expect((await lastUsage(from.arn)).KeyLastUsage?.Operation).toBe('ReEncrypt')
    expect((await lastUsage(to.arn)).KeyLastUsage?.Operation).toBe('ReEncrypt')
  })

  test('every cryptographic operation counts', async () => {
    const { arn: KeyId } = await kms.createKey()
    const { arn: mac } = await kms.createKey({ keySpec: 'HMAC_256' })
    const { arn: pair } = await kms.createKey({ keySpec: 'ECC_NIST_P256' })
    const { arn: agreement } = await kms.createKey({ keySpec: 'ECC_NIST_P256', keyUsage: 'KEY_AGREEMENT' })
    const Message = Buffer.from('a message')
    const counts = async (key: string, operation: string) =>
      expect((await lastUsage(key)).KeyLastUsage?.Operation).toBe(operation)

    await client.send(new GenerateDataKeyCommand({ KeyId, NumberOfBytes: 16 }))
    await counts(KeyId, 'GenerateDataKey')
    await client.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId, NumberOfBytes: 16 }))
    await counts(KeyId, 'GenerateDataKeyWithoutPlaintext')
    const { PublicKey } = await client.send(
      new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: 'ECC_NIST_P256' }),
    )
    await counts(KeyId, 'GenerateDataKeyPair')
    await client.send(new GenerateDataKeyPairWithoutPlaintextCommand({ KeyId, KeyPairSpec: 'ECC_NIST_P256' }))
    await counts(KeyId, 'GenerateDataKeyPairWithoutPlaintext')
    const { Mac } = await client.send(
      new GenerateMacCommand({ KeyId: mac, Message, MacAlgorithm: 'HMAC_SHA_256' }),
    )
    await counts(mac, 'GenerateMac')
    await client.send(new VerifyMacCommand({ KeyId: mac, Message, Mac, MacAlgorithm: 'HMAC_SHA_256' }))
    await counts(mac, 'VerifyMac')
    const { Signature } = await client.send(
      new SignCommand({ KeyId: pair, Message, SigningAlgorithm: 'ECDSA_SHA_256' }),
    )
    await counts(pair, 'Sign')
    await client.send(
      new VerifyCommand({ KeyId: pair, Message, Signature, SigningAlgorithm: 'ECDSA_SHA_256' }),
    )
    await counts(pair, 'Verify')
    await client.send(
      new DeriveSharedSecretCommand({ KeyId: agreement, PublicKey, KeyAgreementAlgorithm: 'ECDH' }),
    )
    await counts(agreement, 'DeriveSharedSecret')
  })

  test('each replica has its own last usage', async () => {
    const { keyId } = await kms.createKey({ multiRegion: true })
    await client.send(new ReplicateKeyCommand({ KeyId: keyId, ReplicaRegion: 'us-east-1' }))
    await client.send(new EncryptCommand({ KeyId: keyId, Plaintext }))
    const other = new KMSClient(kms.clientOptionsFor({ region: 'us-east-1' }))
    expect((await lastUsage(keyId)).KeyLastUsage?.Operation).toBe('Encrypt')
    expect((await lastUsage(keyId, other)).KeyLastUsage).toEqual({})
    other.destroy()
  })

  test('works for a key that is pending deletion, but not for an alias, nor with a grant', async () => {
    const { keyId } = await kms.createKey({ alias: 'alias/old' })
    await client.send(new ScheduleKeyDeletionCommand({ KeyId: keyId }))
    expect((await lastUsage(keyId)).KeyId).toBe(keyId)
    await expect(lastUsage('alias/old')).rejects.toMatchObject({
      name: 'NotFoundException',
      message: "Invalid keyId 'alias/old'",
    })
    const other = new KMSClient(kms.clientOptionsFor({ principal: 'arn:aws:iam::111122223333:role/intake' }))
    await expect(lastUsage(keyId, other)).rejects.toMatchObject({ name: 'AccessDeniedException' })
    other.destroy()
  })
})
