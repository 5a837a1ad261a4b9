// The part of `updateItem` that happens at the level of attribute values: what was read, and the condition that it
// is still so.
import { footName, type Item } from '../attributes/attribute-value.ts'
import { refused } from '../errors.ts'
import type { Part, UpdateStep } from './client-state.ts'
import { type EncryptedTable, footText, isSealed, keyText } from './table.ts'

/** Records what was read, before it is opened. */
export const recordRead = (
  step: UpdateStep,
  { config }: EncryptedTable,
  key: Item | undefined,
  item: unknown,
) => {
  step.key = key && keyText(config, key)
  step.seen = item == null ? undefined : (item as Item)
}

/** Adds the condition that the item has not been written since. */
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
 * Which attributes must be unchanged, and which must be absent. The footer changes with every write. What it does not
 * cover, unsigned attributes and plaintext items, is compared attribute by attribute.
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
