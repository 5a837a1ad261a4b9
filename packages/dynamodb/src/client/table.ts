import { footName, headName, type Item } from '../attributes/attribute-value.ts'
import type { TableConfig } from '../config/table-config.ts'
import { decryptFailed, valueError } from '../errors.ts'
import type { ItemInvocation } from '../item/invocation.ts'
import { encryptorOf } from '../item-encryptor.ts'
import { keyText } from './key-text.ts'
import type { PlaintextRead, TableMode } from './modes.ts'

/** What a client has done with the items of one table. */
export interface TableStats {
  /** Items encrypted for writing. */
  readonly encrypted: number
  /** Items verified and decrypted. */
  readonly decrypted: number
  /** Items read that were not encrypted, in a mode that lets them pass. */
  readonly plaintextReads: number
  /** Items written without encryption, in mode `write-plain-read-both`. */
  readonly plaintextWrites: number
}

/** An encrypted table as the operations see it. */
export interface EncryptedTable {
  readonly name: string
  readonly config: TableConfig
  /** The unsigned attributes that the configuration lists, beside those of a prefix. */
  readonly unsigned: readonly string[]
  readonly stats: TableStats
  /** The mode of the moment: past its end, every mode is `encrypted`. */
  readonly mode: () => TableMode
  /** The item as it is to be written: in mode `write-plain-read-both` the one that was given. */
  readonly seal: (item: Item, invocation: ItemInvocation | undefined) => Promise<Item>
  /** The item as it was written. `key`, where it is known, is whose item the caller asked for. */
  readonly open: (item: Item, invocation: ItemInvocation | undefined, key?: Item) => Promise<Item>
}

/** The tables of a client, by name. */
export type Tables = ReadonlyMap<string, EncryptedTable>

/** Whether an item carries anything of the format: then it has to verify, in every mode. */
export const isSealed = (item: Item): boolean =>
  Object.hasOwn(item, headName) || Object.hasOwn(item, footName)

/** The footer of an item, which no two encryptions share: what tells one state of an item from another. */
export const footText = (item: Item | undefined): string | undefined => {
  const foot = item && Object.hasOwn(item, footName) ? item[footName] : undefined
  return foot && 'B' in foot ? Buffer.from(foot.B).toString('base64') : undefined
}

export const encryptedTable = (
  name: string,
  config: TableConfig,
  { unsigned, mode }: Pick<EncryptedTable, 'unsigned' | 'mode'>,
  onPlaintextRead: ((read: PlaintextRead) => void) | undefined,
): EncryptedTable => {
  const encryptor = encryptorOf(config)
  const stats = { encrypted: 0, decrypted: 0, plaintextReads: 0, plaintextWrites: 0 }
  return {
    name,
    config,
    unsigned,
    stats,
    mode,
    async seal(item, invocation) {
      if (mode() === 'write-plain-read-both') {
        for (const attribute of Object.keys(item))
          if (config.planOf(attribute).reserved)
            throw valueError('the name is reserved for the format', `/${attribute}`)
        stats.plaintextWrites++
        return item
      }
      const sealed = await encryptor.encryptItem(item, invocation)
      stats.encrypted++
      return sealed
    },
    async open(item, invocation, key) {
      // A verified item says itself whose it is: one that was asked for under another key is not the answer.
      if (key !== undefined && keyText(config, item) !== keyText(config, key)) throw decryptFailed()
      if (!isSealed(item) && mode() !== 'encrypted') {
        const count = ++stats.plaintextReads
        onPlaintextRead?.({ table: name, count })
        return item
      }
      const opened = await encryptor.decryptItem(item, invocation)
      stats.decrypted++
      return opened
    },
  }
}
