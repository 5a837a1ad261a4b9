import type { GlassineError } from '@glassine/core'
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
