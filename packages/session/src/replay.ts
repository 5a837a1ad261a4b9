import type { Invocation } from '@glassine/core'
import { hmac, type SecretKey } from '@glassine/keys/internal'
import { fault, replaceForeign } from './errors.ts'

/**
 * Remembers which payloads were received. One that all instances share, such as that of
 * `@glassine/session/replay-store`, refuses a payload that any of them has seen.
 */
export interface ReplayStore {
  /**
   * Remembers an id, in one step with the question whether it was known.
   *
   * @param id - 43 characters of base64url; says nothing of the session
   * @param expires - when it may be forgotten, in seconds since the epoch
   * @param call - `deadline`: when to give up, in ms since the epoch
   * @returns `false` when it was there already
   * @throws GlassineError `ERR_KEY_UNAVAILABLE` when that cannot be told; the payload is then refused
   */
  spend(id: string, expires: number, call: Pick<Invocation, 'deadline'>): Promise<boolean>
}

/**
 * Spends a payload's `jti`. Its id is a MAC under the session's own key: the same for the session JWE and every ticket
 * of it, and of no use to whoever reads the store.
 *
 * @param expires - end of the session, ms since the epoch: nothing of it is accepted after that
 * @throws GlassineError `ERR_REPLAYED`, `ERR_KEY_UNAVAILABLE`
 */
export const spendOnce = async (
  store: ReplayStore,
  key: SecretKey,
  jti: string,
  expires: number,
  { deadline }: Invocation,
): Promise<void> => {
  const id = hmac('sha256', key, Buffer.from(`glassine replay ${jti}`)).toString('base64url')
  let isNew: unknown
  try {
    isNew = await store.spend(id, Math.ceil(expires / 1_000) + slack, { deadline })
  } catch (thrown) {
    throw replaceForeign(thrown, 'ERR_KEY_UNAVAILABLE', { message: 'The replay store failed' })
  }
  // Anything but a clear yes is a no.
  if (isNew !== true) throw fault('ERR_REPLAYED')
}

/** Seconds for clocks that differ. */
const slack = 600
