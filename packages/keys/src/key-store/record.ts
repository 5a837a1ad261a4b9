import { versionBytes } from '../branch-key.ts'
import type { EncryptionContext } from '../encryption-context.ts'
import { branchKeyRefused } from '../errors.ts'

/*
 * The records of a branch key, as AWS's key stores hold them: one for each version, a copy of the version that is
 * active, and the beacon key. All that a record says of its key is the encryption context of the key's ciphertext,
 * so that KMS refuses a record which was changed, moved or copied.
 */

/** A value of a DynamoDB item, as far as records use them. */
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
  /** The UUID; of a beacon key `undefined`. */
  readonly version: string | undefined
}

/** What a new branch key is made of. */
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

/** The encryption context of the next version, which is that of the active one but for version and time. */
export const nextVersionContext = (active: EncryptionContext, version: string): EncryptionContext => {
  const { [activeVersion]: _, ...rest } = active
  return { ...rest, [sortKey]: versionType(version), [createTime]: timestamp() }
}

/** The encryption context of the copy of a version that is active. */
export const activeContext = (version: EncryptionContext): EncryptionContext => ({
  ...version,
  [activeVersion]: version[sortKey]!,
  [sortKey]: activeType,
})

export const beaconContext = (version: EncryptionContext): EncryptionContext => ({
  ...version,
  [sortKey]: beaconType,
})

/** ISO 8601 in UTC to the microsecond, which JavaScript's clock does not tell. */
const timestamp = (): string => new Date().toISOString().replace('Z', '000Z')

/** The item of a record. */
export const itemOf = (context: EncryptionContext, enc: Uint8Array): RecordItem => {
  const item: RecordItem = { [ciphertext]: { B: enc } }
  for (const [name, value] of Object.entries(context))
    if (name !== tableName) item[name] = name === hierarchyVersion ? { N: value } : { S: value }
  return item
}

/**
 * Reads and checks an item. What is not checked here is not used here either: it joins the encryption context, and
 * is KMS's to check.
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

const malformed = () => branchKeyRefused('The record of the branch key is not as key stores write it')
