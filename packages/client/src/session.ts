import { keySetType, keyUse } from '@glassine/core/session'
import { encode } from './bytes.ts'
import { fault, guarded } from './errors.ts'
import { enc, encryptJwe } from './jwe.ts'
import type { Recipient } from './service-keys.ts'
import { ecPair, gcmKey, type Key, randomBytes, type WebCrypto } from './web-crypto.ts'

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

/** What sessions are made by. */
export interface SessionOptions {
  readonly crypto: WebCrypto
  readonly audience: string
  /** s */
  readonly ttl: number
  readonly maxSeals: number
  readonly forwardSecret: boolean
  readonly fetchRecipient: (reload: boolean) => Promise<Recipient>
}

/** Holds the present session, and begins the next: one at a time, whoever waits for it. */
export const sessionsOf = ({
  crypto,
  audience,
  ttl,
  maxSeals,
  forwardSecret,
  fetchRecipient,
}: SessionOptions) => {
  let current: Promise<Session> | undefined
  let recipient: Recipient | undefined
  let reload = false
  /** How far the service's clock is ahead, in ms: the clocks of devices are often wrong. */
  let ahead = 0
  const now = () => Date.now() + ahead

  const begin = async (): Promise<Session> => {
    if (!recipient || Date.now() >= recipient.expires) recipient = await fetchRecipient(reload)
    reload = false
    const { alg, kid, contentKey } = recipient
    const id = encode(randomBytes(crypto, 16))
    const request = randomBytes(crypto, 32)
    const response = randomBytes(crypto, 32)
    const keys: object[] = [
      { kty: 'oct', kid: id + keyUse.request, k: encode(request) },
      { kty: 'oct', kid: id + keyUse.response, k: encode(response) },
    ]
    const [own, jwk] = forwardSecret ? await ecPair(crypto) : []
    if (own) keys.push({ ...jwk, kid: id + keyUse.device })
    const [key, epk, encryptedKey] = await guarded(contentKey(), 'ERR_KEY_REFUSED')
    const iat = Math.floor(now() / 1000)
    const exp = iat + ttl
    const header = { alg, enc, kid, cty: keySetType, aud: audience, iat, exp, epk }
    return {
      id,
      seal: await gcmKey(crypto, request, 'encrypt'),
      open: await gcmKey(crypto, response, 'decrypt'),
      own,
      jwe: await encryptJwe(crypto, key, header, JSON.stringify({ keys }), encryptedKey),
      expires: exp * 1000,
      seals: 0,
    }
  }

  return {
    /**
     * A session that may seal so many values more.
     *
     * @throws GlassineError `ERR_TOO_LARGE`, `ERR_KEY_UNAVAILABLE`, `ERR_KEY_REFUSED`
     */
    async take(seals: number): Promise<Session> {
      if (seals > maxSeals) throw fault('ERR_TOO_LARGE')
      for (;;) {
        current ??= begin()
        const mine = current
        try {
          const session = await mine
          session.seals += seals
          if (session.seals <= maxSeals && now() < session.expires) return session
          throw undefined
        } catch (error) {
          // A failure is told to all who waited for it, and to nobody after.
          if (current === mine) current = undefined
          if (error) throw error
        }
      }
    },
    /** What a request carries: the ticket, or the keys themselves. */
    carrier: ({ jwe, ticket }: Session): string => (ticket && now() < ticket[1] ? ticket[0] : jwe),
    /** Ends a session that the service does not take; its clock is known by the time of the answer. */
    end(session: Session, keysAreOld: boolean, date: string | null): void {
      session.expires = 0
      if (keysAreOld) this.forget()
      const time = Date.parse(date!)
      if (time) ahead = time - Date.now()
    },
    /** Gives up session and keys; the next ones come from the service itself. */
    forget(): void {
      current = recipient = undefined
      reload = true
    },
  }
}
