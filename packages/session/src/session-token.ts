import type { KeyObject } from 'node:crypto'
import { keySetType, ticketType } from '@glassine/core/internal'
import type { CallBudget } from '@glassine/keys'
import { decryptFailed, sessionExpired } from './errors.ts'
import { type Agreement, agreements, ephemeralKey, partyInfo, wrappedBytes } from './jwe/agreement.ts'
import { type CompactJwe, parseCompact } from './jwe/compact.ts'
import { decode, type JsonObject } from './jwe/encoding.ts'
import type { RecipientKey, RecipientKeys } from './recipients/recipient-keys.ts'

/** What a session token must satisfy. */
export interface TokenRules {
  readonly audiences: readonly string[]
  /** The longest life of a session, in ms. */
  readonly maxAge: number
  /** How far a device's clock may be off, in ms. */
  readonly clockTolerance: number
  /** The longest session JWE or ticket, in characters. */
  readonly maxTokenBytes: number
  readonly now: () => number
  /** Whether tickets are accepted. */
  readonly tickets: boolean
}

/** A session JWE or ticket, still encrypted, whose clear header was checked. */
export type SessionToken = { readonly jwe: CompactJwe; readonly expires: number } & (
  | {
      readonly kind: 'agree'
      readonly alg: Agreement
      readonly to: RecipientKey
      readonly publicKey: KeyObject
      readonly party: readonly [Buffer, Buffer]
    }
  | { readonly kind: 'decrypt'; readonly to: RecipientKey }
  | { readonly kind: 'ticket' }
)

/**
 * Reads a session JWE or a ticket and checks its clear header: size, algorithms, type, key id, audience, times, and
 * that the ephemeral key is on the curve. A forgery that fails these checks costs no KMS call.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`, `ERR_KEY_UNAVAILABLE`; `ERR_RECIPIENT_UNKNOWN` and
 * `ERR_SESSION_EXPIRED`, to which a client can respond
 */
export const readSessionToken = async (
  text: string,
  keys: RecipientKeys,
  rules: TokenRules,
  call: CallBudget,
): Promise<SessionToken> => {
  if (text.length > rules.maxTokenBytes)
    throw decryptFailed('the session token is longer than `maxTokenBytes`')
  const jwe = parseCompact(text)
  const { header, encryptedKey } = jwe
  if (header.cty !== keySetType) throw decryptFailed(noToken)

  if (header.alg === 'dir') {
    if (!rules.tickets) throw decryptFailed('a ticket, which this service does not accept')
    if (header.typ !== ticketType || encryptedKey.length > 0) throw decryptFailed(noToken)
    return { kind: 'ticket', jwe, expires: checkedTimes(header, rules) }
  }
  if (header.typ === ticketType) throw decryptFailed(noToken)
  const to = await keys.find(header.kid, call)
  // The published key determines the algorithm, not the token.
  if (to.jwk.kty === 'EC') {
    const { alg } = header
    if (!isAgreement(alg) || encryptedKey.length !== (alg === 'ECDH-ES' ? 0 : wrappedBytes))
      throw decryptFailed(noToken)
    const expires = checkedTimes(header, rules)
    return { kind: 'agree', jwe, expires, to, alg, publicKey: ephemeralKey(header), party: partyInfo(header) }
  }
  if (header.alg !== 'RSA-OAEP-256' || encryptedKey.length !== decode(to.jwk.n).length)
    throw decryptFailed(noToken)
  return { kind: 'decrypt', jwe, expires: checkedTimes(header, rules), to }
}

const isAgreement = (alg: unknown): alg is Agreement =>
  typeof alg === 'string' && Object.hasOwn(agreements, alg)

/** Checks audience and times (seconds since the epoch); returns the end of the session in ms. */
const checkedTimes = ({ aud, iat, exp }: JsonObject, rules: TokenRules): number => {
  const { audiences, maxAge, clockTolerance, now } = rules
  if (typeof aud !== 'string' || !audiences.includes(aud))
    throw decryptFailed('the session is for another audience')
  if (!Number.isSafeInteger(iat) || !Number.isSafeInteger(exp)) throw decryptFailed(noToken)
  const [from, to] = [(iat as number) * 1_000, (exp as number) * 1_000]
  if (to <= from || to - from > maxAge) throw decryptFailed('the session is longer than `maxAge`')
  // A session from the future has the same remedy: the device corrects its clock by the response and tries again.
  if (from > now() + clockTolerance)
    throw sessionExpired('it begins in the future: the clock of the device is wrong')
  if (isOver(to, rules)) throw sessionExpired()
  return to
}

const noToken = 'no session JWE or ticket of this service: its header has another form'

/** Whether a session that ends at `expires` is over. */
export const isOver = (expires: number, { now, clockTolerance }: TokenRules): boolean =>
  expires + clockTolerance <= now()
