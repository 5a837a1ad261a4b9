import { fault } from '../errors.ts'
import { type AttributeValue, type Item, typeOf } from './attribute-value.ts'
import { normaliseNumber } from './number.ts'

/** The most bytes that DynamoDB stores in one item, 400 KB, as it counts them: see {@link itemSize}. */
export const maxItemSize = 409_600

/** What a list or map costs, and each element in it. */
const containerBytes = 3
const elementBytes = 1

/**
 * The size of an item in bytes as DynamoDB counts it: names and values in UTF-8, binary as it is, numbers two
 * digits to a byte, and a few bytes for what nests. An encrypted item is larger than its plaintext; pass the result
 * of `encryptItem` to see what will be stored.
 *
 * @throws GlassineError `ERR_VALUE_INVALID` for anything but an attribute value
 * @example
 * ```ts
 * import { itemSize } from '@glassine/dynamodb'
 *
 * itemSize({ id: { S: 'p-1' }, age: { N: '42' } }) // 2 + 3 + 3 + 2 = 10
 * ```
 */
export const itemSize = (item: Item): number => {
  let size = 0
  for (const [name, value] of Object.entries(item))
    if (value !== undefined) size += Buffer.byteLength(name, 'utf8') + valueSize(value)
  return size
}

/** The size of one attribute's value, without its name. */
export const valueSize = (value: AttributeValue): number => {
  const type = typeOf(value)
  const held = type && (value as Record<string, unknown>)[type]
  switch (type) {
    case 'S':
      return Buffer.byteLength(held as string, 'utf8')
    case 'N':
      return numberSize(held as string)
    case 'B':
      return (held as Uint8Array).length
    case 'BOOL':
    case 'NULL':
      return 1
    case 'SS':
      return sum(held as string[], (text) => Buffer.byteLength(text, 'utf8'))
    case 'NS':
      return sum(held as string[], numberSize)
    case 'BS':
      return sum(held as Uint8Array[], ({ length }) => length)
    case 'L':
      return containerBytes + sum(held as AttributeValue[], (element) => elementBytes + valueSize(element))
    case 'M':
      return containerBytes + sum(Object.entries(held as Item), memberSize)
    case undefined:
      return refuse()
  }
}

const refuse = (): never => {
  throw fault('ERR_VALUE_INVALID', { message: 'An attribute has no known type' })
}

const sum = <T>(list: readonly T[], sizeOf: (element: T) => number): number =>
  list.reduce((total, element) => total + sizeOf(element), 0)

const memberSize = ([name, value]: readonly [string, AttributeValue]): number =>
  elementBytes + Buffer.byteLength(name, 'utf8') + valueSize(value)

/** One byte, one for a minus, and one for each pair of digits to either side of the decimal point. */
const numberSize = (text: string): number => {
  const normal = normaliseNumber(text) ?? refuse()
  const negative = normal.startsWith('-')
  const [whole = '', fraction = ''] = normal.slice(negative ? 1 : 0).split('.')
  const left = whole.padStart(whole.length + (whole.length % 2), '0')
  const right = fraction.padEnd(fraction.length + (fraction.length % 2), '0')
  // Pairs of zeros at the ends are not stored.
  const pairs = (left + right).replace(/^(?:00)+/, '').replace(/(?:00)+$/, '')
  return 1 + (negative ? 1 : 0) + pairs.length / 2
}
