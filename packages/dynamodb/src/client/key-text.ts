import type { AttributeValue, Item } from '../attributes/attribute-value.ts'
import { normaliseNumber } from '../attributes/number.ts'
import type { TableConfig } from '../config/table-config.ts'

/** An item's key as text, the same for numbers that are written differently; `undefined` when it is incomplete. */
export const keyText = (
  { partitionKey, sortKey }: Pick<TableConfig, 'partitionKey' | 'sortKey'>,
  item: Item,
): string | undefined => {
  const names = sortKey === undefined ? [partitionKey] : [partitionKey, sortKey]
  const parts = names.map((name) => (Object.hasOwn(item, name) ? partText(item[name]) : undefined))
  return parts.includes(undefined) ? undefined : JSON.stringify(parts)
}

/** A key is a string, a number or binary. */
const partText = (value: AttributeValue | undefined): readonly string[] | undefined => {
  if (typeof value !== 'object' || value === null) return undefined
  if ('S' in value) return ['S', value.S]
  if ('N' in value) return ['N', normaliseNumber(value.N) ?? '']
  if ('B' in value && value.B instanceof Uint8Array) return ['B', Buffer.from(value.B).toString('base64')]
  return undefined
}
