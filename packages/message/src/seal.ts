import { gcmTag, ivBytes, secretKey, tagBytes } from '@glassine/keys/internal'
import { bodyLength, writeBody } from './body/write.ts'
import { committedKeys } from './derive.ts'
import { type HeaderTemplate, idAt, idBytes } from './header/template.ts'
import { writeMessageId } from './random.ts'
import { maxFooterBytes, signedFooter } from './signature.ts'
import type { WriterOptions } from './writer.ts'

/** Bytes of the commitment at a header's end. */
export const commitmentBytes = 32
const headerIv = Buffer.alloc(ivBytes)

/** How long a message of so much plaintext gets, at most: a signature's length varies by a few bytes. */
export const messageLength = (headLength: number, plaintextLength: number, options: WriterOptions): number =>
  headLength +
  commitmentBytes +
  tagBytes +
  bodyLength(plaintextLength, options.frameLength) +
  (options.suite.signed ? maxFooterBytes : 0)

/**
 * Writes one message of format version 2 (specification, "Encrypt"). Synchronous, into one buffer: nothing
 * that it allocates outlives it but the message.
 */
export const sealMessage = (template: HeaderTemplate, dataKey: Buffer, plaintext: Buffer): Buffer => {
  const { suite, head, frameLength, context, signingKey } = template
  const out = Buffer.allocUnsafe(
    head.length + commitmentBytes + tagBytes + bodyLength(plaintext.length, frameLength),
  )
  head.copy(out)
  writeMessageId(out, idAt)
  const messageId = out.subarray(idAt, idAt + idBytes)
  const { cipherKey, commitment } = committedKeys(suite, dataKey, messageId)
  try {
    const key = secretKey(cipherKey)
    let at = head.length
    at += commitment.copy(out, at)
    at += gcmTag(key, headerIv, out.subarray(0, at), context.unstored).copy(out, at)
    writeBody(out, at, plaintext, frameLength, key, messageId)
  } finally {
    cipherKey.fill(0)
  }
  return signingKey === undefined ? out : Buffer.concat([out, signedFooter(out, signingKey)])
}
