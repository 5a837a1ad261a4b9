import { type BranchKeyRequest, type BranchKeySource, versionBytes } from '../branch-key.ts'
import { branchKeyIdOption } from '../branch-key-id.ts'
import { badOption, branchKeyRefused } from '../errors.ts'
import type { KeyArn } from '../kms/arn.ts'
import { kmsOperations } from '../kms/aws-sdk.ts'
import { type CreateKeyInput, checkedCreateKey, createKey, versionKey } from './create-key.ts'
import { HeldKey } from './held-key.ts'
import { keyStoreKmsOperations } from './kms-operations.ts'
import { checkedKeyStoreOptions, type KeyStoreOptions } from './options.ts'
import { protection } from './protection.ts'
import { activeType, beaconType, recordOf, versionType } from './record.ts'
import { tableOf } from './table.ts'
import { createTable, deleteRecords } from './table-lifecycle.ts'

/** Names a branch key. */
export interface BranchKeyInput {
  readonly branchKeyId: string
}

/**
 * A store of branch keys: a DynamoDB table that holds them encrypted by KMS. What writes throws `ERR_ENCRYPT_FAILED`
 * when KMS or DynamoDB refuses for good, and everything throws `ERR_KEY_UNAVAILABLE` when it may work later.
 */
export interface KeyStore extends BranchKeySource {
  /**
   * Creates a branch key with its first version, and its beacon key.
   *
   * @throws GlassineError `ERR_OPTION_INVALID` (input, or a discovery mode), `ERR_ENCRYPT_FAILED` (exists already),
   * `ERR_KEY_UNAVAILABLE`
   */
  createKey(input?: CreateKeyInput): Promise<{ readonly branchKeyId: string; readonly version: string }>
  /**
   * Rotates: makes a new version and the active one of it. Older versions still decrypt; the beacon key stays.
   *
   * @throws GlassineError `ERR_OPTION_INVALID` (input, or a discovery mode), `ERR_DECRYPT_FAILED` (no such branch
   * key), `ERR_ENCRYPT_FAILED` (KMS refuses, or finds the active record tampered with), `ERR_KEY_UNAVAILABLE` (also
   * when another rotation came first)
   */
  versionKey(input: BranchKeyInput): Promise<{ readonly version: string }>
  /**
   * Deletes all records of a branch key: everything encrypted under it is lost for good (crypto-shredding), once
   * caches have expired and the table's backups are gone. Answers how many records there were.
   */
  deleteKey(input: BranchKeyInput): Promise<{ readonly deletedRecords: number }>
  /**
   * Creates the table, on demand and with nothing else set, or accepts one of the right form. May take two minutes.
   *
   * @throws GlassineError `ERR_ENCRYPT_FAILED` when there is another table of that name, `ERR_KEY_UNAVAILABLE`
   */
  createKeyStore(): Promise<{ readonly tableArn: string }>
}

/** Ids live in one process only: one name means another table for another client. */
let made = 0

/** How long `createKeyStore` waits, in ms. */
const tableTimeout = 120_000

/**
 * AWS's branch key store (Material Providers specification, "Branch Key Store", hierarchy version 1), record for
 * record: shared with Java, .NET, Python, Rust and AWS's own JavaScript. Nothing is fetched before it is used.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`; later `ERR_TLS_REQUIRED` when an endpoint is not https
 * @example
 * ```ts
 * import { keyStore } from '@glassine/keys/key-store'
 *
 * const store = keyStore({
 *   tableName: 'BranchKeys',
 *   logicalKeyStoreName: 'BranchKeys',
 *   kms: { keyArn: 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab' },
 * })
 * await store.createKey({ branchKeyId: 'tenant-t-1', encryptionContext: { tenant: 't-1' } })
 * await store.versionKey({ branchKeyId: 'tenant-t-1' })
 * ```
 */
export const keyStore = (options: KeyStoreOptions): KeyStore => {
  const { kmsKeys, dynamoDB, timeout } = checkedKeyStoreOptions(options)
  const { tableName, logicalKeyStoreName } = options
  const kms = protection(kmsOperations(options.kms, keyStoreKmsOperations), options.kms.grantTokens)
  const table = tableOf(tableName, dynamoDB, kmsKeys.region)

  const within = (ms: number) => {
    const end = Date.now() + ms
    return () => end
  }

  const read = async (branchKeyId: string, type: string, deadline: () => number) => {
    const item = await table.read(branchKeyId, type, deadline)
    const record = recordOf(item, branchKeyId, type, logicalKeyStoreName)
    const key = kmsKeys.callFor(record.kmsArn)
    if (!key)
      throw branchKeyRefused('The record of the branch key names a KMS key that is not compatible with `kms`')
    return { record, key }
  }

  const open = async ({ branchKeyId, deadline = within(timeout) }: BranchKeyRequest, type: string) => {
    branchKeyIdOption(branchKeyId)
    const { record, key } = await read(branchKeyId, type, deadline)
    const bytes = await kms.open(key, record.context, record.enc, deadline)
    return new HeldKey(branchKeyId, record.version, bytes)
  }

  const creator = (): KeyArn => {
    if (kmsKeys.creator) return kmsKeys.creator
    throw badOption('kms', 'must have `keyArn` or `mrKeyArn` to create and rotate branch keys')
  }

  return {
    id: `key-store ${JSON.stringify([tableName, logicalKeyStoreName, kmsKeys.name])} ${++made}`,
    getActiveBranchKey: (request) => open(request, activeType),
    async getBranchKeyVersion(request) {
      if (!versionBytes(request.version)) throw badOption('version', 'must be a UUID in lower case')
      return open(request, versionType(request.version))
    },
    getBeaconKey: (request) => open(request, beaconType),
    async createKey(input = {}) {
      const key = creator()
      const checked = checkedCreateKey(input)
      const version = await createKey(
        { table, kms, deadline: within(timeout) },
        key,
        logicalKeyStoreName,
        checked,
      )
      return { branchKeyId: checked.branchKeyId, version }
    },
    async versionKey({ branchKeyId }) {
      creator()
      branchKeyIdOption(branchKeyId)
      const deadline = within(timeout)
      const { record, key } = await read(branchKeyId, activeType, deadline)
      return { version: await versionKey({ table, kms, deadline }, key, record) }
    },
    async deleteKey({ branchKeyId }) {
      branchKeyIdOption(branchKeyId)
      return { deletedRecords: await deleteRecords(table.send, tableName, branchKeyId, within(timeout)) }
    },
    createKeyStore: async () => ({
      tableArn: await createTable(table.send, tableName, within(tableTimeout)),
    }),
  }
}
