import { types } from 'node:util'
import { unavailable } from './errors.ts'
import type { EncryptedDataKey } from './keyring.ts'
import { RefCounted } from './lease.ts'

/** Length of a data key in bytes, except in legacy suites, which are only read. */
export const keyLength = 32

/** A data key and its wrapped forms, as cached. */
export interface Material {
  readonly bytes: Buffer
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
}

/**
 * Checks what a keyring returned, which may be written by a user, and takes ownership of the key.
 *
 * @throws GlassineError `ERR_KEY_UNAVAILABLE`
 */
export const refCountedMaterial = (
  bytes: unknown,
  length: number,
  encryptedDataKeys: unknown,
): RefCounted<Material> => {
  const wrong = (what: string) => {
    if (types.isUint8Array(bytes)) bytes.fill(0)
    return unavailable(`The keyring returned ${what}`)
  }
  if (!types.isUint8Array(bytes)) throw wrong('no data key')
  if (bytes.length !== length) throw wrong('a data key of the wrong length')
  if (!Array.isArray(encryptedDataKeys) || encryptedDataKeys.length === 0)
    throw wrong('no encrypted data key')
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return new RefCounted({ bytes: buffer, encryptedDataKeys: Object.freeze([...encryptedDataKeys]) }, zero)
}

const zero = ({ bytes }: Material): void => {
  bytes.fill(0)
}

/**
 * Copies into memory of its own, so that the copy keeps neither the parsed message nor a slab of Node's pool alive.
 */
export const copyOf = (bytes: Uint8Array): Buffer => {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  copy.set(bytes)
  return copy
}

/** Copies a secret into memory of our own, and zeroes the source. */
export const copyAndZero = (bytes: Uint8Array): Buffer => {
  const copy = copyOf(bytes)
  bytes.fill(0)
  return copy
}

/** Copies an encrypted data key, so that it keeps no message alive. */
export const detached = ({ providerId, providerInfo, ciphertext }: EncryptedDataKey): EncryptedDataKey => ({
  providerId,
  providerInfo: copyOf(providerInfo),
  ciphertext: copyOf(ciphertext),
})
