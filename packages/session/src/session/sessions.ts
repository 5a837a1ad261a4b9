import { hash } from 'node:crypto'
import type { Invocation } from '@glassine/core'
import type { CallBudget } from '@glassine/keys'
import { Cache, type CacheOptions, RefCounted, secretKey } from '@glassine/keys/internal'
import type { Budget } from '../budget.ts'
import { decryptFailed, hideRefusal, sessionExpired, unavailable } from '../errors.ts'
import { agreedKey } from '../jwe/agreement.ts'
import { keyBytes, openCompact } from '../jwe/compact.ts'
import { type KnownKeys, recipientError } from '../recipients/known-keys.ts'
import { type Carrier, type CarrierRules, isOver, readCarrier } from '../session-token.ts'
import type { Tickets } from '../ticket.ts'
import { maySeal, readKeySet, type Session } from './key-set.ts'

/** What opens sessions. */
export interface SessionsParts {
  readonly keys: KnownKeys
  readonly rules: CarrierRules
  readonly cache: Omit<CacheOptions, 'maxUses' | 'maxBytes' | 'staleIfError' | 'refreshAhead'>
  readonly tickets?: Tickets
  readonly budget?: Budget
}

interface Request {
  readonly text: string
  /** Read already, unless the session was thought to be kept. */
  readonly carrier?: Carrier
  readonly invocation: Invocation
}

/** Opened sessions, kept by the hash of all that the device has sent. */
export interface Sessions {
  /**
   * The session that a session JWE or a ticket carries.
   *
   * @throws GlassineError `ERR_DECRYPT_FAILED`, `ERR_SESSION_EXPIRED`, `ERR_RECIPIENT_UNKNOWN`,
   * `ERR_BUDGET_EXCEEDED`, `ERR_KEY_UNAVAILABLE`
   */
  open(text: string, invocation: Invocation): Promise<Session>
  /** Drops all sessions. */
  clear(): void
}

/** Keys are OpenSSL's, which clears them when the last reference goes; there is nothing to dispose of by hand. */
const nothing = (): void => {}

export const sessionsOf = ({ keys, rules, cache: bounds, tickets, budget }: SessionsParts): Sessions => {
  const callOf = ({ tenant, deadline }: Invocation) => {
    const end = deadline ?? rules.now() + bounds.timeout
    return { deadline: () => end, ...(tenant !== undefined && { tenant }) }
  }
  const read = (text: string, invocation: Invocation) => readCarrier(text, keys, rules, callOf(invocation))
  const isMetered = (carrier: Carrier): boolean =>
    carrier.kind === 'ticket' ? !tickets!.knows(carrier.jwe) : carrier.to.recipient.metered !== false

  const cache = new Cache<Request, Session>(
    // A session never changes: fetched again, it would only cost a call.
    {
      ...bounds,
      maxUses: Number.MAX_SAFE_INTEGER,
      maxBytes: Number.MAX_SAFE_INTEGER,
      staleIfError: 0,
      refreshAhead: false,
    },
    async ({ text, invocation, carrier: early }, deadline) => {
      const carrier = early ?? (await read(text, invocation))
      if (isMetered(carrier)) budget?.spend(invocation)
      const call = { ...callOf(invocation), deadline }
      if (carrier.kind === 'ticket') {
        // A ticket whose key is gone counts as expired: the device begins a new session by itself.
        const expired = (thrown: unknown): never => hideRefusal(thrown, 'ERR_SESSION_EXPIRED')
        return kept(carrier, await tickets!.open(carrier.jwe, call).catch(expired), true)
      }
      const contentKey = await contentKeyOf(carrier, call)
      try {
        return kept(carrier, openCompact(secretKey(contentKey), carrier.jwe), false)
      } finally {
        contentKey.fill(0)
      }
    },
  )

  return {
    async open(text, invocation) {
      // Lambda's tenants share no session, whatever they send.
      const id = `${hash('sha256', text, 'base64')}${invocation.tenant ?? ''}`
      let carrier: Carrier | undefined
      if (!cache.knows(id)) {
        carrier = await read(text, invocation)
        // Asked before the cache is: that one sender has used up its budget must not be remembered of the session.
        if (isMetered(carrier)) budget?.check(invocation)
      }
      const taken = await cache.take(
        id,
        { text, invocation, carrier },
        { uses: 0, bytes: 0, deadline: invocation.deadline },
      )
      const session = taken.value
      taken.release()
      if (isOver(session.expires, rules) || !maySeal(session)) throw sessionExpired()
      return session
    },
    clear: () => cache.clear(),
  }
}

const kept = ({ jwe, expires }: Carrier, plaintext: Buffer, byTicket: boolean): RefCounted<Session> =>
  new RefCounted(
    { keys: readKeySet(plaintext), audience: jwe.header.aud as string, expires, byTicket, seals: 0 },
    nothing,
  )

/** Asks the recipient, checks what it answers, and derives the content key. */
const contentKeyOf = async (
  carrier: Exclude<Carrier, { kind: 'ticket' }>,
  call: CallBudget,
): Promise<Buffer> => {
  const { recipient, jwk } = carrier.to
  const request =
    carrier.kind === 'agree'
      ? ({ kind: 'agree', kid: jwk.kid, publicKey: carrier.publicKey, ...call } as const)
      : ({ kind: 'decrypt', kid: jwk.kid, encryptedKey: carrier.jwe.encryptedKey, ...call } as const)
  let answer: Uint8Array
  try {
    answer = await recipient.unwrap(request)
  } catch (thrown) {
    throw recipientError(thrown)
  }
  if (!ArrayBuffer.isView(answer)) throw unavailable('A recipient returned no bytes')
  const bytes = Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength)
  if (carrier.kind === 'decrypt') {
    // What the device has encrypted, so of any length.
    if (bytes.length === keyBytes) return bytes
    bytes.fill(0)
    throw decryptFailed()
  }
  try {
    if (bytes.length !== keyBytes)
      throw unavailable('A recipient returned a shared secret of the wrong length')
    return agreedKey(carrier.alg, bytes, carrier.party, carrier.jwe.encryptedKey)
  } finally {
    bytes.fill(0)
  }
}
