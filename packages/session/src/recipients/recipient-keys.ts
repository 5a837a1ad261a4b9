import type { GlassineError } from '@glassine/core'
import type { CallBudget } from '@glassine/keys'
import { recipientUnknown, replaceForeign } from '../errors.ts'
import type { RecipientJwk } from '../jwk.ts'
import type { Recipient } from './recipient.ts'

/** A published key and the recipient that holds its private half. */
export interface RecipientKey {
  readonly jwk: RecipientJwk
  readonly recipient: Recipient
}

/** Finds keys by their `kid`. */
export interface RecipientKeys {
  /**
   * @throws GlassineError `ERR_RECIPIENT_UNKNOWN`; `ERR_KEY_UNAVAILABLE` while a recipient cannot return its keys
   */
  find(kid: unknown, call: CallBudget): RecipientKey | Promise<RecipientKey>
  /** All keys, in the order of their recipients. @throws GlassineError `ERR_KEY_UNAVAILABLE` */
  all(call: CallBudget): Promise<readonly RecipientJwk[]>
}

/**
 * The keys of several recipients. Each recipient is asked until it has answered once; while one is unavailable, the
 * keys of the others work.
 */
export const recipientKeys = (recipients: readonly Recipient[]): RecipientKeys => {
  const byRecipient = new Map<Recipient, readonly RecipientJwk[]>()
  const byId = new Map<string, RecipientKey>()

  const ask = async (call: CallBudget): Promise<readonly unknown[]> => {
    const missing = recipients.filter((recipient) => !byRecipient.has(recipient))
    const settled = await Promise.allSettled(
      missing.map(async (recipient) => {
        const jwks = await recipient.jwks(call)
        byRecipient.set(recipient, jwks)
        for (const jwk of jwks) if (!byId.has(jwk.kid)) byId.set(jwk.kid, { jwk, recipient })
      }),
    )
    return settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
  }

  return {
    find(kid, call) {
      if (typeof kid !== 'string') throw recipientUnknown()
      const key = byId.get(kid)
      if (key) return key
      if (byRecipient.size === recipients.length) throw recipientUnknown()
      return ask(call).then(([failure]) => {
        const found = byId.get(kid)
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

/** The error that leaves when a recipient fails; users may write recipients, so a foreign error is replaced. */
export const recipientError = (thrown: unknown): GlassineError =>
  replaceForeign(thrown, 'ERR_KEY_UNAVAILABLE', { message: 'A recipient failed' })
