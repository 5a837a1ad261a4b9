import type { GlassineError } from '@glassine/core'
import { type EventSource, methodOf } from '../event-source.ts'
import { own, ownObject, ownText } from '../own.ts'
import { plainResponse, problemResponse } from '../problem.ts'

/** The answer to a refused request: a problem document, or a redirect. */
export const refusalResponse = (
  refusal: GlassineError,
  source: EventSource,
  location: string | undefined,
  multiValue: boolean | undefined,
): Record<string, unknown> | undefined =>
  location === undefined
    ? problemResponse(refusal, { type: 'about:blank', title: 'Forbidden' }, source, multiValue)
    : plainResponse(308, { Location: location, 'Cache-Control': 'no-store' }, '', source, multiValue)

/**
 * Where a request over plain http is redirected: the same path and query at a declared origin, never at the `Host`
 * that the client named. Only GET and HEAD: whatever else a client sent in the clear has been read already, and
 * must not work.
 */
export const redirectLocation = (event: unknown, source: EventSource, origin: string): string | undefined => {
  const method = methodOf(event, source)
  if (method !== 'GET' && method !== 'HEAD') return undefined
  const target = new URL(origin)
  // Through the setters: they encode whatever could end the path or the header.
  target.pathname = pathOf(event, source)
  target.search = queryOf(event, source)
  return target.href
}

// Lattice and Lambda@Edge never come here: their events do not tell plain http from anything else.
const pathOf = (event: unknown, source: EventSource): string =>
  ownText(event, source === 'http-api' || source === 'function-url' ? 'rawPath' : 'path') ?? '/'

const queryOf = (event: unknown, source: EventSource): string => {
  const raw = ownText(event, 'rawQueryString')
  if (raw !== undefined) return raw
  const query =
    ownObject(event, 'multiValueQueryStringParameters') ?? ownObject(event, 'queryStringParameters')
  // A load balancer leaves the parameters as they were in the URL, API Gateway decodes them.
  const encode = (text: string): string => (source === 'alb' ? text : encodeURIComponent(text.toWellFormed()))
  return Object.keys(query ?? {})
    .flatMap((name) => {
      const values = own(query, name)
      return (Array.isArray(values) ? values : [values])
        .filter((value) => typeof value === 'string')
        .map((value: string) => `${encode(name)}=${encode(value)}`)
    })
    .join('&')
}
