import type { GlassineError } from '@glassine/core'
import type { CallBudget } from '@glassine/keys'
import { recipientUnknown, replaceForeign } from '../errors.ts'
import type { RecipientJwk } from '../jwk.ts'
import type { Recipient } from './recipient.ts'

/** A published key and who holds its private half. */
export interface KnownKey {
  readonly jwk: RecipientJwk
  readonly recipient: Recipient
}

/** Finds keys by their `kid`. */
export interface KnownKeys {
  /**
   * @throws GlassineError `ERR_RECIPIENT_UNKNOWN`; `ERR_KEY_UNAVAILABLE` while a recipient cannot tell its keys
   */
  find(kid: unknown, call: CallBudget): KnownKey | Promise<KnownKey>
  /** All keys, in the order of their recipients. @throws GlassineError `ERR_KEY_UNAVAILABLE` */
  all(call: CallBudget): Promise<readonly RecipientJwk[]>
}

/**
 * The keys of several recipients. Each is asked until it has answered once; while one cannot answer, the keys of the
 * others serve.
 */
export const knownKeys = (recipients: readonly Recipient[]): KnownKeys => {
  const byRecipient = new Map<Recipient, readonly RecipientJwk[]>()
  const known = new Map<string, KnownKey>()

  const ask = async (call: CallBudget): Promise<readonly unknown[]> => {
    const missing = recipients.filter((recipient) => !byRecipient.has(recipient))
    const settled = await Promise.allSettled(
      missing.map(async (recipient) => {
        const jwks = await recipient.jwks(call)
        byRecipient.set(recipient, jwks)
        for (const jwk of jwks) if (!known.has(jwk.kid)) known.set(jwk.kid, { jwk, recipient })
      }),
    )
    return settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
  }

  return {
    find(kid, call) {
      if (typeof kid !== 'string') throw recipientUnknown()
      const key = known.get(kid)
      if (key) return key
      if (byRecipient.size === recipients.length) throw recipientUnknown()
      return ask(call).then(([failure]) => {
        const found = known.get(kid)
        if (found) return found
        throw failure === undefined ? recipientUnknown() : recipientError(failure)
      })
    },
    async all(call) {
      const [failure] = await ask(call)
      if (failure !== undefined) throw recipientError(failure)
      return recipients.flatMap((recipient) => byRecipient.get(recipient)!)
    },
  }
}

/** What leaves of an error of a recipient, which a user may have written. */
export const recipientError = (thrown: unknown): GlassineError =>
  replaceForeign(thrown, 'ERR_KEY_UNAVAILABLE', { message: 'A recipient failed' })
