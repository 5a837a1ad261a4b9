import { badOption } from '../errors.ts'
import { listValues, oneValue, type RequestHeaders } from '../request-headers.ts'

const loopbackOrigin = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/

/** Whether a text is an origin as browsers write it (RFC 6454, section 6.2), with https. */
export const isCanonicalOrigin = (value: unknown): value is string => {
  if (typeof value !== 'string' || !/^https:\/\//i.test(value)) return false
  // Whatever the parser had to mend is no origin: a path, credentials, a default port, spaces, a dot segment.
  return originOf(value) === value.toLowerCase()
}

const originOf = (url: string | undefined): string | undefined =>
  url !== undefined && URL.canParse(url) ? new URL(url).origin : undefined

/** One label left open, and two more after it: `https://*.com` would admit everybody. */
const wildcard = /^https:\/\/\*((?:\.[^.*/:]+){2,}(?::\d{1,5})?)$/i

/** Decides whether an origin is a declared one. */
export type OriginGate = (origin: string) => boolean

/**
 * Compiles the declared origins.
 *
 * @param local - admits `http://localhost` and the like, for a page that a development server serves
 * @throws GlassineError `ERR_OPTION_INVALID` for what no browser ever sends or what admits everybody
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
    // One label only: `a.b.example.com` is no match of `*.example.com`.
    return dot > 'https://'.length && suffixes.includes(text.slice(dot))
  }
}

const safe = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Whether the origin gate lets a request in. An `Origin` that is there must be a declared one, whatever the method;
 * where it is missing, an unsafe method needs a `Referer` of a declared origin, or `Sec-Fetch-Site: same-origin`.
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
    // `null` is what sandboxed frames and redirects send, and is no declared origin.
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
