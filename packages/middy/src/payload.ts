import { isPlainObject, parseJson } from '@glassine/core/internal'
import { fault } from './errors.ts'
import { type EventSource, methodOf } from './event-source.ts'
import { getOwn, textOfBase64 } from './event-value.ts'

/**
 * Where the fields of one kind of event are. One entry of the registry below teaches all middlewares a new source.
 */
export interface PayloadPlace {
  /** `body` for an HTTP message, `event` if the event itself is the payload. */
  readonly kind: 'body' | 'event'
  /**
   * The payload in the clear structure that an envelope works on; `undefined` if the event has none.
   *
   * @throws GlassineError `ERR_BODY_INVALID`, `ERR_TOO_LARGE`
   */
  read(event: Readonly<Record<string, unknown>>, maxBytes: number): unknown
  /** A new event with the decrypted payload in its place. */
  write(event: Readonly<Record<string, unknown>>, opened: unknown): unknown
}

const bodyPlace = (base64Member: string): PayloadPlace => ({
  kind: 'body',
  read: (event, maxBytes) => {
    const body = getOwn(event, 'body')
    if (body === undefined || body === null || body === '') return undefined
    // A body parser has run. It leaves the flag unchanged, so the flag means nothing for an object.
    if (isPlainObject(body) || Array.isArray(body)) return body
    if (typeof body !== 'string') throw fault('ERR_BODY_INVALID', { reason: notJson })
    // Each character is at least one byte; measured before anything is copied.
    if (body.length > maxBytes || Buffer.byteLength(body) > maxBytes) throw tooLarge(maxBytes)
    return parsed(getOwn(event, base64Member) === true ? textOfBase64(body) : body)
  },
  write: (event, opened) => ({
    ...event,
    body: opened,
    ...(Object.hasOwn(event, base64Member) && { [base64Member]: false }),
  }),
})

const notJson = 'the body is not JSON'

const parsed = (text: string | undefined): unknown => {
  if (text === undefined)
    throw fault('ERR_BODY_INVALID', { reason: `${notJson}: it is not base64 of UTF-8, as the event says` })
  let value: unknown
  try {
    value = parseJson(text)
  } catch {
    // V8 quotes the text in its SyntaxError.
    throw fault('ERR_BODY_INVALID', { reason: notJson })
  }
  if (typeof value !== 'object' || value === null)
    throw fault('ERR_BODY_INVALID', { reason: 'the body is JSON, but neither an object nor a list' })
  return value
}

const tooLarge = (maxBytes: number) =>
  fault('ERR_TOO_LARGE', {
    message: `The body of the request is larger than ${maxBytes} bytes`,
    statusCode: 413,
  })

const body = bodyPlace('isBase64Encoded')

const whole: PayloadPlace = { kind: 'event', read: (event) => event, write: (_event, opened) => opened }

/**
 * The registry. Queues, streams, EventBridge and AppSync will follow: their batches have many payloads, each of
 * which may fail alone.
 */
const places: { readonly [S in EventSource]?: PayloadPlace } = {
  rest: body,
  'http-api': body,
  'function-url': body,
  alb: body,
  'lattice-v1': bodyPlace('is_base64_encoded'),
  'lattice-v2': body,
  'websocket-connect': body,
  'websocket-message': body,
  'websocket-disconnect': body,
  direct: whole,
}

/**
 * Where the fields of an event are.
 *
 * @throws GlassineError `ERR_EVENT_UNKNOWN` for a source whose fields cannot be decrypted
 */
export const payloadPlace = (source: EventSource): PayloadPlace => {
  const place = places[source]
  if (!place)
    throw fault('ERR_EVENT_UNKNOWN', {
      reason: `fields in an event of the source ${source} cannot be decrypted`,
    })
  return place
}

const bodiless = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS'])

/**
 * Whether a request without a body is complete: its method gives a body no meaning (RFC 9110, section 9.3), or it
 * is the start or end of a WebSocket.
 */
export const mayLackBody = (event: unknown, source: EventSource): boolean =>
  source === 'websocket-connect' ||
  source === 'websocket-disconnect' ||
  bodiless.has(methodOf(event, source) ?? '')
