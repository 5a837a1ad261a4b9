import { randomUUID } from 'node:crypto'
import { isPlainObject, type OptionSchema, text } from '@glassine/core/internal'
import { conditionFailed } from '../aws/dynamodb.ts'
import { branchKeyIdRule } from '../branch-key-id.ts'
import type { EncryptionContext } from '../encryption-context.ts'
import { badOption, checked, notEncrypted, unavailable } from '../errors.ts'
import type { KeyArn } from '../kms/arn.ts'
import type { Protection } from './protection.ts'
import {
  activeContext,
  beaconContext,
  itemOf,
  type KeyRecord,
  nextVersionContext,
  versionContext,
} from './record.ts'
import type { Put, Table } from './table.ts'

/** Input of `createKey`. */
export interface CreateKeyInput {
  /** Default: a random UUID. Visible in every message and item, so it must not be personal data. */
  readonly branchKeyId?: string
  /**
   * Custom encryption context, in the record and in CloudTrail under `aws-crypto-ec:` and its name, and the same for
   * all versions. Must not be empty where `branchKeyId` is given (AWS's rule).
   */
  readonly encryptionContext?: EncryptionContext
}

/** What creation and rotation work with. */
export interface Makers {
  readonly table: Table
  readonly kms: Protection
  readonly deadline: () => number
}

/** From the system and not from Node's pool of UUIDs, which a snapshot would restore in two environments. */
const newUuid = (): string => randomUUID({ disableEntropyCache: true })

const schema: OptionSchema<CreateKeyInput> = {
  branchKeyId: branchKeyIdRule,
  encryptionContext: [
    'must be an object of strings, none of them empty',
    (value) => isPlainObject(value) && Object.entries(value).flat().every(text[1]),
  ],
}

/** Checks the input, and fills in an id. */
export const checkedCreateKey = (input: CreateKeyInput): Required<CreateKeyInput> => {
  const { branchKeyId = newUuid(), encryptionContext = {} } = checked(schema, input)
  if (input.branchKeyId !== undefined && Object.keys(encryptionContext).length === 0)
    throw badOption('encryptionContext', 'must not be empty where `branchKeyId` is given')
  return { branchKeyId, encryptionContext }
}

/** Makes a branch key and its beacon key: three records, written together. */
export const createKey = async (
  { table, kms, deadline }: Makers,
  key: KeyArn,
  logicalKeyStoreName: string,
  input: Required<CreateKeyInput>,
): Promise<string> => {
  const version = newUuid()
  const context = versionContext({ ...input, version, kmsArn: key.arn, logicalKeyStoreName })
  const [decryptOnly, active] = await newVersion(kms, key, context, deadline)
  const ofBeacon = beaconContext(context)
  const beacon = itemOf(ofBeacon, await kms.create(key, ofBeacon, deadline))
  const puts = [decryptOnly, active, beacon].map((item) => ({ item, onto: 'new' }) satisfies Put)
  const result = await table.write(puts, deadline)
  if ('answer' in result) return version
  throw notEncrypted(
    result.refusals.includes(conditionFailed)
      ? 'The key store holds a branch key of this id already'
      : `DynamoDB refused to write the branch key: ${result.refusals.join(', ')}`,
  )
}

/** Makes the next version of a branch key and makes it the active one: two records, written together. */
export const versionKey = async (
  { table, kms, deadline }: Makers,
  key: KeyArn,
  active: KeyRecord,
): Promise<string> => {
  // Whoever may write the table must not have us carry a forged record's context on into new records.
  await kms.reEncrypt(key, active.enc, [active.context, active.context], deadline)
  const version = newUuid()
  const context = nextVersionContext(active.context, version)
  const [decryptOnly, next] = await newVersion(kms, key, context, deadline)
  const puts: Put[] = [
    { item: decryptOnly, onto: 'new' },
    // Of two rotations at once the second would otherwise be lost, or put back what the first one replaced.
    { item: next, onto: active.enc },
  ]
  const result = await table.write(puts, deadline)
  if ('answer' in result) return version
  throw result.refusals.includes(conditionFailed)
    ? unavailable('The branch key was changed while it was rotated')
    : notEncrypted(`DynamoDB refused to write the branch key: ${result.refusals.join(', ')}`)
}

/** The records of a new version and of its active copy: the same key under two encryption contexts. */
const newVersion = async (
  kms: Protection,
  key: KeyArn,
  context: EncryptionContext,
  deadline: () => number,
) => {
  const enc = await kms.create(key, context, deadline)
  const copy = activeContext(context)
  const activeEnc = await kms.reEncrypt(key, enc, [context, copy], deadline)
  return [itemOf(context, enc), itemOf(copy, activeEnc)] as const
}
