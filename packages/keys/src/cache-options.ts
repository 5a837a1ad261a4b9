import { optionError } from '@glassine/core'
import type { CacheOptions } from './cache.ts'
import { from } from './errors.ts'
import { integerOption } from './options.ts'

/** How keys are kept, in every layer that keeps any; times in ms. */
export interface KeptKeysOptions {
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

const forever = Number.MAX_SAFE_INTEGER

/** Default, least and most of each. */
const ranges = {
  cacheExpiry: [300_000, 0, forever],
  cacheMaxEntries: [1_000, 1, 1_000_000],
  cacheStaleIfError: [0, 0, forever],
  cacheRefusals: [5_000, 0, forever],
  timeout: [10_000, 1, forever],
} as const

/** The names, for the check against unknown ones. */
export const keptKeysOptions: readonly string[] = [...Object.keys(ranges), 'now']

/** @throws GlassineError `ERR_OPTION_INVALID` */
export const keptKeys = (options: KeptKeysOptions): Omit<CacheOptions, 'maxUses' | 'maxBytes'> => {
  const { now = Date.now } = options
  if (typeof now !== 'function') throw optionError(from, 'now', 'must be a function')
  const value = (name: keyof typeof ranges): number => {
    const [standard, least, most] = ranges[name]
    const given = options[name] ?? standard
    integerOption(name, given, least, most)
    return given
  }
  return {
    expiry: value('cacheExpiry'),
    maxEntries: value('cacheMaxEntries'),
    staleIfError: value('cacheStaleIfError'),
    refusals: value('cacheRefusals'),
    timeout: value('timeout'),
    now,
  }
}
