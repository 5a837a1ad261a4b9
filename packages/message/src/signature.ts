import type { KeyObject } from 'node:crypto'
import {
  boundedMap,
  newSigningKey,
  ownerOf,
  type SigningKey,
  signP384,
  verifyP384,
} from '@glassine/keys/internal'
import { type MessageContext, withPair } from './contexts.ts'
import { decryptFailed } from './errors.ts'
import { publicKeyName } from './header.ts'

/** The longest footer: its length field, and a DER sequence of two 48-byte integers with a leading zero each. */
export const maxFooterBytes = 2 + 104

/** The footer of a message: a signature over everything before it. */
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

/** A signing key, and the context that names it. */
export interface BoundSigningKey {
  readonly signingKey: SigningKey
  readonly context: MessageContext
}

/** How long a signing key is used, in ms: the default lifetime of the data key that it belongs to. */
const lifetime = 300_000

/**
 * Returns the signing key of a context. The public key is part of the encryption context, which the wrapped data key
 * is bound to, so a fresh pair for each message would cost a KMS call for each. As in AWS's caching materials
 * manager, a pair is used for as long as a cached data key would be.
 */
export const signingKeys = (): ((context: MessageContext) => BoundSigningKey) => {
  const known = boundedMap<BoundSigningKey & { readonly until: number }>()
  return (context) => {
    const found = known.get(context.full.id)
    const now = Date.now()
    if (found && now < found.until) return found
    const signingKey = newSigningKey()
    const made = {
      signingKey,
      context: withPair(context, publicKeyName, signingKey.publicKey),
      until: now + lifetime,
    }
    known.set(context.full.id, made, ownerOf(context.full.pairs))
    return made
  }
}
