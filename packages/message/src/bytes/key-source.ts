import { type KeyMaterial, type Keyring, keyMaterial } from '@glassine/keys'

/** What the functions on bytes take as their first argument: cached key material, or a keyring without a cache. */
export type KeySource = KeyMaterial | Keyring

/** Whether it is a keyring. */
export const isKeyring = (source: unknown): source is Keyring =>
  typeof (source as Keyring | undefined)?.generate === 'function' &&
  typeof (source as Keyring).unwrap === 'function'

/** Key material that keeps nothing: the keyring is asked for every message, as AWS's SDK does. */
export const uncached = (keyring: Keyring): KeyMaterial =>
  keyMaterial({ keyring, cacheExpiry: 0, cacheRefusals: 0 })
