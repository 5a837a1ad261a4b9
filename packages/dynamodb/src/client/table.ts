import { types } from 'node:util'
import { type AttributeValue, footName, headName, type Item } from '../attributes/attribute-value.ts'
import { normaliseNumber } from '../attributes/number.ts'
import type { TableConfig } from '../config/compile.ts'
import { decryptFailed, valueError } from '../errors.ts'
import { showsEncryption } from '../format/signs.ts'
import { decryptItem } from '../item/decrypt.ts'
import { checkTenant, type ItemInvocation, tellOpened } from '../item/invocation.ts'
import { encryptorOf } from '../item-encryptor.ts'

/** The attributes of a table's key. */
export const keyNames = ({ partitionKey, sortKey }: TableKey): readonly string[] =>
  sortKey === undefined ? [partitionKey] : [partitionKey, sortKey]

type TableKey = Pick<TableConfig, 'partitionKey' | 'sortKey'>

/** The attributes of an item that are in its table's key. */
export const keyOfItem = (key: TableKey, item: Item): Item =>
  Object.fromEntries(
    keyNames(key).flatMap((name) => (Object.hasOwn(item, name) ? [[name, item[name]!]] : [])),
  )

/** DynamoDB, or something in its place, answered with another record. */
export const otherKey = 'the item has another key than was asked for'

/** An item's key as text, the same for numbers that are written differently; `undefined` when it is incomplete. */
export const keyText = ({ partitionKey, sortKey }: TableKey, item: Item): string | undefined => {
  const parts = keyNames({ partitionKey, sortKey }).map((name) =>
    Object.hasOwn(item, name) ? partText(item[name]) : undefined,
  )
  return parts.includes(undefined) ? undefined : JSON.stringify(parts)
}

/** A key is a string, a number or binary. */
const partText = (value: AttributeValue | undefined): readonly string[] | undefined => {
  if (typeof value !== 'object' || value === null) return undefined
  if ('S' in value) return ['S', value.S]
  if ('N' in value) return ['N', normaliseNumber(value.N) ?? '']
  if ('B' in value && types.isUint8Array(value.B)) return ['B', Buffer.from(value.B).toString('base64')]
  return undefined
}

/**
 * How far a table has come from plaintext to encrypted items. Each step is deployed everywhere before the
 * next one:
 *
 * 1. `write-plain-read-both`: writes as before, and reads encrypted items too.
 * 2. `write-encrypted-read-both`: encrypts what it writes, and still reads plaintext items.
 * 3. `encrypted` (default): an item that is not encrypted is an error.
 */
export type TableMode = 'write-plain-read-both' | 'write-encrypted-read-both' | 'encrypted'

/** What `onPlaintextRead` gets for a plaintext item that a table's mode accepts. */
export interface PlaintextRead {
  /** The table's name. */
  readonly table: string
  /**
   * The attributes of the item's key, as DynamoDB has them: `{ id: { S: 'p-1' } }`. They are data, so keep them out of
   * logs.
   */
  readonly key: Item
  /** How many plaintext items of it this client has read, this one included. */
  readonly count: number
}

/** What a client has done with the items of one table. */
export interface TableStats {
  /** Items encrypted for writing. */
  readonly encrypted: number
  /** Items verified and decrypted. */
  readonly decrypted: number
  /** Items read that were not encrypted, in a mode that accepts them. */
  readonly plaintextReads: number
  /** Items written without encryption, in mode `write-plain-read-both`. */
  readonly plaintextWrites: number
}

/** An encrypted table as the operations see it. */
export interface EncryptedTable {
  readonly name: string
  readonly config: TableConfig
  /** The unsigned attributes that the configuration lists; those with the prefix are not among them. */
  readonly unsigned: readonly string[]
  readonly stats: TableStats
  /** The current mode: after its end, every mode is `encrypted`. */
  readonly mode: () => TableMode
  /** The item as it is to be written: in mode `write-plain-read-both` the one that was given. */
  readonly seal: (item: Item, invocation: ItemInvocation | undefined) => Promise<Item>
  /** The item as it was written. `key`, where it is known, is the key that the caller asked for. */
  readonly open: (item: Item, invocation: ItemInvocation | undefined, key?: Item) => Promise<Item>
  /** These attributes of an item that was read for its key alone, which nothing verifies. */
  readonly keysOf: (
    names: ReadonlySet<string>,
    item: Item,
    invocation: ItemInvocation | undefined,
    key?: Item,
  ) => Item
}

/** The tables of a client, by name, and by each ARN that the options name. */
export type Tables = ReadonlyMap<string, EncryptedTable>

/** Whether an item has a header or a footer: then it has to verify, in every mode. */
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
  const keys = keyNames(config)
  const readAs = {
    isKey: (attribute: string) => keys.includes(attribute),
    isDeclared: (attribute: string) => config.planOf(attribute).action === 'ENCRYPT_AND_SIGN',
  }
  /** Refuses an item that was not asked for, or that is another tenant's. */
  const checkOwn = (item: Item, invocation: ItemInvocation | undefined, key: Item | undefined): void => {
    if (key !== undefined && keyText(config, item) !== keyText(config, key)) throw decryptFailed(otherKey)
    checkTenant(config, item, invocation)
  }
  return {
    name,
    config,
    unsigned,
    stats,
    mode,
    async seal(item, invocation) {
      if (mode() === 'write-plain-read-both') {
        checkTenant(config, item, invocation)
        for (const attribute of Object.keys(item))
          if (config.planOf(attribute).reserved)
            throw valueError('the name is reserved for the format', `/${attribute}`)
        tellOpened(config.kindOf(item) ?? config, item, invocation)
        stats.plaintextWrites++
        return item
      }
      const sealed = await encryptor.encryptItem(item, invocation)
      stats.encrypted++
      return sealed
    },
    async open(item, invocation, key) {
      checkOwn(item, invocation, key)
      const isLadder = mode() !== 'encrypted'
      const passed = (): void => {
        const count = ++stats.plaintextReads
        onPlaintextRead?.({ table: name, key: keyOfItem(config, item), count })
      }
      if (!isSealed(item) && isLadder) {
        if (showsEncryption(item, readAs))
          throw decryptFailed('the item has no header and footer, and other signs of encryption')
        passed()
        tellOpened(config.kindOf(item) ?? config, item, invocation)
        return item
      }
      const opened = await decryptItem(config, item, invocation, isLadder ? passed : undefined)
      stats.decrypted++
      return opened
    },
    keysOf(names, item, invocation, key) {
      checkOwn(item, invocation, key)
      if (keyText(config, item) === undefined) throw decryptFailed('the item lacks a key attribute')
      return Object.fromEntries(Object.entries(item).filter(([attribute]) => names.has(attribute)))
    },
  }
}
