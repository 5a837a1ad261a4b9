import { keySetType, keyUse, maxSessionAge } from '@glassine/core/internal'
import { encode } from './bytes.ts'
import { fault, guarded } from './errors.ts'
import { encryptJwe } from './jwe.ts'
import type { ServiceKey } from './service-keys.ts'
import { ecPair, enc, gcmKey, type Key, randomBytes, type WebCrypto } from './web-crypto.ts'

/** The keys of one session. None can be exported from Web Crypto. */
export interface Session {
  readonly id: string
  /** Seals request fields. */
  readonly seal: Key
  /** Opens response fields. */
  readonly open: Key
  /** Private key for forward-secret responses. */
  readonly own?: Key
  /** The JWE that carries the keys to the service. */
  readonly jwe: string
  /** Its end in ms since the epoch, by the service's clock if known; 0 once it has ended. */
  expires: number
  /** How many values it has sealed. */
  seals: number
  /** What it was begun for; when that changes, the session ends. */
  readonly home: object
  /** What the service accepts instead of `jwe`, and until when, in ms since the epoch. */
  ticket?: readonly [text: string, expires: number]
}

/** Holds the current session and begins the next; requests that need a new one share it. */
export interface Sessions {
  /**
   * Returns a session that may seal this many more values.
   *
   * @throws GlassineError `ERR_TOO_LARGE`, `ERR_KEY_UNAVAILABLE`, `ERR_KEY_REFUSED`
   */
  take(seals: number): Promise<Session>
  /** The token that carries a request's keys: the ticket, or the session's JWE. */
  token(session: Session): string
  /**
   * Ends a session that the service refused; `date` of its response adjusts our estimate of its clock.
   *
   * @throws GlassineError `ERR_SESSION_EXPIRED` if the clocks differ by more than the life of a session
   */
  end(session: Session, problem: string, date: string | null): void
  /** Discards session and keys; the next keys are fetched bypassing all caches. */
  forget(): void
}

/** What `forget` discards as a whole, including pending work. */
interface Current {
  latest?: Session
  pending?: Promise<void>
  serviceKey?: ServiceKey
  reload: boolean
  /** How far the service's clock is ahead of ours, in ms: clocks of devices are often wrong. */
  ahead: number
}

/** @param maxAge - ms */
export const sessionsOf = (
  crypto: WebCrypto,
  audience: string,
  maxAge: number,
  maxSeals: number,
  forwardSecret: boolean,
  fetchServiceKey: (reload: boolean) => Promise<ServiceKey>,
): Sessions => {
  let current: Current = { reload: false, ahead: 0 }
  const now = () => Date.now() + current.ahead

  const begin = async (mine: Current): Promise<void> => {
    if (!mine.serviceKey || Date.now() >= mine.serviceKey.expires)
      mine.serviceKey = await fetchServiceKey(mine.reload)
    mine.reload = false
    const { alg, kid, contentKey } = mine.serviceKey
    const id = encode(randomBytes(crypto, 16))
    const request = randomBytes(crypto, 32)
    const response = randomBytes(crypto, 32)
    const keys: object[] = [
      { kty: 'oct', kid: id + keyUse.request, k: encode(request) },
      { kty: 'oct', kid: id + keyUse.response, k: encode(response) },
    ]
    // Imported at once, which zeroes them: nothing is left if the rest fails.
    const [seal, open] = await Promise.all([
      gcmKey(crypto, request, 'encrypt'),
      gcmKey(crypto, response, 'decrypt'),
    ])
    const [own, jwk] = forwardSecret ? await ecPair(crypto) : []
    if (own) keys.push({ ...jwk, kid: id + keyUse.device })
    const [key, epk, encryptedKey] = await guarded(contentKey(), 'ERR_KEY_REFUSED')
    const iat = Math.floor(now() / 1000)
    const exp = iat + Math.floor(maxAge / 1000)
    const header = { alg, enc, kid, cty: keySetType, aud: audience, iat, exp, epk }
    mine.latest = {
      id,
      seal,
      open,
      own,
      jwe: await encryptJwe(crypto, key, header, JSON.stringify({ keys }), encryptedKey),
      expires: exp * 1000,
      seals: 0,
      home: mine,
    }
  }

  const forget = (): void => {
    current = { reload: true, ahead: 0 }
  }

  return {
    async take(seals) {
      if (seals > maxSeals) throw fault('ERR_TOO_LARGE')
      // Checked again after the wait: other requests may have used the session up, or it was discarded.
      for (;;) {
        const mine = current
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
    token: ({ jwe, ticket }) => (ticket && now() < ticket[1] ? ticket[0] : jwe),
    end(session, problem, date) {
      const isCurrent = session.home === current
      session.expires = 0
      // If many requests are refused at once, the first fetches new keys for all. Refusals of discarded sessions are
      // ignored.
      if (!isCurrent) return
      if (problem === 'unknown-kid') return forget()
      const ahead = Date.parse(date!) - Date.now()
      if (Math.abs(ahead) > maxSessionAge)
        throw fault('ERR_SESSION_EXPIRED', {
          message: 'The clock of this device is off by more than 15 minutes',
        })
      if (ahead) current.ahead = ahead
    },
    forget,
  }
}
