import { hash } from 'node:crypto'
import type { Invocation } from '@glassine/core'
import { maxSessionAge } from '@glassine/core/internal'
import { hmac, type SecretKey } from '@glassine/keys/internal'
import { fault, replaceForeign } from './errors.ts'

/**
 * Remembers which requests were received. A store that all instances share, such as `dynamodbReplayStore`, refuses a
 * request that any of them has seen.
 */
export interface ReplayStore {
  /**
   * Records an id unless it is recorded already, in one atomic step.
   *
   * @param id - 43 characters of base64url, which reveal nothing about the session
   * @param expires - when the id may be forgotten, in seconds since the epoch
   * @param call - `deadline`: when to give up, in ms since the epoch
   * @returns `false` when the id was recorded already
   * @throws GlassineError `ERR_KEY_UNAVAILABLE` when the store cannot answer; the request is then refused
   */
  spend(id: string, expires: number, call: Pick<Invocation, 'deadline'>): Promise<boolean>
}

/**
 * The id of a request by its `jti`: a MAC under the session's request key. It is the same for the session JWE and each
 * of its tickets, and useless to a reader of the store.
 */
export const idOfJti = (key: SecretKey, jti: string): string =>
  hmac('sha256', key, Buffer.from(`glassine replay ${jti}`)).toString('base64url')

/** The id of a request by its `rid`. It may come in two sessions, so the id depends on no session key. */
export const idOfRid = (audience: string, sender: string, rid: string): string =>
  hash('sha256', JSON.stringify(['glassine request', audience, sender, rid]), 'base64url')

/** How long a `rid` is remembered, in ms: the session of the second attempt may begin when the first one ends. */
export const ridLife = 2 * maxSessionAge

/**
 * Spends a request's id.
 *
 * @param expires - in ms since the epoch; no request with this id is accepted later
 * @throws GlassineError `ERR_REPLAYED`, `ERR_KEY_UNAVAILABLE`
 */
export const spendOnce = async (
  store: ReplayStore,
  id: string,
  expires: number,
  { deadline }: Pick<Invocation, 'deadline'>,
): Promise<void> => {
  let isNew: unknown
  try {
    isNew = await store.spend(id, Math.ceil(expires / 1_000) + slack, { deadline })
  } catch (thrown) {
    throw replaceForeign(thrown, 'ERR_KEY_UNAVAILABLE', { message: 'The replay store failed' })
  }
  // Only `true` counts as new.
  if (isNew !== true) throw fault('ERR_REPLAYED')
}

/** Added to the expiry, in seconds, because clocks differ. */
const slack = 600
