import { types } from 'node:util'
import { unavailable } from './errors.ts'
import type { EncryptedDataKey } from './keyring.ts'
import { RefCounted } from './ref-counted.ts'

/** Bytes of a data key, but for legacy suites that are only read. */
export const keyLength = 32

/** A data key and its wrapped forms, as cached. */
export interface Material {
  readonly bytes: Buffer
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
}

/**
 * Takes over what a keyring answered, after a check: keyrings are written by users too.
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
 * A copy that keeps nothing else in memory: neither the message that it was parsed from nor a slab of Node's pool.
 */
export const ownCopy = (bytes: Uint8Array): Buffer => {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  copy.set(bytes)
  return copy
}

/** An encrypted data key with bytes of its own. */
export const detached = ({ providerId, providerInfo, ciphertext }: EncryptedDataKey): EncryptedDataKey => ({
  providerId,
  providerInfo: ownCopy(providerInfo),
  ciphertext: ownCopy(ciphertext),
})
