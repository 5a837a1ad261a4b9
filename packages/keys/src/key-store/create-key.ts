import { randomUUID } from 'node:crypto'
import { isPlainObject, type OptionSchema, text } from '@glassine/core/internal'
import { conditionFailed } from '../aws/dynamodb.ts'
import type { EncryptionContext } from '../encryption-context.ts'
import { badOption, checked, notEncrypted, unavailable } from '../errors.ts'
import type { KeyArn } from '../kms/arn.ts'
import { branchKeyIdRule } from './branch-key.ts'
import type { BranchKeyKms } from './branch-key-kms.ts'
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
   * Custom encryption context, the same for all versions. The record and CloudTrail show it, with `aws-crypto-ec:`
   * before each name. Must not be empty if `branchKeyId` is given (AWS's rule).
   */
  readonly encryptionContext?: EncryptionContext
}

/** What creation and rotation need. */
export interface Makers {
  readonly table: Table
  readonly kms: BranchKeyKms
  readonly deadline: () => number
}

/** Not from Node's pool of UUIDs, which two environments restored from one snapshot would share. */
const newUuid = (): string => randomUUID({ disableEntropyCache: true })

const schema: OptionSchema<CreateKeyInput> = {
  branchKeyId: branchKeyIdRule,
  encryptionContext: [
    'must be an object of strings, none of them empty',
    (value) => isPlainObject(value) && Object.entries(value).flat().every(text[1]),
  ],
}

/** Checks the input, and generates an id if it has none. */
export const checkedCreateKey = (input: CreateKeyInput): Required<CreateKeyInput> => {
  const { branchKeyId = newUuid(), encryptionContext = {} } = checked(schema, input)
  if (input.branchKeyId !== undefined && Object.keys(encryptionContext).length === 0)
    throw badOption('encryptionContext', 'must not be empty if `branchKeyId` is given')
  return { branchKeyId, encryptionContext }
}

/** Creates a branch key and its beacon key: three records, written in one transaction. */
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
  const puts = [decryptOnly, active, beacon].map((item) => ({ item, condition: 'new' }) satisfies Put)
  const result = await table.write(puts, deadline)
  if ('response' in result) return version
  throw notEncrypted(
    result.refusals.includes(conditionFailed)
      ? 'The key store already has a branch key with this id'
      : `DynamoDB refused to write the branch key: ${result.refusals.join(', ')}`,
  )
}

/** Creates the next version of a branch key and makes it active: two records, written in one transaction. */
export const versionKey = async (
  { table, kms, deadline }: Makers,
  key: KeyArn,
  active: KeyRecord,
): Promise<string> => {
  // Someone with write access to the table must not get a forged context copied into new records.
  await kms.reEncrypt(key, active.enc, [active.context, active.context], deadline)
  const version = newUuid()
  const context = nextVersionContext(active.context, version)
  const [decryptOnly, next] = await newVersion(kms, key, context, deadline)
  const puts: Put[] = [
    { item: decryptOnly, condition: 'new' },
    // Without the condition, the second of two concurrent rotations would overwrite the first.
    { item: next, condition: active.enc },
  ]
  const result = await table.write(puts, deadline)
  if ('response' in result) return version
  throw result.refusals.includes(conditionFailed)
    ? unavailable('Another rotation changed the branch key first')
    : notEncrypted(`DynamoDB refused to write the branch key: ${result.refusals.join(', ')}`)
}

/** The records of a new version and its active copy: the same key under two encryption contexts. */
const newVersion = async (
  kms: BranchKeyKms,
  key: KeyArn,
  context: EncryptionContext,
  deadline: () => number,
) => {
  const enc = await kms.create(key, context, deadline)
  const copy = activeContext(context)
  const activeEnc = await kms.reEncrypt(key, enc, [context, copy], deadline)
  return [itemOf(context, enc), itemOf(copy, activeEnc)] as const
}
