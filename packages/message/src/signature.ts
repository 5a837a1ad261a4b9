import type { KeyObject } from 'node:crypto'
import { signP384, verifyP384 } from '@glassine/keys/internal'
import { decryptFailed } from './errors.ts'

/** The longest footer: its length, and a DER sequence of two 48-byte integers with a leading zero each. */
export const maxFooterBytes = 2 + 104

/** The footer of a message: a signature over all that precedes it. */
export const signedFooter = (message: Buffer, key: KeyObject): Buffer => {
  const signature = signP384(message, key)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(signature.length)
  return Buffer.concat([length, signature])
}

/** Checks the footer that starts at `at`, which must be the rest of the message. */
export const verifyFooter = (bytes: Buffer, at: number, key: KeyObject): void => {
  const signature = bytes.subarray(at + 2)
  if (bytes.readUInt16BE(at) !== signature.length) throw decryptFailed()
  if (!verifyP384(bytes.subarray(0, at), key, signature)) throw decryptFailed()
}
