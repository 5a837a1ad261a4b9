/** What is refused, beyond the recorded cases. */
import { constants, createPublicKey, publicEncrypt } from 'node:crypto'
import {
  CreateKeyCommand,
  DecryptCommand,
  DeleteAliasCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateRandomCommand,
  GetKeyPolicyCommand,
  GetPublicKeyCommand,
  KMSClient,
  ListKeyRotationsCommand,
  RetireGrantCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type LocalKms, startLocalKms } from '../src/index.ts'

describe('refusals', () => {
  let kms: LocalKms
  let client: KMSClient
  beforeAll(async () => {
    kms = await startLocalKms({
      keys: ['alias/symmetric', 'alias/rsa:RSA_2048', 'alias/mac:HMAC_256', 'alias/ecc:ECC_NIST_P256'],
    })
    client = new KMSClient(kms.clientOptions)
  })
  afterAll(async () => {
    client.destroy()
    await kms.close()
  })

  const arn = (alias: string): string => kms.keys.find((key) => key.alias === alias)?.arn as string
  const code = (command: object): Promise<string> =>
    client.send(command as EncryptCommand).then(
      () => 'none',
      (error) => error.name,
    )

  test('RSA: ciphertexts of OpenSSL decrypt under their own key and algorithm only', async () => {
    const KeyId = arn('alias/rsa')
    const Plaintext = Buffer.from('a value')
    const { PublicKey = new Uint8Array() } = await client.send(new GetPublicKeyCommand({ KeyId }))
    const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' })
    for (const [hash, EncryptionAlgorithm] of [
      ['sha1', 'RSAES_OAEP_SHA_1'],
      ['sha256', 'RSAES_OAEP_SHA_256'],
    ] as const) {
      const CiphertextBlob = publicEncrypt(
        { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash },
        Plaintext,
      )
      const opened = await client.send(new DecryptCommand({ KeyId, CiphertextBlob, EncryptionAlgorithm }))
      expect(Buffer.from(opened.Plaintext ?? [])).toEqual(Plaintext)
      expect(opened.KeyMaterialId).toBeUndefined()
      const other = hash === 'sha1' ? 'RSAES_OAEP_SHA_256' : 'RSAES_OAEP_SHA_1'
      for (const [input, expected] of [
        [{ KeyId, CiphertextBlob, EncryptionAlgorithm: other }, 'InvalidCiphertextException'],
        [{ CiphertextBlob, EncryptionAlgorithm }, 'ValidationException'],
        [{ KeyId, CiphertextBlob }, 'InvalidCiphertextException'],
        [{ KeyId: arn('alias/symmetric'), CiphertextBlob, EncryptionAlgorithm }, 'InvalidKeyUsageException'],
        [
          { KeyId, CiphertextBlob: CiphertextBlob.subarray(1), EncryptionAlgorithm },
          'InvalidCiphertextException',
        ],
      ] as const) {
        expect(await code(new DecryptCommand(input))).toBe(expected)
      }
    }
  })

  test('RSA: a ciphertext without its leading zero is refused, though its number is the same', async () => {
    const KeyId = arn('alias/rsa')
    const { PublicKey = new Uint8Array() } = await client.send(new GetPublicKeyCommand({ KeyId }))
    const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' })
    const padding = constants.RSA_PKCS1_OAEP_PADDING
    const sealed = () => publicEncrypt({ key, padding, oaepHash: 'sha256' }, Buffer.from('a value'))
    let blob = sealed()
    // One in 256 begins with a zero.
    for (let tries = 0; blob[0] !== 0 && tries < 20_000; tries++) blob = sealed()
    expect(blob[0]).toBe(0)
    const EncryptionAlgorithm = 'RSAES_OAEP_SHA_256'
    expect(await code(new DecryptCommand({ KeyId, CiphertextBlob: blob, EncryptionAlgorithm }))).toBe('none')
    expect(
      await code(new DecryptCommand({ KeyId, CiphertextBlob: blob.subarray(1), EncryptionAlgorithm })),
    ).toBe('InvalidCiphertextException')
  })

  test.each<[string, () => object, string]>([
    [
      'a data key under RSA',
      () => new GenerateDataKeyCommand({ KeyId: arn('alias/rsa'), KeySpec: 'AES_256' }),
      'InvalidKeyUsageException',
    ],
    [
      'encryption under RSA without its algorithm',
      () => new EncryptCommand({ KeyId: arn('alias/rsa'), Plaintext: Buffer.of(1) }),
      'InvalidKeyUsageException',
    ],
    [
      'an empty plaintext',
      () => new EncryptCommand({ KeyId: arn('alias/symmetric'), Plaintext: Buffer.alloc(0) }),
      'ValidationException',
    ],
    [
      'an algorithm of another curve',
      () =>
        new SignCommand({
          KeyId: arn('alias/ecc'),
          Message: Buffer.of(1),
          SigningAlgorithm: 'ECDSA_SHA_384',
        }),
      'InvalidKeyUsageException',
    ],
    [
      'the public key of a symmetric key',
      () => new GetPublicKeyCommand({ KeyId: arn('alias/symmetric') }),
      'UnsupportedOperationException',
    ],
    [
      'two key specs',
      () => new CreateKeyCommand({ KeySpec: 'RSA_2048', CustomerMasterKeySpec: 'RSA_2048' }),
      'ValidationException',
    ],
    [
      'a custom key store',
      () => new CreateKeyCommand({ Origin: 'AWS_CLOUDHSM' }),
      'UnsupportedOperationException',
    ],
    [
      'random bytes of a custom key store',
      () => new GenerateRandomCommand({ NumberOfBytes: 1, CustomKeyStoreId: 'cks-1' }),
      'UnsupportedOperationException',
    ],
    [
      'rotation of an HMAC key',
      () => new EnableKeyRotationCommand({ KeyId: arn('alias/mac') }),
      'UnsupportedOperationException',
    ],
    [
      'the rotations of an HMAC key',
      () => new ListKeyRotationsCommand({ KeyId: arn('alias/mac') }),
      'UnsupportedOperationException',
    ],
    [
      'rotation of an asymmetric key',
      () => new RotateKeyOnDemandCommand({ KeyId: arn('alias/ecc') }),
      'UnsupportedOperationException',
    ],
    [
      'a rotation period that is too short',
      () => new EnableKeyRotationCommand({ KeyId: arn('alias/symmetric'), RotationPeriodInDays: 89 }),
      'ValidationException',
    ],
    [
      'a waiting period that is too short',
      () => new ScheduleKeyDeletionCommand({ KeyId: arn('alias/symmetric'), PendingWindowInDays: 6 }),
      'ValidationException',
    ],
    [
      'a policy by another name',
      () => new GetKeyPolicyCommand({ KeyId: arn('alias/symmetric'), PolicyName: 'other' }),
      'NotFoundException',
    ],
    [
      'retiring a grant that is not there',
      () => new RetireGrantCommand({ KeyId: arn('alias/symmetric'), GrantId: 'x' }),
      'NotFoundException',
    ],
    [
      'deleting an alias that is not there',
      () => new DeleteAliasCommand({ AliasName: 'alias/none' }),
      'NotFoundException',
    ],
    [
      'moving an alias that is not there',
      () => new UpdateAliasCommand({ AliasName: 'alias/none', TargetKeyId: arn('alias/mac') }),
      'NotFoundException',
    ],
    [
      'moving an alias to a key of another kind',
      () => new UpdateAliasCommand({ AliasName: 'alias/ecc', TargetKeyId: arn('alias/mac') }),
      'ValidationException',
    ],
  ])('refuses %s', async (_what, command, expected) => {
    expect(await code(command())).toBe(expected)
  })

  test('concurrent first uses of an asymmetric key create one pair', async () => {
    const { keyId: KeyId } = await kms.createKey({ keySpec: 'ECC_NIST_P521' })
    const keys = await Promise.all([1, 2, 3].map(() => client.send(new GetPublicKeyCommand({ KeyId }))))
    expect(new Set(keys.map(({ PublicKey }) => Buffer.from(PublicKey ?? []).toString('hex'))).size).toBe(1)
  })
})
