import type { PublishedKeys } from '@glassine/core'
import {
  anyFunction,
  checkedOptions,
  integer,
  methods,
  type OptionSchema,
  required,
} from '@glassine/core/internal'
import type { CallBudget } from '@glassine/keys'
import { packageName } from './errors.ts'
import { encodeHeader } from './jwe/compact.ts'
import type { RecipientJwk } from './jwk.ts'
import { type Recipient, recipientsOf, recipientsRule } from './recipients/recipient.ts'
import { recipientKeys } from './recipients/recipient-keys.ts'
import { checkedSignature, type Signer } from './signer.ts'

/** Options of {@link publishedKeys}; times in ms. */
export interface PublishedKeysOptions {
  /** The recipients whose public keys are published, in this order; devices use the first that they support. */
  readonly recipients: Recipient | readonly Recipient[]
  /** How long a copy may be cached. Default 300,000; rounded down to whole seconds. */
  readonly maxAge?: number
  /** Signs the keys for clients that ask for `application/jwk-set+jwt`. Default: they are not signed. */
  readonly sign?: Signer
  /** The longest wait for keys and signatures; a request's deadline can only shorten it. Default 10,000. */
  readonly timeout?: number
  /** The clock, ms since the epoch. Default `Date.now`; for tests. */
  readonly now?: () => number
}

const schema: OptionSchema<PublishedKeysOptions> = {
  recipients: required(recipientsRule),
  maxAge: integer(1_000, 31_536_000_000),
  sign: methods('jwk', 'sign'),
  timeout: integer(1),
  now: anyFunction,
}

/**
 * The public keys of recipients as a JWK Set (RFC 7517), for `jwksHandler` of `@glassine/middy/jwks` or another server.
 * The keys are fetched once. With a signer there is also a JWT (RFC 7515 compact, `typ` `jwk-set+jwt`), valid for two
 * `maxAge` and signed again after one.
 *
 * Rotation: list the next key last for two `maxAge`, then first. Keep the old one listed, here and in
 * `sessionEnvelope`, until the longest session to it has ended.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`; later `ERR_KEY_UNAVAILABLE` (503)
 * @example
 * ```ts
 * import { jwksHandler } from '@glassine/middy/jwks'
 * import { kmsAgreementRecipient, publishedKeys } from '@glassine/session'
 *
 * const recipients = kmsAgreementRecipient({ keyId: 'alias/devices' })
 * export const handler = jwksHandler({ keySet: publishedKeys({ recipients }) })
 * ```
 */
export const publishedKeys = (options: PublishedKeysOptions): PublishedKeys => {
  const {
    recipients,
    maxAge: age = 300_000,
    sign,
    timeout = 10_000,
    now = Date.now,
  } = checkedOptions(packageName, schema, options)
  const keys = recipientKeys(recipientsOf(recipients))
  const seconds = Math.floor(age / 1_000)
  const budgetOf = (deadline = Number.POSITIVE_INFINITY): CallBudget => {
    const end = Math.min(deadline, now() + timeout)
    return { deadline: () => end }
  }
  const signed = sign && signedKeys(sign, seconds, now)
  return {
    maxAge: seconds * 1_000,
    json: async (deadline) => JSON.stringify({ keys: await keys.all(budgetOf(deadline)) }),
    ...(signed && {
      jwt: async (deadline) => {
        const call = budgetOf(deadline)
        return signed(await keys.all(call), call)
      },
    }),
  }
}

/** Signs key sets as JWTs. A signature is used for `maxAge` seconds, half of its validity. */
const signedKeys = (
  signer: Signer,
  maxAge: number,
  now: () => number,
): ((keys: readonly RecipientJwk[], call: CallBudget) => Promise<string>) => {
  let last: { readonly at: number; readonly text: Promise<string> } | undefined

  const sign = async (keys: readonly RecipientJwk[], iat: number, call: CallBudget): Promise<string> => {
    const { kid } = await signer.jwk(call)
    const protectedHeader = encodeHeader({ alg: 'ES256', typ: 'jwk-set+jwt', kid })
    const input = `${protectedHeader}.${encodeHeader({ keys, iat, exp: iat + 2 * maxAge })}`
    return `${input}.${checkedSignature(await signer.sign(Buffer.from(input, 'latin1'), call))}`
  }
  return (keys, call) => {
    const at = Math.floor(now() / 1_000)
    if (last && at >= last.at && at - last.at < maxAge) return last.text
    const text = sign(keys, at, call)
    const made = { at, text }
    last = made
    text.catch(() => {
      if (last === made) last = undefined
    })
    return text
  }
}
