/*
 * The wrap of AWS's hierarchical keyring (Encryption SDK specification, "AWS KMS Hierarchical Keyring", branch key
 * wrapping and unwrapping): a key derived for each wrap by SP 800-108 in counter mode, then AES-256-GCM.
 *
 *   ciphertext = salt 16 | iv 12 | branch key version 16 | encrypted data key | tag 16
 */
import { gcmOpen, gcmSealInto, hmac, ivBytes, secretKey, tagBytes } from '../crypto/symmetric.ts'
import type { EncryptedDataKey } from '../keyring.ts'

export const providerId = 'aws-kms-hierarchy'

/** What wrapping needs of a branch key, computed once per key. */
export interface WrappingKey {
  /** 32 bytes, which the owner of the key zeroes. */
  readonly bytes: Buffer
  /** The branch key id in UTF-8: the provider info. */
  readonly id: Buffer
  /** 16 bytes. */
  readonly version: Buffer
  /** The start of the additional authenticated data of every wrap; the encryption context follows. */
  readonly aad: Buffer
}

/** Prepares a branch key for wrapping; takes ownership of `bytes`. */
export const wrappingKey = (bytes: Buffer, branchKeyId: string, version: Buffer): WrappingKey => {
  const id = Buffer.from(branchKeyId, 'utf8')
  return { bytes, id, version, aad: Buffer.concat([label, id, version]) }
}

const saltLength = 16
const versionAt = saltLength + ivBytes
const dataKeyAt = versionAt + 16

/** Number of random bytes for each wrap: salt and IV. */
export const freshLength = versionAt

/** Number of bytes that wrapping adds to the data key. */
export const overhead = dataKeyAt + tagBytes

const label = Buffer.from(providerId, 'utf8')

/**
 * KDF in counter mode with HMAC-SHA-256, one block: counter, label, a zero byte, the salt as context, and the
 * output's length in bits.
 */
const kdfHead = Buffer.concat([Buffer.from([0, 0, 0, 1]), label, Buffer.from([0])])
const kdfTail = Buffer.from([0, 0, 1, 0])

const derive = (branchKey: Buffer, salt: Buffer): Buffer =>
  hmac('sha256', secretKey(branchKey), kdfHead, salt, kdfTail)

/** The branch key version in an encrypted data key, as a view. */
export const versionOf = ({ ciphertext }: EncryptedDataKey): Buffer =>
  ciphertext.subarray(versionAt, dataKeyAt)

/**
 * Wraps a data key.
 *
 * @param context - the serialised encryption context
 * @param fresh - `freshLength` random bytes, from the system and not from a pool, which two environments restored from
 * one snapshot would share
 */
export const wrapDataKey = (
  key: WrappingKey,
  context: Buffer,
  dataKey: Buffer,
  fresh: Buffer,
): EncryptedDataKey => {
  const { bytes, id, version, aad } = key
  const iv = fresh.subarray(saltLength)
  const ciphertext = Buffer.allocUnsafe(dataKey.length + overhead)
  fresh.copy(ciphertext)
  version.copy(ciphertext, versionAt)
  const derived = derive(bytes, fresh.subarray(0, saltLength))
  try {
    gcmSealInto(ciphertext, dataKeyAt, secretKey(derived), iv, Buffer.concat([aad, context]), dataKey)
  } finally {
    derived.fill(0)
  }
  return { providerId, providerInfo: id, ciphertext }
}

/**
 * Unwraps the data key in `ciphertext`, whose length the caller has checked; `undefined` if it is not authentic under
 * this branch key and encryption context.
 */
export const unwrapDataKey = (key: WrappingKey, context: Buffer, ciphertext: Buffer): Buffer | undefined => {
  const { bytes, aad } = key
  const iv = ciphertext.subarray(saltLength, versionAt)
  const tagAt = ciphertext.length - tagBytes
  const [wrapped, tag] = [ciphertext.subarray(dataKeyAt, tagAt), ciphertext.subarray(tagAt)]
  const derived = derive(bytes, ciphertext.subarray(0, saltLength))
  try {
    return gcmOpen(secretKey(derived), iv, Buffer.concat([aad, context]), wrapped, tag)
  } finally {
    derived.fill(0)
  }
}
