/*
 * What the second phase of every envelope has in common: keys are held for it, used once, and always
 * released.
 */
import type { Prepared } from './envelope.ts'
import { GlassineError } from './errors.ts'

/** Something held for a while, for example a key. */
export interface Lease {
  release(): void
}

/**
 * The second phase of an envelope.
 *
 * @param packageName - the package that the error names
 * @param work - is done at most once; must be synchronous
 * @param held - `leases` are released after `work`, or instead of it; `reply` and `header` are as in {@link Prepared}
 * @returns its `finish` throws `ERR_ENCRYPT_FAILED` if it is called twice, or after `release`
 */
export const preparedWith = (
  packageName: string,
  work: () => unknown,
  {
    leases = none,
    reply,
    header,
  }: { readonly leases?: readonly Lease[] } & Pick<Prepared, 'reply' | 'header'> = {},
): Prepared => {
  let isDone = false
  const release = (): void => {
    if (isDone) return
    isDone = true
    for (const lease of leases) lease.release()
  }
  return {
    ...(reply !== undefined && { reply }),
    ...(header !== undefined && { header }),
    finish: () => {
      // A released key may be zeros by now.
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
 * Acquires something for each request, all at once. If one fails, the others are released, and its error is thrown.
 *
 * @param release - releases one of them
 */
export const acquireAll = async <R, T>(
  requests: readonly R[],
  acquire: (request: R) => Promise<T>,
  release: (acquired: T) => void,
): Promise<readonly T[]> => {
  // The usual payload: no array of settled results to create.
  if (requests.length === 1) return [await acquire(requests[0]!)]
  const settled = await Promise.allSettled(requests.map(acquire))
  const failed = settled.find((one) => one.status === 'rejected')
  if (failed === undefined) return settled.map((one) => (one as PromiseFulfilledResult<T>).value)
  for (const one of settled) if (one.status === 'fulfilled') release(one.value)
  throw failed.reason
}
