import { type ErrorCode, type ErrorInit, GlassineError } from '@glassine/core'
import { optionError } from '@glassine/core/internal'

/** The package that errors name. */
export const packageName = '@glassine/session'

/** The error for an option that cannot be right. */
export const badOption = (option: string, expected: string): GlassineError =>
  optionError(packageName, option, expected)

/** An error of this package; the message must be made of constants, names and sizes only. */
export const fault = (code: ErrorCode, init?: Omit<ErrorInit, 'package'>): GlassineError =>
  new GlassineError(code, { ...init, package: packageName })

/**
 * The one error for everything that can be wrong with what a device has sent: malformed, of another key, place,
 * route, tenant or audience, or changed. It says no more and names no path, so that nobody learns by
 * trying which of these it was.
 */
export const decryptFailed = (): GlassineError => fault('ERR_DECRYPT_FAILED')

/** Over, or not begun yet. Read from clear headers alone: the client begins a new session and tries once more. */
export const sessionExpired = (): GlassineError => fault('ERR_SESSION_EXPIRED')

/** Read from clear headers alone: the client fetches the service's keys anew. */
export const recipientUnknown = (): GlassineError => fault('ERR_RECIPIENT_UNKNOWN')

/** The service's own keys cannot be used at the moment; nothing that the device could change. */
export const unavailable = (message: string): GlassineError => fault('ERR_KEY_UNAVAILABLE', { message })
