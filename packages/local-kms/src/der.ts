/**
 * The part of DER (ITU-T X.690) that ciphertext blobs, ECDSA signatures and certificates need: node:crypto reads
 * certificates but cannot write them, and its ASN.1 is not exposed.
 */

/** Tags of the types used, class and constructed bit included. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
} as const

/** Short form below 128, otherwise the number of length bytes and then these. */
const lengthOf = (length: number): Buffer => {
  if (length < 0x80) return Buffer.of(length)
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest & 0xff)
  return Buffer.of(0x80 | bytes.length, ...bytes)
}

/** One tag-length-value. */
export const tlv = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.of(tag), lengthOf(content.length), content])
}

/** A SEQUENCE of encoded elements. */
export const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(tags.sequence, ...parts)

/** An OCTET STRING. */
export const octetString = (bytes: Uint8Array): Buffer => tlv(tags.octetString, bytes)

/** A BIT STRING of whole bytes. */
export const bitString = (bytes: Uint8Array, unusedBits = 0): Buffer =>
  tlv(tags.bitString, Buffer.of(unusedBits), bytes)

/** An unsigned INTEGER from big-endian bytes: shortest form, with a zero in front where the sign bit is set. */
export const unsignedInteger = (bytes: Uint8Array): Buffer => {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const digits = bytes.subarray(start)
  return tlv(tags.integer, digits[0]! & 0x80 ? Buffer.of(0) : Buffer.alloc(0), digits)
}

/** An object identifier from its dotted form: the first two arcs share a byte, the others are base 128. */
export const oid = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes: number[] = []
  for (const arc of [first * 40 + second, ...rest]) {
    const groups = [arc & 0x7f]
    for (let high = Math.floor(arc / 128); high > 0; high = Math.floor(high / 128)) {
      groups.unshift((high & 0x7f) | 0x80)
    }
    bytes.push(...groups)
  }
  return tlv(tags.oid, Buffer.from(bytes))
}

/** A UTCTime to the second, as RFC 5280 requires for dates before 2050. */
export const utcTime = (at: Date): Buffer =>
  tlv(tags.utcTime, Buffer.from(`${at.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`, 'latin1'))

/** One element of a parsed buffer. */
export interface Element {
  readonly tag: number
  readonly content: Buffer
  /** Offset of the byte after the element. */
  readonly end: number
}

/** Reads the element at `offset`; `undefined` when the bytes are not DER, so that callers choose the error. */
export const readElement = (bytes: Buffer, offset = 0): Element | undefined => {
  const tag = bytes[offset]
  let length = bytes[offset + 1]
  if (tag === undefined || length === undefined) return undefined
  let start = offset + 2
  if (length & 0x80) {
    const count = length & 0x7f
    // 0x80 is BER's indefinite length, and four bytes are more than any body holds.
    if (count === 0 || count > 4 || start + count > bytes.length) return undefined
    length = bytes.readUIntBE(start, count)
    start += count
  }
  const end = start + length
  return end > bytes.length ? undefined : { tag, content: bytes.subarray(start, end), end }
}

/** The children of a constructed element's content; `undefined` when they do not fill it exactly. */
export const readElements = (content: Buffer): Element[] | undefined => {
  const found: Element[] = []
  for (let offset = 0; offset < content.length; ) {
    const element = readElement(content, offset)
    if (element === undefined) return undefined
    found.push(element)
    offset = element.end
  }
  return found
}
