import type { GlassineError } from '@glassine/core'
import { isUnavailable, packageErrors } from '@glassine/core/internal'

export const { packageName, fault, badOption, replaceForeign } = packageErrors('@glassine/dynamodb')

/**
 * The one error for everything that can be wrong with an encrypted item. It names no attribute. Status 500 and not
 * the code's 400: the item came out of a table, not from the caller.
 */
export const decryptFailed = (): GlassineError =>
  fault('ERR_DECRYPT_FAILED', { message: 'The item could not be decrypted', statusCode: 500 })

/**
 * Passes on that a key may be had later. Every other failure of decrypting an item becomes the one error, also a
 * defect of ours or an error of a user's own keyring.
 */
export const openingError = (thrown: unknown): GlassineError =>
  isUnavailable(thrown) ? thrown : decryptFailed()

/** An attribute that the format has no form for; `reason` is made of constants only. */
export const valueError = (reason: string, path?: string): GlassineError =>
  fault('ERR_VALUE_INVALID', { message: path === undefined ? reason : `${path}: ${reason}`, path })
