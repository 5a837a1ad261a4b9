import { optionError } from '@glassine/core/internal'
import type { ActionOptions } from '../config/action-options.ts'
import { configOfActions } from '../config/action-options.ts'
import type { ItemEncryptorOptions } from '../config/field-options.ts'
import { configOfFields } from '../config/field-options.ts'
import { checkKnown } from '../config/options.ts'
import { packageName } from '../errors.ts'
import type { ItemInvocation } from '../item/invocation.ts'
import { type ModeOptions, modeOf, type PlaintextRead } from './modes.ts'
import { type EncryptedTable, encryptedTable, type Tables } from './table.ts'

/**
 * How one table is encrypted: the options of `itemEncryptor`, or those of `itemEncryptorOfActions`, and what only a
 * client needs to know.
 */
export type ClientTable = (Omit<ItemEncryptorOptions, 'table'> | Omit<ActionOptions, 'table'>) &
  ModeOptions & {
    /**
     * The name that items are bound to. Default: the table's name. Give it when tables are named by their stage, or
     * will be restored under another name.
     */
    readonly logicalName?: string
  }

/** Options of `withEncryption`. */
export interface EncryptionOptions {
  /** The encrypted tables by their name, never by an ARN. All other tables pass through untouched. */
  readonly tables: Readonly<Record<string, ClientTable>>
  /** What holds for every call of this client, or a function that is asked at each: deadline and tenant. */
  readonly invocation?: ItemInvocation | (() => ItemInvocation | undefined)
  /**
   * Is told of every plaintext item that a table's mode lets pass: to log, to count, or to throw, which refuses the
   * item.
   */
  readonly onPlaintextRead?: (read: PlaintextRead) => void
}

/** @throws GlassineError `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID` */
export const tablesOf = (options: EncryptionOptions): Tables => {
  checkKnown(options, ['tables', 'invocation', 'onPlaintextRead'])
  const { tables, onPlaintextRead } = options
  if (typeof tables !== 'object' || tables === null || Object.keys(tables).length === 0)
    throw optionError(packageName, 'tables', 'must be an object from table name to its options')
  if (onPlaintextRead !== undefined && typeof onPlaintextRead !== 'function')
    throw optionError(packageName, 'onPlaintextRead', 'must be a function')
  return new Map(
    Object.entries(tables).map(([name, table]) => {
      if (!/^[\w.-]+$/.test(name)) throw optionError(packageName, 'tables', 'must name tables by their names')
      if (typeof table !== 'object' || table === null)
        throw optionError(packageName, 'tables', `must have options for ${name}`)
      return [name, tableOf(name, table, onPlaintextRead)]
    }),
  )
}

const tableOf = (
  name: string,
  { logicalName = name, mode, until, ...options }: ClientTable,
  onPlaintextRead: EncryptionOptions['onPlaintextRead'],
): EncryptedTable => {
  if ('table' in options) throw optionError(packageName, 'table', 'is `logicalName` here')
  const named = { ...options, table: logicalName }
  const config = 'attributeActions' in named ? configOfActions(named) : configOfFields(named)
  const facts = { unsigned: options.unsigned ?? [], mode: modeOf({ mode, until }) }
  return encryptedTable(name, config, facts, onPlaintextRead)
}

/**
 * The option `invocation` as a function.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 */
export const invocationOf = (
  invocation: EncryptionOptions['invocation'],
): (() => ItemInvocation | undefined) => {
  if (typeof invocation === 'function') return invocation
  if (invocation === undefined) return () => undefined
  if (typeof invocation !== 'object' || invocation === null)
    throw optionError(packageName, 'invocation', 'must be an object or a function')
  checkKnown(invocation, ['deadline', 'tenant'])
  const { deadline, tenant } = invocation
  if (deadline !== undefined && !Number.isFinite(deadline))
    throw optionError(packageName, 'deadline', 'must be a time in ms since the epoch')
  if (tenant !== undefined && (typeof tenant !== 'string' || tenant === ''))
    throw optionError(packageName, 'tenant', 'must be a string that is not empty')
  return () => invocation
}
