import type { Invocation } from '@glassine/core'
import type { SerialisedContext } from './encryption-context.ts'
import type { EncryptedDataKey } from './keyring.ts'

/**
 * What distinguishes one cached key from another, beside the keyring. The deadline is not part of that; default, and
 * at most: `timeout` ms from now.
 */
export interface KeyRequest extends Pick<Invocation, 'tenant' | 'deadline'> {
  readonly suite: number
  readonly context: SerialisedContext
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
