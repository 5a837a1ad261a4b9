import type { GlassineError } from '@glassine/core'
import { packageErrors } from '@glassine/core/internal'

export const { packageName, fault, badOption, decryptFailed, unavailable, replaceForeign, hideRefusal } =
  packageErrors('@glassine/session')

/** Over, or not begun yet. Read from clear headers alone: the client begins a new session and tries once more. */
export const sessionExpired = (): GlassineError => fault('ERR_SESSION_EXPIRED')

/** Read from clear headers alone: the client fetches the service's keys anew. */
export const recipientUnknown = (): GlassineError => fault('ERR_RECIPIENT_UNKNOWN')
