import type { EncryptionContext } from '../encryption-context.ts'
import { branchKeyRefused, keyDenied, notEncrypted } from '../errors.ts'
import type { Deadline } from '../keyring.ts'
import type { KeyArn } from '../kms/arn.ts'
import type { KmsCallOptions, KmsInput, KmsOperations, KmsResponse } from '../kms/operations.ts'
import { answeredKey, blobOf, checkedResponse, plaintextOf } from '../kms/responses.ts'
import { firstResponse, wrongResponse } from '../kms/retry.ts'
import { branchKeyLength } from './branch-key.ts'

/** KMS operations on branch keys. Only `open` returns one in the clear. */
export interface BranchKeyKms {
  /** Generates a key of 32 bytes, as ciphertext. */
  create(key: KeyArn, context: EncryptionContext, deadline: Deadline): Promise<Buffer>
  /**
   * Re-encrypts a key under another encryption context; under the same one, this proves that the record is authentic.
   */
  reEncrypt(
    key: KeyArn,
    enc: Uint8Array,
    contexts: readonly [source: EncryptionContext, destination: EncryptionContext],
    deadline: Deadline,
  ): Promise<Buffer>
  open(key: KeyArn, context: EncryptionContext, enc: Uint8Array, deadline: Deadline): Promise<Buffer>
}

/** The operations, with retries and with checks of each response. */
export const branchKeyKms = (
  operations: KeyStoreKmsOperations,
  grantTokens: readonly string[] | undefined,
): BranchKeyKms => {
  const grants = grantTokens?.length ? { GrantTokens: grantTokens } : undefined

  const call = async <T>(
    key: KeyArn,
    deadline: Deadline,
    once: (options: KmsCallOptions) => Promise<T>,
    action: string,
    refused: (names: string) => Error,
  ): Promise<T> => {
    const { region } = key
    const result = await firstResponse<T>([(signal) => once({ signal, region })], deadline)
    if ('response' in result) return result.response
    if (result.denied !== undefined) throw keyDenied(action, key.arn)
    throw refused(result.refusals.join(', '))
  }

  return {
    create: (key, context, deadline) =>
      call(
        key,
        deadline,
        async (options) => {
          const input = {
            KeyId: key.arn,
            EncryptionContext: context,
            NumberOfBytes: branchKeyLength,
            ...grants,
          }
          const response = await operations.generateDataKeyWithoutPlaintext(input, options)
          answeredKey(response, key)
          return blobOf(response)
        },
        'kms:GenerateDataKeyWithoutPlaintext',
        (names) => notEncrypted(`KMS refused to generate a branch key: ${names}`),
      ),
    reEncrypt: (key, enc, [source, destination], deadline) =>
      call(
        key,
        deadline,
        async (options) => {
          const input = {
            SourceKeyId: key.arn,
            SourceEncryptionContext: source,
            CiphertextBlob: enc,
            DestinationKeyId: key.arn,
            DestinationEncryptionContext: destination,
            ...grants,
          }
          const response = await operations.reEncrypt(input, options)
          answeredKey(response, key)
          if (response.SourceKeyId !== key.arn) throw wrongResponse()
          return blobOf(response)
        },
        'kms:ReEncrypt',
        (names) => notEncrypted(`KMS refused to re-encrypt the branch key: ${names}`),
      ),
    open: (key, context, enc, deadline) =>
      call(
        key,
        deadline,
        async (options) => {
          const input = { KeyId: key.arn, EncryptionContext: context, CiphertextBlob: enc, ...grants }
          const response: KmsResponse = await operations.decrypt(input, options)
          return checkedResponse(response, () => {
            answeredKey(response, key)
            return plaintextOf(response, branchKeyLength)
          })
        },
        'kms:Decrypt',
        (names) => branchKeyRefused(`KMS refused to decrypt the branch key: ${names}`),
      ),
  }
}

/** The input of KMS's ReEncrypt. */
export interface ReEncryptInput {
  readonly SourceKeyId: string
  readonly SourceEncryptionContext: Readonly<Record<string, string>>
  readonly DestinationKeyId: string
  readonly DestinationEncryptionContext: Readonly<Record<string, string>>
  readonly CiphertextBlob: Uint8Array
  readonly GrantTokens?: readonly string[]
}

/**
 * The KMS operations that a key store uses, with AWS's names. By default they are those of the AWS SDK's client.
 * Reading branch keys needs only `decrypt`. Errors are distinguished as in `KmsOperations`.
 */
export interface KeyStoreKmsOperations extends Pick<KmsOperations, 'decrypt'> {
  generateDataKeyWithoutPlaintext(
    input: KmsInput & { readonly NumberOfBytes: number },
    call: KmsCallOptions,
  ): Promise<KmsResponse>
  reEncrypt(
    input: ReEncryptInput,
    call: KmsCallOptions,
  ): Promise<KmsResponse & { readonly SourceKeyId?: string }>
}

/** The names, for the check of operations that replace the SDK. */
export const keyStoreKmsOperations = ['generateDataKeyWithoutPlaintext', 'reEncrypt', 'decrypt'] as const
