// AES-GCM, HMAC and HKDF of node:crypto for every format, and the form of their keys.
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  type KeyObject,
} from 'node:crypto'
import { types } from 'node:util'

declare const form: unique symbol

interface Form {
  readonly [form]: true
}

/**
 * A key in the form that is fastest in this version of Node. Made once per message and key, and used for all operations
 * with it. Only `secretKey` makes it, so that no operation gets the slow form.
 */
export type SecretKey = (Buffer | KeyObject) & Form

/**
 * Whether a Buffer as a key costs several times the operation itself: Node 24.18 to 24.21, and 26.2 to 26.8, ask
 * whether it is a KeyObject by two C++ exceptions (nodejs/node 63111). On all others a KeyObject costs at least a
 * tenth more. A table, since timing both forms would add 3 ms to every cold start on the slow versions.
 */
export const buffersAreSlow = (node: string): boolean => {
  const [major, minor] = node.split('.').map(Number) as [number, number]
  return (major === 24 && minor >= 18 && minor <= 21) || (major === 26 && minor >= 2 && minor <= 8)
}

/** The type of {@link secretKey}: a KeyObject stays one, and a Buffer may become one. */
interface ToSecretKey {
  (key: KeyObject): KeyObject & Form
  (key: Buffer | KeyObject): SecretKey
}

/** The conversion for a version of Node, as in `process.versions.node`. */
export const secretKeyFor = (node: string): ToSecretKey => {
  const asObject = (key: Buffer | KeyObject) => (types.isUint8Array(key) ? createSecretKey(key) : key)
  // Where Buffers are fast, an additional native object costs more than it saves.
  const asItIs = (key: Buffer | KeyObject) => key
  return (buffersAreSlow(node) ? asObject : asItIs) as ToSecretKey
}

/**
 * Converts a key to the form for this version of Node. The buffer stays the caller's, who zeroes it after the last use.
 * A KeyObject made of it has a copy, which OpenSSL clears when the object is collected: never keep one longer than the
 * message that it is for.
 */
export const secretKey = secretKeyFor(process.versions.node)

// Every format uses IVs of 12 bytes and tags of 16.

/** Bytes of a tag. */
export const tagBytes = 16
/** Bytes of an IV. */
export const ivBytes = 12

// Without this option Node accepts tags of 4 bytes on decryption.
const options = { authTagLength: tagBytes } as const

/** By the length of the key: 256 bits everywhere, except for wrapping keys of users. */
export type GcmAlgorithm = 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm'

/** Encrypts `plaintext` into `out` at `at`, followed by the tag; returns the offset after the tag. */
export const gcmSealInto = (
  out: Uint8Array,
  at: number,
  key: SecretKey,
  iv: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): number => {
  const cipher = createCipheriv('aes-256-gcm', key, iv, options)
  cipher.setAAD(aad)
  const end = at + cipher.update(plaintext).copy(out, at)
  // Returns no bytes in this mode, but without it there is no tag.
  cipher.final()
  return end + cipher.getAuthTag().copy(out, end)
}

/** Encrypts; returns the ciphertext and the tag, which are not copied. */
export const gcmSeal = (
  key: SecretKey,
  iv: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  algorithm: GcmAlgorithm = 'aes-256-gcm',
): readonly [ciphertext: Buffer, tag: Buffer] => {
  const cipher = createCipheriv(algorithm, key, iv, options)
  cipher.setAAD(aad)
  const ciphertext = cipher.update(plaintext)
  // Returns no bytes in this mode, but without it there is no tag.
  cipher.final()
  return [ciphertext, cipher.getAuthTag()]
}

/** Decrypts; `undefined` if it is not authentic, and then the plaintext is zeroed. */
export const gcmOpen = (
  key: SecretKey,
  iv: Uint8Array,
  aad: Uint8Array,
  ciphertext: Uint8Array,
  tag: Uint8Array,
  algorithm: GcmAlgorithm = 'aes-256-gcm',
): Buffer | undefined => {
  const decipher = createDecipheriv(algorithm, key, iv, options)
  decipher.setAAD(aad)
  let plaintext: Buffer | undefined
  try {
    decipher.setAuthTag(tag)
    plaintext = decipher.update(ciphertext)
    decipher.final()
    return plaintext
  } catch {
    plaintext?.fill(0)
    return undefined
  }
}

