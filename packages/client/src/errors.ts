import { type ErrorCode, GlassineError } from '@glassine/core'

/** The name that errors of this package carry. */
export const from = '@glassine/client'

/** An error of this package; `message` is made of constants only. */
export const fault = (code: ErrorCode, message?: string, path?: string): GlassineError =>
  new GlassineError(code, { package: from, message, path })

/** Waits for work whose own errors may be of any kind, and lets only errors of Glassine out: others hold who knows what. */
export const guarded = <T>(code: ErrorCode, work: Promise<T>): Promise<T> =>
  work.catch((error: unknown) => {
    throw error instanceof GlassineError ? error : fault(code)
  })
