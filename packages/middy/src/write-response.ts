import { fault } from './errors.ts'
import { answersHttp, type EventSource } from './event-source.ts'
import { addHeader, dropHeaders, type HttpResponse } from './headers.ts'
import type { ResponseParts } from './response.ts'

/** Lambda's limit for a response, in bytes of JSON. */
const lambdaMaxBytes = 6_291_556

/** A load balancer takes no more than 1 MB from a function. */
const albMaxBytes = 1_048_576

/** The largest response that the source takes, in bytes of JSON. */
export const maxResponseBytes = (source: EventSource): number =>
  source === 'alb' ? albMaxBytes : lambdaMaxBytes

/** They describe the bytes of the plaintext: wrong now, and a hash of it would let guesses be checked. */
const stale = ['content-length', 'content-md5', 'content-digest', 'repr-digest', 'digest', 'etag']

/** How a sealed payload is put back. */
export interface WriteOptions {
  readonly source: EventSource
  readonly maxBytes: number
  readonly multiValue: boolean | undefined
  readonly cacheControl: string | false
}

/**
 * A new response with the sealed payload in the place of the other one. Behind an HTTP source the body is JSON
 * text, and a bare payload becomes the body of a 200; between functions an object stays an object.
 *
 * @throws GlassineError `ERR_RESPONSE_INVALID` for what JSON cannot carry, `ERR_TOO_LARGE`
 */
export const writeResponse = (
  parts: Exclude<ResponseParts, { form: 'empty' }>,
  sealed: unknown,
  { source, maxBytes, multiValue, cacheControl }: WriteOptions,
): unknown => {
  const text = json(sealed)
  const isHttp = answersHttp(source)
  if (parts.form === 'bare' && !isHttp) {
    refuseOversize(Buffer.byteLength(text), maxBytes)
    return sealed
  }
  const response: HttpResponse = parts.form === 'http' ? { ...parts.response } : { statusCode: 200 }
  const wasText = typeof response.body === 'string'
  response.body = isHttp || wasText ? text : sealed
  if (response.isBase64Encoded !== undefined) response.isBase64Encoded = false
  dropHeaders(response, stale)
  addHeader(response, 'Content-Type', 'application/json', multiValue)
  if (cacheControl !== false) addHeader(response, 'Cache-Control', cacheControl, multiValue)
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
  throw fault('ERR_RESPONSE_INVALID', { message: 'The response holds what JSON cannot carry' })
}

/** Lambda sends the response as JSON, in which a body that is text has its quotes escaped once more. */
const checkSize = (response: HttpResponse, text: string, maxBytes: number): void => {
  const { body, ...rest } = response
  const outside = Buffer.byteLength(json(rest)) + ',"body":""'.length
  // A character is at most three bytes, and an escaped one two: enough to know for nearly all responses.
  if (outside + 3 * text.length <= maxBytes) return
  refuseOversize(
    outside + Buffer.byteLength(typeof body === 'string' ? JSON.stringify(text) : text),
    maxBytes,
  )
}

const refuseOversize = (bytes: number, maxBytes: number): void => {
  if (bytes > maxBytes)
    throw fault('ERR_TOO_LARGE', {
      message: `The response is ${bytes} bytes, ${bytes - maxBytes} more than the ${maxBytes} that are taken`,
    })
}
