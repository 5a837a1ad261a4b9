import type { ErrorCode } from '@glassine/core'
import { packageErrors } from '@glassine/core/internal'

export const { packageName, fault, badOption, decryptFailed, replaceForeign } =
  packageErrors('@glassine/client')

/** Lets only errors of Glassine out; foreign errors may contain plaintext. */
export const guarded = <T>(work: Promise<T>, code: ErrorCode): Promise<T> =>
  work.catch((thrown: unknown) => {
    throw replaceForeign(thrown, code)
  })
