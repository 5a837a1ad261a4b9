import { optionError } from '@glassine/core'
import { type AwsClientOptions, awsClientOptions, checkAwsClientOptions } from '../aws/client-options.ts'
import { from } from '../errors.ts'
import { knownOptions } from '../options.ts'
import { type KeyArn, type KeyReference, keyArnOf, keyReferenceOf, regionPattern } from './arn.ts'
import type { KmsOperations } from './operations.ts'

/** Which keys, beside the configured ones, may decrypt. At least one of `keyArns` and `accountIds`. */
export interface KmsAllowOptions {
  /** Key ARNs; a multi-Region key is matched in every Region and used in the one that is named here. */
  readonly keyArns?: readonly string[]
  /** All keys of these accounts, in `regions` and `partition`. */
  readonly accountIds?: readonly string[]
  /** Default: the Regions of the key ARNs that are configured; where there is none, the client's own. */
  readonly regions?: readonly string[]
  /** Default `aws`. */
  readonly partition?: string
}

/** Options of {@link kmsKeyring}. */
export interface KmsKeyringOptions extends AwsClientOptions<KmsOperations> {
  /** The key that makes data keys: key id, key ARN, `alias/...` or alias ARN. Without it: decryption only. */
  readonly keyId?: string
  /** Further keys under which every data key is wrapped; any one of them opens it. Default: none. */
  readonly keyIds?: readonly string[]
  /** Further keys that may decrypt. Default: none. */
  readonly allow?: KmsAllowOptions
  readonly grantTokens?: readonly string[]
}

/** {@link KmsAllowOptions}, parsed. */
export interface Allowed {
  readonly keyArns: readonly KeyArn[]
  readonly accountIds: readonly string[]
  readonly regions: readonly string[] | undefined
  readonly partition: string
}

const known = ['keyId', 'keyIds', 'allow', 'grantTokens', ...awsClientOptions]

/** Checks all options; returns the references with the generator first, and what else may decrypt. */
export const checkedKmsOptions = (
  options: KmsKeyringOptions,
): { generates: boolean; references: readonly KeyReference[]; allowed: Allowed } => {
  knownOptions(options, known)
  const { keyId, keyIds, allow, grantTokens } = options
  if (keyId === undefined && allow === undefined)
    throw optionError(from, 'keyId', 'or, to decrypt only, `allow` must be given')
  if (keyIds !== undefined && keyId === undefined)
    throw optionError(from, 'keyId', 'must be given where `keyIds` is')
  const references = [
    ...(keyId === undefined ? [] : [reference('keyId', keyId)]),
    ...strings('keyIds', keyIds).map((text) => reference('keyIds', text)),
  ]
  strings('grantTokens', grantTokens)
  checkAwsClientOptions(options, ['generateDataKey', 'encrypt', 'decrypt'])
  return { generates: keyId !== undefined, references, allowed: allowedOf(allow) }
}

const allowedOf = (allow: KmsAllowOptions | undefined): Allowed => {
  if (allow === undefined) return { keyArns: [], accountIds: [], regions: undefined, partition: 'aws' }
  knownOptions(allow, ['keyArns', 'accountIds', 'regions', 'partition'])
  const { partition = 'aws' } = allow
  const keyArns = strings('keyArns', allow.keyArns).map((text) => {
    const key = keyArnOf(text)
    if (!key) throw optionError(from, 'keyArns', 'must be key ARNs')
    return key
  })
  const accountIds = strings('accountIds', allow.accountIds, /^[0-9]{12}$/)
  const regions = allow.regions === undefined ? undefined : strings('regions', allow.regions, regionPattern)
  if (keyArns.length === 0 && accountIds.length === 0)
    throw optionError(from, 'allow', 'must name `keyArns` or `accountIds`')
  if (accountIds.length === 0 && (regions !== undefined || allow.partition !== undefined))
    throw optionError(from, 'allow', 'has `regions` or `partition`, which narrow `accountIds` only')
  if (regions?.length === 0) throw optionError(from, 'regions', 'must not be empty')
  if (!/^aws(-[a-z]+)*$/.test(partition))
    throw optionError(from, 'partition', 'must be such as `aws` or `aws-cn`')
  return { keyArns, accountIds, regions, partition }
}

const reference = (option: string, text: unknown): KeyReference => {
  const parsed = typeof text === 'string' ? keyReferenceOf(text) : undefined
  if (!parsed)
    throw optionError(from, option, 'must be a key id, key ARN, alias name (`alias/...`) or alias ARN')
  return parsed
}

const strings = (option: string, value: unknown, pattern = /./): readonly string[] => {
  if (value === undefined) return []
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string' && pattern.test(item)))
    throw optionError(from, option, 'must be an array of strings of the right form')
  return value
}
