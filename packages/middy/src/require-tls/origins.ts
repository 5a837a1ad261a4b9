import { badOption } from '../errors.ts'
import { listValues, oneValue, type RequestHeaders } from '../headers.ts'

const loopbackOrigin = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/

/** Whether a text is an origin as browsers write it (RFC 6454, section 6.2), with https. */
export const isCanonicalOrigin = (value: unknown): value is string => {
  if (typeof value !== 'string' || !/^https:\/\//i.test(value)) return false
  // If parsing changed the text, it was not an origin: a path, credentials, a default port, spaces, a dot segment.
  return originOf(value) === value.toLowerCase()
}

const originOf = (url: string | undefined): string | undefined =>
  url !== undefined && URL.canParse(url) ? new URL(url).origin : undefined

/** One open label with two or more labels after it: `https://*.com` would allow every site. */
const wildcard = /^https:\/\/\*((?:\.[^.*/:]+){2,}(?::\d{1,5})?)$/i

/** Decides whether an origin is one of the option `origins`. */
export type OriginGate = (origin: string) => boolean

/**
 * Compiles the option `origins`.
 *
 * @param local - also allows `http://localhost` and loopback addresses, for pages of a development server
 * @throws GlassineError `ERR_OPTION_INVALID` for an origin that no browser sends, or one that allows every site
 */
export const originGate = (origins: readonly string[], local: boolean): OriginGate => {
  const exact = new Set<string>()
  const suffixes: string[] = []
  origins.forEach((origin, at) => {
    const open = typeof origin === 'string' ? wildcard.exec(origin)?.[1] : undefined
    if (isCanonicalOrigin(origin) && !origin.includes('*')) exact.add(origin.toLowerCase())
    else if (open !== undefined && isCanonicalOrigin(`https://a${open}`)) suffixes.push(open.toLowerCase())
    else if (local && typeof origin === 'string' && loopbackOrigin.test(origin)) exact.add(origin)
    else
      throw badOption(
        `origins[${at}]`,
        'must be an https origin without a path, or one with a first label `*` and two labels after it',
      )
  })
  return (origin) => {
    const text = origin.toLowerCase()
    if (exact.has(text)) return true
    if (!isCanonicalOrigin(origin)) return false
    const dot = text.indexOf('.')
    // One label only: `*.example.com` does not match `a.b.example.com`.
    return dot > 'https://'.length && suffixes.includes(text.slice(dot))
  }
}

const safe = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Whether the origin gate allows a request. If there is an `Origin`, it must be allowed, for every method. Without one,
 * an unsafe method needs a `Referer` of an allowed origin, or `Sec-Fetch-Site: same-origin`.
 *
 * @param method - absent for requests that are never safe, such as a WebSocket's handshake
 */
export const originAllowed = (
  gate: OriginGate,
  missing: 'deny' | 'allow',
  headers: RequestHeaders,
  method: string | undefined,
): boolean => {
  if (headers.has('origin')) {
    const origin = oneValue(headers, 'origin')
    // Sandboxed frames and redirects send `null`, which is never allowed.
    return origin !== undefined && gate(origin)
  }
  if (method !== undefined && safe.has(method)) return true
  if (headers.has('referer')) {
    const referer = originOf(oneValue(headers, 'referer'))
    return referer !== undefined && gate(referer)
  }
  const site = listValues(headers, 'sec-fetch-site')
  if (site) return site.length === 1 && site[0] === 'same-origin'
  return missing === 'allow'
}
