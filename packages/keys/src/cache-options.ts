import { anyFunction, integer, type OptionSchema } from '@glassine/core/internal'
import type { CacheOptions } from './cache.ts'

/** How keys are kept, in every layer that keeps any; times in ms. */
export interface KeyCacheOptions {
  /** How long a key is used. Default 300,000; 0 keeps none. */
  readonly cacheExpiry?: number
  /** How many keys are kept. Default 1,000. */
  readonly cacheMaxEntries?: number
  /** How long an expired key stands in while its source is unavailable. Default 0: not at all. */
  readonly cacheStaleIfError?: number
  /** How long a definite refusal is remembered. Default 5,000; 0: not at all. */
  readonly cacheRefusals?: number
  /** The longest that a caller waits for a key; its own deadline can only shorten that. Default 10,000. */
  readonly timeout?: number
  /** The clock, ms since the epoch. Default `Date.now`; for tests. */
  readonly now?: () => number
}

export const keyCacheSchema: OptionSchema<KeyCacheOptions> = {
  cacheExpiry: integer(0),
  cacheMaxEntries: integer(1, 1_000_000),
  cacheStaleIfError: integer(0),
  cacheRefusals: integer(0),
  timeout: integer(1),
  now: anyFunction,
}

/** What a cache is told of options that were checked. */
export const keyCacheBounds = ({
  cacheExpiry: expiry = 300_000,
  cacheMaxEntries: maxEntries = 1_000,
  cacheStaleIfError: staleIfError = 0,
  cacheRefusals: refusals = 5_000,
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
