import { GlassineError } from '@glassine/core'
import { packageName } from '../errors.ts'

/**
 * The error for a request that cannot be done on encrypted items, thrown before anything is sent. `reason` says what
 * to do instead; it may name attributes and parameters, never values.
 */
export const refused = (operation: string, reason: string, attribute?: string): GlassineError =>
  new GlassineError('ERR_OPERATION_REFUSED', {
    package: packageName,
    message: `${operation}: ${reason}`,
    ...(attribute !== undefined && { path: `/${attribute}` }),
  })
