import { anyObject, integer, listOf, type OptionSchema, required, text } from '@glassine/core/internal'
import { type AwsClientOptions, awsClientSchema, checkAwsClientOptions } from '../aws/client-options.ts'
import { checked } from '../errors.ts'
import { type KeyStoreKmsKey, type KmsKeys, kmsKeySchema, kmsKeysOf } from './kms-keys.ts'
import { type KeyStoreKmsOperations, keyStoreKmsOperations } from './kms-operations.ts'

/** The KMS key of a key store, and how it is reached. */
export interface KeyStoreKmsOptions extends KeyStoreKmsKey, AwsClientOptions<KeyStoreKmsOperations> {
  readonly grantTokens?: readonly string[]
}

/** Options of {@link keyStore}. */
export interface KeyStoreOptions {
  /** The DynamoDB table. */
  readonly tableName: string
  /**
   * The name that every branch key is bound to. The table may be renamed or restored under another name; this never
   * changes, and no two key stores share it.
   */
  readonly logicalKeyStoreName: string
  readonly kms: KeyStoreKmsOptions
  /** How the table is reached. A client that is made here uses the Region of `kms`, unless it is given another. */
  readonly dynamoDB?: AwsClientOptions
  /** The longest that one operation takes, in ms; a keyring's deadline comes before it. Default 10,000. */
  readonly timeout?: number
}

const schema: OptionSchema<KeyStoreOptions> = {
  tableName: required(text),
  logicalKeyStoreName: required(text),
  kms: required(anyObject),
  dynamoDB: anyObject,
  timeout: integer(1),
}

const kmsSchema: OptionSchema<KeyStoreKmsOptions> = {
  ...kmsKeySchema,
  ...awsClientSchema(...keyStoreKmsOperations),
  grantTokens: listOf(text),
}

/** Checks all options, those of `kms` and `dynamoDB` by the names that they have there. */
export const checkedKeyStoreOptions = (
  options: KeyStoreOptions,
): { kmsKeys: KmsKeys; dynamoDB: AwsClientOptions; timeout: number } => {
  const { kms, dynamoDB = {}, timeout = 10_000 } = checked(schema, options)
  checkAwsClientOptions(checked(kmsSchema, kms))
  // The SDK's client alone: no operations of one's own.
  checkAwsClientOptions(checked(awsClientSchema('send'), dynamoDB))
  return { kmsKeys: kmsKeysOf(kms), dynamoDB, timeout }
}
