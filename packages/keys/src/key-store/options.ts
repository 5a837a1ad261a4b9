import { anyObject, integer, listOf, type OptionSchema, oneOf, required, text } from '@glassine/core/internal'
import { type AwsClientOptions, awsClientSchema, checkAwsClientOptions } from '../aws/client-options.ts'
import { badOption, checked } from '../errors.ts'
import { inRegion, isMultiRegion, type KeyArn, keyArnOf, keyArnRule, regionRule } from '../kms/arn.ts'
import { type KeyStoreKmsOperations, keyStoreKmsOperations } from './branch-key-kms.ts'

/**
 * Which KMS keys protect the branch keys (AWS's "KMS configuration" of a key store). Exactly one of these.
 *
 * The two discovery modes use any key that a record of the table names, and can neither create nor rotate.
 */
export interface KeyStoreKmsKey {
  /** Only this key: AWS's `KMS Key ARN`. Default: none. */
  readonly keyArn?: string
  /** This multi-Region key; records may name its replica in any Region: AWS's `KMS MRKey ARN`. Default: none. */
  readonly mrKeyArn?: string
  /** The key that the record names, in its Region: AWS's `Discovery`. Default: none. */
  readonly discovery?: true
  /**
   * The key that the record names; of a multi-Region key, the replica in this Region: AWS's `MRDiscovery`.
   * Default: none.
   */
  readonly mrDiscovery?: { readonly region: string }
}

/** {@link KeyStoreKmsKey}, parsed. */
export interface KmsKeys {
  /** The mode and its ARN or Region, for the key store's id. */
  readonly name: string
  /** The key of new branch keys; `undefined` in the discovery modes. */
  readonly creator: KeyArn | undefined
  /** The Region in the options. */
  readonly region: string | undefined
  /** The key to call for a record that names this one; `undefined` when the two are not compatible. */
  callFor(recorded: string): KeyArn | undefined
}

const kmsKeySchema: OptionSchema<KeyStoreKmsKey> = {
  keyArn: keyArnRule,
  mrKeyArn: keyArnRule,
  discovery: oneOf(true),
  mrDiscovery: ['must have a `region`', (value) => regionRule[1](value?.region)],
}

const modes = Object.keys(kmsKeySchema) as (keyof KeyStoreKmsKey)[]

/**
 * Parses options that have passed the schema.
 *
 * @throws GlassineError `ERR_OPTION_INVALID` unless there is exactly one
 */
export const kmsKeysOf = (options: KeyStoreKmsKey): KmsKeys => {
  const given = modes.filter((mode) => options[mode] !== undefined)
  const [mode] = given
  if (mode === undefined || given.length > 1)
    throw badOption('kms', `must have exactly one of ${modes.join(', ')}`)
  switch (mode) {
    case 'keyArn': {
      const key = keyArnOf(options.keyArn!)!
      return keysOf(mode, key, (recorded) => recorded.arn === key.arn)
    }
    case 'mrKeyArn': {
      const key = keyArnOf(options.mrKeyArn!)!
      return keysOf(mode, key, (recorded) => matches(recorded, key))
    }
    case 'discovery':
      return { name: mode, creator: undefined, region: undefined, callFor: keyArnOf }
    case 'mrDiscovery': {
      const { region } = options.mrDiscovery!
      const callFor = (recorded: string) => {
        const key = keyArnOf(recorded)
        return key && isMultiRegion(key) ? inRegion(key, region) : key
      }
      return { name: `${mode} ${region}`, creator: undefined, region, callFor }
    }
  }
}

const keysOf = (mode: string, key: KeyArn, compatible: (recorded: KeyArn) => boolean): KmsKeys => ({
  name: `${mode} ${key.arn}`,
  creator: key,
  region: key.region,
  // The record decides only whether a call is made, never which key is called.
  callFor(text) {
    const recorded = keyArnOf(text)
    return recorded && compatible(recorded) ? key : undefined
  },
})

/** Equal, or replicas of one multi-Region key (AWS's "MRK match for decrypt"). */
const matches = (one: KeyArn, other: KeyArn): boolean =>
  one.arn === other.arn ||
  (isMultiRegion(one) &&
    one.id === other.id &&
    one.account === other.account &&
    one.partition === other.partition)

/** The KMS key of a key store, and how it is reached. */
export interface KeyStoreKmsOptions extends KeyStoreKmsKey, AwsClientOptions<KeyStoreKmsOperations> {
  /** Tokens of KMS grants that are not in force everywhere yet. Default: none. */
  readonly grantTokens?: readonly string[]
}

/** Options of {@link keyStore}. */
export interface KeyStoreOptions {
  /** The DynamoDB table. */
  readonly tableName: string
  /**
   * The name that every branch key is bound to. It never changes, even if the table is restored under another name, and
   * no two key stores share it.
   */
  readonly logicalKeyStoreName: string
  /** The KMS key that protects the branch keys, and how it is reached. */
  readonly kms: KeyStoreKmsOptions
  /** How the table is reached. Default: by clients that are created here, in the Region of `kms`. */
  readonly dynamoDB?: AwsClientOptions
  /** The longest that one operation takes, in ms; the deadline of a keyring takes precedence. Default 10,000. */
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

/** Checks all options, including those inside `kms` and `dynamoDB`. */
export const checkedKeyStoreOptions = (
  options: KeyStoreOptions,
): { kmsKeys: KmsKeys; dynamoDB: AwsClientOptions; timeout: number } => {
  const { kms, dynamoDB = {}, timeout = 10_000 } = checked(schema, options)
  checkAwsClientOptions(checked(kmsSchema, kms))
  // Only SDK clients: there are no custom operations for DynamoDB.
  checkAwsClientOptions(checked(awsClientSchema('send'), dynamoDB))
  return { kmsKeys: kmsKeysOf(kms), dynamoDB, timeout }
}
