// What is done with one item's part of a request, the same alone, in a batch and in a transaction.
import type { Item } from '../attributes/attribute-value.ts'
import type { ItemInvocation } from '../item/invocation.ts'
import { checkPart, checkUpdate } from './checks.ts'
import type { Part } from './client-state.ts'
import { keysAsked } from './key-checks.ts'
import { type EncryptedTable, isSealed } from './table.ts'

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

/** Opens an item that a response carries. `key`, where it is known, is the key that the caller asked for. */
export type OpenItem = (item: Item, invocation: ItemInvocation | undefined, key?: Item) => Promise<Item>

/**
 * Checks the part of a request that reads, and returns how its items are opened: whole ones, or keys alone where the
 * request asks for no more.
 */
export const checkedRead = (operation: string, table: EncryptedTable, part: Part): OpenItem => {
  checkPart(operation, table, part)
  const keys = keysAsked(operation, table, part)
  if (keys === undefined) return table.open
  return async (item, invocation, key) =>
    isSealed(item) ? table.open(item, invocation, key) : table.keysOf(keys, item, invocation, key)
}

/**
 * Checks an update of unsigned attributes, and lets it change an existing item only: without one DynamoDB would make
 * an item, which nothing signs.
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
