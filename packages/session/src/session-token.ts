import type { KeyObject } from 'node:crypto'
import { keySetType, ticketType } from '@glassine/core/internal'
import type { CallBudget } from '@glassine/keys'
import { decryptFailed, sessionExpired } from './errors.ts'
import { type Agreement, agreements, ephemeralKey, partyInfo, wrappedBytes } from './jwe/agreement.ts'
import { type CompactJwe, parseCompact } from './jwe/compact.ts'
import { decode, type JsonObject } from './jwe/encoding.ts'
import type { KnownKey, KnownKeys } from './recipients/known-keys.ts'

/** Who a session must be for, and when. */
export interface CarrierRules {
  readonly audiences: readonly string[]
  /** Longest life of a session, in ms. */
  readonly maxAge: number
  /** How far a device's clock may be off, in ms. */
  readonly clockTolerance: number
  /** Longest session JWE or ticket, in characters. */
  readonly maxTokenBytes: number
  readonly now: () => number
  readonly tickets: boolean
}

/** What carries a session's keys, with everything checked that can be without a key; nothing of it was opened. */
export type Carrier = { readonly jwe: CompactJwe; readonly expires: number } & (
  | {
      readonly kind: 'agree'
      readonly alg: Agreement
      readonly to: KnownKey
      readonly publicKey: KeyObject
      readonly party: readonly [Buffer, Buffer]
    }
  | { readonly kind: 'decrypt'; readonly to: KnownKey }
  | { readonly kind: 'ticket' }
)

/**
 * Reads a session JWE or a ticket and checks its clear header: size, algorithms, type, key id, audience, times, and
 * that the ephemeral key is on the curve. So a forgery that can be told by these costs no call of KMS.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`; `ERR_RECIPIENT_UNKNOWN` and `ERR_SESSION_EXPIRED`, which a client may
 * act on; `ERR_KEY_UNAVAILABLE`
 */
export const readCarrier = async (
  text: string,
  keys: KnownKeys,
  rules: CarrierRules,
  call: CallBudget,
): Promise<Carrier> => {
  if (text.length > rules.maxTokenBytes) throw decryptFailed()
  const jwe = parseCompact(text)
  const { header, encryptedKey } = jwe
  if (header.cty !== keySetType) throw decryptFailed()

  if (header.alg === 'dir') {
    if (!rules.tickets || header.typ !== ticketType || encryptedKey.length > 0) throw decryptFailed()
    return { kind: 'ticket', jwe, expires: checkedTimes(header, rules) }
  }
  if (header.typ === ticketType) throw decryptFailed()
  const to = await keys.find(header.kid, call)
  // The published key says which algorithms go with it; nothing in the token does.
  if (to.jwk.kty === 'EC') {
    const { alg } = header
    if (!isAgreement(alg) || encryptedKey.length !== (alg === 'ECDH-ES' ? 0 : wrappedBytes))
      throw decryptFailed()
    const expires = checkedTimes(header, rules)
    return { kind: 'agree', jwe, expires, to, alg, publicKey: ephemeralKey(header), party: partyInfo(header) }
  }
  if (header.alg !== 'RSA-OAEP-256' || encryptedKey.length !== decode(to.jwk.n).length) throw decryptFailed()
  return { kind: 'decrypt', jwe, expires: checkedTimes(header, rules), to }
}

const isAgreement = (alg: unknown): alg is Agreement =>
  typeof alg === 'string' && Object.hasOwn(agreements, alg)

/** Audience and times, in seconds since the epoch; returns the end of the session, in ms. */
const checkedTimes = ({ aud, iat, exp }: JsonObject, rules: CarrierRules): number => {
  const { audiences, maxAge, clockTolerance, now } = rules
  if (typeof aud !== 'string' || !audiences.includes(aud)) throw decryptFailed()
  if (!Number.isSafeInteger(iat) || !Number.isSafeInteger(exp)) throw decryptFailed()
  const [from, to] = [(iat as number) * 1_000, (exp as number) * 1_000]
  if (to <= from || to - from > maxAge) throw decryptFailed()
  // Not yet valid is the same to a device: its clock is wrong, and it learns the time from the answer.
  if (from > now() + clockTolerance || isOver(to, rules)) throw sessionExpired()
  return to
}

/** Whether a session that ends then is over. */
export const isOver = (expires: number, { now, clockTolerance }: CarrierRules): boolean =>
  expires + clockTolerance <= now()
