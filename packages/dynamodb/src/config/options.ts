import type { KeyMaterial, Keyring } from '@glassine/keys'
import { reservedPrefix } from '../attributes/attribute-value.ts'
import { badOption } from '../errors.ts'
import { maxHeaderKeys } from '../format/header.ts'
import { type Suite, type SuiteName, suites } from '../format/suites.ts'

/** What wraps an item's keys: a keyring, or key material of which the keyring is taken. */
export type TableKeys = Keyring | Pick<KeyMaterial, 'keyring'>

/** Options that all item encryptors have. */
export interface TableOptions {
  /**
   * The logical table name, which items are bound to. It stays the same when the table is restored or copied under
   * another name; with another one, no item opens.
   */
  readonly table: string
  readonly partitionKey: string
  readonly sortKey?: string
  /**
   * Wrap a key for each item: a keyring, the key material that other formats work with, or a list of several
   * recipients. Each recipient alone decrypts the item, and has its own key to verify it with.
   *
   * Data keys of items are never cached; branch keys that a hierarchical keyring caches are shared.
   */
  readonly keys: TableKeys | readonly TableKeys[]
  /** Attributes that are neither encrypted nor signed. The reader needs the same list. */
  readonly unsigned?: readonly string[]
  /** Attributes whose names start so are neither encrypted nor signed, for example `:`. */
  readonly unsignedPrefix?: string
  /** What items are written with. Default `'0x6701'`, as AWS's libraries; both are read. */
  readonly suite?: SuiteName
  /** Items with more encrypted data keys are refused, since each may cost a call of KMS. Default 8, at most 255. */
  readonly maxEncryptedDataKeys?: number
  /** The longest wait for a key in ms; a call's own deadline can only shorten it. Default 10,000. */
  readonly timeout?: number
}

/** The names of {@link TableOptions}. */
export const tableOptionNames = [
  'table',
  'partitionKey',
  'sortKey',
  'keys',
  'unsigned',
  'unsignedPrefix',
  'suite',
  'maxEncryptedDataKeys',
  'timeout',
] as const satisfies readonly (keyof TableOptions)[]

const defaults = { suite: '0x6701', maxEncryptedDataKeys: 8, timeout: 10_000 } as const

/** Refuses what is no object, and options that there are not: a misspelt one must not become a default. */
export const checkKnown = (options: unknown, known: readonly string[]): void => {
  if (typeof options !== 'object' || options === null) throw badOption('options', 'must be an object')
  for (const name of Object.keys(options))
    if (!known.includes(name)) throw badOption(name, `is unknown; known are ${known.join(', ')}`)
}

/** An attribute's name as an option may give it: not empty, with a UTF-8 form, and none of the format's own. */
export const checkedName = (option: string, name: unknown): string => {
  if (typeof name !== 'string' || name === '' || !name.isWellFormed())
    throw badOption(option, 'must be a name that is not empty')
  if (name.startsWith(reservedPrefix)) throw badOption(option, `may not start with ${reservedPrefix}`)
  return name
}

/** A list of attribute names, each once. */
export const checkedNames = (option: string, names: unknown = []): readonly string[] => {
  if (!Array.isArray(names)) throw badOption(option, 'must be a list of names')
  const checked = names.map((name) => checkedName(option, name))
  if (new Set(checked).size !== checked.length) throw badOption(option, 'names an attribute twice')
  return checked
}

/** {@link TableOptions} with defaults, checked. */
export interface CheckedOptions {
  readonly table: string
  readonly partitionKey: string
  readonly sortKey?: string
  readonly keyrings: readonly Keyring[]
  readonly isUnsigned: (name: string) => boolean
  readonly suite: Suite
  readonly maxEncryptedDataKeys: number
  readonly timeout: number
}

/** @throws GlassineError `ERR_OPTION_INVALID` with the option's name */
export const checkedTableOptions = (options: TableOptions): CheckedOptions => {
  const { table, unsignedPrefix } = options
  if (typeof table !== 'string' || table === '' || !table.isWellFormed())
    throw badOption('table', 'must be a string that is not empty')
  const partitionKey = checkedName('partitionKey', options.partitionKey)
  const sortKey = options.sortKey === undefined ? undefined : checkedName('sortKey', options.sortKey)
  if (sortKey === partitionKey) throw badOption('sortKey', 'must not be the partition key')
  const unsigned = new Set(checkedNames('unsigned', options.unsigned))
  if (unsignedPrefix !== undefined) checkedName('unsignedPrefix', unsignedPrefix)
  const isUnsigned = (name: string): boolean =>
    unsigned.has(name) || (unsignedPrefix !== undefined && name.startsWith(unsignedPrefix))
  for (const key of [partitionKey, sortKey])
    if (key !== undefined && isUnsigned(key)) throw badOption('unsigned', 'must not cover a key of the table')
  const suite = options.suite ?? defaults.suite
  if (!Object.hasOwn(suites, suite))
    throw badOption('suite', `must be one of ${Object.keys(suites).join(', ')}`)
  return {
    table,
    partitionKey,
    sortKey,
    keyrings: keyringsOf(options.keys),
    isUnsigned,
    suite: suites[suite],
    maxEncryptedDataKeys: integer(options, 'maxEncryptedDataKeys', maxHeaderKeys),
    timeout: integer(options, 'timeout', Number.MAX_SAFE_INTEGER),
  }
}

const keyringsOf = (keys: unknown): readonly Keyring[] => {
  const keyrings = (Array.isArray(keys) ? keys : [keys]).map((one) => one?.keyring ?? one)
  if (keyrings.length === 0) throw badOption('keys', 'must hold at least one recipient')
  for (const keyring of keyrings)
    for (const method of ['generate', 'wrap', 'unwrap'])
      if (typeof keyring?.[method] !== 'function')
        throw badOption('keys', 'must be a keyring or key material, or a list of them')
  return keyrings
}

const integer = (options: TableOptions, name: 'maxEncryptedDataKeys' | 'timeout', most: number): number => {
  const value = options[name] ?? defaults[name]
  if (!Number.isSafeInteger(value) || value < 1 || value > most)
    throw badOption(name, `must be an integer from 1 to ${most}`)
  return value
}
