import { isUtf8 } from 'node:buffer'
import { decryptFailed } from '../errors.ts'
import {
  type AttributeType,
  type AttributeValue,
  maxDepth,
  maxNameBytes,
  setMember,
  typesById,
} from './attribute-value.ts'
import { normaliseNumber } from './number.ts'

/**
 * Rebuilds an attribute from its type id and the bytes that `writeAttribute` wrote. They were authenticated, so only
 * a holder of the key can have written bytes that do not fit. They are refused all the same.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`; RangeError where a read runs past the end, which callers turn into it
 */
export const readAttribute = (typeId: number, bytes: Buffer): AttributeValue => {
  const reader = { bytes, at: 0 }
  const value = readValue(reader, typeOfId(typeId), bytes.length, 1)
  if (reader.at !== bytes.length) throw malformed()
  return value
}

const malformed = () => decryptFailed('an encrypted attribute is malformed inside')

interface Reader {
  readonly bytes: Buffer
  at: number
}

const typeOfId = (id: number): AttributeType => {
  const type = typesById.get(id)
  if (type === undefined) throw malformed()
  return type
}

const uint16 = (reader: Reader): number => {
  reader.at += 2
  return reader.bytes.readUInt16BE(reader.at - 2)
}

const uint32 = (reader: Reader): number => {
  reader.at += 4
  return reader.bytes.readUInt32BE(reader.at - 4)
}

/** A view of the next bytes. */
const take = (reader: Reader, length: number): Buffer => {
  const start = reader.at
  reader.at += length
  if (reader.at > reader.bytes.length) throw malformed()
  return reader.bytes.subarray(start, reader.at)
}

const text = (reader: Reader, length: number): string => {
  const bytes = take(reader, length)
  if (!isUtf8(bytes)) throw malformed()
  // Unlike a TextDecoder, `toString` keeps a leading U+FEFF.
  return bytes.toString('utf8')
}

/** A copy with memory of its own: the reader's bytes are zeroed after use. */
const binary = (reader: Reader, length: number): Uint8Array => new Uint8Array(take(reader, length))

const list = <T>(reader: Reader, element: () => T): T[] => {
  const elements: T[] = []
  // Not `Array.from({ length })`: the count is not trusted before the elements are read.
  for (let left = uint32(reader); left > 0; left--) elements.push(element())
  return elements
}

/** The elements of a set. AWS's libraries read no set with an element twice; `same` is what equal ones share. */
const set = <T>(
  reader: Reader,
  read: (reader: Reader, length: number) => T,
  same: (element: T) => string,
): T[] => {
  const elements = list(reader, () => read(reader, uint32(reader)))
  if (new Set(elements.map(same)).size !== elements.length) throw malformed()
  return elements
}

const asIs = (element: string): string => element
const asNumber = (element: string): string => normaliseNumber(element) ?? element
const asBytes = (element: Uint8Array): string => Buffer.from(element).toString('latin1')

const nested = (reader: Reader, depth: number): AttributeValue => {
  const type = typeOfId(uint16(reader))
  const length = uint32(reader)
  const end = reader.at + length
  const value = readValue(reader, type, length, depth)
  if (reader.at !== end) throw malformed()
  return value
}

const readValue = (reader: Reader, type: AttributeType, length: number, depth: number): AttributeValue => {
  if (depth > maxDepth) throw malformed()
  switch (type) {
    case 'S':
      return { S: text(reader, length) }
    case 'N':
      return { N: text(reader, length) }
    case 'B':
      return { B: binary(reader, length) }
    case 'NULL':
      if (length !== 0) throw malformed()
      return { NULL: true }
    case 'BOOL': {
      const [byte] = take(reader, length)
      if (length !== 1 || byte! > 1) throw malformed()
      return { BOOL: byte === 1 }
    }
    case 'SS':
      return { SS: set(reader, text, asIs) }
    case 'NS':
      return { NS: set(reader, text, asNumber) }
    case 'BS':
      return { BS: set(reader, binary, asBytes) }
    case 'L':
      return { L: list(reader, () => nested(reader, depth + 1)) }
    case 'M': {
      const members: Record<string, AttributeValue> = {}
      for (let left = uint32(reader); left > 0; left--) {
        if (typeOfId(uint16(reader)) !== 'S') throw malformed()
        const bytes = uint32(reader)
        if (bytes === 0 || bytes > maxNameBytes) throw malformed()
        const name = text(reader, bytes)
        if (Object.hasOwn(members, name)) throw malformed()
        setMember(members, name, nested(reader, depth + 1))
      }
      return { M: members }
    }
  }
}
