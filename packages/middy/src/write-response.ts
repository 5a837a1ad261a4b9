// How a response is written, with sealed values or without.
import { isPlainObject, refuseOversize } from '@glassine/core/internal'
import { fault, packageName } from './errors.ts'
import { answersHttp, type EventSource } from './event-source.ts'
import { addHeader, dropHeaders, exposeHeader, type HttpResponse } from './headers.ts'
import type { State } from './invocation.ts'
import { refuseOpened } from './leave-check.ts'
import { redacted } from './redact.ts'
import type { ResponseParts } from './response.ts'

/** Lambda's limit for a response, in bytes of JSON. */
const lambdaMaxBytes = 6_291_556

/** A load balancer accepts at most 1 MB from a function. */
const albMaxBytes = 1_048_576

/** The largest response that the source accepts, in bytes of JSON. */
export const maxResponseBytes = (source: EventSource): number =>
  source === 'alb' ? albMaxBytes : lambdaMaxBytes

/**
 * They describe the plaintext's bytes. They are wrong now, and with a hash of the plaintext guesses could be checked.
 */
const stale = ['content-length', 'content-md5', 'content-digest', 'repr-digest', 'digest', 'etag']

/** How a sealed payload is put back. */
export interface WriteOptions {
  readonly source: EventSource
  readonly maxBytes: number
  readonly multiValue: boolean | undefined
  readonly cacheControl: string | false
  /** The JSON that the handler wrote, with the sealed values in it. Default: the payload as JSON. */
  readonly text?: string
  /** Headers of the response if its payload cannot hold a proof. */
  readonly header?: readonly [name: string, value: string]
}

/**
 * A new response with the sealed payload. Behind an HTTP source the body is JSON text, and a bare payload becomes the
 * body of a 200. Between functions an object stays an object.
 *
 * @throws GlassineError `ERR_RESPONSE_INVALID` for values that JSON cannot represent, `ERR_TOO_LARGE`
 */
export const writeResponse = (
  parts: Extract<ResponseParts, { form: 'http' | 'bare' }>,
  sealed: unknown,
  { source, maxBytes, multiValue, cacheControl, text = json(sealed), header }: WriteOptions,
): unknown => {
  const isHttp = answersHttp(source)
  if (parts.form === 'bare' && !isHttp) {
    refuseOversize(Buffer.byteLength(text), maxBytes, packageName, 'The response')
    return sealed
  }
  const response: HttpResponse = { statusCode: 200, ...(parts.form === 'http' && parts.response) }
  const wasText = typeof response.body === 'string'
  response.body = isHttp || wasText ? text : sealed
  if (response.isBase64Encoded !== undefined) response.isBase64Encoded = false
  dropHeaders(response, stale)
  addHeader(response, 'Content-Type', 'application/json', multiValue)
  if (cacheControl !== false) addHeader(response, 'Cache-Control', cacheControl, multiValue)
  if (header) exposeHeader(response, ...header, multiValue)
  checkSize(response, text, maxBytes)
  return response
}

const json = (value: unknown): string => {
  try {
    const text = JSON.stringify(value) as string | undefined
    if (text !== undefined) return text
  } catch {
    // V8 names the members on the way to a cycle, and a `toJSON` may throw anything.
  }
  throw fault('ERR_RESPONSE_INVALID', { message: 'The response holds a value that JSON cannot represent' })
}

/** Lambda sends the response as JSON, which escapes the quotes of a text body again. */
const checkSize = (response: HttpResponse, text: string, maxBytes: number): void => {
  const { body, ...rest } = response
  const outside = Buffer.byteLength(json(rest)) + ',"body":""'.length
  // A character takes at most three bytes, an escaped one two. This bound settles nearly all responses.
  if (outside + 3 * text.length <= maxBytes) return
  refuseOversize(
    outside + Buffer.byteLength(typeof body === 'string' ? JSON.stringify(text) : text),
    maxBytes,
    packageName,
    'The response',
  )
}

/**
 * A response without sealed values, as it may leave: that of an error is cleaned, any other is refused if it holds an
 * opened value. Behind an HTTP source its body is text.
 *
 * @throws GlassineError `ERR_FIELD_NOT_ENCRYPTED`, 500
 */
export const writeUnsealed = (
  state: State,
  parts: ResponseParts,
  response: unknown,
  { isLenient, source }: { readonly isLenient: boolean; readonly source: EventSource },
): unknown => {
  const http = 'response' in parts ? parts.response : undefined
  if (!http) return isLenient && 'payload' in parts ? redacted(state, response) : response
  if (isLenient) {
    const clean = redacted(state, http) as HttpResponse
    return typeof response === 'object' ? withTextBody(clean, source, state.multiValue) : clean.body
  }
  refuseOpened(state, { response: http, envelopes: [] })
  // A response without a status is meant as a 200.
  return withTextBody({ statusCode: 200, ...http }, source, state.multiValue)
}

/** Behind an HTTP source a body must be text. */
const withTextBody = (
  response: HttpResponse,
  source: EventSource,
  multiValue: boolean | undefined,
): HttpResponse => {
  const { body } = response
  if (!answersHttp(source) || typeof body !== 'object' || body === null) return response
  const written: HttpResponse = { ...response, body: JSON.stringify(body) }
  addHeader(written, 'Content-Type', 'application/json', multiValue)
  return written
}

/** A copy of a response with one more header, which pages of other origins may read. */
export const withHeader = (
  response: unknown,
  [name, value]: readonly [string, string],
  multiValue: boolean | undefined,
): unknown => {
  const copy: HttpResponse = isPlainObject(response)
    ? { ...response }
    : { statusCode: 200, body: response ?? '' }
  exposeHeader(copy, name, value, multiValue)
  return copy
}
