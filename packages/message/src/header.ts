import { isUtf8 } from 'node:buffer'
import type { EncryptionContext } from '@glassine/keys'
import { decryptFailed } from './errors.ts'
import type { Suite } from './suites.ts'

/** Limits of a reader. */
export interface ReaderLimits {
  readonly suites: ReadonlyMap<number, Suite>
  /** More encrypted data keys are refused before any of them is tried: each may cost a KMS call. */
  readonly maxEncryptedDataKeys: number
  /** A longer context with encrypted data keys is refused before any of it is parsed or kept. */
  readonly maxHeaderBytes: number
}

/** Offsets of the parts of one message's header. */
export interface HeaderLayout {
  readonly suite: Suite
  readonly messageId: Buffer
  /** Offset of the encryption context's length. */
  readonly contextAt: number
  /** Offset of the count of encrypted data keys. */
  readonly keysAt: number
  /** Offset after the last encrypted data key. */
  readonly keysEnd: number
  readonly framed: boolean
  /** Bytes of plaintext in a regular frame; 0 when not framed. */
  readonly frameLength: number
  /** The end of what the header's tag authenticates. */
  readonly bodyOfHeaderEnd: number
  readonly tagAt: number
  readonly bodyAt: number
}

const framedContent = 2
const nonFramedContent = 1
const tagBytes = 16
const ivBytes = 12

/**
 * Finds the parts of a message's header (specification, "Message Header") without copying. Reads beyond the
 * end throw Node's RangeError: callers replace every error with one.
 */
export const scanHeader = (bytes: Buffer, limits: ReaderLimits): HeaderLayout => {
  const version = bytes.readUInt8(0)
  const suite = limits.suites.get(bytes.readUInt16BE(version === 1 ? 2 : 1))
  if (suite === undefined || suite.version !== version) throw decryptFailed()
  // Version 1 stores a type first, 0x80: customer authenticated encrypted data.
  if (version === 1 && bytes.readUInt8(1) !== 0x80) throw decryptFailed()

  const idAt = version === 1 ? 4 : 3
  const contextAt = version === 1 ? 20 : 35
  const keysAt = contextAt + 2 + bytes.readUInt16BE(contextAt)
  const count = bytes.readUInt16BE(keysAt)
  if (count === 0 || count > limits.maxEncryptedDataKeys) throw decryptFailed()
  let at = keysAt + 2
  // Provider id, provider info and ciphertext of each, all length-prefixed.
  for (let part = 0; part < 3 * count; part++) at += 2 + bytes.readUInt16BE(at)
  const keysEnd = at
  if (keysEnd - contextAt > limits.maxHeaderBytes) throw decryptFailed()

  const contentType = bytes.readUInt8(at++)
  if (version === 1) {
    // Reserved bytes, and the length of every IV.
    if (bytes.readUInt32BE(at) !== 0 || bytes.readUInt8(at + 4) !== ivBytes) throw decryptFailed()
    at += 5
  }
  const frameLength = bytes.readUInt32BE(at)
  at += 4
  if (contentType !== framedContent && contentType !== nonFramedContent) throw decryptFailed()
  const framed = contentType === framedContent
  if (framed === (frameLength === 0)) throw decryptFailed()
  // Version 2 ends with the commitment; the tag's IV is zeros. Version 1 has no commitment and stores the IV.
  const bodyOfHeaderEnd = version === 1 ? at : at + 32
  const tagAt = version === 1 ? at + ivBytes : bodyOfHeaderEnd
  const bodyAt = tagAt + tagBytes
  if (bodyAt > bytes.length) throw decryptFailed()
  const messageId = bytes.subarray(idAt, contextAt)
  return {
    suite,
    messageId,
    contextAt,
    keysAt,
    keysEnd,
    framed,
    frameLength,
    bodyOfHeaderEnd,
    tagAt,
    bodyAt,
  }
}

/** The name under which a signed message stores its verification key: the only pair that readers need not expect. */
export const publicKeyName = 'aws-crypto-public-key'

/**
 * Reads an encryption context as stored in a header, without the length before it. The order of the pairs is not
 * checked: official test vectors are unsorted.
 */
export const parseContext = (bytes: Buffer): EncryptionContext => {
  // Without a prototype: the writer chooses the names.
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
  // A context without pairs is written as zero bytes.
  if (count === 0) throw decryptFailed()
  for (let pair = 0; pair < count; pair++) {
    const name = text()
    if (name in pairs) throw decryptFailed()
    pairs[name] = text()
  }
  if (at !== bytes.length) throw decryptFailed()
  return pairs
}

// Version and suite are the first three bytes of version 2, and so the first four characters; version 1 has a
// type in between, and its suite's last byte shares two bits of a character with the message id.
const start = /^(?:AgR4|AgV4|AYA[BD]e[A-P])/
const base64 = /^[A-Za-z0-9+/]+={0,2}$/
/** Shorter than any message. */
const minLength = 136

/**
 * Whether a value was meant to be a message, so that any fault in it is a failed decryption. Anything
 * else in a declared field is unencrypted plaintext.
 */
export const isMessageText = (value: unknown): value is string =>
  typeof value === 'string' && (start.test(value) || (value.length >= minLength && base64.test(value)))

/**
 * Decodes the base64 of a message (RFC 4648, section 4, with padding).
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const decodeMessage = (text: string): Buffer => {
  const bytes = Buffer.from(text, 'base64')
  // Node skips invalid characters and accepts other alphabets; here each message has exactly one spelling.
  if (bytes.toString('base64') !== text)
    throw decryptFailed('the text of the message is not base64 in its one spelling')
  return bytes
}

/** The number of base64 characters for this many bytes. */
export const base64Length = (bytes: number): number => 4 * Math.ceil(bytes / 3)

/** Whether a value looks like a message from outside: base64, with a header that parses. */
export const looksLikeMessage = (value: unknown, limits: ReaderLimits): boolean => {
  if (typeof value !== 'string' || !start.test(value)) return false
  try {
    scanHeader(decodeMessage(value), limits)
    return true
  } catch {
    return false
  }
}
