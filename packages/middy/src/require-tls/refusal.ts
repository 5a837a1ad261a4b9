import type { GlassineError } from '@glassine/core'
import { answersHttp, type EventSource, methodOf } from '../event-source.ts'
import { own, ownObject, ownText } from '../own.ts'

const problemType = 'application/problem+json'

/**
 * The answer to a refused request, in the form that its source reads: a problem document (RFC 9457), or a redirect.
 * Nothing for sources whose answer is no HTTP response; there the error itself is the answer.
 */
export const refusalResponse = (
  { statusCode, message, code }: GlassineError,
  source: EventSource,
  location: string | undefined,
  multiValue: boolean | undefined,
): Record<string, unknown> | undefined => {
  const status = location === undefined ? statusCode : 308
  const fields: Record<string, string> =
    location === undefined
      ? { 'Content-Type': problemType, 'Cache-Control': 'no-store' }
      : { Location: location, 'Cache-Control': 'no-store' }
  const body =
    location === undefined
      ? JSON.stringify({ type: 'about:blank', title: 'Forbidden', status, detail: message, code })
      : ''
  if (answersHttp(source)) {
    const headers = multiValue
      ? {
          multiValueHeaders: Object.fromEntries(
            Object.entries(fields).map(([name, value]) => [name, [value]]),
          ),
        }
      : { headers: fields }
    return { statusCode: status, ...headers, body, isBase64Encoded: false }
  }
  if (source !== 'edge-viewer' && source !== 'edge-origin') return undefined
  return {
    status: String(status),
    headers: Object.fromEntries(
      Object.entries(fields).map(([key, value]) => [key.toLowerCase(), [{ key, value }]]),
    ),
    body,
  }
}

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
