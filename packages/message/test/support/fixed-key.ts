import type { DataKey, EncryptedDataKey, KeyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'

/** A wrapped key that nothing can unwrap. */
export const someWrappedKey: EncryptedDataKey = {
  providerId: 'fixed',
  providerInfo: Buffer.from('key'),
  ciphertext: Buffer.alloc(48, 1),
}

// Never called.
const keyring = localKeyring()

/** Key material with one data key for every request: for messages whose data key is known. */
export const fixedKey = (
  bytes: Buffer,
  wrapped: readonly EncryptedDataKey[] = [someWrappedKey],
): KeyMaterial => {
  const loan = async (encryptedDataKeys: readonly EncryptedDataKey[]): Promise<DataKey> => {
    const copy = Buffer.from(bytes)
    // Zeroed, as without a cache: a key used after its release decrypts nothing.
    return { bytes: copy, encryptedDataKeys, identity: {}, release: () => void copy.fill(0) }
  }
  return {
    keyring,
    encryptionKey: () => loan(wrapped),
    decryptionKey: ({ encryptedDataKeys }) => loan(encryptedDataKeys),
    stats: () => {
      throw new Error('a fixed key has no cache')
    },
    clear: () => {},
  }
}
