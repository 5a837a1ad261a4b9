import { keySetType, keyUse } from '@glassine/core/session'
import { encode, utf8 } from './bytes.ts'
import { fault } from './errors.ts'
import { encryptJwe } from './jwe.ts'
import type { ServiceKeys } from './service-keys.ts'
import { agree, ecPair, gcmKey, type Key, randomBytes, type WebCrypto } from './web-crypto.ts'

/** The keys of one session. None of them can be exported; they live in this page or process only. */
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
  /** ms since the epoch, by the service's clock as far as it is known. */
  expires: number
  seals: number
  /** What the service takes in place of `jwe`, until then in ms. */
  ticket?: { readonly text: string; readonly expires: number }
}

export interface SessionOptions {
  readonly audience: string
  /** s */
  readonly ttl: number
  readonly maxSeals: number
  readonly forwardSecret: boolean
}

/** Holds the present session, and begins the next: one at a time, whoever waits for it. */
export const sessionsOf = (
  { audience, ttl, maxSeals, forwardSecret }: SessionOptions,
  crypto: WebCrypto,
  keys: ServiceKeys,
) => {
  let current: Promise<Session> | undefined
  /** How far the service's clock is ahead, in ms: the clocks of devices are often wrong. */
  let ahead = 0
  const now = () => Date.now() + ahead

  const begin = async (): Promise<Session> => {
    const recipient = await keys.recipient()
    const id = encode(randomBytes(crypto, 16))
    const request = randomBytes(crypto, 32)
    const response = randomBytes(crypto, 32)
    const oct = (use: string, key: Uint8Array) => ({ kty: 'oct', kid: id + use, k: encode(key) })
    const set: object[] = [oct(keyUse.request, request), oct(keyUse.response, response)]
    const device = forwardSecret ? await ecPair(crypto) : undefined
    if (device) set.push({ ...device.jwk, kid: id + keyUse.device })

    const { alg, kid } = recipient
    const iat = Math.floor(now() / 1000)
    const exp = iat + ttl
    const header = { alg, enc: 'A256GCM', kid, cty: keySetType, aud: audience, iat, exp }
    const plaintext = utf8(JSON.stringify({ keys: set }))
    let jwe: string
    if (recipient.alg === 'ECDH-ES') {
      const { own, jwk } = await ecPair(crypto)
      const key = await agree(crypto, own, recipient.jwk, 'encrypt')
      jwe = await encryptJwe(crypto, key, { ...header, epk: jwk }, plaintext)
    } else {
      const content = randomBytes(crypto, 32)
      const wrapped = await crypto.subtle.encrypt('RSA-OAEP', recipient.key, content)
      const key = await gcmKey(crypto, content, 'encrypt')
      jwe = await encryptJwe(crypto, key, header, plaintext, encode(new Uint8Array(wrapped)))
    }
    plaintext.fill(0)
    return {
      id,
      seal: await gcmKey(crypto, request, 'encrypt'),
      open: await gcmKey(crypto, response, 'decrypt'),
      own: device?.own,
      jwe,
      expires: exp * 1000,
      seals: 0,
    }
  }

  /**
   * A session that may seal so many values more.
   *
   * @throws GlassineError `ERR_TOO_LARGE`, and those of {@link ServiceKeys}
   */
  const take = async (seals: number): Promise<Session> => {
    if (seals > maxSeals) throw fault('ERR_TOO_LARGE')
    for (;;) {
      current ??= begin()
      const mine = current
      try {
        const session = await mine
        if (session.seals + seals <= maxSeals && now() < session.expires) {
          session.seals += seals
          return session
        }
      } catch (error) {
        // A failure is told to all who waited for it, and to nobody after.
        if (current === mine) current = undefined
        throw error
      }
      if (current === mine) current = undefined
    }
  }

  return {
    take,
    /** What a request carries: the ticket, or the keys themselves. */
    carrier: ({ jwe, ticket }: Session): string => (ticket && now() < ticket.expires ? ticket.text : jwe),
    /** Ends a session that the service does not take, and sets the clock by the time of its answer. */
    end(session: Session, date: string | null): void {
      session.expires = 0
      const time = Date.parse(date ?? '')
      if (time) ahead = time - Date.now()
    },
    forget(): void {
      current = undefined
    },
  }
}
