/** What is left of a flood of forged requests, in a process of its own that has 256 MB. */
import { longOr } from '@glassine/test-support'
import { expect, test } from '@jest/globals'
import { flood } from '../bench/flood.ts'

const requests = longOr(2_000, 10)

test(
  `${requests} requests of 5 MB with forged headers leave memory flat and other tenants warm`,
  () => {
    const left = flood(requests)
    expect(left).toMatchObject({ isWarm: true, refused: requests, callsOfOthers: 0 })
    expect(left.heap + left.external).toBeLessThan(64)
    // One call for each request at most: all of them are forged.
    expect(left.calls).toBeLessThanOrEqual(requests)
    expect(left.calls).toBeGreaterThan(0)
  },
  60_000 + longOr(3_600_000, 60_000),
)
