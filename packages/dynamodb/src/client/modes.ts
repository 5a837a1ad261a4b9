import type { Item } from '../attributes/attribute-value.ts'
import { badOption } from '../errors.ts'

/**
 * How far a table has come from plaintext to encrypted items. Each step is deployed everywhere before the
 * next one:
 *
 * 1. `write-plain-read-both`: writes as before, and reads encrypted items too.
 * 2. `write-encrypted-read-both`: encrypts what it writes, and still reads plaintext items.
 * 3. `encrypted` (default): an item that is not encrypted is an error.
 */
export type TableMode = 'write-plain-read-both' | 'write-encrypted-read-both' | 'encrypted'

/** Options for tables that still hold plaintext items. */
export interface ModeOptions {
  readonly mode?: TableMode
  /**
   * When a mode that reads plaintext ends, as a `Date` or ISO 8601 text: from then on the table is `encrypted`.
   * Required for such modes, since until then anyone who can write plaintext to the table is trusted.
   */
  readonly until?: Date | string
}

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
