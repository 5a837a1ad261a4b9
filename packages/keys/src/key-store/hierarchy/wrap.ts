import { gcmOpen, gcmSealInto, ivBytes, tagBytes } from '../../crypto/aes-gcm.ts'
import { hmac } from '../../crypto/hmac.ts'
import { secretKey } from '../../crypto/secret-key.ts'
import type { EncryptedDataKey } from '../../keyring.ts'

/*
 * The wrap of AWS's hierarchical keyring (Encryption SDK specification, "AWS KMS Hierarchical Keyring", branch key
 * wrapping and unwrapping): a key derived for each wrap by SP 800-108 in counter mode, then AES-256-GCM.
 *
 *   ciphertext = salt 16 | iv 12 | branch key version 16 | encrypted data key | tag 16
 */

export const providerId = 'aws-kms-hierarchy'

/** What the wrap needs of a branch key; made once for each. */
export interface WrappingKey {
  /** 32 bytes; zeroed by whoever holds the key. */
  readonly bytes: Buffer
  /** The branch key id in UTF-8: the provider info. */
  readonly id: Buffer
  /** 16 bytes. */
  readonly version: Buffer
  /** What the additional authenticated data of every wrap begins with; the encryption context follows. */
  readonly aad: Buffer
}

/** Takes a branch key over, with what is the same for every wrap. */
export const wrappingKey = (bytes: Buffer, branchKeyId: string, version: Buffer): WrappingKey => {
  const id = Buffer.from(branchKeyId, 'utf8')
  return { bytes, id, version, aad: Buffer.concat([label, id, version]) }
}

const saltLength = 16
const versionAt = saltLength + ivBytes
const dataKeyAt = versionAt + 16

/** Random bytes that each wrap needs: salt and IV. */
export const freshLength = versionAt

/** Bytes that a wrap adds to the data key. */
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

/** The version that an encrypted data key names, a view of it. */
export const versionOf = ({ ciphertext }: EncryptedDataKey): Buffer =>
  ciphertext.subarray(versionAt, dataKeyAt)

/**
 * Wraps a data key.
 *
 * @param context - the serialised encryption context
 * @param fresh - random bytes, `freshLength` of them, from the system and not from a pool: two environments restored
 * from one snapshot would share a pool
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
 * Unwraps the data key of `ciphertext`, whose length the caller has checked; `undefined` when it is not authentic
 * under this branch key and this encryption context.
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
