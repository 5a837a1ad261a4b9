import { keySetType, keyUse } from '@glassine/core/internal'
import { encode } from './bytes.ts'
import { fault, guarded } from './errors.ts'
import { encryptJwe } from './jwe.ts'
import type { Recipient } from './service-keys.ts'
import { ecPair, enc, gcmKey, type Key, randomBytes, type WebCrypto } from './web-crypto.ts'

/** The keys of one session. None of them can be exported: they live in this page or process only. */
export interface Session {
  readonly id: string
  /** Seals request fields. */
  readonly seal: Key
  /** Opens response fields. */
  readonly open: Key
  /** Private key for forward-secret responses. */
  readonly own?: Key
  /** The JWE that brings the keys to the service. */
  readonly jwe: string
  /** ms since the epoch, by the service's clock as far as it is known; 0 ends the session. */
  expires: number
  /** How many values were sealed. */
  seals: number
  /** What the service takes in place of `jwe`, until then in ms. */
  ticket?: readonly [text: string, expires: number]
}

/** Holds the present session, and begins the next: one at a time, whoever waits for it. */
export interface Sessions {
  /**
   * A session that may seal so many values more.
   *
   * @throws GlassineError `ERR_TOO_LARGE`, `ERR_KEY_UNAVAILABLE`, `ERR_KEY_REFUSED`
   */
  take(seals: number): Promise<Session>
  /** What a request carries: the ticket, or the keys themselves. */
  carrier(session: Session): string
  /** Ends a session that the service does not take, and why; the time of its answer tells its clock. */
  end(session: Session, problem: string, date: string | null): void
  /** Gives up session and keys; the next keys come from the service itself. */
  forget(): void
}

/** What `forget` gives up as one: whatever is under way for it then comes to nothing. */
interface Present {
  latest?: Session
  pending?: Promise<void>
  recipient?: Recipient
  reload: boolean
}

/** @param ttl - s */
export const sessionsOf = (
  crypto: WebCrypto,
  audience: string,
  ttl: number,
  maxSeals: number,
  forwardSecret: boolean,
  fetchRecipient: (reload: boolean) => Promise<Recipient>,
): Sessions => {
  let present: Present = { reload: false }
  /** How far the service's clock is ahead, in ms: the clocks of devices are often wrong. */
  let ahead = 0
  const now = () => Date.now() + ahead

  const begin = async (mine: Present): Promise<void> => {
    if (!mine.recipient || Date.now() >= mine.recipient.expires)
      mine.recipient = await fetchRecipient(mine.reload)
    mine.reload = false
    const { alg, kid, contentKey } = mine.recipient
    const id = encode(randomBytes(crypto, 16))
    const request = randomBytes(crypto, 32)
    const response = randomBytes(crypto, 32)
    const keys: object[] = [
      { kty: 'oct', kid: id + keyUse.request, k: encode(request) },
      { kty: 'oct', kid: id + keyUse.response, k: encode(response) },
    ]
    // Imported at once, which zeroes them: nothing is left when the rest fails.
    const [seal, open] = await Promise.all([
      gcmKey(crypto, request, 'encrypt'),
      gcmKey(crypto, response, 'decrypt'),
    ])
    const [own, jwk] = forwardSecret ? await ecPair(crypto) : []
    if (own) keys.push({ ...jwk, kid: id + keyUse.device })
    const [key, epk, encryptedKey] = await guarded(contentKey(), 'ERR_KEY_REFUSED')
    const iat = Math.floor(now() / 1000)
    const exp = iat + ttl
    const header = { alg, enc, kid, cty: keySetType, aud: audience, iat, exp, epk }
    mine.latest = {
      id,
      seal,
      open,
      own,
      jwe: await encryptJwe(crypto, key, header, JSON.stringify({ keys }), encryptedKey),
      expires: exp * 1000,
      seals: 0,
    }
  }

  const forget = (): void => {
    present = { reload: true }
  }

  return {
    async take(seals) {
      if (seals > maxSeals) throw fault('ERR_TOO_LARGE')
      // Looked at again after the wait: others who waited may have used it up, or it was given up.
      for (;;) {
        const mine = present
        const { latest } = mine
        if (latest && latest.seals + seals <= maxSeals && now() < latest.expires) {
          latest.seals += seals
          return latest
        }
        mine.pending ??= begin(mine).finally(() => {
          mine.pending = undefined
        })
        await mine.pending
      }
    },
    carrier: ({ jwe, ticket }) => (ticket && now() < ticket[1] ? ticket[0] : jwe),
    end(session, problem, date) {
      // Of many requests that are refused at a time, one is enough to fetch keys.
      if (session.expires && problem === 'unknown-kid') forget()
      session.expires = 0
      const time = Date.parse(date!)
      if (time) ahead = time - Date.now()
    },
    forget,
  }
}
