import { GlassineError } from '@glassine/core'

/** The package that errors name. */
export const from = '@glassine/session'

/**
 * The one error for everything that can be wrong with what a device has sent: malformed, of another key, place,
 * route, tenant or audience, changed, or not valid yet. It says no more and names no path, so that nobody learns by
 * trying which of these it was.
 */
export const decryptFailed = (): GlassineError => new GlassineError('ERR_DECRYPT_FAILED', { package: from })

/** Read from clear headers alone: the client begins a new session and tries once more. */
export const sessionExpired = (): GlassineError => new GlassineError('ERR_SESSION_EXPIRED', { package: from })

/** Read from clear headers alone: the client fetches the service's keys anew. */
export const recipientUnknown = (): GlassineError =>
  new GlassineError('ERR_RECIPIENT_UNKNOWN', { package: from })

/** The service's own keys cannot be used at the moment; nothing that the device could change. */
export const unavailable = (message: string): GlassineError =>
  new GlassineError('ERR_KEY_UNAVAILABLE', { package: from, message })

/** Runs work on untrusted bytes: whatever it throws becomes the uniform error, but for errors of ours. */
export const uniform = <T>(work: () => T): T => {
  try {
    return work()
  } catch (error) {
    // V8 and OpenSSL quote what they were given.
    throw error instanceof GlassineError ? error : decryptFailed()
  }
}
