import { deadlineOf, refuseOversize } from '@glassine/core/internal'
import { hasCode } from '@glassine/test-support'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'

describe('the deadline of an invocation', () => {
  beforeEach(() => void jest.spyOn(Date, 'now').mockReturnValue(1_000_000))
  afterEach(() => void jest.restoreAllMocks())
  const left = (ms: unknown) => ({ getRemainingTimeInMillis: () => ms })

  test.each([
    [left(3_000), undefined, 1_002_750],
    [left(3_000), 1_000, 1_002_000],
    [left(3_000), 0, 1_003_000],
    [left(251), undefined, 1_000_001],
    [left(250), undefined, 1_000_000],
    [left(100), undefined, 1_000_000],
    [left(-5), 0, 1_000_000],
    [left(Number.NaN), undefined, undefined],
    [left(Number.POSITIVE_INFINITY), undefined, undefined],
    [left('3000'), undefined, undefined],
    [{ getRemainingTimeInMillis: 3_000 }, undefined, undefined],
    [{}, undefined, undefined],
    [null, undefined, undefined],
    [undefined, undefined, undefined],
  ])('%# is before the end, by what is reserved', (context, reserved, deadline) => {
    expect(deadlineOf(context, reserved)).toBe(deadline)
  })

  test('is asked of the context itself', () => {
    class Context {
      readonly ms = 2_000
      getRemainingTimeInMillis(): number {
        return this.ms
      }
    }
    expect(deadlineOf(new Context(), 0)).toBe(1_002_000)
  })
})

describe('what would be too large', () => {
  test('is refused by its excess, and what is just as large passes', () => {
    expect(() => refuseOversize(10, 10, '@example/format')).not.toThrow()
    expect(() => refuseOversize(11, 10, '@example/format')).toThrow(
      hasCode('ERR_TOO_LARGE', {
        message: 'The encrypted payload would be 1 bytes over the limit of 10',
        cause: { package: '@example/format' },
      }),
    )
    expect(() => refuseOversize(15, 10, '@example/format', 'The response')).toThrow(
      'The response would be 5 bytes over the limit of 10',
    )
  })
})
