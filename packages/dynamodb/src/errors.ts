import type { GlassineError } from '@glassine/core'
import { isKeyFailure, packageErrors } from '@glassine/core/internal'

export const { packageName, fault, badOption, replaceForeign } = packageErrors('@glassine/dynamodb')

/**
 * The one error for everything that can be wrong with an encrypted item. It names no attribute. Status 500 and not
 * the code's 400: the item came out of a table, not from the caller.
 */
export const decryptFailed = (): GlassineError =>
  fault('ERR_DECRYPT_FAILED', { message: 'The item could not be decrypted', statusCode: 500 })

/**
 * Passes on that a key is not available now, or that a permission is missing. Every other failure to decrypt an item
 * becomes the one error, even a defect of ours or an error of a user's own keyring.
 */
export const openingError = (thrown: unknown): GlassineError =>
  isKeyFailure(thrown) ? thrown : decryptFailed()

/** An attribute that the format has no form for; `reason` is made of constants only. */
export const valueError = (reason: string, path?: string): GlassineError =>
  fault('ERR_VALUE_INVALID', { message: path === undefined ? reason : `${path}: ${reason}`, path })

/**
 * The error for a request that cannot be done on encrypted items, thrown before anything is sent. `reason` says what
 * to do instead; it may name attributes and parameters, never values.
 */
export const refused = (operation: string, reason: string, attribute?: string): GlassineError =>
  fault('ERR_OPERATION_REFUSED', {
    message: `${operation}: ${reason}`,
    ...(attribute !== undefined && { path: `/${attribute}` }),
  })
