import { GlassineError } from '@glassine/core'

/** The package that errors name. */
export const packageName = '@glassine/dynamodb'

/**
 * The one error for everything that can be wrong with an encrypted item: malformed, of another key, table or
 * scope, changed, incomplete. It says no more and names no attribute, so that nobody learns by trying which of
 * these it was. Status 500 and not the code's 400: the item came out of a table, not from the caller.
 */
export const decryptFailed = (): GlassineError =>
  new GlassineError('ERR_DECRYPT_FAILED', {
    package: packageName,
    message: 'The item could not be decrypted',
    statusCode: 500,
  })

/**
 * What may leave {@link decryptFailed | opening} an item: that a key may be had later, and nothing else. Every
 * other failure, also a defect of ours or an error of a user's own keyring, becomes the one error.
 */
export const openingError = (thrown: unknown): GlassineError =>
  thrown instanceof GlassineError && thrown.code === 'ERR_KEY_UNAVAILABLE' ? thrown : decryptFailed()

/** An attribute that the format has no form for; `reason` is made of constants only. */
export const valueError = (reason: string, path?: string): GlassineError =>
  new GlassineError('ERR_VALUE_INVALID', {
    message: path === undefined ? reason : `${path}: ${reason}`,
    package: packageName,
    ...(path !== undefined && { path }),
  })

/** What may leave of an error while an item is encrypted: ours, or of a foreign one, a keyring's say, that it was. */
export const sealingError = (thrown: unknown): GlassineError =>
  thrown instanceof GlassineError
    ? thrown
    : new GlassineError('ERR_ENCRYPT_FAILED', {
        package: packageName,
        message: 'The item could not be encrypted',
      })
