import type { Keyring } from '@glassine/keys'
import type { AttributePlan } from '../attributes/plan.ts'
import type { contextOf } from '../format/encryption-context.ts'
import type { Suite } from '../format/suites.ts'

/** A table's options, checked and compiled: what encrypting and decrypting an item work from. */
export interface TableConfig {
  readonly partitionKey: string
  readonly sortKey?: string
  /** One for each recipient of new items. */
  readonly keyrings: readonly Keyring[]
  /** All of them as one, which opens what any of them wrapped. */
  readonly reader: Keyring
  /** What new items are written with; both are read. */
  readonly suite: Suite
  /** What new items are written as: 2 when an attribute is in the encryption context by configuration. */
  readonly version: 1 | 2
  readonly planOf: (name: string) => AttributePlan
  readonly contextOf: ReturnType<typeof contextOf>
  /** Attributes without which no item is encrypted. */
  readonly required: readonly string[]
  readonly maxEncryptedDataKeys: number
  /** ms */
  readonly timeout: number
}
