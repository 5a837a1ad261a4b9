import { GlassineError } from '@glassine/core'
import {
  checkedOptions,
  isGlassineError,
  isUnavailable,
  type OptionSchema,
  packageErrors,
} from '@glassine/core/internal'

const errors = packageErrors('@glassine/keys')
export const { fault, badOption, decryptFailed } = errors

/**
 * Makes an error without stack frames. All of them would be ours, and a logger may map them by a source
 * map, which on a slow processor takes longer than the invocation has left.
 */
const withoutFrames = (make: () => GlassineError): GlassineError => {
  const { stackTraceLimit } = Error
  try {
    Reflect.set(Error, 'stackTraceLimit', 0)
    return make()
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
}

/** Try again later: the keys cannot be used at the moment. `reason` is for the operator. */
export const unavailable = (reason?: string): GlassineError => withoutFrames(() => errors.unavailable(reason))

/** Refuses options that the schema does not have, and values that break its rules. */
export const checked = <O extends object>(schema: OptionSchema<O>, options: O): O =>
  checkedOptions(errors.packageName, schema, options)

/**
 * Refuses a key that is only in this process where it runs in AWS Lambda, unless the option allows it.
 *
 * @param instead - the function to use in Lambda
 * @param badOption - of the package whose option it is
 * @throws GlassineError `ERR_OPTION_INVALID`
 */
export const refuseInLambda = (
  allowInLambda: boolean | undefined,
  instead: string,
  badOption = errors.badOption,
): void => {
  if (process.env.AWS_LAMBDA_FUNCTION_NAME && !allowInLambda)
    throw badOption(
      'allowInLambda',
      `must be true in AWS Lambda, where each instance has a local key of its own: use ${instead}`,
    )
}

/** The wrapping key cannot be used: denied, disabled, deleted, or of the wrong kind. */
export const notEncrypted = (message: string, keyId?: string): GlassineError =>
  fault('ERR_ENCRYPT_FAILED', { message, keyId })

/** The service denies us an action on a key that our options name: a permission is missing. */
export const keyDenied = (action: string, keyId: string): GlassineError =>
  fault('ERR_KEY_DENIED', { reason: `AccessDeniedException: ${action}`, keyId })

/** Whether a retry would fail in the same way; only such failures are cached. */
export const isRefusal = (error: GlassineError): boolean => !isUnavailable(error)

/** Whether an error is about a limit of one caller, and says nothing about the key. */
export const isCallersLimit = ({ code }: GlassineError): boolean =>
  code === 'ERR_BUDGET_EXCEEDED' || code === 'ERR_TOO_LARGE'

const safeName = /^[A-Za-z]{1,60}$/

/**
 * Makes an error that may leave this package: a copy of our own error, or only the name of a foreign one, whose message
 * and properties may hold request and response bodies. A new object every time, since several invocations may wait for
 * one call, and a middleware may change the error that it catches.
 */
export const ownError = (thrown: unknown): GlassineError => {
  if (isGlassineError(thrown)) {
    const { code, message, statusCode, cause } = thrown
    return withoutFrames(() => new GlassineError(code, { ...cause, message, statusCode }))
  }
  const name = thrown instanceof Error && safeName.test(thrown.name) ? thrown.name : 'an error'
  return unavailable(`The keyring failed with ${name}`)
}

/**
 * Permanent failure of a branch key: retrying will not help. The message is for the operator of the key store, so the
 * status of 500 hides it from clients. Keyrings replace it by an error of their own.
 *
 * @param keyId - the branch key's id, for the operator only
 */
export const branchKeyRefused = (message: string, keyId?: string): GlassineError =>
  fault('ERR_DECRYPT_FAILED', { message, keyId, statusCode: 500 })
