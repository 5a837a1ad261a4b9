import { type ErrorCode, type ErrorInit, errorCodes, GlassineError, optionError } from './errors.ts'
import { checkedOptions, type OptionSchema } from './options.ts'

/** How one package makes its errors, all of which name it, and what it lets out of errors thrown inside it. */
export interface PackageErrors {
  /** For example `@glassine/message`. */
  readonly packageName: string
  /** An error of this package; its message must be made of constants, names and sizes only. */
  readonly fault: (code: ErrorCode, init?: Omit<ErrorInit, 'package'>) => GlassineError
  /** The error for an option that cannot be right; `expected` is the end of a sentence: what the option must be. */
  readonly badOption: (option: string, expected: string) => GlassineError
  /** {@link checkedOptions} of this package. */
  readonly checked: <O extends object>(schema: OptionSchema<O>, options: O, holder?: string) => O
  /**
   * The one error for everything that can be wrong with a ciphertext: malformed, of another key, context or place,
   * changed. It says no more and names no path, so that trying does not tell which of these it was.
   */
  readonly decryptFailed: () => GlassineError
  /** Try again later: the keys cannot be used at the moment, whatever was asked for. */
  readonly unavailable: (message?: string) => GlassineError
  /** Passes errors of Glassine on and replaces foreign ones, which may quote plaintext, keys or bodies. */
  readonly replaceForeign: (
    thrown: unknown,
    code: ErrorCode,
    init?: Omit<ErrorInit, 'package'>,
  ) => GlassineError
  /**
   * For `catch` where keys are asked for: the refusal of a key must look like every other failure of this package.
   * Passes on what else was thrown.
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
    decryptFailed: () => fault('ERR_DECRYPT_FAILED'),
    unavailable: (message) => fault('ERR_KEY_UNAVAILABLE', { message }),
    replaceForeign: (thrown, code, init) => (isGlassineError(thrown) ? thrown : fault(code, init)),
    hideRefusal: (thrown, code = 'ERR_DECRYPT_FAILED') => {
      throw isGlassineError(thrown) && thrown.code === 'ERR_DECRYPT_FAILED' ? fault(code) : thrown
    },
  }
}

/** Whether an error is one of Glassine, also of another copy of the library. */
export const isGlassineError = (thrown: unknown): thrown is GlassineError =>
  thrown instanceof GlassineError ||
  (thrown instanceof Error &&
    thrown.name === 'GlassineError' &&
    errorCodes.includes((thrown as GlassineError).code))

/** Whether an error says that trying again later may help; every other one would be met again. */
export const isUnavailable = (thrown: unknown): thrown is GlassineError =>
  isGlassineError(thrown) && thrown.code === 'ERR_KEY_UNAVAILABLE'
