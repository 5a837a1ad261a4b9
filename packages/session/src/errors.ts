import type { GlassineError } from '@glassine/core'
import { packageErrors } from '@glassine/core/internal'

export const { packageName, fault, badOption, decryptFailed, unavailable, replaceForeign, hideRefusal } =
  packageErrors('@glassine/session')

/** The session is over or not yet valid, by its clear header. The client begins a new one and tries once more. */
export const sessionExpired = (reason?: string): GlassineError => fault('ERR_SESSION_EXPIRED', { reason })

/** A recipient was asked for what its key cannot do: the header names another algorithm than its key has. */
export const otherAlgorithm = (): GlassineError =>
  decryptFailed('the recipient does not support the algorithm of the session JWE')

/** The clear header names an unknown key. The client fetches the service's keys again. */
export const recipientUnknown = (): GlassineError => fault('ERR_RECIPIENT_UNKNOWN')
