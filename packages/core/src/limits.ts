import { GlassineError } from './errors.ts'

/** The default of `reservedTime`, in ms. */
const defaultReservedTime = 250

/** The part of Lambda's context that tells how much time is left. */
export interface RemainingTime {
  readonly getRemainingTimeInMillis?: () => number
}

/**
 * When work for an invocation must end, in ms since the epoch; `undefined` if its context does not give the
 * remaining time.
 *
 * @param context - Lambda's context, unchecked
 * @param reservedTime - the time to keep for answering that keys did not arrive
 */
export const deadlineOf = (context: unknown, reservedTime = defaultReservedTime): number | undefined => {
  const { getRemainingTimeInMillis: remaining } = (context ?? {}) as RemainingTime
  const left = typeof remaining === 'function' ? remaining.call(context) : undefined
  return Number.isFinite(left) ? Date.now() + Math.max(0, left! - reservedTime) : undefined
}

/**
 * Refuses what would be too large to send; the message gives the excess.
 *
 * @param what - begins the message: `The response`
 * @throws GlassineError `ERR_TOO_LARGE`
 */
export const refuseOversize = (
  bytes: number,
  maxBytes: number,
  packageName: string,
  what = 'The encrypted payload',
): void => {
  if (bytes > maxBytes)
    throw new GlassineError('ERR_TOO_LARGE', {
      message: `${what} would be ${bytes - maxBytes} bytes over the limit of ${maxBytes}`,
      package: packageName,
    })
}
