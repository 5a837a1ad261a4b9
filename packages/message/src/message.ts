// One message: its keys, and how it is written and read.

import { randomFillSync, timingSafeEqual } from 'node:crypto'
import {
  digestBytes,
  gcmTag,
  gcmVerifyTag,
  hmacSha512,
  ivBytes,
  secretKey,
  tagBytes,
} from '@glassine/keys/internal'
import { bodyLength, readBody, writeBody } from './body.ts'
import { decryptFailed, fault } from './errors.ts'
import type { HeaderLayout } from './header.ts'
import type { ReadMessage } from './reader.ts'
import { maxFooterBytes, signedFooter, verifyFooter } from './signature.ts'
import type { Suite } from './suites.ts'
import { type HeaderTemplate, idAt, idBytes, type WriterOptions } from './writer.ts'

// HKDF (RFC 5869) by hand: every output here is at most one hash long, so a key takes one extract and one expand.
// `hkdfSync` is several times slower and would repeat the extract for the second output.
/** What both directions need for one message's key. */
export interface MessageKeys {
  /** 32 bytes; zero them after use. */
  readonly cipherKey: Buffer
  /** 32 bytes that only this data key and message id produce. */
  readonly commitment: Buffer
}

/** Length of a data key, a commitment and a cipher key, in bytes. */
const keyBytes = 32

/** The counter of HKDF's first and only output block. */
const firstBlock = '\u0001'
const commitInfo = Buffer.from(`COMMITKEY${firstBlock}`, 'latin1')

const deriveInfo = (id: number): Buffer =>
  Buffer.concat([Buffer.from([id >> 8, id & 0xff]), Buffer.from(`DERIVEKEY${firstBlock}`, 'latin1')])
const deriveInfos = new Map([0x0478, 0x0578].map((id) => [id, deriveInfo(id)]))

const extract = hmacSha512(idBytes, keyBytes)
const expandCommitment = hmacSha512(digestBytes, commitInfo.length)
const expandKey = hmacSha512(digestBytes, commitInfo.length + 2)
const prk = Buffer.alloc(digestBytes)

/**
 * Derives a message's keys for a committing suite (specification, "HKDF Encryption Key" and "Commit Key"): the
 * message id is the salt, so the extract cannot be shared between messages.
 */
export const committedKeys = (suite: Suite, dataKey: Buffer, messageId: Buffer): MessageKeys => {
  // A shorter key would leave zeros, or another key's bytes, at its end.
  if (dataKey.length !== keyBytes)
    throw fault('ERR_ENCRYPT_FAILED', { message: 'A data key must be 32 bytes' })
  try {
    extract.key(messageId)
    extract.message(dataKey)
    prk.write(extract.digest(), 'latin1')
    expandCommitment.key(prk)
    expandCommitment.message(commitInfo)
    const commitment = Buffer.allocUnsafe(keyBytes)
    commitment.write(expandCommitment.digest(), 0, keyBytes, 'latin1')
    expandKey.key(prk)
    expandKey.message(deriveInfos.get(suite.id)!)
    const cipherKey = Buffer.allocUnsafe(keyBytes)
    cipherKey.write(expandKey.digest(), 0, keyBytes, 'latin1')
    return { cipherKey, commitment }
  } finally {
    prk.fill(0)
    extract.wipe()
    expandCommitment.wipe()
    expandKey.wipe()
  }
}

/** Length of the commitment at the end of a header, in bytes. */
export const commitmentBytes = 32
const headerIv = Buffer.alloc(ivBytes)

/** The maximum length of a message with a plaintext of this length: a signature's length varies by a few bytes. */
export const messageLength = (headLength: number, plaintextLength: number, options: WriterOptions): number =>
  headLength +
  commitmentBytes +
  tagBytes +
  bodyLength(plaintextLength, options.frameLength) +
  (options.suite.signed ? maxFooterBytes : 0)

/**
 * Writes one message of format version 2 (specification, "Encrypt"). Synchronous, into one buffer: nothing
 * else that it allocates outlives the call.
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

/** Age in ms at which the rest of the pool is discarded. */
const poolAge = 100

// Created on first use, never at module scope: a snapshot taken after loading would include it.
let pool: Buffer | undefined
let used = poolBytes
let filledAt = 0

/**
 * Writes a fresh message id, 32 random bytes, to `out`.
 *
 * The ids come from a pool, because generating 64 at once costs as much as generating one. Two
 * messages with the same id under one data key would share key and IV, so no id may be used twice. Therefore bytes are
 * zeroed as they leave, and an old pool is discarded, so that two environments restored from one snapshot
 * do not continue with the same bytes.
 */
export const writeMessageId = (out: Buffer, offset: number): void => {
  const now = Date.now()
  // Also if the clock went back, which makes the age unknown.
  if (pool === undefined || used === poolBytes || now - filledAt > poolAge || now < filledAt) {
    // Restored environments share what was drawn before the snapshot; a clock that hardly moved does not show it.
    if (process.env.AWS_LAMBDA_INITIALIZATION_TYPE === 'snap-start') {
      randomFillSync(out, offset, idBytes)
      return
    }
    pool ??= Buffer.allocUnsafeSlow(poolBytes)
    randomFillSync(pool)
    used = 0
    filledAt = now
  }
  pool.copy(out, offset, used, used + idBytes)
  pool.fill(0, used, used + idBytes)
  used += idBytes
}

/**
 * Opens one message with its data key (specification, "Decrypt"). Returns the plaintext, or throws the same error
 * for every fault. Nothing is decrypted before the key matches the message's commitment, and
 * nothing is returned before a signature, if there is one, is verified.
 *
 * @param unstored - the context that is authenticated but not in the header, serialised; may be empty
 */
export const openMessage = (
  { bytes, layout, header }: ReadMessage,
  dataKey: Buffer,
  unstored: Buffer,
): Buffer => {
  let cipherKey: Buffer | undefined
  let plaintext: Buffer | undefined
  let reason = 'the data key is not the one of the message'
  try {
    cipherKey = keyOf(bytes, layout, dataKey)
    reason =
      unstored.length === 0
        ? 'the header of the message was changed'
        : 'the header of the message was changed, or the part of the encryption context that it does not store differs'
    const { tagAt, bodyOfHeaderEnd } = layout
    const iv = layout.suite.version === 1 ? bytes.subarray(bodyOfHeaderEnd, tagAt) : headerIv
    const tag = bytes.subarray(tagAt, tagAt + tagBytes)
    const key = secretKey(cipherKey)
    if (!gcmVerifyTag(key, iv, bytes.subarray(0, bodyOfHeaderEnd), unstored, tag)) throw decryptFailed()
    reason = 'the message was changed or cut off'
    const body = readBody(bytes, layout, key)
    plaintext = body.plaintext
    if (header.verificationKey) verifyFooter(bytes, body.end, header.verificationKey)
    else if (body.end !== bytes.length) throw decryptFailed()
    return plaintext
  } catch {
    plaintext?.fill(0)
    // A new error, not the caught one: those of OpenSSL and Node say what went wrong and where.
    throw decryptFailed(reason)
  } finally {
    cipherKey?.fill(0)
  }
}

/** Derives the message's key, and checks it against the commitment in the header. */
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
