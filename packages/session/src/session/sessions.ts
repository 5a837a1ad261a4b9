import type { Invocation } from '@glassine/core'
import { isKeyFailure } from '@glassine/core/internal'
import type { CallBudget } from '@glassine/keys'
import {
  Cache,
  type CacheOptions,
  fixedLengthId,
  ownerOf,
  RefCounted,
  type SenderBudget,
  secretKey,
} from '@glassine/keys/internal'
import { decryptFailed, hideRefusal, sessionExpired, unavailable } from '../errors.ts'
import { agreedKey } from '../jwe/agreement.ts'
import { keyBytes, openCompact } from '../jwe/compact.ts'
import { type RecipientKeys, recipientError } from '../recipients/recipient-keys.ts'
import { isOver, readSessionToken, type SessionToken, type TokenRules } from '../session-token.ts'
import type { Tickets } from '../ticket.ts'
import { maySeal, readKeySet, type Session } from './key-set.ts'

/** What {@link sessionsOf} needs to open sessions. */
export interface SessionsParts {
  readonly keys: RecipientKeys
  readonly rules: TokenRules
  readonly cache: Omit<CacheOptions, 'maxUses' | 'maxBytes' | 'staleIfError' | 'refreshAhead'>
  readonly tickets?: Tickets
  readonly budget: SenderBudget
}

interface Request {
  readonly text: string
  /** The checked token; absent if the session seemed to be cached. */
  readonly token?: SessionToken
  readonly invocation: Invocation
}

/** Opened sessions, cached by the hash of the session JWE or ticket. */
export interface Sessions {
  /**
   * Opens a session JWE or a ticket.
   *
   * @throws GlassineError `ERR_DECRYPT_FAILED`, `ERR_SESSION_EXPIRED`, `ERR_RECIPIENT_UNKNOWN`,
   * `ERR_BUDGET_EXCEEDED`, `ERR_KEY_UNAVAILABLE`
   */
  open(text: string, invocation: Invocation): Promise<Session>
  /** Drops all cached sessions. */
  clear(): void
}

/** OpenSSL holds the keys and clears them with the last reference, so nothing has to be zeroed here. */
const nothing = (): void => {}

export const sessionsOf = ({ keys, rules, cache: bounds, tickets, budget }: SessionsParts): Sessions => {
  const callOf = ({ tenant, deadline }: Invocation) => {
    const end = deadline ?? rules.now() + bounds.timeout
    return { deadline: () => end, ...(tenant !== undefined && { tenant }) }
  }
  const read = (text: string, invocation: Invocation) =>
    readSessionToken(text, keys, rules, callOf(invocation))
  const isMetered = (token: SessionToken): boolean =>
    token.kind === 'ticket' ? !tickets!.usedHere(token.jwe) : token.to.recipient.metered !== false

  const cache = new Cache<Request, Session>(
    // A session never changes, so refreshing one would waste a call.
    {
      ...bounds,
      maxUses: Number.MAX_SAFE_INTEGER,
      maxBytes: Number.MAX_SAFE_INTEGER,
      staleIfError: 0,
      refreshAhead: false,
      ownerOf: ({ invocation: { binding, tenant } }) => ownerOf(binding, tenant),
    },
    async ({ text, invocation, token: early }, deadline) => {
      const token = early ?? (await read(text, invocation))
      const account = isMetered(token) ? budget(invocation) : undefined
      account?.spend()
      try {
        return await opened(token, { ...callOf(invocation), deadline })
      } catch (error) {
        if (!isKeyFailure(error)) account?.refused()
        throw error
      }
    },
  )
  const opened = async (token: SessionToken, call: CallBudget): Promise<RefCounted<Session>> => {
    if (token.kind === 'ticket') {
      // A ticket whose key is gone counts as expired, so the device begins a new session.
      const expired = (thrown: unknown): never => hideRefusal(thrown, 'ERR_SESSION_EXPIRED')
      return cached(token, await tickets!.open(token.jwe, call).catch(expired), true)
    }
    const contentKey = await contentKeyOf(token, call)
    try {
      return cached(token, openCompact(secretKey(contentKey), token.jwe), false)
    } finally {
      contentKey.fill(0)
    }
  }

  return {
    async open(text, invocation) {
      // Tenants of a Lambda function never share a session, even if they send the same token.
      const id = `${fixedLengthId(text)}${invocation.tenant ?? ''}`
      // Read before the cache is asked, so that it remembers no refusal of what costs nothing.
      const token = cache.knows(id) ? undefined : await read(text, invocation)
      const lease = await cache.take(
        id,
        { text, invocation, token },
        { uses: 0, bytes: 0, deadline: invocation.deadline },
      )
      const session = lease.value
      lease.release()
      if (isOver(session.expires, rules) || !maySeal(session)) throw sessionExpired()
      return session
    },
    clear: () => cache.clear(),
  }
}

const cached = ({ jwe, expires }: SessionToken, plaintext: Buffer, byTicket: boolean): RefCounted<Session> =>
  new RefCounted(
    { keys: readKeySet(plaintext), audience: jwe.header.aud as string, expires, byTicket, seals: 0 },
    nothing,
  )

/** Asks the recipient, checks what it returns and derives the content key. */
const contentKeyOf = async (
  token: Exclude<SessionToken, { kind: 'ticket' }>,
  call: CallBudget,
): Promise<Buffer> => {
  const { recipient, jwk } = token.to
  const request =
    token.kind === 'agree'
      ? ({ kind: 'agree', kid: jwk.kid, publicKey: token.publicKey, ...call } as const)
      : ({ kind: 'decrypt', kid: jwk.kid, encryptedKey: token.jwe.encryptedKey, ...call } as const)
  let returned: Uint8Array
  try {
    returned = await recipient.unwrap(request)
  } catch (thrown) {
    throw recipientError(thrown)
  }
  if (!ArrayBuffer.isView(returned)) throw unavailable('A recipient must return bytes')
  const bytes = Buffer.from(returned.buffer, returned.byteOffset, returned.byteLength)
  if (token.kind === 'decrypt') {
    // The device chose what it encrypted, so the length may be wrong.
    if (bytes.length === keyBytes) return bytes
    bytes.fill(0)
    throw decryptFailed('the key in the session JWE has the wrong length')
  }
  try {
    if (bytes.length !== keyBytes)
      throw unavailable('A recipient returned a shared secret of the wrong length')
    return agreedKey(token.alg, bytes, token.party, token.jwe.encryptedKey)
  } finally {
    bytes.fill(0)
  }
}
