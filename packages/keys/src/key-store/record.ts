import type { EncryptionContext } from '../encryption-context.ts'
import { branchKeyRefused } from '../errors.ts'
import { versionBytes } from './branch-key.ts'

/*
 * The records of a branch key, as in AWS's key stores: one per version, a copy of the active version, and the beacon
 * key. All other attributes of a record are the encryption context of its ciphertext, so that KMS refuses a record that
 * was changed, moved or copied.
 */

/** A value of a DynamoDB item, with the types that records use. */
export interface RecordValue {
  readonly S?: string
  readonly N?: string
  readonly B?: Uint8Array
}

export type RecordItem = Record<string, RecordValue>

export const partitionKey = 'branch-key-id'
export const sortKey = 'type'
export const ciphertext = 'enc'
const createTime = 'create-time'
const kmsArn = 'kms-arn'
const hierarchyVersion = 'hierarchy-version'
const activeVersion = 'version'
const tableName = 'tablename'
const customPrefix = 'aws-crypto-ec:'
const versionPrefix = 'branch:version:'

/** The sort keys. */
export const activeType = 'branch:ACTIVE'
export const beaconType = 'beacon:ACTIVE'
export const versionType = (version: string): string => `${versionPrefix}${version}`

/** A record that was read. */
export interface KeyRecord {
  /** The KMS encryption context. */
  readonly context: EncryptionContext
  readonly enc: Uint8Array
  readonly kmsArn: string
  /** The UUID; `undefined` for a beacon key. */
  readonly version: string | undefined
}

/** The properties of a new branch key. */
export interface NewKey {
  readonly branchKeyId: string
  readonly version: string
  readonly kmsArn: string
  readonly logicalKeyStoreName: string
  readonly encryptionContext: EncryptionContext
}

/** The encryption context of a version: AWS's `DECRYPT_ONLY`. */
export const versionContext = (key: NewKey): EncryptionContext => ({
  [partitionKey]: key.branchKeyId,
  [sortKey]: versionType(key.version),
  [createTime]: timestamp(),
  [tableName]: key.logicalKeyStoreName,
  [kmsArn]: key.kmsArn,
  [hierarchyVersion]: '1',
  ...Object.fromEntries(
    Object.entries(key.encryptionContext).map(([name, value]) => [`${customPrefix}${name}`, value]),
  ),
})

/** The encryption context of the next version: that of the active one with another version and time. */
export const nextVersionContext = (active: EncryptionContext, version: string): EncryptionContext => {
  const { [activeVersion]: _, ...rest } = active
  return { ...rest, [sortKey]: versionType(version), [createTime]: timestamp() }
}

/** The encryption context of the active copy of a version. */
export const activeContext = (version: EncryptionContext): EncryptionContext => ({
  ...version,
  [activeVersion]: version[sortKey]!,
  [sortKey]: activeType,
})

export const beaconContext = (version: EncryptionContext): EncryptionContext => ({
  ...version,
  [sortKey]: beaconType,
})

/** ISO 8601 in UTC with six decimals, as in AWS's records; JavaScript's clock gives three. */
const timestamp = (): string => new Date().toISOString().replace('Z', '000Z')

/** The item of a record. */
export const itemOf = (context: EncryptionContext, enc: Uint8Array): RecordItem => {
  const item: RecordItem = { [ciphertext]: { B: enc } }
  for (const [name, value] of Object.entries(context))
    if (name !== tableName) item[name] = name === hierarchyVersion ? { N: value } : { S: value }
  return item
}

/**
 * Reads and checks an item. Attributes that are not checked here are not used here either: they become part of the
 * encryption context, which KMS checks.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const recordOf = (
  item: Readonly<Record<string, RecordValue>>,
  branchKeyId: string,
  type: string,
  logicalKeyStoreName: string,
): KeyRecord => {
  const context: Record<string, string> = Object.create(null)
  for (const [name, value] of Object.entries(item)) {
    if (name === ciphertext) continue
    const text = name === hierarchyVersion ? value.N : value.S
    if (typeof text !== 'string' || name === tableName) throw malformed()
    context[name] = text
  }
  context[tableName] = logicalKeyStoreName
  const enc = item[ciphertext]?.B
  if (enc === undefined || enc.length === 0 || !context[createTime] || !context[kmsArn]) throw malformed()
  if (context[partitionKey] !== branchKeyId || context[sortKey] !== type) throw malformed()
  // Version 2 has another encryption context and another plaintext.
  if (context[hierarchyVersion] !== '1')
    throw branchKeyRefused('The record of the branch key is of a hierarchy version other than 1')
  const version =
    type === beaconType ? undefined : versionIn(type === activeType ? context[activeVersion] : type)
  return { context, enc, kmsArn: context[kmsArn], version }
}

const versionIn = (text: string | undefined): string => {
  const version = text?.startsWith(versionPrefix) ? text.slice(versionPrefix.length) : undefined
  if (version === undefined || !versionBytes(version)) throw malformed()
  return version
}

const malformed = () => branchKeyRefused('The record of the branch key is malformed')
