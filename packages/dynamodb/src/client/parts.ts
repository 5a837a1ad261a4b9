// What is done with one item's part of a request; the same alone and in a transaction.
import type { Item } from '../attributes/attribute-value.ts'
import type { ItemInvocation } from '../item/invocation.ts'
import { checkPart, checkUpdate } from './checks.ts'
import type { Part } from './client-state.ts'
import type { EncryptedTable } from './table.ts'

/** Seals the item of a put. */
export const sealedPut = async <P extends Part>(
  operation: string,
  table: EncryptedTable,
  part: P,
  invocation: ItemInvocation | undefined,
): Promise<P> => {
  checkPart(operation, table, part)
  // Without an item it is DynamoDB's to refuse.
  return part.Item == null ? part : { ...part, Item: await table.seal(part.Item, invocation) }
}

/**
 * Checks an update of unsigned attributes, and lets it change an item only: without an item DynamoDB would make one,
 * which nothing signs.
 */
export const checkedUpdate = <P extends Part>(operation: string, table: EncryptedTable, part: P): P => {
  checkUpdate(operation, table, part)
  const names = { ...part.ExpressionAttributeNames }
  let placeholder = '#glassine_key'
  while (Object.hasOwn(names, placeholder)) placeholder += '_'
  names[placeholder] = table.config.partitionKey
  const exists = `attribute_exists(${placeholder})`
  const given = part.ConditionExpression
  return {
    ...part,
    ConditionExpression: given == null ? exists : `(${given}) AND ${exists}`,
    ExpressionAttributeNames: names,
  }
}

/** The key that a part is about. */
export const keyOf = ({ Key, Item: item }: Part): Item | undefined => Key ?? item
