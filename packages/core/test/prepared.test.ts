import { rejection, thrown } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { GlassineError } from '../src/index.ts'
import { acquireAll, preparedWith } from '../src/internal.ts'

const failure = () => new GlassineError('ERR_KEY_UNAVAILABLE', { package: '@example/keys' })

/** Leases that count their releases. */
const leases = (count: number) =>
  Array.from({ length: count }, () => {
    const lease = { released: 0, release: () => void lease.released++ }
    return lease
  })

describe('the second phase', () => {
  test('works with the leases held, then releases each once', () => {
    const held = leases(2)
    const prepared = preparedWith('@example/format', () => held.map(({ released }) => released), {
      leases: held,
    })
    expect(prepared.finish()).toEqual([0, 0])
    prepared.release()
    expect(held.map(({ released }) => released)).toEqual([1, 1])
  })

  test('releases them if the work throws', () => {
    const held = leases(2)
    const work = () => {
      throw failure()
    }
    expect(thrown(() => preparedWith('@example/format', work, { leases: held }).finish()).code).toBe(
      'ERR_KEY_UNAVAILABLE',
    )
    expect(held.map(({ released }) => released)).toEqual([1, 1])
  })

  test.each(['finish', 'release'] as const)('is refused after %s', (method) => {
    let worked = 0
    const prepared = preparedWith('@example/format', () => worked++)
    prepared[method]()
    expect(thrown(() => prepared.finish())).toMatchObject({
      code: 'ERR_ENCRYPT_FAILED',
      cause: { package: '@example/format' },
    })
    expect(worked).toBe(method === 'finish' ? 1 : 0)
  })

  test('has a reply only if one is given', () => {
    expect(preparedWith('@example/format', () => 1)).not.toHaveProperty('reply')
  })
})

describe('acquireAll', () => {
  test('keeps the order of the requests', async () => {
    const slowest = async (ms: number) => {
      await new Promise((resolve) => setTimeout(resolve, ms))
      return ms
    }
    expect(await acquireAll([20, 1, 10], slowest, () => {})).toEqual([20, 1, 10])
  })

  test.each([1, 3])('releases the others if one of %i fails, even those that arrive later', async (count) => {
    const released: number[] = []
    const acquire = async (at: number) => {
      if (at === 0) throw failure()
      await new Promise((resolve) => setTimeout(resolve, at))
      return at
    }
    const error = await rejection(
      acquireAll([...Array(count).keys()], acquire, (at) => void released.push(at)),
    )
    expect(error.code).toBe('ERR_KEY_UNAVAILABLE')
    expect(released).toEqual(count === 1 ? [] : [1, 2])
  })
})
