import { type ErrorCode, GlassineError } from '@glassine/core'

/** The name that errors of this package carry. */
export const packageName = '@glassine/client'

/** An error of this package; `message` is made of constants only. */
export const fault = (code: ErrorCode, path?: string, message?: string): GlassineError =>
  new GlassineError(code, { package: packageName, path, message })

/** Lets only errors of Glassine out: those of others hold who knows what. */
export const guarded = <T>(work: Promise<T>, code: ErrorCode): Promise<T> =>
  work.catch((error: unknown) => {
    throw error instanceof GlassineError ? error : fault(code)
  })
