import { GlassineError } from '@glassine/core'
import type { DataKey, EncryptedDataKey, KeyMaterial, Keyring } from '@glassine/keys'
import { decryptFailed, from } from './errors.ts'

/** What the functions on bytes take as their first argument: cached key material, or a keyring without a cache. */
export type KeySource = KeyMaterial | Keyring

/** The part of key material that messages use. */
export type Keys = Pick<KeyMaterial, 'encryptionKey' | 'decryptionKey'>

/** Milliseconds for a call of a keyring without a cache, when the caller has set no end. */
const timeout = 10_000
const keyBytes = 32

/** Whether it is key material, and not a keyring. */
export const isKeyMaterial = (source: unknown): source is KeyMaterial =>
  typeof (source as KeyMaterial | undefined)?.encryptionKey === 'function' &&
  typeof (source as KeyMaterial).decryptionKey === 'function'

/** Whether it is a keyring. */
export const isKeyring = (source: unknown): source is Keyring =>
  typeof (source as Keyring | undefined)?.generate === 'function' &&
  typeof (source as Keyring).unwrap === 'function'

/** Key material that holds nothing: a data key of its own for every message, as with AWS's SDK. */
export const uncached = (keyring: Keyring): Keys => ({
  encryptionKey: async ({ suite, context, deadline = Date.now() + timeout }) => {
    const made = await asked(() =>
      keyring.generate({ suite, context, length: keyBytes, deadline: () => deadline }),
    )
    if (made.dataKey.length !== keyBytes) throw unavailable()
    return loan(made.dataKey, made.encryptedDataKeys)
  },
  decryptionKey: async ({ suite, context, encryptedDataKeys, deadline = Date.now() + timeout }) => {
    const dataKey = await asked(() =>
      keyring.unwrap({ suite, context, length: keyBytes, encryptedDataKeys, deadline: () => deadline }),
    )
    if (dataKey?.length !== keyBytes) throw decryptFailed()
    return loan(dataKey, encryptedDataKeys)
  },
})

const unavailable = () => new GlassineError('ERR_KEY_UNAVAILABLE', { package: from })

/** A user's own keyring may throw anything, with anything in it. */
const asked = async <T>(call: () => Promise<T>): Promise<T> => {
  try {
    return await call()
  } catch (error) {
    throw error instanceof GlassineError ? error : unavailable()
  }
}

const loan = (bytes: Buffer, encryptedDataKeys: readonly EncryptedDataKey[]): DataKey =>
  Object.defineProperty(
    { encryptedDataKeys, identity: {}, release: () => void bytes.fill(0) } as DataKey,
    // Not enumerable: loans get logged by accident.
    'bytes',
    { value: bytes, enumerable: false },
  )
