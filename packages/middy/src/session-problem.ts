import type { ErrorCode, GlassineError } from '@glassine/core'
import type { EventSource } from './event-source.ts'
import { problemResponse } from './problem.ts'

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
