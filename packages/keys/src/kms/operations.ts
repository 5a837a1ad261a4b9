/** What every KMS call is told beside its input. */
export interface KmsCallOptions {
  /** Aborted when the answer is no longer waited for. */
  readonly signal: AbortSignal
  /** The Region of the key's ARN; `undefined` where the key is named by id or alias alone. */
  readonly region: string | undefined
}

/** What every operation is given. */
export interface KmsInput {
  /** Key id, key ARN, `alias/...` or alias ARN. */
  readonly KeyId: string
  readonly EncryptionContext: Readonly<Record<string, string>>
  readonly GrantTokens?: readonly string[]
}

/** What KMS answers, unchecked: every member is checked before it is used. */
export interface KmsAnswer {
  /** The ARN of the key that served. */
  readonly KeyId?: string
  readonly Plaintext?: Uint8Array
  readonly CiphertextBlob?: Uint8Array
}

/**
 * The KMS operations that are used, with AWS's own names. The AWS SDK's client is behind it by default; anything
 * else that speaks to KMS is a few lines.
 *
 * Errors are told apart by `name`, as AWS spells it (`AccessDeniedException`). Any other is taken for a passing
 * one and is tried again until the deadline.
 *
 * @example
 * ```ts
 * import { type KmsOperations, kmsKeyring } from '@glassine/keys'
 *
 * declare const post: (operation: string, input: object, signal: AbortSignal) => Promise<object>
 * const client: KmsOperations = {
 *   generateDataKey: (input, { signal }) => post('GenerateDataKey', input, signal),
 *   encrypt: (input, { signal }) => post('Encrypt', input, signal),
 *   decrypt: (input, { signal }) => post('Decrypt', input, signal),
 * }
 * const keyring = kmsKeyring({ keyId: 'alias/patients', client })
 * ```
 */
export interface KmsOperations {
  generateDataKey(
    input: KmsInput & { readonly NumberOfBytes: number },
    call: KmsCallOptions,
  ): Promise<KmsAnswer>
  encrypt(input: KmsInput & { readonly Plaintext: Uint8Array }, call: KmsCallOptions): Promise<KmsAnswer>
  decrypt(input: KmsInput & { readonly CiphertextBlob: Uint8Array }, call: KmsCallOptions): Promise<KmsAnswer>
  /** The Region of calls that name none, where it is known. */
  region?(): Promise<string | undefined>
}

/** The names, for the check of what is given in the SDK's place. */
export const kmsKeyringOperations = ['generateDataKey', 'encrypt', 'decrypt'] as const
