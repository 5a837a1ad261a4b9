import { isUtf8 } from 'node:buffer'
import type { GlassineError } from '@glassine/core'
import type { EncryptedDataKey } from '@glassine/keys'
import { hmac, readEncryptedDataKeys, secretKey, writeEncryptedDataKeys } from '@glassine/keys/internal'
import { legend as legendBytes } from '../attributes/attribute-value.ts'
import { contextKey, publicKeyName } from '../attributes/plan.ts'
import { Writer } from '../attributes/writer.ts'
import { decryptFailed, fault } from '../errors.ts'

/** What differs between suites. They share the rest: AES-256-GCM, HKDF-SHA512 with commitment, HMAC-SHA384. */
export interface Suite {
  readonly id: number
  /** The second byte of the header. */
  readonly flavor: 0 | 1
  /** Whether items have an ECDSA signature in addition to the recipients' tags. */
  readonly signed: boolean
}

/** The suites of the format by the names that the option takes. */
export const suites = {
  '0x6700': { id: 0x6700, flavor: 0, signed: false },
  '0x6701': { id: 0x6701, flavor: 1, signed: true },
} as const satisfies Record<string, Suite>

/**
 * An algorithm suite: `0x6701` with an ECDSA P-384 signature (AWS's default), or `0x6700` without.
 *
 * The signature prevents principals that may decrypt but not encrypt under a KMS key from making items that verify.
 * It costs about ten times the rest. Under a hierarchical keyring, readers hold the branch key and can write with it:
 * there the signature adds little.
 */
export type SuiteName = keyof typeof suites

/** The suite that a header names; `undefined` for none. */
const suiteOfFlavor = (flavor: number): Suite | undefined =>
  Object.values(suites).find((suite) => suite.flavor === flavor)

/** Bytes of the message id. */
export const messageIdBytes = 32
/** Bytes of the commitment, the header's last part. */
const commitmentBytes = 32
/** The most encrypted data keys that a header has room for. */
export const maxHeaderKeys = 0xff

/** The least size of a header, for an early check of an item's size. */
export const leastHeaderBytes = 2 + messageIdBytes + 2 + 2 + 1 + commitmentBytes

/** The contents of a header without the commitment (structured encryption, "Header"). */
export interface Header {
  /** 2 when attributes are in the encryption context by configuration, otherwise 1. */
  readonly version: 1 | 2
  readonly suite: Suite
  readonly messageId: Uint8Array
  /** One byte for each attribute in scope, in canonical order. */
  readonly legend: Uint8Array
  /** The verification key as in the encryption context; signed suites only. */
  readonly publicKey?: string
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
}

/** A header that was read and not yet verified. */
export interface ReadHeader extends Header {
  /** The whole header: the first part of the footer's input. */
  readonly bytes: Buffer
  /** The bytes that the commitment covers. */
  readonly committed: Buffer
  readonly commitment: Buffer
}

/**
 * Reads a header. It must be complete, with nothing after it. Nothing of it is trusted before the commitment has been
 * compared.
 *
 * @param maxKeys - more encrypted data keys are refused before any is tried: each may cost a call of KMS
 * @throws GlassineError `ERR_DECRYPT_FAILED`; RangeError where a read runs past the end
 */
export const readHeader = (head: Uint8Array, maxKeys: number): ReadHeader => {
  // A copy, since the caller could change the original while keys are fetched.
  const bytes = Buffer.from(head)
  let at = 2
  const take = (length: number): Buffer => {
    at += length
    if (at > bytes.length) throw malformed()
    return bytes.subarray(at - length, at)
  }
  const part = (): Buffer => take(take(2).readUInt16BE())
  const text = (): string => {
    const utf8 = part()
    if (!isUtf8(utf8)) throw malformed()
    return utf8.toString('utf8')
  }

  const version = bytes[0]
  const suite = suiteOfFlavor(bytes[1] ?? -1)
  if ((version !== 1 && version !== 2) || suite === undefined)
    throw decryptFailed('the header has a version or an algorithm suite that is not known')
  const messageId = take(messageIdBytes)
  const legend = checkedLegend(part(), version)
  const publicKey = storedPublicKey(take(2).readUInt16BE(), text)
  // A key without a signature, or the reverse: the suite was changed.
  if (suite.signed !== (publicKey !== undefined))
    throw decryptFailed('the algorithm suite was changed: it does not fit the public key in the header')

  const count = take(1)[0]!
  if (count === 0 || count > maxKeys)
    throw decryptFailed(`the header has ${count} encrypted data keys, and 1 to ${maxKeys} are accepted`)
  const read = readEncryptedDataKeys(bytes, at, count)
  if (read === undefined) throw malformed()
  const { encryptedDataKeys } = read
  at = read.end

  const committed = bytes.subarray(0, at)
  const commitment = take(commitmentBytes)
  if (at !== bytes.length) throw malformed()
  return { version, suite, messageId, legend, publicKey, encryptedDataKeys, bytes, committed, commitment }
}

const malformed = (): GlassineError => decryptFailed('the header is malformed')

/** Only headers with attributes in the encryption context are of version 2. */
const checkedLegend = (legend: Buffer, version: 1 | 2): Buffer => {
  let included = false
  for (const byte of legend) {
    if (byte === legendBytes.included) included = true
    else if (byte !== legendBytes.encrypted && byte !== legendBytes.signed) throw malformed()
  }
  if (included !== (version === 2))
    throw decryptFailed('the version was changed: it does not fit what the header says of the attributes')
  return legend
}

/**
 * The stored part of the encryption context: the public key or nothing. All other pairs are required ones, which
 * AWS's writers leave out; a header that stores others is refused, so contradictions need no check.
 */
const storedPublicKey = (pairs: number, text: () => string): string | undefined => {
  if (pairs === 0) return undefined
  if (pairs > 1 || text() !== publicKeyName)
    throw decryptFailed('the header stores parts of the encryption context that the reader has to know')
  return text()
}

const publicKeyKey = contextKey(publicKeyName)

/**
 * Writes a header: how to decrypt an item, and the commitment to its one data key.
 *
 * The result has memory of its own. Of the encryption context only the public key is stored; the reader must know all
 * other pairs.
 *
 * @throws GlassineError `ERR_ENCRYPT_FAILED` when a keyring's encrypted data keys do not fit the format
 */
export const writeHeader = (header: Header, commitKey: Buffer): Buffer => {
  const { version, suite, messageId, legend, publicKey, encryptedDataKeys } = header
  const list = writeEncryptedDataKeys(encryptedDataKeys)
  if (list === undefined || encryptedDataKeys.length === 0 || encryptedDataKeys.length > maxHeaderKeys)
    throw unfit()
  // Of the exact length, and not from Node's pool: this memory becomes the attribute.
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
