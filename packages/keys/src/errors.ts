import { GlassineError } from '@glassine/core'
import { checkedOptions, type OptionSchema, optionError } from '@glassine/core/internal'

/** The package's name in every error. */
export const packageName = '@glassine/keys'

/** The error for an option that cannot be right. */
export const badOption = (option: string, expected: string): GlassineError =>
  optionError(packageName, option, expected)

/** Refuses options that are not in the table, and values that its rules do not take. */
export const checked = <O extends object>(schema: OptionSchema<O>, options: O): O =>
  checkedOptions(packageName, schema, options)

/** An answer may be had later: KMS is down, throttles or is slow, or the keyring failed in a way that says nothing. */
export const unavailable = (message?: string): GlassineError =>
  new GlassineError('ERR_KEY_UNAVAILABLE', { package: packageName, message })

/** No wrapping key that is configured opens any of the encrypted data keys. */
export const notDecrypted = (): GlassineError =>
  new GlassineError('ERR_DECRYPT_FAILED', { package: packageName })

/** The wrapping key will not serve: denied, disabled, deleted, or of the wrong kind. */
export const notEncrypted = (message: string): GlassineError =>
  new GlassineError('ERR_ENCRYPT_FAILED', { package: packageName, message })

/** Whether asking again soon would meet the same answer; only such failures are remembered. */
export const isRefusal = (error: GlassineError): boolean => error.code !== 'ERR_KEY_UNAVAILABLE'

const safeName = /^[A-Za-z]{1,60}$/

/**
 * What may leave this package of anything that was thrown inside it: our own error, or the bare name of a foreign
 * one, whose message and properties may hold request and response bodies. A new object every time, since several
 * invocations wait for one call and a middleware may write on the error that it catches.
 */
export const ownError = (thrown: unknown): GlassineError => {
  if (thrown instanceof GlassineError) {
    const { code, message, statusCode, cause } = thrown
    return new GlassineError(code, { ...cause, message, statusCode })
  }
  const name = thrown instanceof Error && safeName.test(thrown.name) ? thrown.name : 'an error'
  return unavailable(`The keyring failed with ${name}`)
}
