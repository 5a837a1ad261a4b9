import { createPublicKey, randomBytes } from 'node:crypto'
import { authorizeWithoutKey } from '../authorize.ts'
import { type Call, endDryRun, type Operation, operation, recordContext } from '../call.ts'
import { checkAlgorithm, seal } from '../cipher.ts'
import { invalid, unsupported } from '../errors.ts'
import { generatePrivateKey, materialMember, privateBytes } from '../material.ts'
import { flag, integer, oneOf, required, text, textMap } from '../shape.ts'
import { keyPairSpecs } from '../specs.ts'
import type { KmsKey } from '../state.ts'
import { useKey } from '../use-key.ts'
import { grantTokens, keyId, noRecipient, recipient } from './members.ts'

/** GenerateDataKey and GenerateDataKeyPair, each with and without plaintext, and GenerateRandom. */

interface WrappingInput {
  readonly KeyId: string
  readonly GrantTokens: readonly string[] | undefined
  readonly EncryptionContext: Readonly<Record<string, string>> | undefined
}

/** The KMS key that wraps a data key: always symmetric. */
const wrappingKey = (call: Call, input: WrappingInput): KmsKey => {
  const key = useKey(call, input.KeyId, {
    alias: true,
    usage: 'ENCRYPT_DECRYPT',
    grantTokens: input.GrantTokens,
    encryptionContext: recordContext(call, input.EncryptionContext),
    values: { 'kms:EncryptionAlgorithm': 'SYMMETRIC_DEFAULT' },
  })
  checkAlgorithm(key, 'SYMMETRIC_DEFAULT')
  return key
}

const wrap = (call: Call, key: KmsKey, plaintext: Uint8Array, input: WrappingInput): Promise<Buffer> =>
  seal(call, key, 'SYMMETRIC_DEFAULT', plaintext, input.EncryptionContext ?? {})

/** Bytes. */
const lengths: Readonly<Record<string, number>> = { AES_256: 32, AES_128: 16 }

const generateDataKey = (withPlaintext: boolean): Operation =>
  operation(
    {
      KeyId: required(keyId()),
      EncryptionContext: textMap(),
      NumberOfBytes: integer({ min: 1, max: 1024 }),
      KeySpec: oneOf(['AES_256', 'AES_128']),
      GrantTokens: grantTokens(),
      Recipient: recipient(),
      DryRun: flag(),
    },
    async (input, call) => {
      noRecipient(input.Recipient)
      if ((input.KeySpec === undefined) === (input.NumberOfBytes === undefined)) {
        throw invalid('Please specify either number of bytes or key spec.')
      }
      const key = wrappingKey(call, input)
      endDryRun(input.DryRun)
      const plaintext = randomBytes(input.NumberOfBytes ?? lengths[input.KeySpec!]!)
      return {
        CiphertextBlob: await wrap(call, key, plaintext, input),
        ...(withPlaintext && { Plaintext: plaintext }),
        KeyId: key.arn,
        ...materialMember('KeyMaterialId', key),
      }
    },
  )

/** The private key is PKCS #8 DER, the public key SubjectPublicKeyInfo. */
const generateDataKeyPair = (withPlaintext: boolean): Operation =>
  operation(
    {
      KeyId: required(keyId()),
      EncryptionContext: textMap(),
      KeyPairSpec: required(oneOf(keyPairSpecs)),
      GrantTokens: grantTokens(),
      Recipient: recipient(),
      DryRun: flag(),
    },
    async (input, call) => {
      noRecipient(input.Recipient)
      const key = wrappingKey(call, input)
      endDryRun(input.DryRun)
      const privateKey = await generatePrivateKey(input.KeyPairSpec)
      const plaintext = privateBytes(privateKey)
      return {
        PrivateKeyCiphertextBlob: await wrap(call, key, plaintext, input),
        ...(withPlaintext && { PrivateKeyPlaintext: plaintext }),
        PublicKey: createPublicKey(privateKey).export({ format: 'der', type: 'spki' }),
        KeyId: key.arn,
        KeyPairSpec: input.KeyPairSpec,
        ...materialMember('KeyMaterialId', key),
      }
    },
  )

const generateRandom = operation(
  {
    NumberOfBytes: integer({ min: 1, max: 1024 }),
    CustomKeyStoreId: text({ min: 1, max: 64 }),
    Recipient: recipient(),
  },
  (input, call) => {
    authorizeWithoutKey(call)
    noRecipient(input.Recipient)
    if (input.CustomKeyStoreId !== undefined)
      throw unsupported('The local KMS does not offer custom key stores.')
    if (input.NumberOfBytes === undefined) throw invalid('NumberOfBytes is required.')
    return { Plaintext: randomBytes(input.NumberOfBytes) }
  },
)

export const dataKeyOperations: Readonly<Record<string, Operation>> = {
  GenerateDataKey: generateDataKey(true),
  GenerateDataKeyWithoutPlaintext: generateDataKey(false),
  GenerateDataKeyPair: generateDataKeyPair(true),
  GenerateDataKeyPairWithoutPlaintext: generateDataKeyPair(false),
  GenerateRandom: generateRandom,
}
