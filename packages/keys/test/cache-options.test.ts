import { describe, expect, test } from '@jest/globals'
import { keyCacheBounds, noCounts } from '../src/cache-options.ts'

describe('the bounds of a cache', () => {
  test('have the documented defaults', () => {
    expect(keyCacheBounds({})).toEqual({
      expiry: 300_000,
      maxEntries: 1_000,
      staleIfError: 0,
      refusals: 60_000,
      timeout: 10_000,
      now: Date.now,
    })
  })

  test('are taken from the options', () => {
    const now = () => 5
    expect(
      keyCacheBounds({
        cacheExpiry: 0,
        cacheMaxEntries: 1,
        cacheStaleIfError: 2,
        cacheRefusals: 3,
        timeout: 4,
        now,
      }),
    ).toEqual({ expiry: 0, maxEntries: 1, staleIfError: 2, refusals: 3, timeout: 4, now })
  })

  test('begin with counters of zero', () => {
    const counts = noCounts()
    expect(Object.values(counts)).toEqual(Array(8).fill(0))
    expect(noCounts()).not.toBe(counts)
  })
})
