import { anyFunction, integer, type OptionSchema } from '@glassine/core/internal'

/** The bounds of a `Cache`, and what it has to know of requests of the type `R`; times in ms. */
export interface CacheOptions<R = any> {
  readonly expiry: number
  readonly maxUses: number
  readonly maxBytes: number
  readonly maxEntries: number
  /** How long past its expiry an entry may be used while its source is unavailable. */
  readonly staleIfError: number
  /** How long a definite refusal is remembered. */
  readonly refusals: number
  /** The longest wait of a caller, and the longest time for a call without a waiting caller. */
  readonly timeout: number
  /** ms since the epoch. */
  readonly now: () => number
  /** `false`: an entry is not fetched again before it expires, for values that never change. Default `true`. */
  readonly refreshAhead?: boolean
  /** Whose share of the entries counts what a request fetches, of `ownerOf`. Default: there are no shares. */
  readonly ownerOf?: (request: R) => string
  /** Whether a fetched value waits for `admit` before it is cached. Default: none does. */
  readonly isUnproven?: (request: R) => boolean
}

/** Counters of a `Cache` since it was created. */
export interface CacheCounts {
  hits: number
  misses: number
  joined: number
  refreshes: number
  stale: number
  evictions: number
  refused: number
  errors: number
}

export const noCounts = (): CacheCounts => ({
  hits: 0,
  misses: 0,
  joined: 0,
  refreshes: 0,
  stale: 0,
  evictions: 0,
  refused: 0,
  errors: 0,
})

/** How keys are cached, the same in every layer that caches keys. Times in ms. */
export interface KeyCacheOptions {
  /**
   * How long a key is used. Default 300,000. `0` turns the cache off: each request fetches a key, and only requests
   * that wait for the same call share one. A key always expires: `-1`, which is "for ever" in Middy, is refused.
   */
  readonly cacheExpiry?: number
  /** How many keys are cached. Default 1,000. */
  readonly cacheMaxEntries?: number
  /** How long an expired key is still used while its source is unavailable. Default 0: not at all. */
  readonly cacheStaleIfError?: number
  /** How long a definite refusal is remembered, as a hash, of at most 1,000. Default 60,000. `0`: not at all. */
  readonly cacheRefusals?: number
  /** The longest wait for a key; the deadline of the caller can only shorten it. Default 10,000. */
  readonly timeout?: number
  /** The clock, in ms since the epoch. Default `Date.now`. For tests. */
  readonly now?: () => number
}

export const keyCacheSchema: OptionSchema<KeyCacheOptions> = {
  cacheExpiry: [
    'must be an integer of at least 0: a data key must expire, so there is no `-1` for `for ever`',
    integer(0)[1],
  ],
  cacheMaxEntries: integer(1, 1_000_000),
  cacheStaleIfError: integer(0),
  cacheRefusals: integer(0),
  timeout: integer(1),
  now: anyFunction,
}

/** Converts checked options to the bounds of a cache. */
export const keyCacheBounds = ({
  cacheExpiry: expiry = 300_000,
  cacheMaxEntries: maxEntries = 1_000,
  cacheStaleIfError: staleIfError = 0,
  cacheRefusals: refusals = 60_000,
  timeout = 10_000,
  now = Date.now,
}: KeyCacheOptions): Omit<CacheOptions, 'maxUses' | 'maxBytes'> => ({
  expiry,
  maxEntries,
  staleIfError,
  refusals,
  timeout,
  now,
})
