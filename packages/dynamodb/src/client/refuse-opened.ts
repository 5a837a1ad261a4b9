// What a request sends in the clear must not hold a value that its invocation has opened: DynamoDB would store it, or
// CloudTrail would log it with the key.
import { types } from 'node:util'
import { isPlainObject, isProgramName, memberName } from '@glassine/core/internal'
import { normaliseNumber } from '../attributes/number.ts'
import { fault } from '../errors.ts'
import { type ClientState, type Output, tableNamed } from './client-state.ts'
import { wordsIn } from './expression.ts'
import type { EncryptedTable, Tables } from './table.ts'

/** A text that is sent in the clear, and where it is. */
interface ClearPart {
  readonly text: string
  readonly path: string
}

/**
 * Refuses a request that sends an opened value in the clear: in a key, in an attribute that is not encrypted, in a
 * plain table, in the values and names of expressions, in a statement of PartiQL.
 *
 * @throws GlassineError `ERR_FIELD_NOT_ENCRYPTED`, 500, with the attribute or the member of the request
 */
export const refuseOpened = (operation: string, state: ClientState, input: Output): void => {
  const { opened } = state.invocation() ?? {}
  if (opened === undefined) return
  const holds = (text: string): boolean => opened.find(text) !== undefined
  const parts: ClearPart[] = []
  collectRequest(input, undefined, state.tables, parts)
  // Quoted, since some names are found as whole texts only.
  if (!holds(parts.map(({ text }) => `"${text}"`).join('\n'))) return
  const found = parts.find(({ text }) => holds(text))
  if (!found) return
  const { path } = found
  throw fault('ERR_FIELD_NOT_ENCRYPTED', {
    path,
    statusCode: 500,
    message: `${operation}: ${path} holds a decrypted value and would be sent in the clear`,
  })
}

/** Members of requests that hold further parts of the request. */
const wrappers = new Set([
  'PutRequest',
  'DeleteRequest',
  'TransactItems',
  'Put',
  'Update',
  'Delete',
  'ConditionCheck',
  'Get',
  'Statements',
  'TransactStatements',
])

const items = new Set(['Item', 'Key', 'Keys', 'ExclusiveStartKey'])

const collectRequest = (
  value: unknown,
  table: EncryptedTable | undefined,
  tables: Tables,
  into: ClearPart[],
): void => {
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    for (const element of value) collectRequest(element, table, tables, into)
    return
  }
  const { TableName } = value as Output
  const own = TableName == null ? table : tableNamed(tables, TableName)
  for (const [name, member] of Object.entries(value)) {
    const path = `/${name}`
    if (member == null || (name === 'TableName' && own)) continue
    if (name === 'RequestItems')
      for (const [tableName, requests] of Object.entries(member)) {
        const named = tableNamed(tables, tableName)
        if (!named) into.push({ text: memberName(tableName), path })
        collectRequest(requests, named, tables, into)
      }
    else if (wrappers.has(name)) collectRequest(member, own, tables, into)
    else if (items.has(name)) for (const item of [member].flat()) collectItem(item, own, path, into)
    else if (name === 'ExpressionAttributeNames')
      for (const attribute of Object.values(member)) collectName(String(attribute), own, path, into)
    else if (name.endsWith('Expression') && typeof member === 'string')
      for (const word of wordsIn(member)) collectName(word, own, path, into)
    else collectValue(member, path, into)
  }
}

/** The attributes of an item or key that are not encrypted. */
const collectItem = (
  item: unknown,
  table: EncryptedTable | undefined,
  at: string,
  into: ClearPart[],
): void => {
  if (typeof item !== 'object' || item === null) {
    collectValue(item, at, into)
    return
  }
  const config = table && (table.config.kindOf(item as Output) ?? table.config)
  for (const [name, value] of Object.entries(item)) {
    const action = config && name !== '' && name.isWellFormed() ? config.planOf(name).action : undefined
    if (action === 'ENCRYPT_AND_SIGN') continue
    // A name may be data, too.
    const path = isProgramName(name) || config?.isNamed(name) ? `/${name}` : '/*'
    collectName(name, table, path, into)
    collectValue(value, path, into)
  }
}

/** A name that the configuration gives is no data. */
const collectName = (
  name: string,
  table: EncryptedTable | undefined,
  path: string,
  into: ClearPart[],
): void => {
  if (!table?.config.isNamed(name)) into.push({ text: memberName(name), path })
}

const collectValue = (value: unknown, path: string, into: ClearPart[]): void => {
  if (typeof value === 'string') into.push({ text: value, path })
  else if (typeof value === 'number' || typeof value === 'bigint') into.push({ text: String(value), path })
  else if (types.isUint8Array(value)) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    into.push({ text: bytes.toString(), path }, { text: bytes.toString('base64'), path })
  } else if (Array.isArray(value)) {
    const numbers = value.map(numberOf)
    // The bytes of a value, as JSON makes them of a Buffer.
    if (!numbers.includes(undefined)) into.push({ text: `[${numbers.join()}]`, path })
    for (const member of value) collectValue(member, path, into)
  } else if (typeof value === 'object' && value !== null)
    for (const name of namesOf(value)) {
      const member = (value as Output)[name]
      into.push({ text: memberName(name), path })
      // `1e6` is another spelling of a number that was decrypted.
      for (const number of name === 'N' ? [member] : name === 'NS' ? [...(member ?? [])] : [])
        into.push({ text: normaliseNumber(String(number)) ?? '', path })
      collectValue(member, path, into)
    }
}

/** A number, alone or as an attribute value. */
const numberOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null
    ? (value as Output).N
    : typeof value === 'number'
      ? value
      : undefined

/** The members of an object; the SDK reads those of an attribute value wherever they are. */
const namesOf = (value: object): readonly string[] => {
  const own = Object.keys(value)
  return isPlainObject(value) && own.length > 0 ? own : [...own, ...kinds.filter((kind) => kind in value)]
}

const kinds = ['S', 'N', 'B', 'SS', 'NS', 'BS', 'M', 'L']
