import { anyObject, listOf, matching, type OptionSchema, type Rule, text } from '@glassine/core/internal'
import { type AwsClientOptions, awsClientSchema, checkAwsClientOptions } from '../aws/client-options.ts'
import { badOption, checked } from '../errors.ts'
import { type KeyArn, type KeyReference, keyArnOf, keyArnRule, keyReferenceOf, regionRule } from './arn.ts'
import { type KmsOperations, kmsKeyringOperations } from './operations.ts'

/** Which keys may decrypt, in addition to the configured ones. At least one of `keyArns` and `accountIds`. */
export interface KmsAllowOptions {
  /** Key ARNs; a multi-Region key matches in every Region and is used in the one given here. Default: none. */
  readonly keyArns?: readonly string[]
  /** All keys of these accounts, in `regions` and `partition`. Default: none. */
  readonly accountIds?: readonly string[]
  /** Default: the Regions of the configured key ARNs; if there are none, the client's own. */
  readonly regions?: readonly string[]
  /** The partition of `accountIds`. Default `aws`. */
  readonly partition?: string
}

/** Options of {@link kmsKeyring}. */
export interface KmsKeyringOptions extends AwsClientOptions<KmsOperations> {
  /**
   * The key that generates data keys: key id, key ARN, `alias/...` or alias ARN. Without it: decryption only.
   * Default: none.
   */
  readonly keyId?: string
  /** Further keys that wrap every data key; any one of them can unwrap it. Default: none. */
  readonly keyIds?: readonly string[]
  /** Further keys that may decrypt. Default: none. */
  readonly allow?: KmsAllowOptions
  /** Tokens of KMS grants that are not in force everywhere yet. Default: none. */
  readonly grantTokens?: readonly string[]
}

/** {@link KmsAllowOptions}, parsed. */
export interface Allowed {
  readonly keyArns: readonly KeyArn[]
  readonly accountIds: readonly string[]
  readonly regions: readonly string[] | undefined
  readonly partition: string
}

/** The ways to name a KMS key. */
export const keyRule: Rule = [
  'must be a key id, key ARN, alias name (`alias/...`) or alias ARN',
  (value) => typeof value === 'string' && keyReferenceOf(value) !== undefined,
]

const schema: OptionSchema<KmsKeyringOptions> = {
  keyId: keyRule,
  keyIds: listOf(keyRule),
  allow: anyObject,
  grantTokens: listOf(text),
  ...awsClientSchema(...kmsKeyringOperations),
}

const allowSchema: OptionSchema<KmsAllowOptions> = {
  keyArns: listOf(keyArnRule),
  accountIds: listOf(matching(/^[0-9]{12}$/, 'an account id of 12 digits')),
  regions: listOf(regionRule),
  partition: matching(/^aws(-[a-z]+)*$/, '`aws`, `aws-cn` or the like'),
}

/** Checks all options; returns the references, the generator first, and which other keys may decrypt. */
export const checkedKmsOptions = (
  options: KmsKeyringOptions,
): { generates: boolean; references: readonly KeyReference[]; allowed: Allowed } => {
  const { keyId, keyIds = [], allow } = checked(schema, options)
  checkAwsClientOptions(options)
  const generates = keyId !== undefined
  if (!generates && !allow) throw badOption('keyId', 'or `allow` (to decrypt only) must be given')
  if (!generates && options.keyIds) throw badOption('keyId', 'must be given where `keyIds` is')
  const names = generates ? [keyId, ...keyIds] : []
  return { generates, references: names.map((name) => keyReferenceOf(name)!), allowed: allowedOf(allow) }
}

const allowedOf = (allow: KmsAllowOptions | undefined): Allowed => {
  const { keyArns = [], accountIds = [], regions, partition } = checked(allowSchema, allow ?? {})
  if (allow && keyArns.length + accountIds.length === 0)
    throw badOption('allow', 'must name `keyArns` or `accountIds`')
  if (accountIds.length === 0 && (regions ?? partition) !== undefined)
    throw badOption('allow', 'has `regions` or `partition`, which apply to `accountIds` only')
  if (regions?.length === 0) throw badOption('regions', 'must not be empty')
  return { keyArns: keyArns.map((arn) => keyArnOf(arn)!), accountIds, regions, partition: partition ?? 'aws' }
}
