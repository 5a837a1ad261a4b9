import { optionError } from '@glassine/core'
import { type AwsClientOptions, awsClientOptions, checkAwsClientOptions } from '../aws/client-options.ts'
import { from } from '../errors.ts'
import { integerOption, knownOptions, textOption } from '../options.ts'
import { type KeyStoreKmsKey, type KmsKeys, kmsKeyOptions, kmsKeysOf } from './kms-keys.ts'
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

/** Checks all options, those of `kms` and `dynamoDB` by the names that they have there. */
export const checkedKeyStoreOptions = (
  options: KeyStoreOptions,
): { kmsKeys: KmsKeys; dynamoDB: AwsClientOptions; timeout: number } => {
  knownOptions(options, ['tableName', 'logicalKeyStoreName', 'kms', 'dynamoDB', 'timeout'])
  const { tableName, logicalKeyStoreName, kms, dynamoDB = {}, timeout = 10_000 } = options
  textOption('tableName', tableName)
  textOption('logicalKeyStoreName', logicalKeyStoreName)
  integerOption('timeout', timeout, 1, Number.MAX_SAFE_INTEGER)
  if (typeof kms !== 'object' || kms === null) throw optionError(from, 'kms', 'must be an object')
  knownOptions(kms, [...kmsKeyOptions, ...awsClientOptions, 'grantTokens'])
  const { grantTokens } = kms
  if (grantTokens !== undefined && !isTexts(grantTokens))
    throw optionError(from, 'grantTokens', 'must be an array of strings')
  checkAwsClientOptions(kms, keyStoreKmsOperations)
  if (typeof dynamoDB !== 'object' || dynamoDB === null)
    throw optionError(from, 'dynamoDB', 'must be an object')
  knownOptions(dynamoDB, awsClientOptions)
  // The SDK's client alone: no operations of one's own.
  checkAwsClientOptions(dynamoDB, ['send'])
  return { kmsKeys: kmsKeysOf(kms), dynamoDB, timeout }
}

const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((one) => typeof one === 'string' && one !== '')
