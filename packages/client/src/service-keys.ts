import { isPlainObject } from '@glassine/core'
import { decode, encode, textOf, utf8 } from './bytes.ts'
import { fault, guarded } from './errors.ts'
import { headerOf } from './jwe.ts'
import type { SafeFetch } from './safe-fetch.ts'
import { type EcJwk, ecJwk, type Key, sha256, type WebCrypto } from './web-crypto.ts'

/** How session keys can be encrypted to the service (RFC 7518, section 4.1), in order of preference. */
export const algorithms = ['ECDH-ES', 'RSA-OAEP-256'] as const
export type Algorithm = (typeof algorithms)[number]

/** A public key of the service, checked: for ECDH-ES as a JWK, for RSA imported. */
export type Recipient = { readonly kid: string } & (
  | { readonly alg: 'ECDH-ES'; readonly jwk: EcJwk }
  | { readonly alg: 'RSA-OAEP-256'; readonly key: Key }
)

/** Where the service publishes its keys, and which of them are believed. */
export interface ServiceKeyOptions {
  readonly jwksUri: string
  readonly trust?: object
  readonly pins?: readonly string[]
  /** ms */
  readonly maxAge: number
  readonly algs: readonly Algorithm[]
}

const signedType = 'jwk-set+jwt'
/** RSA keys that are shorter are not to be used (RFC 7518, section 4.3). */
const minRsaBits = 2048

/** Fetches the service's public key, checks it, and keeps it as long as `Cache-Control` and `maxAge` allow. */
export interface ServiceKeys {
  /** @throws GlassineError `ERR_KEY_UNAVAILABLE`, `ERR_KEY_REFUSED` */
  recipient(): Promise<Recipient>
  /** The next session asks the service itself, and no cache on the way. */
  forget(): void
}

export const serviceKeys = (
  { jwksUri, trust, pins, maxAge, algs }: ServiceKeyOptions,
  crypto: WebCrypto,
  fetch: SafeFetch,
): ServiceKeys => {
  const { subtle } = crypto
  let known: { readonly recipient: Recipient; readonly expires: number } | undefined
  let cache: 'default' | 'reload' = 'default'

  const read = async () => {
    try {
      const headers = { accept: `application/${trust ? signedType : 'json'}` }
      const response = await fetch(jwksUri, { headers, credentials: 'omit', cache })
      if (response.ok)
        return { text: await response.text(), caching: response.headers.get('cache-control') ?? '' }
    } catch {
      // No network, a redirect: whatever it was, there are no keys.
    }
    throw fault('ERR_KEY_UNAVAILABLE')
  }

  /** The payload of a JWS (RFC 7515) that the trusted key has signed, by ES256 and nothing else. */
  const verified = async (text: string, trusted: object): Promise<Record<string, unknown>> => {
    const [head = '', body = '', signature = ''] = text.trim().split('.')
    const { alg, typ } = headerOf(head) ?? {}
    const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
    const key = await subtle.importKey('jwk', { ...ecJwk(trusted) }, ecdsa, false, ['verify'])
    const signed = await subtle.verify(ecdsa, key, decode(signature), utf8(`${head}.${body}`))
    if (!signed || alg !== 'ES256' || typ !== signedType) throw fault('ERR_KEY_REFUSED')
    const set = parsed(textOf(decode(body)))
    // An old set, replayed, would bring back keys that were given up.
    if (typeof set.exp === 'number' && set.exp * 1000 <= Date.now()) throw fault('ERR_KEY_REFUSED')
    return set
  }

  /** The first key that is allowed; its id must be its thumbprint (RFC 7638). */
  const choose = async (keys: unknown): Promise<Recipient> => {
    for (const jwk of Array.isArray(keys) ? keys.filter(isPlainObject) : []) {
      const alg = algs.find((one) => one === jwk.alg)
      if (!alg || jwk.use === 'sig') continue
      // By the algorithm and not by what the key says of itself: a key of another kind has no such members.
      const ec = ecJwk(jwk)
      const rsa = { e: jwk.e as string, kty: 'RSA', n: jwk.n as string }
      const kid = encode(await sha256(crypto, utf8(JSON.stringify(alg === 'ECDH-ES' ? ec : rsa))))
      if (pins && !pins.includes(kid)) continue
      if (kid !== jwk.kid) break
      if (alg === 'ECDH-ES') return { alg, kid, jwk: ec }
      const oaep = { name: 'RSA-OAEP', hash: 'SHA-256' }
      const key = await subtle.importKey('jwk', rsa, oaep, false, ['encrypt'])
      if ((key.algorithm as { modulusLength?: number }).modulusLength! < minRsaBits) break
      return { alg, kid, key }
    }
    throw fault('ERR_KEY_REFUSED')
  }

  const load = async () => {
    const now = Date.now()
    const { text, caching } = await read()
    const set = trust ? await guarded('ERR_KEY_REFUSED', verified(text, trust)) : parsed(text)
    const recipient = await guarded('ERR_KEY_REFUSED', choose(set.keys))
    cache = 'default'
    const age = /no-(?:store|cache)/i.test(caching) ? 0 : /\bmax-age=(\d+)/i.exec(caching)?.[1]
    const ends = [now + maxAge]
    if (age !== undefined) ends.push(now + Number(age) * 1000)
    if (typeof set.exp === 'number') ends.push(set.exp * 1000)
    return { recipient, expires: Math.min(...ends) }
  }

  return {
    async recipient() {
      if (!known || Date.now() >= known.expires) known = await load()
      return known.recipient
    },
    forget() {
      known = undefined
      cache = 'reload'
    },
  }
}

/** A JWK Set as JSON; what is none is as if the service had not answered. */
const parsed = (text: string): Record<string, unknown> => {
  try {
    const set: unknown = JSON.parse(text)
    if (isPlainObject(set)) return set
  } catch {
    // A page of HTML, for example; V8 quotes it in its error.
  }
  throw fault('ERR_KEY_UNAVAILABLE')
}
