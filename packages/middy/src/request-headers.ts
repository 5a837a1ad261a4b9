import { isPlainObject } from '@glassine/core/internal'
import { type EventSource, edgeRequest, isEdge } from './event-source.ts'
import { own } from './own.ts'

/** The headers of a request: lower-case name, and each different value once. */
export type RequestHeaders = ReadonlyMap<string, readonly string[]>

const none: RequestHeaders = new Map()

/**
 * Collects all headers of an event in one pass, whatever their case and wherever the source keeps them.
 *
 * A header that differs between `headers` and `multiValueHeaders`, or between two spellings, has several values
 * here: readers that pick one of them are how a check gets around (Express takes the first, Fastify the last).
 */
export const requestHeaders = (event: unknown, source: EventSource): RequestHeaders => {
  if (source === 'appsync') return collect(appSyncHeaders(event))
  if (isEdge(source)) return collect([own(event, ...edgeRequest, 'headers')])
  return collect([own(event, 'headers'), own(event, 'multiValueHeaders')])
}

/** A batch of AppSync comes from one request, and each of its elements repeats the headers. */
const appSyncHeaders = (event: unknown): readonly unknown[] =>
  (Array.isArray(event) ? event : [event]).map((one) => own(one, 'request', 'headers'))

const collect = (holders: readonly unknown[]): RequestHeaders => {
  let headers: Map<string, string[]> | undefined
  for (const holder of holders) {
    if (!isPlainObject(holder)) continue
    headers ??= new Map()
    for (const name of Object.keys(holder)) {
      const value = own(holder, name)
      // AppSync writes null for headers that a client did not send.
      if (value === null || value === undefined) continue
      const key = name.toLowerCase()
      const known = headers.get(key)
      if (!known) headers.set(key, texts(value))
      else for (const text of texts(value)) if (!known.includes(text)) known.push(text)
    }
  }
  return headers ?? none
}

/** What is no text becomes an empty one, which no check accepts; left out, it would count as an absent header. */
const texts = (value: unknown): string[] => {
  if (typeof value === 'string') return [value]
  if (!Array.isArray(value) || value.length === 0) return ['']
  return [...new Set(value.map(text))]
}

/** Lambda@Edge writes `{ key, value }`. */
const text = (value: unknown): string => {
  const found = typeof value === 'string' ? value : own(value, 'value')
  return typeof found === 'string' ? found : ''
}

/** The one value of a header; nothing when it is absent or there are several. */
export const oneValue = (headers: RequestHeaders, name: string): string | undefined => {
  const values = headers.get(name)
  return values?.length === 1 ? values[0] : undefined
}

/** All members of a header that is a comma-separated list, lower-case; nothing when it is absent. */
export const listValues = (headers: RequestHeaders, name: string): readonly string[] | undefined =>
  headers.get(name)?.flatMap((value) => value.split(',').map((part) => part.trim().toLowerCase()))
