import { fault } from './errors.ts'

export type Fetch = typeof globalThis.fetch

/** A `fetch` that is never led elsewhere. */
export type SafeFetch = (url: string, init: CachedInit) => Promise<Response>

/** The types of Node know no `cache`, nor does its `fetch` have one. */
type CachedInit = RequestInit & { readonly cache?: string }

/** `https`, a host, and what may stand behind it; not by `URL`, which React Native has in part only. */
const httpsUrl = /^(https:\/\/[\w.[\]:-]+)(?:[/?][^#\\\s]*)?$/i

/** The origin of an https URL, as browsers write it; nothing for anything else. */
export const originOf = (url: string): string | undefined =>
  httpsUrl.exec(url)?.[1]?.toLowerCase().replace(/:443$/, '')

/**
 * Wraps `fetch` so that a redirect is an error. A browser follows none and tells nothing of it; Node shows it; React
 * Native follows it whatever is asked for, which is seen by where the answer comes from.
 *
 * @throws GlassineError `ERR_RESPONSE_INVALID`; and what `fetch` throws
 */
export const safeFetch =
  (fetch: Fetch): SafeFetch =>
  async (url, init) => {
    const response = await fetch(url, { ...init, redirect: 'manual' })
    if (
      response.type === 'opaqueredirect' ||
      response.redirected ||
      [301, 302, 303, 307, 308].includes(response.status) ||
      (response.url && originOf(response.url) !== originOf(url))
    )
      throw fault('ERR_RESPONSE_INVALID', 'The service redirects, and sealed requests follow no redirect')
    return response
  }
