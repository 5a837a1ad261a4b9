import { createSecretKey, type KeyObject } from 'node:crypto'
import { types } from 'node:util'

declare const form: unique symbol

interface Form {
  readonly [form]: true
}

/**
 * A key in the form that this version of Node works with fastest. Made once for each message and key, and used for all
 * that is done with it. Only `secretKey` makes it, so that no operation is given the slow form.
 */
export type SecretKey = (Buffer | KeyObject) & Form

/**
 * Whether a Buffer as a key costs several times the operation itself: Node 24.18 and later, and 26.2 to 26.8, ask
 * whether it is a KeyObject by two C++ exceptions (nodejs/node 63111). No repaired 24 has been seen; on one, a KeyObject
 * would cost a tenth more. A table, since timing both forms would add 3 ms to every cold start on the slow versions.
 */
export const buffersAreSlow = (node: string): boolean => {
  const [major, minor] = node.split('.').map(Number) as [number, number]
  return (major === 24 && minor >= 18) || (major === 26 && minor >= 2 && minor <= 8)
}

/** What {@link secretKey} is: a KeyObject stays one, and a Buffer may become one. */
interface ToSecretKey {
  (key: KeyObject): KeyObject & Form
  (key: Buffer | KeyObject): SecretKey
}

/** Chooses for a version of Node, as `process.versions.node` has it. */
export const secretKeyFor = (node: string): ToSecretKey => {
  const asObject = (key: Buffer | KeyObject) => (types.isUint8Array(key) ? createSecretKey(key) : key)
  // Where Buffers are fast, one more native object costs more than it saves.
  const asItIs = (key: Buffer | KeyObject) => key
  return (buffersAreSlow(node) ? asObject : asItIs) as ToSecretKey
}

/**
 * Brings a key into the form for this Node. The buffer stays the caller's, who zeroes it after the last use. A
 * KeyObject that was made of it has a copy, which OpenSSL clears when the object is collected: never keep one longer
 * than the message that it is for.
 */
export const secretKey = secretKeyFor(process.versions.node)
