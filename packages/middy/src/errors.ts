import { type ErrorCode, errorCodes, GlassineError } from '@glassine/core'
import { optionError } from '@glassine/core/internal'

/** The name that errors of this package carry. */
export const packageName = '@glassine/middy'

/** The error for an option that cannot be right. */
export const badOption = (option: string, expected: string): GlassineError =>
  optionError(packageName, option, expected)

/** An error of this package; the message must be made of constants, names and sizes only. */
export const fault = (code: ErrorCode, message?: string, statusCode?: number): GlassineError =>
  new GlassineError(code, { package: packageName, message, statusCode })

/** Whether an error is one of ours, also when it comes from another copy of the library. */
const isOurs = (error: unknown): error is GlassineError =>
  error instanceof GlassineError ||
  (error instanceof Error &&
    error.name === 'GlassineError' &&
    errorCodes.includes((error as GlassineError).code))

/**
 * What leaves of an error met while opening: ours as they are. Anything else, from an envelope that breaks its
 * contract, may quote a value and is replaced by the one answer that all failures of decryption share.
 */
export const openingError = (error: unknown): GlassineError =>
  isOurs(error) ? error : fault('ERR_DECRYPT_FAILED')

/** What the codes of opening say of a request, said of a response. */
const sealingMessages: { readonly [C in ErrorCode]?: string } = {
  ERR_FIELD_MISSING: 'A declared field is missing from the response',
}

/**
 * What leaves of an error met while sealing: never a 4xx, since the caller is not at fault for what the handler
 * returned, and nothing of foreign errors, since a getter or `toJSON` may throw one that quotes the plaintext.
 */
export const sealingError = (error: unknown): GlassineError => {
  if (!isOurs(error)) return fault('ERR_ENCRYPT_FAILED')
  // The exception: no key came to answer under, and the client can mend that.
  if (error.code === 'ERR_SESSION_MISSING') return error
  const message = sealingMessages[error.code]
  if (error.statusCode >= 500 && message === undefined) return error
  const { package: source, path } = error.cause
  return new GlassineError(error.code, {
    package: source,
    path,
    statusCode: 500,
    message: message ?? 'The fields of the response could not be encrypted',
  })
}
