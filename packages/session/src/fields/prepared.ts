import type { Envelope, Prepared } from '@glassine/core'
import { fault } from '../errors.ts'

/**
 * The second phase of an envelope: does `work` once. The keys of sessions are OpenSSL's, which clears them when the
 * last reference goes, so there is nothing to give back.
 */
export const preparedWith = (work: () => unknown, reply?: Envelope): Prepared => {
  let done = false
  return {
    ...(reply !== undefined && { reply }),
    finish: () => {
      if (done)
        throw fault('ERR_ENCRYPT_FAILED', {
          message: 'A prepared payload was finished twice, or after its release',
        })
      done = true
      return work()
    },
    release: () => {
      done = true
    },
  }
}
