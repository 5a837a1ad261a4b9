/** The encryption context: its limits, and its bytes as additional authenticated data. */
import type { Call } from './call.ts'
import { invalid } from './errors.ts'

/** Names and values that are authenticated with a blob, and not secret. */
export type EncryptionContext = Readonly<Record<string, string>>

/** Bytes of names and values together. */
const maxLength = 8192

/** Puts the context in the call log and checks its size. */
export const noteContext = (call: Call, context: EncryptionContext | undefined): EncryptionContext => {
  if (context === undefined) return {}
  call.record.encryptionContext = context
  let length = 0
  for (const [name, value] of Object.entries(context))
    length += Buffer.byteLength(name) + Buffer.byteLength(value)
  if (length > maxLength) throw invalid(`EncryptionContext must not be larger than ${maxLength} bytes`)
  return context
}

const prefixed = (bytes: Buffer): Buffer => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/**
 * Names and values, each with its length in front and sorted by name: two contexts give the same bytes only
 * when they are equal, in whatever order they were written.
 */
export const contextBytes = (context: EncryptionContext): Buffer =>
  Buffer.concat(
    Object.entries(context)
      .map(([name, value]) => [Buffer.from(name), Buffer.from(value)] as const)
      .sort(([a], [b]) => Buffer.compare(a, b))
      .flatMap(([name, value]) => [prefixed(name), prefixed(value)]),
  )
