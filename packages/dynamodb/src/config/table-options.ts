import {
  checkedOptions,
  hasMethods,
  integer,
  isPlainObject,
  type OptionSchema,
  oneOf,
  required,
  text,
} from '@glassine/core/internal'
import type { KeyMaterial, Keyring } from '@glassine/keys'
import { reservedPrefix } from '../attributes/attribute-value.ts'
import { badOption, packageName } from '../errors.ts'
import { maxHeaderKeys, type Suite, type SuiteName, suites } from '../format/header.ts'

/** What wraps an item's keys: a keyring, or key material, whose keyring is used. */
export type TableKeys = Keyring | Pick<KeyMaterial, 'keyring'>

/** Options that all item encryptors have. */
export interface TableOptions {
  /**
   * The logical table name, which items are bound to. It stays the same when the table is restored or copied under
   * another name; under another logical name, no item is decrypted.
   */
  readonly table: string
  /**
   * The table's partition key; or `{ name, tenant }` if it holds the tenant. `tenant` is the name of a member of the
   * binding: every item, key and query must hold that member's value, and scans are refused. `prefix` follows the
   * tenant in a composite key: `'#'` for `t-1#p-1`.
   */
  readonly partitionKey: string | { readonly name: string; readonly tenant: string; readonly prefix?: string }
  /** The table's sort key. Default: none. */
  readonly sortKey?: string
  /**
   * Wrap a key for each item: a keyring, the key material that other formats work with, or a list of several
   * recipients. Each recipient alone decrypts the item, and has its own key to verify it with.
   *
   * Data keys of items are never cached; branch keys that a hierarchical keyring caches are shared.
   */
  readonly keys: TableKeys | readonly TableKeys[]
  /** Attributes that are neither encrypted nor signed. The reader needs the same list. Default: none. */
  readonly unsigned?: readonly string[]
  /** Attributes whose names start with this, for example `:`, are neither encrypted nor signed. Default: none. */
  readonly unsignedPrefix?: string
  /** The algorithm suite of new items. Default `'0x6701'`, as in AWS's libraries; both are read. */
  readonly suite?: SuiteName
  /** Items with more encrypted data keys are refused, since each may cost a KMS call. Default 8, at most 255. */
  readonly maxEncryptedDataKeys?: number
  /** The longest wait for a key in ms; a call's own deadline can only shorten it. Default 10,000. */
  readonly timeout?: number
}

const defaults = { suite: '0x6701', maxEncryptedDataKeys: 8, timeout: 10_000 } as const

const isKeyring = (value: unknown): value is Keyring =>
  hasMethods(value, ['generate', 'wrap', 'unwrap']) && typeof (value as Keyring).id === 'string'

const keyringsOf = (keys: unknown): readonly Keyring[] =>
  (Array.isArray(keys) ? keys : [keys]).map((one) => one?.keyring ?? one)

/** The options of all item encryptors. Names of attributes are checked in detail where they are read. */
export const tableRules: OptionSchema<TableOptions> = {
  table: required(text),
  partitionKey: required([
    'must be a name, or `{ name, tenant, prefix? }`',
    (value) => typeof value === 'string' || isPlainObject(value),
  ]),
  sortKey: text,
  keys: required([
    'must be a keyring or key material, or a list of them',
    (value) => keyringsOf(value).length > 0 && keyringsOf(value).every(isKeyring),
  ]),
  unsigned: ['must be a list of names', Array.isArray],
  unsignedPrefix: text,
  suite: oneOf(...Object.keys(suites)),
  maxEncryptedDataKeys: integer(1, maxHeaderKeys),
  timeout: integer(1),
}

/** Checks an attribute's name: not empty, with a UTF-8 form, and not one of the format's names. */
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
  readonly tenantKey?: { readonly member: string; readonly prefix?: string }
  /** The table's sort key. Default: none. */
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
  const { name: keyName, tenantKey } = checkedPartitionKey(options.partitionKey)
  const partitionKey = checkedName('partitionKey', keyName)
  const sortKey = options.sortKey === undefined ? undefined : checkedName('sortKey', options.sortKey)
  if (sortKey === partitionKey) throw badOption('sortKey', 'must not be the partition key')
  const unsigned = new Set(checkedNames('unsigned', options.unsigned))
  if (unsignedPrefix !== undefined) checkedName('unsignedPrefix', unsignedPrefix)
  const isUnsigned = (name: string): boolean =>
    unsigned.has(name) || (unsignedPrefix !== undefined && name.startsWith(unsignedPrefix))
  for (const key of [partitionKey, sortKey])
    if (key !== undefined && isUnsigned(key)) throw badOption('unsigned', 'must not cover a key of the table')
  return {
    table,
    partitionKey,
    ...(tenantKey !== undefined && { tenantKey }),
    sortKey,
    keyrings: keyringsOf(options.keys),
    isUnsigned,
    suite: suites[options.suite ?? defaults.suite],
    maxEncryptedDataKeys: options.maxEncryptedDataKeys ?? defaults.maxEncryptedDataKeys,
    timeout: options.timeout ?? defaults.timeout,
  }
}

const partitionKeyRules: OptionSchema<Exclude<TableOptions['partitionKey'], string>> = {
  name: required(text),
  tenant: required(text),
  prefix: text,
}

const checkedPartitionKey = (
  key: TableOptions['partitionKey'],
): { readonly name: string; readonly tenantKey?: { readonly member: string; readonly prefix?: string } } => {
  if (typeof key === 'string') return { name: key }
  const { name, tenant, prefix } = checkedOptions(packageName, partitionKeyRules, key, 'partitionKey')
  return { name, tenantKey: { member: tenant, ...(prefix !== undefined && { prefix }) } }
}
