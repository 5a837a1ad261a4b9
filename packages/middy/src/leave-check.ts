/*
 * The values that an invocation has opened, from a request or a table, and the search for them in what leaves.
 */
import { type Envelope, type FieldPolicy, placesOf } from '@glassine/core'
import {
  isPlainObject,
  isProgramName,
  memberName,
  mustStay,
  type OpenedValues,
  openedValues,
} from '@glassine/core/internal'
import { fault, packageName } from './errors.ts'
import { strictBase64 } from './event-value.ts'
import type { HttpResponse } from './headers.ts'
import { mayLeaveClear, type State } from './invocation.ts'
import { clearText, respelledNumbers } from './json-text.ts'

/** The values that the invocation has opened; made when the first one is. */
const openedOf = (state: State): OpenedValues => {
  state.opened ??= openedValues()
  return state.opened
}

/** Remembers the values of the declared places of an opened payload, except fields whose values may leave. */
export const rememberOpened = (state: State, policy: FieldPolicy, payload: unknown): void => {
  const { places } = placesOf(policy, payload, { packageName, statusCode: 500, absent: 'ignore' })
  const opened = openedOf(state)
  for (const { field, value } of places) if (mustStay(field)) opened.add(value)
}

/** The same values for tables, which add to them and must not store them in the clear, whatever may leave. */
export const openedForTables = (state: State): Pick<OpenedValues, 'add' | 'find'> => {
  const opened = openedOf(state)
  const isExempt = exemption(state)
  return { add: (value) => opened.add(value), find: (text) => opened.find(text, isExempt) }
}

/** The search for values that an invocation has opened and must not let out. */
export interface Watch {
  readonly holds: (text: string) => boolean
  /** Whether a number is among the values. */
  readonly hasNumbers: boolean
  /** The text with `[redacted]` in place of opened values. */
  readonly clean: (text: string) => string
}

/** `undefined` if nothing was opened, or if it may leave. */
export const watchOf = (state: State): Watch | undefined => {
  const { opened } = state
  if (opened === undefined || opened.size === 0 || mayLeaveClear(state)) return undefined
  const isExempt = exemption(state)
  return {
    holds: (text) => opened.find(text, isExempt) !== undefined,
    hasNumbers: opened.hasNumbers,
    clean: (text) => opened.redact(text, isExempt),
  }
}

/** What leaves, and the envelopes that recognise its sealed values. */
export interface Leaving {
  /** An HTTP response; absent for a bare payload. */
  readonly response?: HttpResponse
  /** A bare payload. */
  readonly payload?: unknown
  readonly envelopes: readonly Envelope[]
}

/**
 * Refuses a response that holds an opened value in the clear.
 *
 * @throws GlassineError `ERR_FIELD_NOT_ENCRYPTED`, 500, with the place in the response and never the value
 */
export const refuseOpened = (state: State, leaving: Leaving): void => {
  const watch = watchOf(state)
  const path = watch && openedPlace(watch, leaving)
  if (path === undefined) return
  throw wouldLeave('A decrypted value', path)
}

/** The error for what must not leave in the clear. */
export const wouldLeave = (what: string, path: string) =>
  fault('ERR_FIELD_NOT_ENCRYPTED', { path, statusCode: 500, message: `${what} would have left in the clear` })

const openedPlace = (
  { holds, hasNumbers }: Watch,
  { response, payload, envelopes }: Leaving,
): string | undefined => {
  const isSealed = (one: string): boolean => envelopes.some((envelope) => envelope.recognises(one))
  // The text is searched and not what it is parsed to: of a duplicate member only one would be left. Ciphertexts are
  // taken out of it only when something was found, which is rare: it takes longer than the search.
  const isIn = (one: string): boolean => holds(one) || holds(respelledNumbers(one, hasNumbers))
  for (const text of response ? bodyTexts(response) : [jsonOf(payload)])
    if (isIn(text) && isIn(clearText(text, envelopes)))
      return placeIn(parsedJson(text), '', (one) => !isSealed(one) && holds(one)) ?? '/body'
  if (response === undefined) return undefined
  const { body: _, ...beside } = response
  return isIn(jsonOf(beside)) ? '/headers' : undefined
}

/** A body as its clients may read it. */
export const bodyTexts = ({ body = '', isBase64Encoded }: HttpResponse): readonly string[] => {
  if (typeof body !== 'string') return [jsonOf(body)]
  if (!isBase64Encoded) return [body]
  const texts = textsIn(Buffer.from(body, 'base64'))
  // Clients read a text that is not base64 as it is, and some do so with any other flag than `true`.
  return isBase64Encoded === true && strictBase64.test(body) ? texts : [body, ...texts]
}

/** What bytes say in UTF-8 and, where they are none or have zeros, in other character sets of pages. */
const textsIn = (bytes: Buffer): readonly string[] => {
  const text = bytes.toString()
  return /[\0\ufffd]/.test(text) ? [text, bytes.toString('latin1'), bytes.toString('utf16le')] : [text]
}

export const jsonOf = (value: unknown): string => JSON.stringify(value) ?? ''

/** The value that a text is the JSON of. */
export const parsedJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The JSON Pointer of the first text, number or name that `holds`. */
const placeIn = (value: unknown, at: string, holds: (text: string) => boolean): string | undefined => {
  if (typeof value === 'string') return holds(value) ? at : undefined
  if (typeof value === 'number') return holds(String(value)) ? at : undefined
  if (typeof value !== 'object' || value === null) return undefined
  for (const [name, member] of Object.entries(value)) {
    const isMember = !Array.isArray(value)
    if (isMember && holds(memberName(name))) return at
    // A name may be data, too.
    const found = placeIn(member, `${at}/${isMember && !isProgramName(name) ? '*' : name}`, holds)
    if (found !== undefined) return found
  }
  return undefined
}

/**
 * What the caller has sent in the clear himself may come back: path, query, headers, clear members. Otherwise he would
 * learn whether his guess is a stored value. Looked up only when a value was found.
 */
const exemption = (state: State): ((value: string) => boolean) => {
  let sent: string | undefined
  return (value) => {
    sent ??= sentInClear(state.received)
    return value !== '' && sent.includes(value)
  }
}

/** What a client writes of an HTTP event, beside the body. */
const senderMembers = [
  'path',
  'rawPath',
  'raw_path',
  'pathParameters',
  'rawQueryString',
  'queryStringParameters',
  'query_string_parameters',
  'multiValueQueryStringParameters',
  'headers',
  'multiValueHeaders',
  'cookies',
]

const sentInClear = (received: State['received']): string => {
  if (!received) return ''
  const texts: string[] = []
  const { event, payload } = received
  if (payload !== event && isPlainObject(event)) for (const name of senderMembers) collect(event[name], texts)
  collect(payload, texts)
  return texts.flatMap((text) => [text, unescaped(text)]).join('\n')
}

const collect = (value: unknown, into: string[]): void => {
  if (typeof value === 'string') into.push(value)
  else if (typeof value === 'number') into.push(String(value))
  else if (typeof value === 'object' && value !== null)
    for (const [name, member] of Object.entries(value)) {
      if (!Array.isArray(value)) into.push(name)
      collect(member, into)
    }
}

const unescaped = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return ''
  }
}
