// The buffers that items are serialised in, which are lent and zeroed.
import { valueError } from '../errors.ts'

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
