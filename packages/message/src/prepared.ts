import type { Prepared } from '@glassine/core'
import type { DataKey } from '@glassine/keys'
import { fault } from './errors.ts'

/**
 * The second phase of an envelope: does `work` once, with these keys on loan, and gives them back whatever
 * happens. `work` must be synchronous.
 */
export const preparedWith = (keys: readonly DataKey[], work: () => unknown): Prepared => {
  let held = true
  const release = (): void => {
    if (!held) return
    held = false
    for (const key of keys) key.release()
  }
  return {
    finish: () => {
      // A key that was given back may be zeros by now.
      if (!held)
        throw fault('ERR_ENCRYPT_FAILED', {
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

/**
 * Borrows one key for each request, at once. When one cannot be had, the others are given back.
 *
 * @param keyOf - which part of what was fetched is the loan
 */
export const borrowAll = async <R, K>(
  requests: readonly R[],
  ask: (request: R) => Promise<K>,
  keyOf: (fetched: K) => DataKey,
): Promise<readonly K[]> => {
  // The usual payload: no array of settled results to make.
  if (requests.length === 1) return [await ask(requests[0]!)]
  const settled = await Promise.allSettled(requests.map(ask))
  const failed = settled.find((one) => one.status === 'rejected')
  if (failed === undefined) return settled.map((one) => (one as PromiseFulfilledResult<K>).value)
  for (const one of settled) if (one.status === 'fulfilled') keyOf(one.value).release()
  throw failed.reason
}
