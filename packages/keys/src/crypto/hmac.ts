import { createHmac, hash } from 'node:crypto'
import { type SecretKey, secretKey } from './secret-key.ts'

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
