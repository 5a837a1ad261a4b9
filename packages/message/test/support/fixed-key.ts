import type { DataKey, EncryptedDataKey, KeyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'

const someKey: EncryptedDataKey = {
  providerId: 'fixed',
  providerInfo: Buffer.from('key'),
  ciphertext: Buffer.alloc(48, 1),
}

/** Key material that has one data key, whatever is asked for: for messages whose data key is known. */
export const fixedKey = (bytes: Buffer): KeyMaterial => {
  const loan = async (encryptedDataKeys: readonly EncryptedDataKey[]): Promise<DataKey> => ({
    bytes: Buffer.from(bytes),
    encryptedDataKeys,
    identity: {},
    release: () => {},
  })
  return {
    keyring: localKeyring(),
    encryptionKey: () => loan([someKey]),
    decryptionKey: ({ encryptedDataKeys }) => loan(encryptedDataKeys),
    stats: () => {
      throw new Error('a fixed key has no cache')
    },
    clear: () => {},
  }
}
