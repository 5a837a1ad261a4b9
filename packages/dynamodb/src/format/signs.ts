// Recognises an item that was encrypted once, even if parts of it have been removed or renamed since.
import { types } from 'node:util'
import {
  type AttributeType,
  type AttributeValue,
  type Item,
  reservedPrefix,
  typesById,
} from '../attributes/attribute-value.ts'
import { sealedOverhead } from './field.ts'
import { leastHeaderBytes } from './header.ts'

/** What AWS's earlier DynamoDB Encryption Client adds to its items. */
const earlierNames = ['*amzn-ddb-map-desc*', '*amzn-ddb-map-sig*']

/** What a reader's configuration says of an attribute. */
export interface ReadAs {
  /** An attribute of the table's key, which is never encrypted. */
  readonly isKey: (name: string) => boolean
  readonly isDeclared: (name: string) => boolean
}

/**
 * Whether an item has any sign of having been encrypted: then it must verify, and is never plaintext. Undeclared
 * attributes count too: a writer may have declared more than the reader.
 */
export const showsEncryption = (item: Item, { isKey, isDeclared }: ReadAs): boolean =>
  Object.keys(item).some((name) => {
    if (name.startsWith(reservedPrefix) || earlierNames.includes(name)) return true
    if (isKey(name)) return false
    const bytes = bytesOf(item[name])
    return bytes !== undefined && (isValue(bytes) || (isDeclared(name) && isVersioned(bytes)))
  })

const bytesOf = (value: AttributeValue | undefined): Uint8Array | undefined =>
  value && 'B' in value && types.isUint8Array(value.B) ? value.B : undefined

/** The least sizes of serialised values; lists, maps and sets begin with a count. */
const leastBytes: Readonly<Partial<Record<AttributeType, number>>> = {
  BOOL: 1,
  N: 1,
  SS: 4,
  NS: 4,
  BS: 4,
  M: 4,
  L: 4,
}
const mostBytes: Readonly<Partial<Record<AttributeType, number>>> = { NULL: 0, BOOL: 1 }

/**
 * Whether bytes have the structure of an encrypted attribute: the id of a type, a ciphertext of its size, and a tag.
 */
const isValue = (bytes: Uint8Array): boolean => {
  const type = typesById.get((bytes[0]! << 8) | bytes[1]!)
  if (type === undefined) return false
  const size = bytes.length - sealedOverhead
  return size >= (leastBytes[type] ?? 0) && size <= (mostBytes[type] ?? size)
}

/** The first bytes of an item's header, and of messages of the AWS Encryption SDK. */
const isVersioned = (bytes: Uint8Array): boolean => {
  const [version, second, third] = bytes
  if (bytes.length < leastHeaderBytes) return false
  if ((version === 1 || version === 2) && (second === 0 || second === 1)) return true
  return (version === 1 && second === 0x80) || (version === 2 && third === 0x78)
}
