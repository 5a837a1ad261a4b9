import { normaliseNumber } from '../../src/attributes/number.ts'
import type { AttributeValue, Item } from '../../src/index.ts'

const byUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * An item in the form that all its equals share: numbers normalised, sets sorted. What is only signed comes back as
 * it was written, what is encrypted comes back so.
 */
export const canonical = (item: Item): Item =>
  Object.fromEntries(Object.entries(item).map(([name, value]) => [name, canonicalValue(value)]))

const canonicalValue = (value: AttributeValue): AttributeValue => {
  if ('N' in value) return { N: normaliseNumber(value.N)! }
  if ('NS' in value) return { NS: value.NS.map((text) => normaliseNumber(text)!).toSorted(byUnits) }
  if ('SS' in value) return { SS: value.SS.toSorted(byUnits) }
  if ('BS' in value) return { BS: value.BS.toSorted(Buffer.compare) }
  if ('L' in value) return { L: value.L.map(canonicalValue) }
  if ('M' in value) return { M: canonical(value.M) }
  return value
}
