import type { ErrorCode } from '@glassine/core'
import { isGlassineError, sentenceOf } from '@glassine/core/internal'

/** What an operator learns of a refusal. It never contains a value, a key or a body. */
export interface Refusal {
  /** What was refused: the request, the response, or an item or operation of an encrypted table. */
  readonly direction: 'request' | 'response' | 'table'
  readonly code: ErrorCode
  readonly statusCode: number
  /** The package that refused. */
  readonly package: string
  /** The field's identity: the model and the template path. */
  readonly model?: string
  readonly path?: string
  readonly option?: string
  /** What differed or failed: in our own words, or the name that a service gave its error. */
  readonly reason?: string
  /**
   * The key that was refused, or not found: its ARN or alias, those that a message names, or the id of a branch key.
   */
  readonly keyId?: string
}

/** Called for every refusal. What it throws is ignored, so that reporting never fails a request. */
export type OnRefused = (refusal: Refusal) => void

/** One line of JSON on stderr for each refusal. */
const writeLine: OnRefused = (refusal) => {
  console.error(JSON.stringify({ level: 'WARN', message: 'Glassine refused', ...refusal }))
}

/** Errors that were told, so that an outer middleware does not tell them again. */
const told = new WeakSet<object>()

/** Says that an error takes the place of one that was told. */
export const tellNoMore = <E extends object>(error: E): E => {
  told.add(error)
  return error
}

/** Reports our own errors only, each once. */
export const tell = (
  onRefused: OnRefused = writeLine,
  direction: Refusal['direction'],
  error: unknown,
  model: string | undefined,
  /** What leaves in its place, if that has another status. */
  leaving: unknown = error,
): void => {
  if (!isGlassineError(error) || told.has(error)) return
  told.add(error)
  const { code, statusCode, cause, message } = error
  try {
    // A message of its own says more than the sentence of the code; it consists of constants and names.
    const reason = cause?.reason ?? (message === sentenceOf(code, statusCode) ? undefined : message)
    onRefused({
      direction,
      code,
      statusCode: isGlassineError(leaving) ? leaving.statusCode : statusCode,
      ...(model !== undefined && { model }),
      ...cause,
      ...(reason !== undefined && { reason }),
    })
  } catch {
    // Reporting must not fail the request.
  }
}
