import type { EncryptedDataKey } from '@glassine/keys'
import type { Suite } from './suites.ts'

/** Bytes of the message id. */
export const messageIdBytes = 32
/** Bytes of the commitment, the header's last part. */
export const commitmentBytes = 32
/** The most encrypted data keys that a header has room for. */
export const maxHeaderKeys = 0xff

/** The least that a header takes: for an early look at an item's size. */
export const leastHeaderBytes = 2 + messageIdBytes + 2 + 2 + 1 + commitmentBytes

/** What a header says, beside the commitment (structured encryption, "Header"). */
export interface Header {
  /** 2 when attributes are in the encryption context by configuration, otherwise 1. */
  readonly version: 1 | 2
  readonly suite: Suite
  readonly messageId: Uint8Array
  /** One byte for each attribute in scope, in canonical order. */
  readonly legend: Uint8Array
  /** The verification key as it stands in the encryption context; of signed suites, and of no other. */
  readonly publicKey?: string
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
}
