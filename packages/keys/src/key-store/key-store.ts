import { badOption, branchKeyRefused } from '../errors.ts'
import type { KeyArn } from '../kms/arn.ts'
import { kmsOperations } from '../kms/operations.ts'
import {
  type BranchKeyRequest,
  type BranchKeySource,
  branchKeyIdOption,
  HiddenBranchKey,
  versionBytes,
} from './branch-key.ts'
import { branchKeyKms, keyStoreKmsOperations } from './branch-key-kms.ts'
import { type CreateKeyInput, checkedCreateKey, createKey, versionKey } from './create-key.ts'
import { checkedKeyStoreOptions, type KeyStoreOptions } from './options.ts'
import { activeType, beaconType, recordOf, versionType } from './record.ts'
import { tableOf } from './table.ts'
import { createTable, deleteRecords } from './table-lifecycle.ts'

/** The input of operations on one branch key. */
export interface BranchKeyInput {
  readonly branchKeyId: string
}

/**
 * A store of branch keys: a DynamoDB table that holds them encrypted by KMS. Operations that write throw
 * `ERR_ENCRYPT_FAILED` for a definite refusal of KMS or DynamoDB; all throw `ERR_KEY_UNAVAILABLE` for a temporary
 * failure.
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
   * Rotates: creates a new version and makes it active. Older versions still decrypt; the beacon key stays the same.
   *
   * @throws GlassineError `ERR_OPTION_INVALID` (input, or a discovery mode), `ERR_DECRYPT_FAILED` (no such branch
   * key), `ERR_ENCRYPT_FAILED` (KMS refuses, or finds the active record tampered with), `ERR_KEY_UNAVAILABLE` (also
   * when another rotation came first)
   */
  versionKey(input: BranchKeyInput): Promise<{ readonly version: string }>
  /**
   * Deletes all records of a branch key. Everything encrypted under it is lost (crypto-shredding) once caches have
   * expired and the backups of the table are gone. Returns the number of records.
   */
  deleteKey(input: BranchKeyInput): Promise<{ readonly deletedRecords: number }>
  /**
   * Creates the table with on-demand billing and default settings, or accepts an existing table with the right key. May
   * take two minutes.
   *
   * @throws GlassineError `ERR_ENCRYPT_FAILED` when a different table has that name, `ERR_KEY_UNAVAILABLE`
   */
  createKeyStore(): Promise<{ readonly tableArn: string }>
}

/** A counter, since one name may mean another table for another client. Ids live in one process only. */
let made = 0

/** Timeout of `createKeyStore`, in ms. */
const tableTimeout = 120_000

/**
 * AWS's branch key store (Material Providers specification, "Branch Key Store", hierarchy version 1), record for
 * record: shared with Java, .NET, Python, Rust and AWS's own JavaScript. Fetches nothing before the first operation.
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
  const kms = branchKeyKms(kmsOperations(options.kms, keyStoreKmsOperations), options.kms.grantTokens)
  const table = tableOf(tableName, dynamoDB, kmsKeys.region)

  const within = (ms: number) => {
    const end = Date.now() + ms
    return () => end
  }

  const read = async (branchKeyId: string, type: string, deadline: () => number) => {
    const item = await table.read(branchKeyId, type, deadline)
    const record = recordOf(item, branchKeyId, type, logicalKeyStoreName)
    const key = kmsKeys.callFor(record.kmsArn)
    if (!key) throw branchKeyRefused('The record of the branch key has a KMS key that `kms` does not allow')
    return { record, key }
  }

  const open = async ({ branchKeyId, deadline = within(timeout) }: BranchKeyRequest, type: string) => {
    branchKeyIdOption(branchKeyId)
    const { record, key } = await read(branchKeyId, type, deadline)
    const bytes = await kms.open(key, record.context, record.enc, deadline)
    return new HiddenBranchKey(branchKeyId, record.version, bytes)
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
      const newKey = checkedCreateKey(input)
      const version = await createKey(
        { table, kms, deadline: within(timeout) },
        key,
        logicalKeyStoreName,
        newKey,
      )
      return { branchKeyId: newKey.branchKeyId, version }
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
