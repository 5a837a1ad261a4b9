import type { DataKey } from './data-key.ts'
import type { SerialisedContext } from './encryption-context.ts'
import type { EncryptedDataKey } from './keyring.ts'

/** What distinguishes one cached key from another, beside the keyring. */
export interface KeyRequest {
  readonly suite: number
  readonly context: SerialisedContext
  /** Lambda's `context.tenantId`, where tenant isolation is on. */
  readonly tenant?: string
  /** When the answer is no longer of use, in ms since the epoch. Default: `timeout` ms from now. */
  readonly deadline?: number
}

/** Asks for a data key to encrypt with. */
export interface EncryptionKeyRequest extends KeyRequest {
  /** How many messages are about to be encrypted: counted against `cacheMaxUses`. */
  readonly messages: number
  /** How many bytes of plaintext they hold: counted against `cacheMaxBytes`. */
  readonly bytes: number
}

/** Asks for the data key that one of these wraps. */
export interface DecryptionKeyRequest extends KeyRequest {
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
  /** Bytes of the data key; default 32. */
  readonly length?: number
}

/** Counters since construction; for metrics. */
export interface KeyStats {
  readonly hits: number
  readonly misses: number
  /** Misses that joined a call that was under way. */
  readonly joined: number
  /** Calls of the keyring that were made to refresh an entry ahead of its expiry. */
  readonly refreshes: number
  /** Uses of an expired entry within `cacheStaleIfError`. */
  readonly stale: number
  readonly evictions: number
  /** Refusals answered from the negative cache. */
  readonly refused: number
  readonly errors: number
  readonly entries: number
}

/** The one cached layer of key material under all formats. */
export interface KeyMaterial {
  /** @throws GlassineError `ERR_KEY_UNAVAILABLE` */
  encryptionKey(request: EncryptionKeyRequest): Promise<DataKey>
  /** @throws GlassineError `ERR_DECRYPT_FAILED` (a definite refusal), `ERR_KEY_UNAVAILABLE` */
  decryptionKey(request: DecryptionKeyRequest): Promise<DataKey>
  stats(): KeyStats
  /** Drops and zeroes all cached keys. */
  clear(): void
}
