import type { EncryptedDataKey } from './keyring.ts'

/**
 * A data key on loan from the cache. The bytes stay valid until `release`, even when the cache evicts the entry
 * meanwhile; the last release after eviction zeroes them. Release exactly once, when the synchronous work is done.
 */
export interface DataKey {
  /** The plaintext data key. Never log it, copy it or keep it beyond `release`. Not enumerable. */
  readonly bytes: Buffer
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
  /** The same object for every loan of one cached key: what a format hangs work on that is done once per key. */
  readonly identity: object
  release(): void
}
