import { isUtf8 } from 'node:buffer'
import type { EncryptionContext } from '@glassine/keys'
import { decryptFailed } from '../errors.ts'

/** Where a signed message keeps its verification key: the only pair that nobody has to expect. */
export const publicKeyName = 'aws-crypto-public-key'

/**
 * Reads an encryption context as it stands in a header, without the length before it. The order of the pairs is
 * not looked at: official test vectors are unsorted.
 */
export const parseContext = (bytes: Buffer): EncryptionContext => {
  // Without a prototype: a name is whatever the writer chose.
  const pairs: Record<string, string> = Object.create(null)
  if (bytes.length === 0) return pairs
  let at = 2
  const text = (): string => {
    const start = at + 2
    at = start + bytes.readUInt16BE(at)
    const part = bytes.subarray(start, at)
    // Replacement characters would make different bytes equal.
    if (at > bytes.length || !isUtf8(part)) throw decryptFailed()
    return part.toString('utf8')
  }
  const count = bytes.readUInt16BE(0)
  // A context without pairs is written as no bytes at all.
  if (count === 0) throw decryptFailed()
  for (let pair = 0; pair < count; pair++) {
    const name = text()
    if (name in pairs) throw decryptFailed()
    pairs[name] = text()
  }
  if (at !== bytes.length) throw decryptFailed()
  return pairs
}
