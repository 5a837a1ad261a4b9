import type { ErrorCode, GlassineError } from '@glassine/core'
import { answersHttp, type EventSource, isEdge } from './event-source.ts'

/** An HTTP response that we create, in the form that every HTTP source except Lambda@Edge reads. */
export interface PlainHttpResponse {
  readonly statusCode: number
  readonly headers?: Readonly<Record<string, string>>
  /** Instead of `headers`, for an ALB with multi-value headers. */
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>
  readonly body: string
  readonly isBase64Encoded: false
}

/** Creates an HTTP response. */
export const httpResponse = (
  statusCode: number,
  fields: Readonly<Record<string, string>>,
  body: string,
  multiValue: boolean | undefined,
): PlainHttpResponse => {
  const headers = multiValue
    ? {
        multiValueHeaders: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, [value]])),
      }
    : { headers: fields }
  return { statusCode, ...headers, body, isBase64Encoded: false }
}

/**
 * Our response in the form that its source reads. Nothing for sources whose response is not an HTTP response; there,
 * the error itself is the response.
 */
export const plainResponse = (
  status: number,
  fields: Readonly<Record<string, string>>,
  body: string,
  source: EventSource,
  multiValue: boolean | undefined,
): Record<string, unknown> | undefined => {
  if (answersHttp(source)) return { ...httpResponse(status, fields, body, multiValue) }
  if (!isEdge(source)) return undefined
  return {
    status: String(status),
    headers: Object.fromEntries(
      Object.entries(fields).map(([key, value]) => [key.toLowerCase(), [{ key, value }]]),
    ),
    body,
  }
}

/** A problem document (RFC 9457) with the message and code of an error. */
export const problemResponse = (
  { statusCode: status, message: detail, code }: GlassineError,
  { type, title }: { readonly type: string; readonly title: string },
  source: EventSource,
  multiValue: boolean | undefined,
): Record<string, unknown> | undefined =>
  plainResponse(
    status,
    { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' },
    JSON.stringify({ type, title, status, detail, code }),
    source,
    multiValue,
  )

/** What a client can fix itself, with a new session or with fresh keys of the service; and the problem types. */
const problemTypes: { readonly [C in ErrorCode]?: string } = {
  ERR_SESSION_EXPIRED: 'session-expired',
  ERR_RECIPIENT_UNKNOWN: 'unknown-kid',
}

/** The problem document on which a client begins a new session and tries once more; nothing for other errors. */
export const sessionProblem = (
  error: GlassineError,
  source: EventSource,
  multiValue: boolean | undefined,
): Record<string, unknown> | undefined => {
  const type = problemTypes[error.code]
  return type === undefined
    ? undefined
    : problemResponse(error, { type, title: error.message }, source, multiValue)
}
