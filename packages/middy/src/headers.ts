import { isPlainObject } from '@glassine/core/internal'
import { type EventSource, edgeRequest, isEdge } from './event-source.ts'
import { getOwn, getOwnObject } from './event-value.ts'

/** The headers of a request, by lower-case name, with each different value once. */
export type RequestHeaders = ReadonlyMap<string, readonly string[]>

const none: RequestHeaders = new Map()

/**
 * Collects all headers of an event in one pass, in any case and from all places where the source puts them.
 *
 * A header that differs between `headers` and `multiValueHeaders`, or between two spellings, has several values here.
 * Readers that pick one of several let a check be bypassed (Express takes the first, Fastify the last).
 */
export const requestHeaders = (event: unknown, source: EventSource): RequestHeaders => {
  if (source === 'appsync') return collect(appSyncHeaders(event))
  if (isEdge(source)) return collect([getOwn(event, ...edgeRequest, 'headers')])
  return collect([getOwn(event, 'headers'), getOwn(event, 'multiValueHeaders')])
}

/** All elements of an AppSync batch come from one request, and each repeats its headers. */
const appSyncHeaders = (event: unknown): readonly unknown[] =>
  (Array.isArray(event) ? event : [event]).map((one) => getOwn(one, 'request', 'headers'))

const collect = (holders: readonly unknown[]): RequestHeaders => {
  let headers: Map<string, string[]> | undefined
  for (const holder of holders) {
    if (!isPlainObject(holder)) continue
    headers ??= new Map()
    for (const name of Object.keys(holder)) {
      const value = getOwn(holder, name)
      // AppSync writes null for a header that the client did not send.
      if (value === null || value === undefined) continue
      const key = name.toLowerCase()
      const known = headers.get(key)
      if (!known) headers.set(key, texts(value))
      else for (const text of texts(value)) if (!known.includes(text)) known.push(text)
    }
  }
  return headers ?? none
}

/**
 * A value that is not text becomes an empty text, which no check accepts. Left out, the header would count as absent.
 */
const texts = (value: unknown): string[] => {
  if (typeof value === 'string') return [value]
  if (!Array.isArray(value) || value.length === 0) return ['']
  return [...new Set(value.map(text))]
}

/** Lambda@Edge writes `{ key, value }`. */
const text = (value: unknown): string => {
  const found = typeof value === 'string' ? value : getOwn(value, 'value')
  return typeof found === 'string' ? found : ''
}

/** The only value of a header; `undefined` if it is absent or has several. */
export const oneValue = (headers: RequestHeaders, name: string): string | undefined => {
  const values = headers.get(name)
  return values?.length === 1 ? values[0] : undefined
}

/** All members of a comma-separated header, in lower case; `undefined` if it is absent. */
export const listValues = (headers: RequestHeaders, name: string): readonly string[] | undefined =>
  headers.get(name)?.flatMap((value) => value.split(',').map((part) => part.trim().toLowerCase()))

/** A response of a Lambda function behind an HTTP source. */
export type HttpResponse = Record<string, unknown>

/** Whether an ALB's target group has multi-value headers on: it then reads only `multiValueHeaders` of the response. */
export const wantsMultiValue = (event: unknown, source: EventSource): boolean =>
  source === 'alb' &&
  getOwnObject(event, 'multiValueHeaders') !== undefined &&
  getOwnObject(event, 'headers') === undefined

const holders = ['headers', 'multiValueHeaders'] as const

const spellingOf = (holder: unknown, name: string): string | undefined =>
  isPlainObject(holder) ? Object.keys(holder).find((key) => key.toLowerCase() === name) : undefined

/** Whether a response has a header, in any case. */
const hasHeader = (response: HttpResponse, name: string): boolean =>
  holders.some((holder) => spellingOf(getOwn(response, holder), name.toLowerCase()) !== undefined)

/** Adds a header to a response that we created, unless it has one of that name. The holder is copied, not modified. */
export const addHeader = (
  response: HttpResponse,
  name: string,
  value: string,
  multiValue: boolean | undefined,
): void => {
  if (hasHeader(response, name)) return
  const holder = multiValue ? 'multiValueHeaders' : 'headers'
  response[holder] = { ...getOwnObject(response, holder), [name]: multiValue ? [value] : value }
}

/** Adds a header that pages of other origins may read. */
export const exposeHeader = (
  response: HttpResponse,
  name: string,
  value: string,
  multiValue: boolean | undefined,
): void => {
  addHeader(response, name, value, multiValue)
  addHeader(response, 'Access-Control-Expose-Headers', name, multiValue)
}

/** Removes headers from a response that we created; `names` are in lower case. */
export const dropHeaders = (response: HttpResponse, names: readonly string[]): void => {
  for (const holder of holders) {
    const headers = getOwnObject(response, holder)
    if (!headers || !Object.keys(headers).some((name) => names.includes(name.toLowerCase()))) continue
    response[holder] = Object.fromEntries(
      Object.entries(headers).filter(([name]) => !names.includes(name.toLowerCase())),
    )
  }
}
