import { randomFillSync } from 'node:crypto'
import { gcmTag, ivBytes, secretKey, tagBytes } from '@glassine/keys/internal'
import { bodyLength, writeBody } from './body.ts'
import { committedKeys } from './derive.ts'
import { maxFooterBytes, signedFooter } from './signature.ts'
import { type HeaderTemplate, idAt, idBytes, type WriterOptions } from './writer.ts'

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

const poolBytes = 64 * idBytes

/** Milliseconds after which what is left of the pool is thrown away. */
const poolAge = 100

// Made on first use, never at module scope: a bundle that is loaded and then snapshotted would carry it along.
let pool: Buffer | undefined
let used = poolBytes
let filledAt = 0

/**
 * Writes a fresh message id, 32 random bytes, to `out`.
 *
 * The ids come from a pool, since one call of the generator for 64 ids costs as much as one for a single id. Two
 * messages with the same id under one data key would share key and IV, so no id may be given out twice: bytes are
 * zeroed as they leave, and a pool that is older than a moment is not used, so that two environments restored
 * from one snapshot do not go on with the same bytes.
 */
export const writeMessageId = (out: Buffer, offset: number): void => {
  const now = Date.now()
  // Also when the clock went back: its age is not known then.
  if (pool === undefined || used === poolBytes || now - filledAt > poolAge || now < filledAt) {
    pool ??= Buffer.allocUnsafeSlow(poolBytes)
    randomFillSync(pool)
    used = 0
    filledAt = now
  }
  pool.copy(out, offset, used, used + idBytes)
  pool.fill(0, used, used + idBytes)
  used += idBytes
}
