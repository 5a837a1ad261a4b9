import { GlassineError } from '@glassine/core'
import {
  checkedOptions,
  isGlassineError,
  isUnavailable,
  type OptionSchema,
  packageErrors,
} from '@glassine/core/internal'

const errors = packageErrors('@glassine/keys')
export const { fault, badOption, decryptFailed, unavailable } = errors

/** Refuses options that are not in the table, and values that its rules do not take. */
export const checked = <O extends object>(schema: OptionSchema<O>, options: O): O =>
  checkedOptions(errors.packageName, schema, options)

/** The wrapping key will not serve: denied, disabled, deleted, or of the wrong kind. */
export const notEncrypted = (message: string): GlassineError => fault('ERR_ENCRYPT_FAILED', { message })

/** Whether asking again soon would meet the same answer; only such failures are remembered. */
export const isRefusal = (error: GlassineError): boolean => !isUnavailable(error)

const safeName = /^[A-Za-z]{1,60}$/

/**
 * What may leave this package of anything that was thrown inside it: our own error, or the bare name of a foreign
 * one, whose message and properties may hold request and response bodies. A new object every time, since several
 * invocations wait for one call and a middleware may write on the error that it catches.
 */
export const ownError = (thrown: unknown): GlassineError => {
  if (isGlassineError(thrown)) {
    const { code, message, statusCode, cause } = thrown
    return new GlassineError(code, { ...cause, message, statusCode })
  }
  const name = thrown instanceof Error && safeName.test(thrown.name) ? thrown.name : 'an error'
  return unavailable(`The keyring failed with ${name}`)
}

/**
 * A branch key that will not be had: asking again gives the same answer. The message is for whoever runs the key
 * store, so the status keeps it from clients; keyrings make their own error of it.
 */
export const branchKeyRefused = (message: string): GlassineError =>
  fault('ERR_DECRYPT_FAILED', { message, statusCode: 500 })
