import { isUtf8 } from 'node:buffer'
import { readEncryptedDataKeys } from '@glassine/keys/internal'
import { legend as legendBytes } from '../attributes/actions.ts'
import { decryptFailed } from '../errors.ts'
import { publicKeyName } from './context-key.ts'
import { commitmentBytes, type Header, messageIdBytes } from './header.ts'
import { suiteOfFlavor } from './suites.ts'

/** A header that was read and not yet verified. */
export interface ReadHeader extends Header {
  /** The whole header: the first part of the footer's input. */
  readonly bytes: Buffer
  /** What the commitment is over. */
  readonly committed: Buffer
  readonly commitment: Buffer
}

/**
 * Reads a header. All of it must be there and nothing after it; nothing of it is believed before the commitment
 * has been compared.
 *
 * @param maxKeys - more encrypted data keys are refused before any is tried: each may cost a call of KMS
 * @throws GlassineError `ERR_DECRYPT_FAILED`; RangeError where a read runs past the end
 */
export const readHeader = (head: Uint8Array, maxKeys: number): ReadHeader => {
  // A copy, since the caller has its hands on the original while keys are fetched.
  const bytes = Buffer.from(head)
  let at = 2
  const take = (length: number): Buffer => {
    at += length
    if (at > bytes.length) throw decryptFailed()
    return bytes.subarray(at - length, at)
  }
  const part = (): Buffer => take(take(2).readUInt16BE())
  const text = (): string => {
    const utf8 = part()
    if (!isUtf8(utf8)) throw decryptFailed()
    return utf8.toString('utf8')
  }

  const version = bytes[0]
  const suite = suiteOfFlavor(bytes[1] ?? -1)
  if ((version !== 1 && version !== 2) || suite === undefined) throw decryptFailed()
  const messageId = take(messageIdBytes)
  const legend = checkedLegend(part(), version)
  const publicKey = storedPublicKey(take(2).readUInt16BE(), text)
  // A key without a signature, or the other way round: somebody changed the suite.
  if (suite.signed !== (publicKey !== undefined)) throw decryptFailed()

  const count = take(1)[0]!
  if (count === 0 || count > maxKeys) throw decryptFailed()
  const read = readEncryptedDataKeys(bytes, at, count)
  if (read === undefined) throw decryptFailed()
  const { encryptedDataKeys } = read
  at = read.end

  const committed = bytes.subarray(0, at)
  const commitment = take(commitmentBytes)
  if (at !== bytes.length) throw decryptFailed()
  return { version, suite, messageId, legend, publicKey, encryptedDataKeys, bytes, committed, commitment }
}

/** Version 2 is what headers with attributes in the encryption context have, and no others. */
const checkedLegend = (legend: Buffer, version: 1 | 2): Buffer => {
  let included = false
  for (const byte of legend) {
    if (byte === legendBytes.included) included = true
    else if (byte !== legendBytes.encrypted && byte !== legendBytes.signed) throw decryptFailed()
  }
  if (included !== (version === 2)) throw decryptFailed()
  return legend
}

/**
 * The stored part of the encryption context: the public key or nothing. All other pairs are required ones, which
 * AWS's writers leave out; a header that brings its own is refused instead of being checked for contradictions.
 */
const storedPublicKey = (pairs: number, text: () => string): string | undefined => {
  if (pairs === 0) return undefined
  if (pairs > 1 || text() !== publicKeyName) throw decryptFailed()
  return text()
}
