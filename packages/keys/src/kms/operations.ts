import { type AwsClientOptions, isSdkClient } from '../aws/client-options.ts'
import { type AwsCommand, type AwsService, awsSender, rethrow } from '../aws/sender.ts'

/** What every KMS call gets in addition to its input. */
export interface KmsCallOptions {
  /** Aborted when the response is no longer needed. */
  readonly signal: AbortSignal
  /** The Region of the key's ARN; `undefined` if the key is named by id or alias only. */
  readonly region: string | undefined
}

/** The input that all operations have in common. */
export interface KmsInput {
  /** Key id, key ARN, `alias/...` or alias ARN. */
  readonly KeyId: string
  readonly EncryptionContext: Readonly<Record<string, string>>
  readonly GrantTokens?: readonly string[]
}

/** An unchecked response of KMS: every member is checked before it is used. */
export interface KmsResponse {
  /** The ARN of the key that was used. */
  readonly KeyId?: string
  readonly Plaintext?: Uint8Array
  readonly CiphertextBlob?: Uint8Array
}

/**
 * The KMS operations that are used, with AWS's names. By default they are those of the AWS SDK's client; any other way
 * to reach KMS is a few lines.
 *
 * Errors are distinguished by `name`, as AWS spells it (`AccessDeniedException`). Every other error counts as temporary
 * and is retried until the deadline.
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
  ): Promise<KmsResponse>
  encrypt(input: KmsInput & { readonly Plaintext: Uint8Array }, call: KmsCallOptions): Promise<KmsResponse>
  decrypt(
    input: KmsInput & { readonly CiphertextBlob: Uint8Array },
    call: KmsCallOptions,
  ): Promise<KmsResponse>
  /** The Region of calls without a Region, if it is known. */
  region?(): Promise<string | undefined>
}

/** The names, for the check of operations that replace the SDK. */
export const kmsKeyringOperations = ['generateDataKey', 'encrypt', 'decrypt'] as const

type Sdk = typeof import('@aws-sdk/client-kms')

/** KMS in the AWS SDK. */
const kmsService: AwsService<Sdk> = {
  name: 'KMS',
  package: '@aws-sdk/client-kms',
  // With `catch`, bundlers accept that the package is absent.
  load: () => import('@aws-sdk/client-kms').catch(rethrow),
  clientOf: ({ KMSClient }) => KMSClient,
}

/** For example `generateDataKey`, for the SDK's `GenerateDataKeyCommand`. */
type KmsOperationName = OperationOf<keyof Sdk>
type OperationOf<Name> = Name extends `${infer Operation}Command` ? Uncapitalize<Operation> : never

/**
 * The KMS operations of a `client` option that has them, or the same on a client of the AWS SDK.
 *
 * @param names - the operations that are used
 */
export const kmsOperations = <O extends object>(
  options: AwsClientOptions<O>,
  names: readonly (KmsOperationName & keyof O)[],
): O => {
  const { client } = options
  if (client !== undefined && typeof client !== 'function' && !isSdkClient(client)) return client
  const { send, region } = awsSender(options, kmsService)
  const operations = names.map((name) => {
    const command = `${name[0]!.toUpperCase()}${name.slice(1)}Command`
    const operation = (input: object, call: KmsCallOptions) =>
      send((sdk) => new (sdk as unknown as Commands)[command]!(input), call)
    return [name, operation]
  })
  return { ...Object.fromEntries(operations), region }
}

type Commands = Readonly<Record<string, new (input: object) => AwsCommand>>
