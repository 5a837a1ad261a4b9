import { raced } from './aborting.ts'
import { decode, encode, textOf, utf8 } from './bytes.ts'
import { fault, guarded, replaceForeign } from './errors.ts'
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
  /** RFC 7638 thumbprints of the only accepted keys. */
  readonly pins?: readonly string[]
  /** The longest wait for the key set, in ms. Default 10,000. */
  readonly timeout?: number
  /** The longest time to cache keys, in ms; `Cache-Control` can only shorten it. Default 3,600,000, an hour. */
  readonly maxAge?: number
  /** Allowed algorithms; the first published key for one of them is used. Default: ECDH-ES and RSA-OAEP-256. */
  readonly algs?: readonly (typeof algorithms)[number][]
}

/** A checked public key of the service, and how session keys are encrypted to it. */
export interface ServiceKey {
  readonly alg: string
  readonly kid: string
  /** The end of its use, in ms since the epoch. */
  readonly expires: number
  /**
   * A new content key, and what the service needs to derive it: the public key of ECDH-ES, or the encrypted key of RSA.
   */
  readonly contentKey: () => Promise<readonly [key: Key, epk?: EcJwk, encryptedKey?: string]>
}

const signedType = 'jwk-set+jwt'

/** The shortest RSA key that may be used, in bits (RFC 7518, section 4.3). */
const minRsaBits = 2048

/**
 * Fetches the service's key set and takes the first allowed key.
 *
 * @param reload - asks the service itself, bypassing caches
 * @throws GlassineError `ERR_KEY_UNAVAILABLE`, `ERR_KEY_REFUSED`
 */
export const fetchServiceKey = async (
  jwksUri: string,
  { trust, pins, timeout = 10_000, maxAge = 3_600_000, algs = algorithms }: ServiceKeyOptions,
  crypto: WebCrypto,
  fetch: typeof globalThis.fetch,
  reload: boolean,
): Promise<ServiceKey> => {
  const { subtle } = crypto
  const now = Date.now()
  const late = new AbortController()
  let expires = now + maxAge

  const read = async (): Promise<unknown> => {
    const init = {
      headers: { accept: `application/${trust ? signedType : 'json'}` },
      credentials: 'omit',
      redirect: 'error',
      cache: reload ? 'reload' : 'default',
      signal: late.signal,
    } as const
    const response = await fetch(jwksUri, init).catch(() => {
      // Browsers do not reveal which of these it was.
      throw missing('no response: the network, an untrusted certificate, or CORS')
    })
    if (!response.ok) throw missing(`status ${response.status}`)
    const caching = response.headers.get('cache-control') ?? ''
    const [, age] = /max-age=(\d+)/i.exec(caching) ?? []
    if (/no-(?:store|cache)/i.test(caching)) expires = now
    else if (age) expires = Math.min(expires, now + Number(age) * 1000)
    const text = await response.text()
    return trust ? text : JSON.parse(text)
  }

  /** The payload of a JWS (RFC 7515) signed by the trusted key, with ES256 only. */
  const verified = async (jws: string, trusted: EcJwk): Promise<any> => {
    const [head, body, signature] = jws.trim().split('.') as [string, string, string]
    const es256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
    const key = await subtle.importKey('jwk', ecJwk(trusted), es256, false, ['verify'])
    const { alg, typ } = headerOf(head)!
    const signed = await subtle.verify(es256, key, decode(signature), utf8(`${head}.${body}`))
    if (!signed || alg !== 'ES256' || typ !== signedType) throw jws
    return JSON.parse(textOf(decode(body)))
  }

  // May throw any error if the set is wrong; the caller turns it into a refusal.
  const choose = async (published: any): Promise<ServiceKey> => {
    const { keys, exp = Number.POSITIVE_INFINITY } = trust ? await verified(published, trust) : published
    // Replaying an old set would bring back withdrawn keys.
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

  const timer = setTimeout(() => late.abort(missing('no response in time')), timeout)
  let published: unknown
  try {
    published = await raced(read(), late.signal)
  } catch (thrown) {
    throw replaceForeign(thrown, 'ERR_KEY_UNAVAILABLE', { reason: 'the key set is no JSON' })
  } finally {
    clearTimeout(timer)
  }
  return guarded(choose(published), 'ERR_KEY_REFUSED')
}

const missing = (reason: string) => fault('ERR_KEY_UNAVAILABLE', { reason })

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
