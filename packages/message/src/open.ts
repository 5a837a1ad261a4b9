import { timingSafeEqual } from 'node:crypto'
import { gcmVerifyTag, ivBytes, secretKey, tagBytes } from '@glassine/keys/internal'
import { readBody } from './body.ts'
import { committedKeys } from './derive.ts'
import { decryptFailed } from './errors.ts'
import type { HeaderLayout } from './header.ts'
import type { ReadMessage } from './reader.ts'
import { verifyFooter } from './signature.ts'

const zeroIv = Buffer.alloc(ivBytes)

/**
 * Opens one message with its data key (specification, "Decrypt") and returns the plaintext, or throws one error
 * whatever is wrong. Nothing is decrypted before the key is known to be the one that the message commits to, and
 * nothing is returned before the signature, where there is one, is verified.
 *
 * @param unstored - the context that is authenticated and not in the header, serialised; may be empty
 */
export const openMessage = (
  { bytes, layout, header }: ReadMessage,
  dataKey: Buffer,
  unstored: Buffer,
): Buffer => {
  let cipherKey: Buffer | undefined
  let plaintext: Buffer | undefined
  try {
    cipherKey = keyOf(bytes, layout, dataKey)
    const { tagAt, bodyOfHeaderEnd } = layout
    const iv = layout.suite.version === 1 ? bytes.subarray(bodyOfHeaderEnd, tagAt) : zeroIv
    const tag = bytes.subarray(tagAt, tagAt + tagBytes)
    const key = secretKey(cipherKey)
    if (!gcmVerifyTag(key, iv, bytes.subarray(0, bodyOfHeaderEnd), unstored, tag)) throw decryptFailed()
    const body = readBody(bytes, layout, key)
    plaintext = body.plaintext
    if (header.verificationKey) verifyFooter(bytes, body.end, header.verificationKey)
    else if (body.end !== bytes.length) throw decryptFailed()
    return plaintext
  } catch {
    plaintext?.fill(0)
    // A new error, not the one caught: OpenSSL's and Node's say what went wrong, and where.
    throw decryptFailed()
  } finally {
    cipherKey?.fill(0)
  }
}

/** Derives the message's key, and makes sure that it is the one that the header commits to. */
const keyOf = (
  bytes: Buffer,
  { suite, messageId, bodyOfHeaderEnd }: HeaderLayout,
  dataKey: Buffer,
): Buffer => {
  if (suite.cipherKey) return suite.cipherKey(dataKey, messageId)
  const { cipherKey, commitment } = committedKeys(suite, dataKey, messageId)
  if (timingSafeEqual(commitment, bytes.subarray(bodyOfHeaderEnd - commitment.length, bodyOfHeaderEnd)))
    return cipherKey
  cipherKey.fill(0)
  throw decryptFailed()
}
