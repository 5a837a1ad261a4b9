import type { GlassineError } from '@glassine/core'
import { hmac, secretKey, writeEncryptedDataKeys } from '@glassine/keys/internal'
import { Writer } from '../attributes/writer.ts'
import { fault } from '../errors.ts'
import { contextKey, publicKeyName } from './context-key.ts'
import { commitmentBytes, type Header, leastHeaderBytes, maxHeaderKeys } from './header.ts'

const publicKeyKey = contextKey(publicKeyName)

/**
 * Writes a header: what says how to open an item, and the commitment to the one data key that it opens with.
 *
 * The result fills a memory of its own. Of the encryption context only the public key is stored: all other pairs the reader has to know by itself.
 *
 * @throws GlassineError `ERR_ENCRYPT_FAILED` when a keyring's encrypted data keys do not fit the format
 */
export const writeHeader = (header: Header, commitKey: Buffer): Buffer => {
  const { version, suite, messageId, legend, publicKey, encryptedDataKeys } = header
  const list = writeEncryptedDataKeys(encryptedDataKeys)
  if (list === undefined || encryptedDataKeys.length === 0 || encryptedDataKeys.length > maxHeaderKeys)
    throw unfit()
  // Exactly as long as it will be, and not of Node's pool: it becomes the attribute as it is.
  const out = new Writer(Buffer.allocUnsafeSlow(lengthOf(header) + list.length))
  out.uint8(version)
  out.uint8(suite.flavor)
  out.bytes(messageId)
  part(out, legend)
  out.uint16(publicKey === undefined ? 0 : 1)
  if (publicKey !== undefined) {
    out.bytes(publicKeyKey.bytes)
    part(out, Buffer.from(publicKey, 'latin1'))
  }
  out.uint8(encryptedDataKeys.length)
  out.bytes(list)
  out.bytes(commitmentOf(commitKey, out.buffer.subarray(0, out.at)))
  return out.buffer
}

/** Bytes of a header without its encrypted data keys. */
const lengthOf = ({ legend, publicKey }: Header): number =>
  leastHeaderBytes +
  legend.length +
  (publicKey === undefined ? 0 : publicKeyKey.bytes.length + 2 + publicKey.length)

/** Bytes with their 16-bit length before them. */
const part = (out: Writer, bytes: Uint8Array): void => {
  if (bytes.length > 0xffff) throw unfit()
  out.uint16(bytes.length)
  out.bytes(bytes)
}

const unfit = (): GlassineError =>
  fault('ERR_ENCRYPT_FAILED', {
    message: 'The legend or an encrypted data key does not fit the header of an item',
  })

/**
 * The commitment: HMAC-SHA512, truncated. The specification's text says SHA-384 here; all of AWS's implementations
 * write SHA-512.
 */
export const commitmentOf = (commitKey: Buffer, committed: Buffer): Buffer =>
  hmac('sha512', secretKey(commitKey), committed).subarray(0, commitmentBytes)
