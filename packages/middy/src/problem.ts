import type { ErrorCode, GlassineError } from '@glassine/core'
import { answersHttp, type EventSource, isEdge } from './event-source.ts'

/**
 * An answer of ours in the form that its source reads. Nothing for sources whose answer is no HTTP response; there
 * the error itself is the answer.
 */
export const plainResponse = (
  status: number,
  fields: Readonly<Record<string, string>>,
  body: string,
  source: EventSource,
  multiValue: boolean | undefined,
): Record<string, unknown> | undefined => {
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
  if (!isEdge(source)) return undefined
  return {
    status: String(status),
    headers: Object.fromEntries(
      Object.entries(fields).map(([key, value]) => [key.toLowerCase(), [{ key, value }]]),
    ),
    body,
  }
}

/** A problem document (RFC 9457) that says what an error says, and its code. */
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

/** What a client can mend by itself, with a new session or with fresh keys of the service; and the problem types. */
const problemTypes: { readonly [C in ErrorCode]?: string } = {
  ERR_SESSION_EXPIRED: 'session-expired',
  ERR_RECIPIENT_UNKNOWN: 'unknown-kid',
}

/** The problem document that makes a client begin a new session and try once more; nothing for other errors. */
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
