// The part of `updateItem` that happens at the level of attribute values: what was read, and the condition that it
// is still so.
import { footName, type Item } from '../attributes/attribute-value.ts'
import type { Part, UpdateStep } from './client-state.ts'
import { keyText } from './key-text.ts'
import { refused } from './refused.ts'
import { type EncryptedTable, footText, isSealed } from './table.ts'

/** Takes down what was read, before it is opened. */
export const recordRead = (
  step: UpdateStep,
  { config }: EncryptedTable,
  key: Item | undefined,
  item: unknown,
) => {
  step.key = key && keyText(config, key)
  step.seen = item == null ? undefined : (item as Item)
}

/** Adds the condition that nobody has written the item since. */
export const guardedPut = (step: UpdateStep, table: EncryptedTable, part: Part): Part => {
  const { config } = table
  const item = part.Item ?? {}
  if (step.key === undefined || keyText(config, item) !== step.key)
    throw refused('updateItem', 'the change must leave the key as it is', config.partitionKey)
  step.sent = footText(item)
  const { seen = {} } = step
  const { same, absent } = step.seen
    ? unchanged(table, seen, item)
    : { same: [], absent: [config.partitionKey] }
  return {
    ...part,
    ConditionExpression: [
      ...same.map((_, at) => `#s${at} = :s${at}`),
      ...absent.map((_, at) => `attribute_not_exists(#a${at})`),
    ].join(' AND '),
    ExpressionAttributeNames: Object.fromEntries([
      ...same.map((name, at) => [`#s${at}`, name]),
      ...absent.map((name, at) => [`#a${at}`, name]),
    ]),
    ...(same.length > 0 && {
      ExpressionAttributeValues: Object.fromEntries(same.map((name, at) => [`:s${at}`, seen[name]!])),
    }),
  }
}

/**
 * Which attributes must be as they were seen, and which absent. A footer is another after every write; what it does
 * not cover, unsigned attributes and plaintext items, has to be compared by itself.
 */
const unchanged = ({ config, unsigned }: EncryptedTable, seen: Item, item: Item) => {
  const sealed = isSealed(seen)
  const apart = (name: string): boolean => !sealed || config.planOf(name).unsigned
  const candidates = new Set([footName, ...unsigned, ...Object.keys(item)])
  return {
    same: Object.keys(seen).filter((name) => name === footName || apart(name)),
    absent: [...candidates].filter((name) => !Object.hasOwn(seen, name) && apart(name)),
  }
}
