import type { Envelope, EnvelopeOptions, Fields } from '@glassine/core'
import type { ItemEncryptorOptions, ItemInvocation } from '@glassine/dynamodb'
import type { DecryptRequestOptions } from '@glassine/middy'
import type { Sent } from './session-parts.ts'

/** What the sender is known to have used, for all that is bound by a hash only. */
interface SentOption {
  /** What the sender was configured with, as far as it is known: tried where a format tells a hash only. */
  readonly sent?: Sent
}

/** What is expected of an event: the options of `decryptRequest`. */
export type ExpectedOfEvent = DecryptRequestOptions &
  SentOption & {
    /** Lambda's context, for a `bind` that reads it. Default: that of `sampleContext()`. */
    readonly context?: object
  }

/** What is expected of a payload or of one ciphertext: what `decrypt` is given. */
export interface ExpectedOfPayload extends EnvelopeOptions, SentOption {
  readonly fields: Fields
  readonly envelope: Envelope
  /** Where one ciphertext was found, a JSON Pointer. Default: not compared. */
  readonly place?: string
  /** What the request carried in the header `Encryption-Key`. */
  readonly sessionHeader?: string
}

/** What the writer of an item was configured with, as far as it is known; tried beside the attributes of the item. */
export interface SentItem {
  readonly table?: string
  readonly partitionKey?: string
  readonly sortKey?: string
}

/** What is expected of an item, in the low-level client's attribute values: the options of `itemEncryptor`. */
export type ExpectedOfItem = ItemEncryptorOptions & {
  /** The tenant and deadline of the call, and its binding. */
  readonly invocation?: ItemInvocation
  readonly sent?: SentItem
}
