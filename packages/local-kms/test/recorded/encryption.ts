/** Cases about encryption, data keys and random bytes. */
import {
  DecryptCommand,
  EncryptCommand,
  type EncryptionAlgorithmSpec,
  GenerateDataKeyCommand,
  GenerateDataKeyPairCommand,
  GenerateDataKeyPairWithoutPlaintextCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateMacCommand,
  GenerateRandomCommand,
  type KeySpec,
  ReEncryptCommand,
  SignCommand,
  VerifyCommand,
} from '@aws-sdk/client-kms'
import { expect } from '@jest/globals'
import type { Case, Cases } from './harness.ts'

const message = Buffer.from('a message of some length 0123456789')
const EncryptionContext = { 'context-key': 'context-value' }

/** The recorded wrapped keys were opened without their context. */
const withoutContext = (generate: (KeyId: string) => object, member: string): Case => {
  return async ({ client, createKey, fails }, match) => {
    const { KeyId } = await createKey()
    const made = (await client.send(generate(KeyId) as never)) as unknown as Record<string, Uint8Array>
    match(
      'decrypt-without-encryption-context',
      await fails(new DecryptCommand({ KeyId, CiphertextBlob: made[member] })),
    )
  }
}

export const encryptionCases: Cases = {
  async test_generate_random({ client }, match, [length]) {
    const { Plaintext } = await client.send(new GenerateRandomCommand({ NumberOfBytes: Number(length) }))
    match('result_length', Plaintext?.length)
  },

  async test_generate_random_invalid_number_of_bytes({ fails }, match, [length]) {
    const NumberOfBytes = length === 'None' ? undefined : Number(length)
    match('generate-random-exc', await fails(new GenerateRandomCommand({ NumberOfBytes })))
  },

  async test_encrypt_validate_plaintext_size_per_key_type({ createKey, fails }, match, [spec, algorithm]) {
    const { KeyId } = await createKey({ KeySpec: spec as KeySpec, KeyUsage: 'ENCRYPT_DECRYPT' })
    match(
      'generate-random-exc',
      await fails(
        new EncryptCommand({
          KeyId,
          Plaintext: Buffer.alloc(1200, 'x'),
          EncryptionAlgorithm: algorithm as EncryptionAlgorithmSpec,
        }),
      ),
    )
  },

  async test_plaintext_size_for_encrypt({ createKey, fails }, match) {
    const { KeyId } = await createKey()
    match(
      'invalid-plaintext-size-encrypt',
      await fails(new EncryptCommand({ KeyId, Plaintext: Buffer.alloc(4097) })),
    )
  },

  async test_encrypt_decrypt_encryption_context({ client, createKey, fails }, match) {
    const { KeyId } = await createKey()
    const EncryptionAlgorithm = 'SYMMETRIC_DEFAULT'
    const sealed = await client.send(
      new EncryptCommand({ KeyId, Plaintext: message, EncryptionAlgorithm, EncryptionContext }),
    )
    match('encrypt_response', sealed)
    const blob = sealed.CiphertextBlob as Uint8Array
    const decrypt = (input: object) =>
      new DecryptCommand({ KeyId, CiphertextBlob: blob, EncryptionAlgorithm, ...input })
    match('decrypt_response_with_encryption_context', await client.send(decrypt({ EncryptionContext })))
    match('decrypt_response_without_encryption_context', await fails(decrypt({})))
    match(
      'decrypt_response_with_invalid_ciphertext',
      await fails(decrypt({ EncryptionContext, CiphertextBlob: blob.subarray(40) })),
    )
  },

  async test_re_encrypt({ client, createKey }, match, [spec, algorithm]) {
    const create = () => createKey({ KeySpec: spec as KeySpec, KeyUsage: 'ENCRYPT_DECRYPT' })
    const [source, destination] = [await create(), await create()]
    const EncryptionAlgorithm = algorithm as EncryptionAlgorithmSpec
    const sealed = await client.send(
      new EncryptCommand({ KeyId: source.KeyId, Plaintext: message, EncryptionAlgorithm }),
    )
    const result = await client.send(
      new ReEncryptCommand({
        SourceKeyId: source.KeyId,
        DestinationKeyId: destination.KeyId,
        CiphertextBlob: sealed.CiphertextBlob,
        SourceEncryptionAlgorithm: EncryptionAlgorithm,
        DestinationEncryptionAlgorithm: EncryptionAlgorithm,
      }),
    )
    match('test_re_encrypt', result)
    for (const { KeyId, CiphertextBlob } of [
      { KeyId: source.KeyId, CiphertextBlob: sealed.CiphertextBlob },
      { KeyId: destination.KeyId, CiphertextBlob: result.CiphertextBlob },
    ]) {
      const { Plaintext } = await client.send(
        new DecryptCommand({ KeyId, CiphertextBlob, EncryptionAlgorithm }),
      )
      expect(Buffer.from(Plaintext ?? [])).toEqual(message)
    }
  },

  async test_re_encrypt_incorrect_source_key({ client, createKey, fails }, match) {
    const source = await createKey()
    const hmac = await createKey({ KeySpec: 'HMAC_224', KeyUsage: 'GENERATE_VERIFY_MAC' })
    const { CiphertextBlob } = await client.send(
      new EncryptCommand({ KeyId: source.KeyId, Plaintext: message }),
    )
    match(
      'incorrect-source-key',
      await fails(
        new ReEncryptCommand({ SourceKeyId: hmac.KeyId, DestinationKeyId: hmac.KeyId, CiphertextBlob }),
      ),
    )
  },

  async test_error_messaging_for_invalid_keys({ client, createKey, fails }, match) {
    const hmac = await createKey({ KeySpec: 'HMAC_224', KeyUsage: 'GENERATE_VERIFY_MAC' })
    const symmetric = await createKey()
    const signing = await createKey({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' })
    match(
      'generate-mac-invalid-key-id',
      await fails(
        new GenerateMacCommand({ KeyId: symmetric.KeyId, Message: message, MacAlgorithm: 'HMAC_SHA_224' }),
      ),
    )
    match(
      'sign-invalid-key-id',
      await fails(
        new SignCommand({ KeyId: hmac.KeyId, Message: message, SigningAlgorithm: 'RSASSA_PSS_SHA_256' }),
      ),
    )
    match(
      'verify-invalid-key-id',
      await fails(
        new VerifyCommand({
          KeyId: symmetric.KeyId,
          Message: message,
          Signature: message,
          SigningAlgorithm: 'ECDSA_SHA_256',
        }),
      ),
    )
    match(
      'encrypt-invalid-key-id',
      await fails(new EncryptCommand({ KeyId: signing.KeyId, Plaintext: message })),
    )
    const { CiphertextBlob } = await client.send(
      new EncryptCommand({ KeyId: symmetric.KeyId, Plaintext: message }),
    )
    match('decrypt-invalid-key-id', await fails(new DecryptCommand({ KeyId: hmac.KeyId, CiphertextBlob })))
  },

  async test_generate_data_key({ client, createKey }, match) {
    const { KeyId } = await createKey()
    const result = await client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }))
    match('generate-data-key-result', result)
    const { Plaintext } = await client.send(
      new DecryptCommand({ KeyId, CiphertextBlob: result.CiphertextBlob }),
    )
    expect(Plaintext).toEqual(result.Plaintext)
  },

  async test_generate_data_key_without_plaintext({ client, createKey }, match) {
    const { KeyId } = await createKey()
    match(
      'generate-data-key-without-plaintext',
      await client.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId, KeySpec: 'AES_256' })),
    )
  },

  async test_generate_data_key_pair({ client, createKey }, match) {
    const { KeyId } = await createKey()
    const result = await client.send(new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: 'RSA_2048' }))
    match('generate-data-key-pair', result)
    const { Plaintext } = await client.send(
      new DecryptCommand({ KeyId, CiphertextBlob: result.PrivateKeyCiphertextBlob }),
    )
    expect(Plaintext).toEqual(result.PrivateKeyPlaintext)
  },

  async test_generate_data_key_pair_without_plaintext({ client, createKey }, match) {
    const { KeyId } = await createKey()
    match(
      'generate-data-key-pair-without-plaintext',
      await client.send(new GenerateDataKeyPairWithoutPlaintextCommand({ KeyId, KeyPairSpec: 'RSA_2048' })),
    )
  },

  async test_generate_data_key_pair_dry_run({ createKey, fails }, match) {
    const { KeyId } = await createKey()
    match(
      'dryrun_exception',
      await fails(new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: 'RSA_2048', DryRun: true })),
    )
  },

  async test_generate_data_key_pair_without_plaintext_dry_run({ createKey, fails }, match) {
    const { KeyId } = await createKey()
    match(
      'dryrun_exception',
      await fails(
        new GenerateDataKeyPairWithoutPlaintextCommand({ KeyId, KeyPairSpec: 'RSA_2048', DryRun: true }),
      ),
    )
  },

  test_encryption_context_generate_data_key: withoutContext(
    (KeyId) => new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext }),
    'CiphertextBlob',
  ),
  test_encryption_context_generate_data_key_without_plaintext: withoutContext(
    (KeyId) => new GenerateDataKeyWithoutPlaintextCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext }),
    'CiphertextBlob',
  ),
  // The recorded cases made RSA pairs; what is compared is the refusal, so a curve does as well and is fast.
  test_encryption_context_generate_data_key_pair: withoutContext(
    (KeyId) => new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: 'ECC_NIST_P256', EncryptionContext }),
    'PrivateKeyCiphertextBlob',
  ),
  test_encryption_context_generate_data_key_pair_without_plaintext: withoutContext(
    (KeyId) =>
      new GenerateDataKeyPairWithoutPlaintextCommand({
        KeyId,
        KeyPairSpec: 'ECC_NIST_P256',
        EncryptionContext,
      }),
    'PrivateKeyCiphertextBlob',
  ),
}
