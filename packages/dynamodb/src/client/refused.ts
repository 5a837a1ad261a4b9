import type { GlassineError } from '@glassine/core'
import { fault } from '../errors.ts'

/**
 * The error for a request that cannot be done on encrypted items, thrown before anything is sent. `reason` says what
 * to do instead; it may name attributes and parameters, never values.
 */
export const refused = (operation: string, reason: string, attribute?: string): GlassineError =>
  fault('ERR_OPERATION_REFUSED', {
    message: `${operation}: ${reason}`,
    ...(attribute !== undefined && { path: `/${attribute}` }),
  })
