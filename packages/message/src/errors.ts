import { type ErrorCode, type ErrorInit, GlassineError } from '@glassine/core'
import { optionError } from '@glassine/core/internal'

/** The package that errors name. */
export const packageName = '@glassine/message'

/** The error for an option that cannot be right. */
export const badOption = (option: string, expected: string): GlassineError =>
  optionError(packageName, option, expected)

/** An error of this package; the message must be made of constants, names and sizes only. */
export const fault = (code: ErrorCode, init?: Omit<ErrorInit, 'package'>): GlassineError =>
  new GlassineError(code, { ...init, package: packageName })

/**
 * The one error for everything that can be wrong with a message: malformed, of another key, context or place,
 * changed, or not committed to. It says no more, and names no path, so that nobody learns by trying which of
 * these it was.
 */
export const decryptFailed = (): GlassineError => fault('ERR_DECRYPT_FAILED')

/** Passes on what the key-material layer threw, but for its refusals: those must look like every other failure. */
export const uniform = (error: unknown): never => {
  throw error instanceof GlassineError && error.code === 'ERR_DECRYPT_FAILED' ? decryptFailed() : error
}
