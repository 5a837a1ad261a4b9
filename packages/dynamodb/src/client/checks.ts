// What is refused before a request is sent, since an encrypted item could not be verified afterwards.
import { reservedPrefix } from '../attributes/attribute-value.ts'
import { refused } from '../errors.ts'
import type { Part } from './client-state.ts'
import { attributesIn, type ExpressionKind } from './expression.ts'
import { type EncryptedTable, keyNames } from './table.ts'

/** The parameters that expressions have replaced, and by what. */
const legacy: Readonly<Record<string, string>> = {
  Expected: 'ConditionExpression',
  KeyConditions: 'KeyConditionExpression',
  QueryFilter: 'FilterExpression',
  ScanFilter: 'FilterExpression',
  ConditionalOperator: 'AND and OR in an expression',
  AttributeUpdates: 'updateItem',
  AttributesToGet: 'whole items, and take from them what you need',
}

const conditions = ['ConditionExpression', 'KeyConditionExpression', 'FilterExpression'] as const

/** Checks what all operations have in common. */
export const checkPart = (operation: string, table: EncryptedTable, part: Part): void => {
  for (const name of Object.keys(legacy))
    if (part[name] != null) throw refused(operation, `${name} is not supported; use ${legacy[name]}`)
  checkPlaceholders(operation, part)
  for (const member of conditions)
    for (const name of attributesOf(operation, 'condition', member, part)) {
      const { action } = planOf(operation, table, name)
      if (action === undefined)
        throw refused(
          operation,
          `${member} names an attribute that the configuration does not: ${name}`,
          name,
        )
      if (action === 'ENCRYPT_AND_SIGN')
        throw refused(operation, `${member} compares ${name}, which is encrypted; read the item first`, name)
    }
}

/** Checks an update: every attribute that it names has to be unsigned, or the item would no longer verify. */
export const checkUpdate = (operation: string, table: EncryptedTable, part: Part): void => {
  checkPart(operation, table, part)
  for (const name of attributesOf(operation, 'update', 'UpdateExpression', part))
    if (!planOf(operation, table, name).unsigned) throw refused(operation, insteadOf(table, name), name)
}

/** Why an attribute cannot be updated, and what can be done: only what is readable anyway may be `unsigned`. */
const insteadOf = ({ config }: EncryptedTable, name: string): string => {
  if (keyNames(config).includes(name)) return `${name} is in the key, which cannot change; put a new item`
  if (config.planOf(name).action === 'SIGN_ONLY')
    return `${name} is signed with the item; use updateItem of @glassine/dynamodb, or list it under \`unsigned\``
  const what = config.planOf(name).action === 'ENCRYPT_AND_SIGN' ? 'encrypted' : 'signed with the item'
  return `${name} is ${what}; use updateItem of @glassine/dynamodb, which reads, changes and writes the whole item`
}

/** Refuses placeholders that DynamoDB might read differently from `attributesIn`, and names of the format. */
const checkPlaceholders = (operation: string, { ExpressionAttributeNames: names }: Part): void => {
  for (const [placeholder, name] of Object.entries(names ?? {})) {
    if (!/^#\w+$/.test(placeholder))
      throw refused(operation, 'ExpressionAttributeNames has a placeholder that is not understood')
    checkNotReserved(operation, name)
  }
}

const checkNotReserved = (operation: string, name: string): void => {
  if (typeof name === 'string' && name.startsWith(reservedPrefix))
    throw refused(operation, `attributes that start with ${reservedPrefix} belong to the format`)
}

const planOf = (operation: string, table: EncryptedTable, name: string) => {
  checkNotReserved(operation, name)
  return table.config.planOf(name)
}

/** The top-level attributes that an expression names. */
export const attributesOf = (
  operation: string,
  kind: ExpressionKind,
  member: string,
  part: Part,
): Iterable<string> => {
  const expression = part[member]
  if (expression == null) return []
  const found = attributesIn(kind, expression as string, part.ExpressionAttributeNames)
  if (found === undefined) throw refused(operation, `${member} is not understood`)
  return found
}
