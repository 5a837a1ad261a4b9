import { type ErrorCode, type ErrorInit, errorCodes, GlassineError, optionError } from './errors.ts'
import { checkedOptions, type OptionSchema } from './options.ts'

/** How one package creates its errors, all of which name it, and which foreign errors it lets out. */
export interface PackageErrors {
  /** For example `@glassine/message`. */
  readonly packageName: string
  /** An error of this package; its message must consist of constants, names and sizes only. */
  readonly fault: (code: ErrorCode, init?: Omit<ErrorInit, 'package'>) => GlassineError
  /** The error for an invalid option; `expected` is the end of a sentence: what the option must be. */
  readonly badOption: (option: string, expected: string) => GlassineError
  /** {@link checkedOptions} of this package. */
  readonly checked: <O extends object>(schema: OptionSchema<O>, options: O, holder?: string) => O
  /**
   * The one error for everything that can be wrong with a ciphertext: malformed, changed, or for another key, context
   * or place. Callers read no more, so that attackers cannot learn which it was; the reason and the key are for the
   * operator.
   */
  readonly decryptFailed: (reason?: string, keyId?: string) => GlassineError
  /** Try again later: the keys are not usable at the moment. Callers read one text; the reason is for the operator. */
  readonly unavailable: (reason?: string) => GlassineError
  /** Passes on errors of Glassine and replaces foreign ones, which may quote plaintext, keys or bodies. */
  readonly replaceForeign: (
    thrown: unknown,
    code: ErrorCode,
    init?: Omit<ErrorInit, 'package'>,
  ) => GlassineError
  /**
   * For `catch` where keys are requested: a refused key must look like every other failure of this package to callers.
   * Passes on all other errors.
   *
   * @param code - what a refusal becomes. Default: `ERR_DECRYPT_FAILED`
   */
  readonly hideRefusal: (thrown: unknown, code?: ErrorCode) => never
}

/** The errors of a package. */
export const packageErrors = (packageName: string): PackageErrors => {
  const fault: PackageErrors['fault'] = (code, init) =>
    new GlassineError(code, { ...init, package: packageName })
  return {
    packageName,
    fault,
    badOption: (option, expected) => optionError(packageName, option, expected),
    checked: (schema, options, holder) => checkedOptions(packageName, schema, options, holder),
    decryptFailed: (reason, keyId) => fault('ERR_DECRYPT_FAILED', { reason, keyId }),
    unavailable: (reason) => fault('ERR_KEY_UNAVAILABLE', { reason }),
    replaceForeign: (thrown, code, init) => (isGlassineError(thrown) ? thrown : fault(code, init)),
    hideRefusal: (thrown, code = 'ERR_DECRYPT_FAILED') => {
      throw isGlassineError(thrown) && thrown.code === 'ERR_DECRYPT_FAILED'
        ? fault(code, { ...thrown.cause, path: undefined })
        : thrown
    },
  }
}

/** Whether an error is one of Glassine, possibly of another copy of the library. */
export const isGlassineError = (thrown: unknown): thrown is GlassineError =>
  thrown instanceof GlassineError ||
  (thrown instanceof Error &&
    thrown.name === 'GlassineError' &&
    errorCodes.includes((thrown as GlassineError).code))

/** Whether retrying later may help; any other error would occur again. */
export const isUnavailable = (thrown: unknown): thrown is GlassineError =>
  isGlassineError(thrown) && thrown.code === 'ERR_KEY_UNAVAILABLE'

/** Whether keys could not be obtained through no fault of the sender: temporarily, or for lack of a permission. */
export const isKeyFailure = (thrown: unknown): thrown is GlassineError =>
  isUnavailable(thrown) || (isGlassineError(thrown) && thrown.code === 'ERR_KEY_DENIED')
