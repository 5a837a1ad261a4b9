import { optionError } from '@glassine/core'
import { from } from '../../errors.ts'
import { flagOption, knownOptions, methodsOption } from '../../options.ts'
import { type KeyArn, type KeyReference, keyArnOf, keyReferenceOf, regionPattern } from './arn.ts'
import type { KmsSdkClient } from './aws-sdk.ts'
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
export interface KmsKeyringOptions {
  /** The key that makes data keys: key id, key ARN, `alias/...` or alias ARN. Without it: decryption only. */
  readonly keyId?: string
  /** Further keys under which every data key is wrapped; any one of them opens it. Default: none. */
  readonly keyIds?: readonly string[]
  /** Further keys that may decrypt. Default: none. */
  readonly allow?: KmsAllowOptions
  readonly grantTokens?: readonly string[]
  /** A `KMSClient`, a function from Region to one, or your own operations. Default: clients are made here. */
  readonly client?: KmsSdkClient | ((region: string | undefined) => KmsSdkClient) | KmsOperations
  /** The class of the clients that are made here; default `KMSClient` of `@aws-sdk/client-kms`. */
  readonly AwsClient?: new (
    options: never,
  ) => KmsSdkClient
  /** Options of the clients that are made here; their `maxAttempts` is 1 unless given, since retries are ours. */
  readonly awsClientOptions?: object
  /** Wraps a client that was made here, for example by X-Ray; called within the invocation that needs it first. */
  readonly awsClientCapture?: (client: KmsSdkClient) => KmsSdkClient
  /** `true`: load the AWS SDK at the first call and not already at construction. Default `false`. */
  readonly disablePrefetch?: boolean
  /** The one plain `http:` origin that calls may go to, for a local KMS: `http://127.0.0.1:4566`. */
  readonly insecureEndpoint?: string
}

/** {@link KmsAllowOptions}, parsed. */
export interface Allowed {
  readonly keyArns: readonly KeyArn[]
  readonly accountIds: readonly string[]
  readonly regions: readonly string[] | undefined
  readonly partition: string
}

const known = [
  'keyId',
  'keyIds',
  'allow',
  'grantTokens',
  'client',
  'AwsClient',
  'awsClientOptions',
  'awsClientCapture',
  'disablePrefetch',
  'insecureEndpoint',
]

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
  clientOptions(options)
  return { generates: keyId !== undefined, references, allowed: allowedOf(allow) }
}

const clientOptions = (options: KmsKeyringOptions): void => {
  const { client, AwsClient, awsClientOptions, awsClientCapture, disablePrefetch, insecureEndpoint } = options
  flagOption('disablePrefetch', disablePrefetch)
  if (client !== undefined) {
    for (const name of ['AwsClient', 'awsClientOptions', 'awsClientCapture'] as const)
      if (options[name] !== undefined) throw optionError(from, name, 'cannot stand beside `client`')
    if (typeof client !== 'function' && !isSdkClient(client)) {
      methodsOption('client', client, ['generateDataKey', 'encrypt', 'decrypt'])
      if (insecureEndpoint !== undefined)
        throw optionError(from, 'insecureEndpoint', 'has no effect on operations of your own')
    }
  }
  if (AwsClient !== undefined && typeof AwsClient !== 'function')
    throw optionError(from, 'AwsClient', 'must be a class')
  if (awsClientOptions !== undefined && (typeof awsClientOptions !== 'object' || awsClientOptions === null))
    throw optionError(from, 'awsClientOptions', 'must be an object')
  if (awsClientCapture !== undefined && typeof awsClientCapture !== 'function')
    throw optionError(from, 'awsClientCapture', 'must be a function')
  if (insecureEndpoint !== undefined && !isHttpOrigin(insecureEndpoint))
    throw optionError(from, 'insecureEndpoint', 'must be an origin such as `http://127.0.0.1:4566`')
}

/** Whether it is a client of the AWS SDK; the aggregated `KMS` is one too. */
export const isSdkClient = (client: KmsSdkClient | KmsOperations): client is KmsSdkClient =>
  typeof client === 'object' && client !== null && 'middlewareStack' in client && 'send' in client

const isHttpOrigin = (text: unknown): boolean => {
  if (typeof text !== 'string' || !URL.canParse(text)) return false
  const { protocol, origin } = new URL(text)
  return protocol === 'http:' && (text === origin || text === `${origin}/`)
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
