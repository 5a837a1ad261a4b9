import { createSecretKey, type KeyObject } from 'node:crypto'
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
