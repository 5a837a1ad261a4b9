// What can be known of a request before it is sent: everything that an encrypted item would be spoilt by, or that
// would come back unverifiable, is refused here.
import { reservedPrefix } from '../attributes/attribute-value.ts'
import type { Part } from './client-state.ts'
import { attributesIn, type ExpressionKind } from './expression.ts'
import { refused } from './refused.ts'
import type { EncryptedTable } from './table.ts'

/** The parameters of before expressions, and what replaced them. */
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
  if (part.ProjectionExpression != null)
    throw refused(operation, 'a part of an item cannot be verified; leave ProjectionExpression out')
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

/** Checks an update: whatever it names has to be unsigned, or the item would not verify any more. */
export const checkUpdate = (operation: string, table: EncryptedTable, part: Part): void => {
  checkPart(operation, table, part)
  for (const name of attributesOf(operation, 'update', 'UpdateExpression', part))
    if (!planOf(operation, table, name).unsigned)
      throw refused(
        operation,
        `${name} is signed with the item; use updateItem of @glassine/dynamodb, or list it under \`unsigned\``,
        name,
      )
}

/** Placeholders that DynamoDB would read in another way than `attributesIn`, and names that belong to the format. */
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

const attributesOf = (
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

/**
 * Checks what a query or scan selects, and returns it. An index need not hold whole items: asked for all attributes,
 * DynamoDB fetches the rest from the table, or refuses an index that it cannot do this for.
 */
export const checkedSelect = (operation: string, { Select, IndexName }: Part): unknown => {
  if (Select === 'COUNT' || Select === 'ALL_ATTRIBUTES') return Select
  if (Select == null) return IndexName == null ? Select : 'ALL_ATTRIBUTES'
  throw refused(operation, 'a part of an item cannot be verified; Select must be ALL_ATTRIBUTES or COUNT')
}
