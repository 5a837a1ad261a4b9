import { fault } from './errors.ts'

/** Names and values that are authenticated with a ciphertext. AWS shows them in CloudTrail. */
export type EncryptionContext = Readonly<Record<string, string>>

/** An encryption context in the forms that formats and caches need, each computed once. */
export interface SerialisedContext {
  readonly pairs: EncryptionContext
  /** u16 count and length-prefixed pairs in UTF-8 byte order; empty for an empty context. */
  readonly bytes: Buffer
  /** The same bytes as a string with one character per byte: a key for maps. */
  readonly id: string
}

const byteOrder = (a: readonly [Buffer, Buffer], b: readonly [Buffer, Buffer]): number =>
  Buffer.compare(a[0], b[0])

/**
 * Serialises an encryption context as AWS Encryption SDK messages and raw keyrings do (message format
 * specification, "Key Value Pairs"): pairs sorted by the UTF-8 bytes of their names.
 *
 * @throws GlassineError `ERR_BINDING_INVALID` when it is larger than the format allows: 65,535 bytes
 */
export const serialiseContext = (pairs: EncryptionContext): SerialisedContext => {
  const names = Object.keys(pairs)
  if (names.length === 0) return empty
  const sorted = names.map((name) => [Buffer.from(name, 'utf8'), Buffer.from(pairs[name]!, 'utf8')] as const)
  if (sorted.length > 1) sorted.sort(byteOrder)
  let length = 2
  for (const [name, value] of sorted) length += 4 + name.length + value.length
  if (length > 0xffff)
    throw fault('ERR_BINDING_INVALID', { message: 'The encryption context is larger than 65,535 bytes' })
  const bytes = Buffer.allocUnsafeSlow(length)
  let at = bytes.writeUInt16BE(sorted.length, 0)
  for (const pair of sorted) {
    for (const part of pair) {
      at = bytes.writeUInt16BE(part.length, at)
      at += part.copy(bytes, at)
    }
  }
  return Object.freeze({ pairs, bytes, id: bytes.toString('latin1') })
}

const empty: SerialisedContext = Object.freeze({ pairs: Object.freeze({}), bytes: Buffer.alloc(0), id: '' })
