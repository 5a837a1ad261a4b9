import { type KeyMaterial, type Keyring, keyMaterial } from '@glassine/keys'
import { rawAesKeyring } from '@glassine/keys/raw-aes'

/** The wrapping key for a letter: tests that need different keys use different letters. */
export const wrappingKey = (letter: string): Buffer => Buffer.alloc(32, letter)

/** Options of a raw AES keyring in the namespace that `peerKeyring` shares. */
export const rawAes = (letter = 'a') =>
  ({ namespace: 'glassine-test', name: `key-${letter}`, key: wrappingKey(letter) }) as const

/** A raw AES keyring. */
export const rawKeyring = (letter = 'a'): Keyring => rawAesKeyring(rawAes(letter))

/** Key material over a raw AES keyring. */
export const rawKeys = (letter = 'a'): KeyMaterial => keyMaterial({ keyring: rawKeyring(letter) })

/** Key material that counts its leases. */
export interface CountedKeys extends KeyMaterial {
  /** Leases that were not released. */
  readonly outstanding: number
  /** Requests for encryption and decryption keys. */
  readonly requests: number
}

/** Wraps key material so that leases are counted, also those released twice. */
export const counted = (keys: KeyMaterial = rawKeys()): CountedKeys => {
  let outstanding = 0
  let requests = 0
  const lend = async (ask: Promise<import('@glassine/keys').DataKey>) => {
    requests++
    const loan = await ask
    outstanding++
    return {
      get bytes() {
        return loan.bytes
      },
      encryptedDataKeys: loan.encryptedDataKeys,
      identity: loan.identity,
      release: () => {
        outstanding--
        loan.release()
      },
    }
  }
  return {
    keyring: keys.keyring,
    encryptionKey: (request) => lend(keys.encryptionKey(request)),
    decryptionKey: (request) => lend(keys.decryptionKey(request)),
    stats: () => keys.stats(),
    clear: () => keys.clear(),
    get outstanding() {
      return outstanding
    },
    get requests() {
      return requests
    },
  }
}
