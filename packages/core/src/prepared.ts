/*
 * What the second phase of every envelope has in common: keys are held for it, used once, and given back whatever
 * happens.
 */
import type { Envelope, Prepared } from './envelope.ts'
import { GlassineError } from './errors.ts'

/** Something held for a while, a key for example. */
export interface Lease {
  release(): void
}

/**
 * The second phase of an envelope.
 *
 * @param packageName - the package that the error names
 * @param work - is done once, at most; must be synchronous
 * @param held - `leases` are released after `work`, or instead of it; `reply` is as in {@link Prepared.reply}
 * @returns its `finish` throws `ERR_ENCRYPT_FAILED` when it is called twice, or after `release`
 */
export const preparedWith = (
  packageName: string,
  work: () => unknown,
  { leases = none, reply }: { readonly leases?: readonly Lease[]; readonly reply?: Envelope } = {},
): Prepared => {
  let isDone = false
  const release = (): void => {
    if (isDone) return
    isDone = true
    for (const lease of leases) lease.release()
  }
  return {
    ...(reply !== undefined && { reply }),
    finish: () => {
      // A key that was given back may be zeros by now.
      if (isDone)
        throw new GlassineError('ERR_ENCRYPT_FAILED', {
          package: packageName,
          message: 'A prepared payload was finished twice, or after its release',
        })
      try {
        return work()
      } finally {
        release()
      }
    },
    release,
  }
}

const none: readonly Lease[] = []

/**
 * Acquires something for each request, all at once. When one fails, the others are released, and its error is thrown.
 *
 * @param release - gives one back
 */
export const acquireAll = async <R, T>(
  requests: readonly R[],
  acquire: (request: R) => Promise<T>,
  release: (acquired: T) => void,
): Promise<readonly T[]> => {
  // The usual payload: no array of settled results to make.
  if (requests.length === 1) return [await acquire(requests[0]!)]
  const settled = await Promise.allSettled(requests.map(acquire))
  const failed = settled.find((one) => one.status === 'rejected')
  if (failed === undefined) return settled.map((one) => (one as PromiseFulfilledResult<T>).value)
  for (const one of settled) if (one.status === 'fulfilled') release(one.value)
  throw failed.reason
}
