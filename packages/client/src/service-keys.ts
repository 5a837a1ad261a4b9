import { decode, encode, textOf, utf8 } from './bytes.ts'
import { guarded } from './errors.ts'
import { headerOf } from './jwe.ts'
import {
  agree,
  type EcJwk,
  ecJwk,
  ecPair,
  gcmKey,
  type Key,
  randomBytes,
  sha256,
  type WebCrypto,
} from './web-crypto.ts'

/** How session keys can be encrypted to the service (RFC 7518, section 4.1). */
export const algorithms = ['ECDH-ES', 'RSA-OAEP-256'] as const

/** Which of the service's published keys are trusted. */
export interface ServiceKeyOptions {
  /** Default: `/.well-known/jwks.json` at the origin of `baseUrl`. */
  readonly jwksUri?: string
  /** A public key on P-256, as a JWK, that must have signed the key set (`jwk-set+jwt`, ES256). */
  readonly trust?: EcJwk
  /** RFC 7638 thumbprints of the only keys that are taken. */
  readonly pins?: readonly string[]
  /** How long keys are kept at most, in ms; `Cache-Control` can only shorten it. Default 3,600,000, an hour. */
  readonly maxAge?: number
  /** Algorithms that may be used; the first published key for one of them is taken. Default: ECDH-ES and RSA-OAEP-256. */
  readonly algs?: readonly (typeof algorithms)[number][]
}

/** A public key of the service, checked, and how session keys are encrypted to it. */
export interface ServiceKey {
  readonly alg: string
  readonly kid: string
  /** The end of its use, in ms since the epoch. */
  readonly expires: number
  /** A new content key, and what the service needs for it: the public key of ECDH-ES, or the encrypted key of RSA. */
  readonly contentKey: () => Promise<readonly [key: Key, epk?: EcJwk, encryptedKey?: string]>
}

const signedType = 'jwk-set+jwt'

/** Bits of the shortest RSA key that may be used (RFC 7518, section 4.3). */
const minRsaBits = 2048

/**
 * Fetches the service's key set and takes the first key that is allowed.
 *
 * @param reload - asks the service itself and bypasses caches
 * @throws GlassineError `ERR_KEY_UNAVAILABLE`, `ERR_KEY_REFUSED`
 */
export const fetchServiceKey = async (
  jwksUri: string,
  { trust, pins, maxAge = 3_600_000, algs = algorithms }: ServiceKeyOptions,
  crypto: WebCrypto,
  fetch: typeof globalThis.fetch,
  reload: boolean,
): Promise<ServiceKey> => {
  const { subtle } = crypto
  const now = Date.now()
  let expires = now + maxAge

  const read = async (): Promise<unknown> => {
    const init = {
      headers: { accept: `application/${trust ? signedType : 'json'}` },
      credentials: 'omit',
      redirect: 'error',
      cache: reload ? 'reload' : 'default',
    } as const
    const response = await fetch(jwksUri, init)
    if (!response.ok) throw response
    const caching = response.headers.get('cache-control') ?? ''
    const [, age] = /max-age=(\d+)/i.exec(caching) ?? []
    if (/no-(?:store|cache)/i.test(caching)) expires = now
    else if (age) expires = Math.min(expires, now + Number(age) * 1000)
    const text = await response.text()
    return trust ? text : JSON.parse(text)
  }

  /** The payload of a JWS (RFC 7515) that the trusted key has signed, by ES256 and nothing else. */
  const verified = async (jws: string, trusted: EcJwk): Promise<any> => {
    const [head, body, signature] = jws.trim().split('.') as [string, string, string]
    const es256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
    const key = await subtle.importKey('jwk', ecJwk(trusted), es256, false, ['verify'])
    const { alg, typ } = headerOf(head)!
    const signed = await subtle.verify(es256, key, decode(signature), utf8(`${head}.${body}`))
    if (!signed || alg !== 'ES256' || typ !== signedType) throw jws
    return JSON.parse(textOf(decode(body)))
  }

  // Throws anything when the set is wrong; the caller turns it into a refusal.
  const choose = async (published: any): Promise<ServiceKey> => {
    const { keys, exp = Number.POSITIVE_INFINITY } = trust ? await verified(published, trust) : published
    // A replayed old set would bring back keys that were withdrawn.
    if (!(exp * 1000 > now)) throw exp
    expires = Math.min(expires, exp * 1000)
    for (const jwk of keys) {
      const { alg, e, n } = jwk
      if (!algs.includes(alg) || jwk.use === 'sig') continue
      // Chosen by the algorithm, not by `kty`: a key of another type lacks these members.
      const isEc = alg === 'ECDH-ES'
      const own = isEc ? ecJwk(jwk) : { e, kty: 'RSA', n }
      const kid = encode(await sha256(crypto, utf8(JSON.stringify(own))))
      if (pins && !pins.includes(kid)) continue
      if (kid !== jwk.kid) break
      const contentKey = isEc ? agreedKey(crypto, own as EcJwk) : await encryptedKey(crypto, own)
      return { alg, kid, expires, contentKey }
    }
    throw keys
  }

  return guarded(choose(await guarded(read(), 'ERR_KEY_UNAVAILABLE')), 'ERR_KEY_REFUSED')
}

const agreedKey =
  (crypto: WebCrypto, jwk: EcJwk): ServiceKey['contentKey'] =>
  async () => {
    const [own, epk] = await ecPair(crypto)
    return [await agree(crypto, own, jwk, 'encrypt'), epk]
  }

const encryptedKey = async (crypto: WebCrypto, jwk: object): Promise<ServiceKey['contentKey']> => {
  const { subtle } = crypto
  const oaep = { name: 'RSA-OAEP', hash: 'SHA-256' }
  const key = await subtle.importKey('jwk', jwk, oaep, false, ['encrypt'])
  if ((key.algorithm as { modulusLength?: number }).modulusLength! < minRsaBits) throw key
  return async () => {
    const bytes = randomBytes(crypto, 32)
    try {
      const encrypted = encode(new Uint8Array(await subtle.encrypt(oaep, key, bytes)))
      return [await gcmKey(crypto, bytes, 'encrypt'), undefined, encrypted]
    } finally {
      bytes.fill(0)
    }
  }
}
