import type { EncryptionContext, SerialisedContext } from '@glassine/keys'
import { legend, typeOf } from '../attributes/attribute-value.ts'
import { type ContextKey, contextKey, maxContextBytes, publicKeyName } from '../attributes/plan.ts'
import { Writer } from '../attributes/writer.ts'
import { valueError } from '../errors.ts'
import type { Field } from './field.ts'

/** Where the encryption context holds the names of the table and its key. */
export const nameKeys = [
  'aws-crypto-table-name',
  'aws-crypto-partition-name',
  'aws-crypto-sort-name',
] as const
const [tableName, partitionName, sortName] = nameKeys

/** What every item's encryption context says of its table. */
export interface TableNames {
  /** The logical table name: physical tables may be renamed or restored under another name. */
  readonly table: string
  readonly partitionKey: string
  readonly sortKey?: string
}

/** An item's encryption context. */
export interface ItemContext extends SerialisedContext {
  /** Its serialised form with the 64-bit length before it: a part of the footer's input. */
  readonly withLength: Buffer
}

type Entry = readonly [key: ContextKey, value: string]

const publicKeyKey = contextKey(publicKeyName)
const legendKey = contextKey('aws-crypto-legend')
const lengthBytes = 8
/** Room for most encryption contexts. */
const usualBytes = 256

/**
 * Returns what makes items' encryption contexts (encrypt item, "Base Context" and versions 1 and 2). The reader
 * derives every pair but the public key from the item and its own configuration, and never reads it from the header.
 * An item that replaces another of the table is therefore not decrypted.
 */
export const contextOf = ({ table, partitionKey, sortKey }: TableNames) => {
  const base: readonly Entry[] = [
    [contextKey(tableName), table],
    [contextKey(partitionName), partitionKey],
    ...(sortKey === undefined ? [] : [[contextKey(sortName), sortKey] as const]),
  ]
  /** @throws GlassineError `ERR_VALUE_INVALID` for a value that is too long for the encryption context */
  return (version: 1 | 2, fields: readonly Field[], region: Buffer, publicKey?: string): ItemContext => {
    const entries = [...base]
    if (publicKey !== undefined) entries.push([publicKeyKey, publicKey])
    if (version === 1) {
      for (const { plan, start, end } of fields)
        if (plan.name === partitionKey || plan.name === sortKey)
          entries.push([plan.contextKey, region.toString('base64', start, end)])
    } else {
      const included = fields.filter(({ action }) => action === legend.included)
      for (const field of included) entries.push([field.plan.contextKey, readable(field, region)])
      entries.push([legendKey, included.toSorted(byContextKey).map(legendOf).join('')])
    }
    return serialised(entries.sort((a, b) => (a[0].order < b[0].order ? -1 : 1)))
  }
}

const byContextKey = (a: Field, b: Field): number =>
  a.plan.contextKey.order < b.plan.contextKey.order ? -1 : 1

/** Version 2 shows simple values as a KMS key policy can compare them. */
const readable = ({ value, start, end }: Field, region: Buffer): string => {
  if ('S' in value || 'N' in value) return region.toString('utf8', start + 2, end)
  if ('NULL' in value) return 'null'
  if ('BOOL' in value) return value.BOOL ? 'true' : 'false'
  return region.toString('base64', start, end)
}

/** How each readable value is to be read back: string, number, literal or bytes. */
const legendOf = ({ value }: Field): string => {
  const type = typeOf(value)
  if (type === 'S' || type === 'N') return type
  return type === 'NULL' || type === 'BOOL' ? 'L' : 'B'
}

/** Writes pairs that are sorted by the bytes of their names. */
const serialised = (entries: readonly Entry[]): ItemContext => {
  const out = new Writer(Buffer.allocUnsafe(usualBytes))
  out.uint32(0)
  out.uint32(0)
  out.uint16(entries.length)
  for (const [key, value] of entries) {
    out.bytes(key.bytes)
    out.uint16(0)
    const start = out.at
    out.text(value)
    const length = out.at - start
    if (length > maxContextBytes || key.bytes.length - 2 > maxContextBytes)
      throw valueError('a name or value that is too long for the encryption context')
    out.buffer.writeUInt16BE(length, start - 2)
  }
  const withLength = out.buffer.subarray(0, out.at)
  const bytes = withLength.subarray(lengthBytes)
  withLength.writeUInt32BE(bytes.length, 4)
  return {
    withLength,
    bytes,
    // Only some keyrings ask for these, and none twice.
    get pairs(): EncryptionContext {
      return Object.fromEntries(entries.map(([{ name }, value]) => [name, value]))
    },
    get id() {
      return bytes.toString('latin1')
    },
  }
}
