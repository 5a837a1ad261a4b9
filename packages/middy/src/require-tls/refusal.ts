import type { GlassineError } from '@glassine/core'
import { type EventSource, methodOf } from '../event-source.ts'
import { getOwn, getOwnObject, getOwnString } from '../event-value.ts'
import { plainResponse, problemResponse } from '../problem.ts'

/** The response to a refused request: a problem document, or a redirect. */
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
 * Where a plain-http request is redirected: the same path and query at the configured origin, never at the client's
 * `Host`. Only GET and HEAD: another method's body was readable on the way already, so it must not succeed.
 */
export const redirectLocation = (event: unknown, source: EventSource, origin: string): string | undefined => {
  const method = methodOf(event, source)
  if (method !== 'GET' && method !== 'HEAD') return undefined
  const target = new URL(origin)
  // By the setters, which encode every character that could end the path or the header.
  target.pathname = pathOf(event, source)
  target.search = queryOf(event, source)
  return target.href
}

// Never called for Lattice and Lambda@Edge, whose events do not tell whether a request was plain http.
const pathOf = (event: unknown, source: EventSource): string =>
  getOwnString(event, source === 'http-api' || source === 'function-url' ? 'rawPath' : 'path') ?? '/'

const queryOf = (event: unknown, source: EventSource): string => {
  const raw = getOwnString(event, 'rawQueryString')
  if (raw !== undefined) return raw
  const query =
    getOwnObject(event, 'multiValueQueryStringParameters') ?? getOwnObject(event, 'queryStringParameters')
  // A load balancer passes the parameters on encoded, API Gateway decodes them.
  const encode = (text: string): string => (source === 'alb' ? text : encodeURIComponent(text.toWellFormed()))
  return Object.keys(query ?? {})
    .flatMap((name) => {
      const values = getOwn(query, name)
      return (Array.isArray(values) ? values : [values])
        .filter((value) => typeof value === 'string')
        .map((value: string) => `${encode(name)}=${encode(value)}`)
    })
    .join('&')
}
