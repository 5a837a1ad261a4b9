import type { EncryptedDataKey } from '@glassine/keys'
import { gcmOpen, gcmSealInto, secretKey, tagBytes } from '@glassine/keys/internal'
import { recipientKeys } from './derive.ts'

/** Bytes of a plaintext data key, and of an intermediate key. */
export const keyBytes = 32
const wrappedBytes = keyBytes + tagBytes

/** Zero, as the suites have it: each intermediate key wraps one data key, once. */
const iv = Buffer.alloc(12)

/** An intermediate key that a keyring made, and the form in which it wrapped it. */
export interface NewRecipient {
  readonly intermediateKey: Buffer
  readonly wrappedForm: EncryptedDataKey
}

/** An item's data key for one recipient, and the key of the recipient's tag in the footer. */
export interface ItemRecipient {
  readonly encryptedDataKey: EncryptedDataKey
  readonly macKey: Buffer
}

/**
 * Wraps an item's data key under an intermediate key that a keyring made and wrapped (algorithm suites,
 * "Intermediate Key Wrapping"). Keyrings wrap intermediate keys and never the data key, so that every recipient has
 * a key of its own to verify the item with. Zeroes the intermediate key.
 */
export const wrapDataKey = (
  dataKey: Buffer,
  { intermediateKey, wrappedForm }: NewRecipient,
  context: Buffer,
): ItemRecipient => {
  const { macKey, wrappingKey } = recipientKeys(intermediateKey)
  intermediateKey.fill(0)
  const { providerId, providerInfo, ciphertext } = wrappedForm
  const both = Buffer.allocUnsafe(wrappedBytes + ciphertext.length)
  try {
    gcmSealInto(both, 0, secretKey(wrappingKey), iv, context, dataKey)
  } catch (error) {
    macKey.fill(0)
    throw error
  } finally {
    wrappingKey.fill(0)
  }
  both.set(ciphertext, wrappedBytes)
  return { encryptedDataKey: { providerId, providerInfo, ciphertext: both }, macKey }
}

/** The wrapped intermediate key within an item's encrypted data key: what a keyring can unwrap. */
export const wrappedIntermediateKey = (key: EncryptedDataKey): EncryptedDataKey => ({
  providerId: key.providerId,
  providerInfo: key.providerInfo,
  ciphertext: key.ciphertext.subarray(wrappedBytes),
})

/**
 * Unwraps an item's data key; `undefined` when the intermediate key is not its. Zeroes the intermediate key.
 */
export const unwrapDataKey = (
  key: EncryptedDataKey,
  intermediateKey: Buffer,
  context: Buffer,
): { readonly dataKey: Buffer; readonly macKey: Buffer } | undefined => {
  const { macKey, wrappingKey } = recipientKeys(intermediateKey)
  intermediateKey.fill(0)
  const wrapped = key.ciphertext.subarray(0, keyBytes)
  const tag = key.ciphertext.subarray(keyBytes, wrappedBytes)
  let dataKey: Buffer | undefined
  try {
    dataKey = gcmOpen(secretKey(wrappingKey), iv, context, wrapped, tag)
    return dataKey && { dataKey, macKey }
  } finally {
    wrappingKey.fill(0)
    if (dataKey === undefined) macKey.fill(0)
  }
}
