/** What policies see of a call: who calls what, on which key, and the values of condition keys. */
import type { KmsKey, KmsState } from '../state.ts'

/** A request as policies see it. */
export interface PolicyRequest {
  /** `kms:Decrypt`. */
  readonly action: string
  /** ARN of the key or the alias; `*` for operations on neither. */
  readonly resource: string
  /** ARN of the caller. */
  readonly principal: string
  readonly accountId: string
  /** The values of condition keys, by their names in lower case. What the request lacks is absent. */
  readonly values: ReadonlyMap<string, readonly string[]>
}

/** What of a call policies ask for. */
interface Asked {
  readonly principal: string
  readonly region: string
  readonly state: KmsState
  readonly isSecure: boolean
  readonly caller: { readonly arn: string; readonly tags: Readonly<Record<string, string>> }
}

/** Values of condition keys that an operation gives, such as `kms:SigningAlgorithm`. */
export type ConditionValues = Readonly<Record<string, string | readonly string[] | undefined>>

/** What the local KMS gives, at least for the operations that have it. */
const given = [
  'aws:CurrentTime',
  'aws:EpochTime',
  'aws:PrincipalAccount',
  'aws:PrincipalArn',
  'aws:RequestedRegion',
  'aws:ResourceAccount',
  'aws:SecureTransport',
  'aws:ViaAWSService',
  'kms:BypassPolicyLockoutSafetyCheck',
  'kms:CallerAccount',
  'kms:EncryptionAlgorithm',
  'kms:EncryptionContextKeys',
  'kms:GrantConstraintType',
  'kms:GranteePrincipal',
  'kms:GrantIsForAWSResource',
  'kms:GrantOperations',
  'kms:KeyOrigin',
  'kms:KeySpec',
  'kms:KeyUsage',
  'kms:MessageType',
  'kms:MultiRegion',
  'kms:ReEncryptOnSameKey',
  'kms:ReplicaRegion',
  'kms:RequestAlias',
  'kms:ResourceAliases',
  'kms:RetiringPrincipal',
  'kms:ScheduleKeyDeletionPendingWindowInDays',
  'kms:SigningAlgorithm',
]

/** What a call that a program makes itself, over the Internet, lacks: it is absent here. */
const absent = [
  'aws:CalledVia',
  'aws:CalledViaFirst',
  'aws:CalledViaLast',
  'aws:PrincipalOrgID',
  'aws:PrincipalOrgPaths',
  'aws:SourceAccount',
  'aws:SourceArn',
  'aws:SourceOrgID',
  'aws:SourceVpc',
  'aws:SourceVpce',
  'kms:ViaService',
]

const known = new Set([...given, ...absent].map((name) => name.toLowerCase()))

const families = /^(?:aws:principaltag\/|aws:resourcetag\/|kms:encryptioncontext:|kms:recipientattestation:)./

/** Whether the local KMS gives a condition key, or knows that requests lack it. */
export const isConditionKey = (name: string): boolean =>
  known.has(name.toLowerCase()) || families.test(name.toLowerCase())

/** What has one value, unless names differ in case only: tags, and pairs of an encryption context. */
export const isSingleValued = (name: string): boolean => families.test(name)

const prefixed = (prefix: string, members: Iterable<readonly [string, string]>): [string, string][] =>
  Array.from(members, ([name, value]) => [`${prefix}${name}`, value])

/** What every call has. */
const ofCall = ({ principal, region, state, isSecure, caller }: Asked): ConditionValues => {
  const now = state.now()
  return {
    'aws:CurrentTime': new Date(now).toISOString(),
    'aws:EpochTime': String(Math.floor(now / 1000)),
    // Of a session: that of its role.
    'aws:PrincipalArn': caller.arn,
    'aws:PrincipalAccount': accountOf(principal),
    'aws:RequestedRegion': region,
    'aws:ResourceAccount': state.accountId,
    'aws:SecureTransport': String(isSecure),
    'aws:ViaAWSService': 'false',
    'kms:CallerAccount': accountOf(principal),
    ...Object.fromEntries(prefixed('aws:PrincipalTag/', Object.entries(caller.tags))),
  }
}

/** The account in an ARN. */
export const accountOf = (arn: string): string => arn.split(':')[4] ?? ''

const ofKey = (call: Asked, key: KmsKey): ConditionValues => {
  const aliases = call.state.aliasesOf(key).map(({ name }) => name)
  return {
    'kms:KeyOrigin': key.core.origin,
    'kms:KeySpec': key.core.spec,
    'kms:KeyUsage': key.core.usage,
    'kms:MultiRegion': String(key.core.primaryRegion !== undefined),
    'kms:ResourceAliases': aliases.length > 0 ? aliases : undefined,
    ...Object.fromEntries(prefixed('aws:ResourceTag/', key.tags)),
  }
}

/** The values of an encryption context; for CreateGrant, of the one that the grant asks for. */
export const contextValues = (context: Readonly<Record<string, string>> = {}): ConditionValues => {
  const names = Object.keys(context)
  return {
    'kms:EncryptionContextKeys': names.length > 0 ? names : undefined,
    ...Object.fromEntries(prefixed('kms:EncryptionContext:', Object.entries(context))),
  }
}

/** The request of a call on a key. */
export const requestFor = (
  call: Asked,
  action: string,
  key: KmsKey,
  context: Readonly<Record<string, string>> | undefined,
  more: ConditionValues = {},
): PolicyRequest =>
  requestOf(call, action, key.arn, { ...ofKey(call, key), ...contextValues(context), ...more })

/** The request of a call on no key. */
export const requestOf = (
  call: Asked,
  action: string,
  resource: string,
  values: ConditionValues = {},
): PolicyRequest => ({
  action: `kms:${action}`,
  resource,
  principal: call.principal,
  accountId: call.state.accountId,
  values: byName({ ...ofCall(call), ...values }),
})

/** Names of condition keys have no case, so that several pairs of a context may be one key. */
const byName = (values: ConditionValues): ReadonlyMap<string, readonly string[]> => {
  const result = new Map<string, readonly string[]>()
  for (const [name, value = []] of Object.entries(values)) {
    const key = name.toLowerCase()
    const all = [...(result.get(key) ?? []), ...(typeof value === 'string' ? [value] : value)]
    if (all.length > 0) result.set(key, all)
  }
  return result
}
