import { types } from 'node:util'
import { valueError } from '../errors.ts'
import { type AttributeType, maxDepth, maxNameBytes, typeIds, typeOf } from './attribute-value.ts'
import { normaliseNumber } from './number.ts'
import type { Writer } from './writer.ts'

/**
 * Writes an attribute's type id and value (DynamoDB attribute serialisation), which is what is encrypted or
 * signed. Equal values have equal bytes: sets and map entries are sorted, numbers normalised.
 *
 * Order is that of UTF-16 code units, JavaScript's own `<`, here; canonical paths and encryption contexts go by
 * bytes instead.
 *
 * @throws GlassineError `ERR_VALUE_INVALID`, never with the value
 */
export const writeAttribute = (out: Writer, value: unknown): void => {
  const type = checkedType(out, value, 1)
  out.uint16(typeIds[type])
  write[type](out, (value as Record<string, unknown>)[type], 1)
}

const checkedType = (out: Writer, value: unknown, depth: number): AttributeType => {
  const type = typeOf(value)
  if (type === undefined) throw valueError('not one value of a type that DynamoDB has', out.path)
  if (depth > maxDepth) throw valueError(`nested deeper than ${maxDepth} levels`, out.path)
  return type
}

/** Inside lists and maps, values carry their length. */
const writeNested = (out: Writer, value: unknown, depth: number): void => {
  const type = checkedType(out, value, depth)
  out.uint16(typeIds[type])
  const start = out.length()
  write[type](out, (value as Record<string, unknown>)[type], depth)
  out.lengthAt(start)
}

const writeText = (out: Writer, value: unknown): void => {
  if (typeof value !== 'string') throw valueError('a string must be a string', out.path)
  out.text(value)
}

const writeBytes = (out: Writer, value: unknown): void => {
  if (!types.isUint8Array(value)) throw valueError('binary must be a Uint8Array', out.path)
  out.bytes(value)
}

const normalised = (out: Writer, value: unknown): string => {
  const text = typeof value === 'string' ? normaliseNumber(value) : undefined
  if (text === undefined)
    throw valueError('a number must be text of at most 38 digits, in the range of DynamoDB', out.path)
  return text
}

/** The elements of a set, checked; DynamoDB has no empty sets. */
const elements = (out: Writer, value: unknown): readonly unknown[] => {
  if (!Array.isArray(value) || value.length === 0)
    throw valueError('a set must be a list that is not empty', out.path)
  return value
}

const writeSet = <T>(
  out: Writer,
  sorted: readonly T[],
  equal: (a: T, b: T) => boolean,
  writeOne: (out: Writer, element: T) => void,
): void => {
  out.uint32(sorted.length)
  sorted.forEach((element, at) => {
    // Numbers are compared as normalised: 1 and 1.0 are one number.
    if (at > 0 && equal(sorted[at - 1]!, element)) throw valueError('a set holds a value twice', out.path)
    const start = out.length()
    writeOne(out, element)
    out.lengthAt(start)
  })
}

/** The default order of `toSorted` is that of UTF-16 code units. */
const writeTextSet = (out: Writer, texts: readonly string[]): void =>
  writeSet(out, texts.toSorted(), (a, b) => a === b, writeText)

const write: Readonly<Record<AttributeType, (out: Writer, value: unknown, depth: number) => void>> = {
  S: writeText,
  N: (out, value) => out.text(normalised(out, value)),
  B: writeBytes,
  BOOL: (out, value) => {
    if (typeof value !== 'boolean') throw valueError('a boolean must be true or false', out.path)
    out.uint8(value ? 1 : 0)
  },
  NULL: (out, value) => {
    if (value !== true) throw valueError('NULL must be true', out.path)
  },
  SS: (out, value) => {
    const list = elements(out, value)
    for (const element of list)
      if (typeof element !== 'string') throw valueError('a string must be a string', out.path)
    writeTextSet(out, list as string[])
  },
  NS: (out, value) =>
    writeTextSet(
      out,
      elements(out, value).map((element) => normalised(out, element)),
    ),
  BS: (out, value) => {
    const list = elements(out, value)
    for (const element of list)
      if (!types.isUint8Array(element)) throw valueError('binary must be a Uint8Array', out.path)
    const sorted = (list as Uint8Array[]).toSorted(Buffer.compare)
    writeSet(out, sorted, (a, b) => Buffer.compare(a, b) === 0, writeBytes)
  },
  L: (out, value, depth) => {
    if (!Array.isArray(value)) throw valueError('a list must be an array', out.path)
    out.uint32(value.length)
    for (let at = 0; at < value.length; at++) writeNested(out, value[at], depth + 1)
  },
  M: (out, value, depth) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw valueError('a map must be an object', out.path)
    const names = Object.keys(value).sort()
    out.uint32(names.length)
    for (const name of names) {
      out.uint16(typeIds.S)
      const start = out.length()
      out.text(name)
      if (out.at === start || out.at - start > maxNameBytes)
        throw valueError(`a name in a map must have 1 to ${maxNameBytes} bytes`, out.path)
      out.lengthAt(start)
      writeNested(out, (value as Record<string, unknown>)[name], depth + 1)
    }
  },
}
