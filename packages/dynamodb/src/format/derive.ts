import { createCipheriv } from 'node:crypto'
import { hkdfExtract, hmac, type SecretKey, secretKey } from '@glassine/keys/internal'

// HKDF-SHA512 (RFC 5869) by hand: every output is at most one hash long, and two outputs share one extract each
// time, so a pair costs three HMACs. `hkdfSync` takes about twice the time and would extract each time.

/** The counter of HKDF's first and only output block. */
const firstBlock = '\u0001'
const commitInfo = 'AWS_DBE_COMMIT_KEY'
const deriveInfo = 'AWS_DBE_DERIVE_KEY'
const macInfo = Buffer.from(`AWS_MPL_INTERMEDIATE_KEYWRAP_MAC${firstBlock}`, 'latin1')
const encInfo = Buffer.from(`AWS_MPL_INTERMEDIATE_KEYWRAP_ENC${firstBlock}`, 'latin1')
const keyBytes = 32
const idBytes = 32

const expand = (prk: SecretKey, info: Buffer): Buffer => hmac('sha512', prk, info).subarray(0, keyBytes)

/** Derives two keys from one. */
const pair = (keyMaterial: Buffer, one: Buffer, other: Buffer): readonly [Buffer, Buffer] => {
  const prk = hkdfExtract('sha512', keyMaterial)
  let first: Buffer | undefined
  try {
    const key = secretKey(prk)
    first = expand(key, one)
    return [first, expand(key, other)]
  } catch (error) {
    first?.fill(0)
    throw error
  } finally {
    prk.fill(0)
  }
}

/** A label, the message id and the block counter. */
const infoOf = (label: string, messageId: Uint8Array): Buffer => {
  const info = Buffer.alloc(label.length + idBytes + 1, label, 'latin1')
  info.set(messageId, label.length)
  info[info.length - 1] = 1
  return info
}

/** What one item's plaintext data key gives. Zero both when done. */
export interface ItemKeys {
  /** Keys the commitment at the end of the header. */
  readonly commitKey: Buffer
  /** Gives the keys of the fields. */
  readonly rootKey: Buffer
}

/** Derives an item's two keys from its plaintext data key and message id (header and encrypt structure). */
export const itemKeys = (plaintextDataKey: Buffer, messageId: Uint8Array): ItemKeys => {
  const infos = [infoOf(commitInfo, messageId), infoOf(deriveInfo, messageId)] as const
  const [commitKey, rootKey] = pair(plaintextDataKey, ...infos)
  return { commitKey, rootKey }
}

/** What one recipient's intermediate key gives. Zero both when done. */
export interface RecipientKeys {
  /** Keys this recipient's tag in the footer. */
  readonly macKey: Buffer
  /** Wraps the plaintext data key. */
  readonly wrappingKey: Buffer
}

/** Derives a recipient's two keys from its intermediate key (algorithm suites, "Intermediate Key Wrapping"). */
export const recipientKeys = (intermediateKey: Buffer): RecipientKeys => {
  const [macKey, wrappingKey] = pair(intermediateKey, macInfo, encInfo)
  return { macKey, wrappingKey }
}

/** Bytes from one field's key to the next: three AES blocks, of which 44 bytes are used. */
const stride = 48
const cipherKeyBytes = 32
const nonceBytes = 12
const initialCounter = Buffer.from([...Buffer.from('AwsDbeField'), 0x2c, 0, 0, 0, 0])
/** What most items' key streams are encrypted from. */
const zeros = Buffer.alloc(32 * stride)

/**
 * The keys of all encrypted fields as one AES-256-CTR key stream. Field `i` is defined by a counter that starts at
 * `3 * i`, and takes just under three blocks: so the first field's stream contains all of them, one after the other.
 */
export const fieldKeyStream = (rootKey: Buffer, fields: number): Buffer => {
  const bytes = fields * stride
  const plaintext = bytes <= zeros.length ? zeros.subarray(0, bytes) : Buffer.alloc(bytes)
  return createCipheriv('aes-256-ctr', secretKey(rootKey), initialCounter).update(plaintext)
}

/** The key of field `at` in a {@link fieldKeyStream}; a view. */
export const fieldCipherKey = (stream: Buffer, at: number): Buffer =>
  stream.subarray(at * stride, at * stride + cipherKeyBytes)

/** The nonce of field `at` in a {@link fieldKeyStream}; a view. */
export const fieldNonce = (stream: Buffer, at: number): Buffer => {
  const start = at * stride + cipherKeyBytes
  return stream.subarray(start, start + nonceBytes)
}
