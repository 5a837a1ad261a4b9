import type { EncryptedDataKey, EncryptionContext } from '@glassine/keys'

/**
 * What stands in a message's header, under the names of `@aws-crypto/client-node`. On decryption it is there only
 * once the whole message has been authenticated. Holds no secret.
 */
export interface MessageHeader {
  /** The message format: 1 is read only when a legacy suite is allowed. */
  readonly version: 1 | 2
  /** For example 0x0478. */
  readonly suiteId: number
  readonly messageId: Buffer
  /** All pairs, also those that are required and not stored, and `aws-crypto-public-key` of signed suites. */
  readonly encryptionContext: EncryptionContext
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
  /** 1: not framed (old messages); 2: framed. */
  readonly contentType: 1 | 2
  /** Bytes of plaintext in a frame; 0 when not framed. */
  readonly frameLength: number
  /** The key commitment, 32 bytes; only in version 2. */
  readonly suiteData?: Buffer
}
