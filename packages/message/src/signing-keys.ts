import { boundedMap, newSigningKey, type SigningKey } from '@glassine/keys/internal'
import { type MessageContext, withPair } from './contexts.ts'
import { publicKeyName } from './header/context.ts'

/** A signing key, and the context that names it. */
export interface BoundSigningKey {
  readonly signingKey: SigningKey
  readonly context: MessageContext
}

/** Milliseconds for which a signing key is used: the default lifetime of the data key that it belongs to. */
const lifetime = 300_000

/**
 * Hands out the signing key of a context. The public key is part of the encryption context, and so of what the
 * data key is wrapped with: a fresh pair for each message would cost a call of KMS for each. As in AWS's caching
 * materials manager, a pair is used as long as a cached data key would be.
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
    known.set(context.full.id, made)
    return made
  }
}
