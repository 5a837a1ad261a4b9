import { type ErrorCode, GlassineError } from '@glassine/core'
import { isGlassineError, packageErrors } from '@glassine/core/internal'
import { tellNoMore } from './on-refused.ts'

export const { packageName, fault, badOption, replaceForeign } = packageErrors('@glassine/middy')

/** What a client reacts to by itself; each has its own sentence. */
const clientsOwn: ReadonlySet<ErrorCode> = new Set([
  'ERR_SESSION_MISSING',
  'ERR_SESSION_EXPIRED',
  'ERR_RECIPIENT_UNKNOWN',
])

/**
 * The error that a caller may read: with status 400 it has one sentence, whatever was wrong with the request. What it
 * said before becomes the reason.
 */
export const uniformError = (error: unknown): unknown => {
  if (!isGlassineError(error) || error.statusCode !== 400 || clientsOwn.has(error.code)) return error
  const { message } = fault('ERR_DECRYPT_FAILED')
  const { code, cause } = error
  // What callers read is no reason.
  const reason = cause?.reason ?? (error.message === message ? undefined : error.message)
  // Always another one: Lambda sends the stack to a direct invoker, and it shows which check failed.
  return tellNoMore(new GlassineError(code, { ...cause, reason, message, statusCode: 400 }))
}

/** The codes of opening, when they are about a response. */
const sealingMessages: { readonly [C in ErrorCode]?: string } = {
  ERR_FIELD_MISSING: 'A declared field is missing from the response',
}

/**
 * The error that leaves after a failure of sealing: never a 4xx, since the caller is not at fault for the handler's
 * result, and never a foreign error, since a getter or `toJSON` may throw one that quotes the plaintext.
 */
export const sealingError = (error: unknown): GlassineError => {
  if (!isGlassineError(error)) return fault('ERR_ENCRYPT_FAILED')
  // The exception: the request had no key to answer under, and the client can fix that.
  if (error.code === 'ERR_SESSION_MISSING') return error
  const message = sealingMessages[error.code]
  if (error.statusCode >= 500 && message === undefined) return error
  const { package: source, path, reason, keyId } = error.cause
  return new GlassineError(error.code, {
    package: source,
    path,
    reason,
    keyId,
    statusCode: 500,
    message: message ?? 'The fields of the response could not be encrypted',
  })
}
