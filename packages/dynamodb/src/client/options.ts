import {
  anyFunction,
  anyObject,
  checkedOptions,
  isPlainObject,
  listOf,
  matching,
  methods,
  type OptionSchema,
  required,
  text,
} from '@glassine/core/internal'
import {
  type ActionOptions,
  configOfActions,
  configOfFields,
  type ItemEncryptorOptions,
} from '../config/encryptor-options.ts'
import { badOption, packageName } from '../errors.ts'
import type { ItemInvocation } from '../item/invocation.ts'
import {
  type EncryptedTable,
  encryptedTable,
  type PlaintextRead,
  type TableMode,
  type Tables,
} from './table.ts'

/** Options for tables that still hold plaintext items. */
export interface ModeOptions {
  readonly mode?: TableMode
  /**
   * When a mode that reads plaintext ends, as a `Date` or ISO 8601 text: from then on the table is `encrypted`.
   * Required for such modes, since until then anyone who can write plaintext to the table is trusted.
   */
  readonly until?: Date | string
}

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
  /** The encrypted tables by their name. A table that no option names is refused. */
  readonly tables: Readonly<Record<string, ClientTable>>
  /** Tables that are plain on purpose: their items pass through as they are. Default: none. */
  readonly plainTables?: readonly string[]
  /**
   * ARNs by which requests may name the tables above, `arn:aws:dynamodb:eu-west-1:111122223333:table/Patients`. Every
   * other ARN is refused: a table of that name in another account or Region is another table. Default: none.
   */
  readonly tableArns?: readonly string[]
  /**
   * The binding, tenant and deadline of every call of this client, or a function that returns them for each call.
   * Default: none.
   */
  readonly invocation?: ItemInvocation | (() => ItemInvocation | undefined)
  /**
   * Called for every plaintext item that a table's mode accepts: to log, to count, or to throw, which refuses the
   * item. Default: none.
   */
  readonly onPlaintextRead?: (read: PlaintextRead) => void
}

const tableArn = /^arn:[a-z-]+:dynamodb:[a-z\d-]+:\d{12}:table\/([\w.-]+)$/

const rules: OptionSchema<EncryptionOptions> = {
  tables: required([
    'must be an object from table name to its options',
    (value) => isPlainObject(value) && Object.keys(value).length > 0,
  ]),
  plainTables: listOf(matching(/^[\w.-]+$/, 'the name of a table')),
  tableArns: listOf(matching(tableArn, 'the ARN of a table')),
  invocation: [
    'must be an object or a function',
    (value) => typeof value === 'function' || isPlainObject(value),
  ],
  onPlaintextRead: anyFunction,
}

const invocationRules: OptionSchema<ItemInvocation> = {
  deadline: ['must be a time in ms since the epoch', Number.isFinite],
  tenant: text,
  binding: anyObject,
  opened: methods('add', 'find'),
}

const modes: readonly TableMode[] = ['write-plain-read-both', 'write-encrypted-read-both', 'encrypted']

/**
 * Checks the options and returns a function that gives the current mode.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 */
export const modeOf = ({ mode = 'encrypted', until }: ModeOptions): (() => TableMode) => {
  if (!modes.includes(mode)) throw badOption('mode', `must be one of ${modes.join(', ')}`)
  if (mode === 'encrypted') {
    if (until !== undefined) throw badOption('until', 'is only for modes that read plaintext')
    return () => 'encrypted'
  }
  const end = until instanceof Date ? until.getTime() : Date.parse(typeof until === 'string' ? until : '')
  if (Number.isNaN(end)) throw badOption('until', `must be a date: mode ${mode} has to end`)
  return () => (Date.now() < end ? mode : 'encrypted')
}

/** @throws GlassineError `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID` */
export const tablesOf = (options: EncryptionOptions): Tables => {
  const { tables, onPlaintextRead, tableArns = [] } = checkedOptions(packageName, rules, options)
  const named = new Map(
    Object.entries(tables).map(([name, table]) => {
      if (!/^[\w.-]+$/.test(name)) throw badOption('tables', 'must name tables by their names')
      if (typeof table !== 'object' || table === null)
        throw badOption('tables', `must have options for ${name}`)
      return [name, tableOf(name, table, onPlaintextRead)]
    }),
  )
  for (const arn of tableArns) {
    const name = nameOf(arn)
    const table = named.get(name)
    if (table) named.set(arn, table)
    else if (!options.plainTables?.includes(name))
      throw badOption('tableArns', `must name tables of the other options, unlike ${name}`)
  }
  return named
}

const nameOf = (arn: string): string => tableArn.exec(arn)![1]!

const tableOf = (
  name: string,
  { logicalName = name, mode, until, ...options }: ClientTable,
  onPlaintextRead: EncryptionOptions['onPlaintextRead'],
): EncryptedTable => {
  if ('table' in options) throw badOption('table', 'is `logicalName` here')
  const named = { ...options, table: logicalName }
  const config = 'attributeActions' in named ? configOfActions(named) : configOfFields(named)
  const facts = { unsigned: options.unsigned ?? [], mode: modeOf({ mode, until }) }
  return encryptedTable(name, config, facts, onPlaintextRead)
}

/**
 * The option `plainTables` as a set, with the ARNs of these tables.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 */
export const plainTablesOf = ({
  tables,
  plainTables = [],
  tableArns = [],
}: EncryptionOptions): ReadonlySet<string> => {
  if (plainTables.some((name) => Object.hasOwn(tables, name)))
    throw badOption('plainTables', 'must not name an encrypted table')
  return new Set([...plainTables, ...tableArns.filter((arn) => plainTables.includes(nameOf(arn)))])
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
  checkedOptions(packageName, invocationRules, invocation, 'invocation')
  return () => invocation
}
