import type { KmsAnswer, KmsCallOptions, KmsInput, KmsOperations } from '../kms/operations.ts'

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
 * The KMS operations that a key store uses, with AWS's own names. The AWS SDK's client is behind it by default.
 * Reading branch keys takes `decrypt` alone; errors are told apart as `KmsOperations` says.
 */
export interface KeyStoreKmsOperations extends Pick<KmsOperations, 'decrypt'> {
  generateDataKeyWithoutPlaintext(
    input: KmsInput & { readonly NumberOfBytes: number },
    call: KmsCallOptions,
  ): Promise<KmsAnswer>
  reEncrypt(
    input: ReEncryptInput,
    call: KmsCallOptions,
  ): Promise<KmsAnswer & { readonly SourceKeyId?: string }>
}

/** The names, for the check of what is given in the SDK's place. */
export const keyStoreKmsOperations = ['generateDataKeyWithoutPlaintext', 'reEncrypt', 'decrypt'] as const
