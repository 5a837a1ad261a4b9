import { types } from 'node:util'
import { valueError } from '../errors.ts'
import { type AttributeType, maxDepth, maxNameBytes, typeIds, typeOf } from './attribute-value.ts'
import { normaliseNumber } from './number.ts'

/** How many buffers are kept: as many as items that are usually processed at once. */
const maxSpare = 8
const maxBytes = 16_384
const freshBytes = 4_096

// No randomness and no secret at module scope: buffers are zeroed before they come here.
const spare: Buffer[] = []

/**
 * Lends a buffer to serialise an item in; give it back by {@link giveBack}. Each larger Buffer costs an allocation
 * outside of the heap and work for the garbage collector: a tenth of an item's time. Node's own pool is not used,
 * since any small Buffer shows it by its `buffer`, and this is plaintext.
 */
export const takeScratch = (): Buffer => spare.pop() ?? Buffer.allocUnsafeSlow(freshBytes)

/** Zeroes what was used of a buffer, and keeps the buffer for the next item. Nothing may hold a view of it. */
export const giveBack = (buffer: Buffer, used: number): void => {
  buffer.fill(0, 0, used)
  if (buffer.length <= maxBytes && spare.length < maxSpare) spare.push(buffer)
}

/** Up to this many UTF-16 units, the space for a string is estimated; for longer strings it is measured. */
const estimated = 1_024

/** A growing buffer that attribute values are written to, one after the other. */
export class Writer {
  buffer: Buffer
  /** Where the next byte goes. */
  at = 0
  /** The attribute at work, as a path; what errors name. */
  path: string | undefined

  /** @param buffer - is written over, and left zeroed when a larger one takes its place */
  constructor(buffer: Buffer) {
    this.buffer = buffer
  }

  /** Makes sure that so many bytes can be written. */
  reserve(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.at + bytes, this.buffer.length * 2))
    this.buffer.copy(larger, 0, 0, this.at)
    this.buffer.fill(0, 0, this.at)
    this.buffer = larger
  }

  uint8(value: number): void {
    this.reserve(1)
    this.buffer[this.at++] = value
  }

  uint16(value: number): void {
    this.reserve(2)
    this.buffer[this.at++] = value >> 8
    this.buffer[this.at++] = value & 0xff
  }

  uint32(value: number): void {
    this.reserve(4)
    this.at = this.buffer.writeUInt32BE(value, this.at)
  }

  /** Leaves room for a 32-bit length, to be written by {@link lengthAt} when it is known. */
  length(): number {
    this.uint32(0)
    return this.at
  }

  /** Writes how many bytes were written since `start`, which {@link length} returned. */
  lengthAt(start: number): void {
    this.buffer.writeUInt32BE(this.at - start, start - 4)
  }

  bytes(value: Uint8Array): void {
    this.reserve(value.length)
    this.buffer.set(value, this.at)
    this.at += value.length
  }

  /** @throws GlassineError `ERR_VALUE_INVALID` for a lone surrogate: it has no UTF-8 form and would be replaced */
  text(value: string): void {
    if (!value.isWellFormed()) throw valueError('text that is not well-formed Unicode', this.path)
    this.reserve(value.length <= estimated ? value.length * 3 : Buffer.byteLength(value, 'utf8'))
    this.at += this.buffer.write(value, this.at, 'utf8')
  }
}

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
