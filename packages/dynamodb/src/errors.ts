import type { ErrorCause, GlassineError } from '@glassine/core'
import { isGlassineError, isKeyFailure, packageErrors } from '@glassine/core/internal'

export const { packageName, fault, badOption, replaceForeign } = packageErrors('@glassine/dynamodb')

/**
 * The one error for everything that can be wrong with an encrypted item. Status 500 and not the code's 400: the item
 * came out of a table, not from the caller.
 *
 * @param reason - for the operator: constants, sizes, and names that the configuration has; never those of an item
 */
export const decryptFailed = (
  reason: string,
  cause: Pick<ErrorCause, 'path' | 'keyId'> = {},
): GlassineError =>
  fault('ERR_DECRYPT_FAILED', {
    message: 'The item could not be decrypted',
    statusCode: 500,
    reason,
    ...cause,
  })

/**
 * Passes on that a key is not available now, or that a permission is missing. Every other failure to decrypt an item
 * becomes the one error, even a defect of ours.
 */
export const openingError = (thrown: unknown): GlassineError => {
  if (isKeyFailure(thrown)) return thrown
  if (!isGlassineError(thrown)) return decryptFailed('the header or an attribute is malformed')
  return thrown.code === 'ERR_DECRYPT_FAILED'
    ? thrown
    : decryptFailed('an attribute has a value that items cannot have')
}

/** The same error with the item's place in the response before its reason. Other errors are about no single item. */
export const placed = (thrown: unknown, place: string): unknown => {
  if (!isGlassineError(thrown) || thrown.code !== 'ERR_DECRYPT_FAILED') return thrown
  const { reason, ...cause } = thrown.cause
  return decryptFailed(`${place}: ${reason}`, cause)
}

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
