import { type ErrorCode, GlassineError } from '@glassine/core'
import { isGlassineError, packageErrors } from '@glassine/core/internal'

export const { packageName, fault, badOption, replaceForeign } = packageErrors('@glassine/middy')

/** What the codes of opening say of a request, said of a response. */
const sealingMessages: { readonly [C in ErrorCode]?: string } = {
  ERR_FIELD_MISSING: 'A declared field is missing from the response',
}

/**
 * What leaves of an error met while sealing: never a 4xx, since the caller is not at fault for what the handler
 * returned, and nothing of foreign errors, since a getter or `toJSON` may throw one that quotes the plaintext.
 */
export const sealingError = (error: unknown): GlassineError => {
  if (!isGlassineError(error)) return fault('ERR_ENCRYPT_FAILED')
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