/** The tag over additional data only, in one or two parts (GMAC). */
export const gcmTag = (key: SecretKey, iv: Uint8Array, aad: Uint8Array, more: Uint8Array): Buffer => {
  const cipher = createCipheriv('aes-256-gcm', key, iv, options)
  cipher.setAAD(aad)
  if (more.length > 0) cipher.setAAD(more)
  cipher.final()
  return cipher.getAuthTag()
}

/** Whether `tag` is the one that {@link gcmTag} makes. */
export const gcmVerifyTag = (
  key: SecretKey,
  iv: Uint8Array,
  aad: Uint8Array,
  more: Uint8Array,
  tag: Uint8Array,
): boolean => {
  const decipher = createDecipheriv('aes-256-gcm', key, iv, options)
  decipher.setAAD(aad)
  if (more.length > 0) decipher.setAAD(more)
  try {
    decipher.setAuthTag(tag)
    decipher.final()
    return true
  } catch {
    return false
  }
}

/** HMAC (RFC 2104) over the concatenated messages. */
export const hmac = (
  algorithm: 'sha256' | 'sha384' | 'sha512',
  key: SecretKey,
  ...messages: readonly Uint8Array[]
): Buffer => {
  const mac = createHmac(algorithm, key)
  for (const message of messages) mac.update(message)
  return mac.digest()
}

/** "No salt" is a salt of zeros as long as the hash; HMAC pads an empty key to the same. */
const noSalt = secretKey(Buffer.alloc(0))

/** HKDF's extract without a salt (RFC 5869, 2.2). Its expand is one HMAC where the output is no longer than a hash. */
export const hkdfExtract = (algorithm: 'sha256' | 'sha384' | 'sha512', keyMaterial: Buffer): Buffer =>
  hmac(algorithm, noSalt, keyMaterial)

// For messages: HMAC by two calls of the one-shot hash. `createHmac` allocates an object and a buffer outside of the
// heap for every digest, and a message needs three: this halves the time, and saves a quarter of the whole message's.
// The price: digests pass through short-lived strings, which cannot be zeroed. They are of keys for one message, whose
// plaintext becomes a string as well; the data key itself is only ever in buffers.

const blockBytes = 128
/** Length of a SHA-512 digest in bytes. */
export const digestBytes = 64

/**
 * A work space for HMACs over messages of one length, with keys of one length. Reused, since all use is synchronous.
 */
export interface HmacSha512 {
  /** Sets the key. */
  key(bytes: Buffer): void
  /** Sets the message. */
  message(bytes: Buffer): void
  /** The digest, with one character per byte. */
  digest(): string
  /** Zeroes keys and digests in the work space. */
  wipe(): void
}

/** Makes the work space; keys are at most one block long. */
export const hmacSha512 = (keyBytes: number, messageBytes: number): HmacSha512 => {
  const inner = Buffer.alloc(blockBytes + messageBytes, 0x36)
  const outer = Buffer.alloc(blockBytes + digestBytes, 0x5c)
  return {
    key: (bytes) => {
      for (let at = 0; at < keyBytes; at++) {
        const byte = bytes[at]!
        inner[at] = byte ^ 0x36
        outer[at] = byte ^ 0x5c
      }
    },
    message: (bytes) => void bytes.copy(inner, blockBytes),
    digest: () => {
      outer.write(hash('sha512', inner, 'binary'), blockBytes, 'latin1')
      return hash('sha512', outer, 'binary')
    },
    wipe: () => {
      inner.fill(0, 0, keyBytes)
      inner.fill(0, blockBytes)
      outer.fill(0, 0, keyBytes)
      outer.fill(0, blockBytes)
    },
  }
}
