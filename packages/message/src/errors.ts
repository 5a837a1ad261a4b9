import { GlassineError } from '@glassine/core'

/** The package that errors name. */
export const from = '@glassine/message'

/**
 * The one error for everything that can be wrong with a message: malformed, of another key, context or place,
 * changed, or not committed to. It says no more, and names no path, so that nobody learns by trying which of
 * these it was.
 */
export const decryptFailed = (): GlassineError => new GlassineError('ERR_DECRYPT_FAILED', { package: from })

/** Passes on what the key-material layer threw, but for its refusals: those must look like every other failure. */
export const uniform = (error: unknown): never => {
  throw error instanceof GlassineError && error.code === 'ERR_DECRYPT_FAILED' ? decryptFailed() : error
}
