import { GlassineError } from '@glassine/core'
import { hasCode, settled, standingClock } from '@glassine/test-support'
import { describe, expect, jest, test } from '@jest/globals'
import { Cache } from '../src/cache.ts'
import type { CacheOptions } from '../src/cache-options.ts'
import { RefCounted } from '../src/lease.ts'
import { gate } from './support/fake-keyring.ts'

interface Value {
  readonly name: string
  disposed: boolean
}

const once = { uses: 1, bytes: 0 }
const down = () => new GlassineError('ERR_KEY_UNAVAILABLE', { package: 'test' })
const refusal = () => new GlassineError('ERR_DECRYPT_FAILED', { package: 'test' })

const setUp = (options?: Partial<CacheOptions>) => {
  const clock = standingClock()
  const made: Value[] = []
  const deadlines: (() => number)[] = []
  const behaviour = { before: async (): Promise<void> => {} }
  const load = jest.fn(async (name: string, deadline: () => number) => {
    deadlines.push(deadline)
    await behaviour.before()
    const value = { name, disposed: false }
    made.push(value)
    return new RefCounted<Value>(value, (value) => {
      value.disposed = true
    })
  })
  const cache = new Cache<string, Value>(
    {
      expiry: 1_000,
      maxUses: 100,
      maxBytes: 1_000,
      maxEntries: 3,
      staleIfError: 0,
      refusals: 500,
      timeout: 10_000,
      now: clock.now,
      ...options,
    },
    load,
  )
  const use = async (key: string, demand = once) => {
    const shared = await cache.take(key, key, demand)
    shared.release()
    return shared.value
  }
  return { cache, clock, load, made, deadlines, behaviour, use }
}

describe('bounds', () => {
  test('age: an entry is used until just before its expiry', async () => {
    const { clock, load, use } = setUp()
    await use('a')
    clock.advance(799)
    await use('a')
    expect(load).toHaveBeenCalledTimes(1)
    clock.advance(201)
    await use('a')
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('age counts from when the call began, however long it took', async () => {
    const { clock, behaviour, load, use, cache } = setUp()
    const hold = gate()
    behaviour.before = () => hold.passed
    const first = cache.take('a', 'a', once)
    clock.advance(600)
    hold.open()
    ;(await first).release()
    clock.advance(400)
    await use('a')
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('a clock that was set back makes an entry expire', async () => {
    const { clock, load, use } = setUp()
    await use('a')
    clock.advance(-1)
    await use('a')
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('entries: the least recently used goes first, and is disposed of', async () => {
    const { cache, made, use } = setUp()
    for (const key of ['a', 'b', 'c', 'a', 'd']) await use(key)
    expect(cache.size).toBe(3)
    expect(cache.counts.evictions).toBe(1)
    expect(made.filter(({ disposed }) => disposed).map(({ name }) => name)).toEqual(['b'])
  })

  test('an entry with too few uses left for one request still serves a smaller one', async () => {
    const { cache, behaviour, load } = setUp()
    ;(await cache.take('a', 'a', { uses: 60, bytes: 0 })).release()
    behaviour.before = () => Promise.reject(down())
    await expect(cache.take('a', 'a', { uses: 50, bytes: 0 })).rejects.toThrow(hasCode('ERR_KEY_UNAVAILABLE'))
    expect(cache.take('a', 'a', { uses: 10, bytes: 0 })).toBeInstanceOf(RefCounted)
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('a hit creates no promise', async () => {
    const { cache, use } = setUp()
    await use('a')
    expect(cache.take('a', 'a', once)).toBeInstanceOf(RefCounted)
  })
})

describe('single flight', () => {
  test('50 at once make one call; other keys make their own', async () => {
    const { cache, load } = setUp()
    await Promise.all(Array.from({ length: 50 }, (_, n) => cache.take(n % 2 ? 'a' : 'b', 'x', once)))
    expect(load).toHaveBeenCalledTimes(2)
    expect(cache.counts).toMatchObject({ misses: 50, joined: 48 })
  })

  test('a passing failure is shared by those who waited for it, and by no later caller', async () => {
    const { cache, behaviour, load, use } = setUp()
    behaviour.before = () => Promise.reject(down())
    const responses = await Promise.allSettled([cache.take('a', 'a', once), cache.take('a', 'a', once)])
    expect(responses.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(load).toHaveBeenCalledTimes(1)
    behaviour.before = async () => {}
    await use('a')
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('a definite refusal is remembered for as long as configured, with a copy for every caller', async () => {
    const { cache, behaviour, clock, load, use } = setUp()
    behaviour.before = () => Promise.reject(refusal())
    const errors = [await use('a').catch((error) => error), await use('a').catch((error) => error)]
    expect(errors).toEqual([hasCode('ERR_DECRYPT_FAILED'), hasCode('ERR_DECRYPT_FAILED')])
    expect(errors[0]).not.toBe(errors[1])
    clock.advance(499)
    await expect(use('a')).rejects.toThrow(hasCode('ERR_DECRYPT_FAILED'))
    expect(load).toHaveBeenCalledTimes(1)
    expect(cache.counts).toMatchObject({ refused: 2, errors: 1 })
    behaviour.before = async () => {}
    clock.advance(1)
    await use('a')
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('refusals are bounded: the oldest is dropped', async () => {
    const { behaviour, load, use } = setUp({ maxEntries: 2 })
    behaviour.before = () => Promise.reject(refusal())
    for (const key of ['a', 'b', 'c', 'a']) await use(key).catch(() => {})
    expect(load).toHaveBeenCalledTimes(4)
    await use('c').catch(() => {})
    expect(load).toHaveBeenCalledTimes(4)
  })

  test('no refusal is remembered with cacheRefusals of 0', async () => {
    const { behaviour, load, use } = setUp({ refusals: 0 })
    behaviour.before = () => Promise.reject(refusal())
    for (let n = 0; n < 3; n++) await use('a').catch(() => {})
    expect(load).toHaveBeenCalledTimes(3)
  })
})

describe('deadlines', () => {
  test('a caller whose deadline passes gets an error while the call goes on for the others', async () => {
    const { cache, clock, behaviour, load } = setUp()
    const hold = gate()
    behaviour.before = () => hold.passed
    const patient = cache.take('a', 'a', { ...once, deadline: clock.now() + 5_000 })
    const hasty = cache.take('a', 'a', { ...once, deadline: clock.now() + 5 })
    await expect(hasty).rejects.toThrow(hasCode('ERR_KEY_UNAVAILABLE'))
    hold.open()
    const shared = (await patient) as RefCounted<Value>
    expect(shared.value.disposed).toBe(false)
    expect(load).toHaveBeenCalledTimes(1)
  })

  test('a value that arrives after all have given up is kept for the next caller', async () => {
    const { cache, clock, behaviour, load, use, made } = setUp()
    const hold = gate()
    behaviour.before = () => hold.passed
    await expect(cache.take('a', 'a', { ...once, deadline: clock.now() + 5 })).rejects.toThrow()
    hold.open()
    await settled()
    expect(await use('a')).toBe(made[0])
    expect(load).toHaveBeenCalledTimes(1)
  })

  test("the call's deadline is the latest of its callers', and no later than the timeout allows", async () => {
    const { cache, clock, behaviour, deadlines } = setUp()
    const hold = gate()
    behaviour.before = () => hold.passed
    const start = clock.now()
    const asked: unknown[] = []
    const ask = (ms: number) => asked.push(cache.take('a', 'a', { ...once, deadline: start + ms }))
    ask(5_000)
    expect(deadlines[0]!()).toBe(start + 5_000)
    ask(7_000)
    ask(6_000)
    expect(deadlines[0]!()).toBe(start + 7_000)
    ask(99_000)
    expect(deadlines[0]!()).toBe(start + 10_000)
    expect(deadlines).toHaveLength(1)
    hold.open()
    await Promise.all(asked)
  })

  test.each([0, -1, Number.NaN])('a passed deadline (%d) makes no call', async (ms) => {
    const { cache, clock, load } = setUp()
    await expect(cache.take('a', 'a', { ...once, deadline: clock.now() + ms })).rejects.toThrow(
      hasCode('ERR_KEY_UNAVAILABLE'),
    )
    expect(load).not.toHaveBeenCalled()
  })

  test('a warm entry is used with any deadline', async () => {
    const { cache, clock, use } = setUp()
    await use('a')
    expect(cache.take('a', 'a', { ...once, deadline: clock.now() - 1 })).toBeInstanceOf(RefCounted)
  })

  test('an overdue call, as after a freeze, is replaced, and its late result is disposed of', async () => {
    const { cache, clock, behaviour, load, made, use } = setUp()
    const frozen = gate()
    behaviour.before = () => frozen.passed
    const lost = cache.take('a', 'a', { ...once, deadline: clock.now() + 3 })
    await expect(lost).rejects.toThrow(hasCode('ERR_KEY_UNAVAILABLE'))
    clock.advance(60_000)
    behaviour.before = async () => {}
    const fresh = await use('a')
    expect(load).toHaveBeenCalledTimes(2)
    frozen.open()
    await settled()
    expect(made[1]).toMatchObject({ disposed: true })
    expect(await use('a')).toBe(fresh)
  })
})

describe('refresh ahead', () => {
  test('at 80 % of the age, in the background, once', async () => {
    const { cache, clock, behaviour, load, made, use } = setUp()
    await use('a')
    clock.advance(800)
    const hold = gate()
    behaviour.before = () => hold.passed
    expect([await use('a'), await use('a')]).toEqual([made[0], made[0]])
    expect(load).toHaveBeenCalledTimes(2)
    expect(cache.counts.refreshes).toBe(1)
    hold.open()
    await settled()
    expect(made[0]!.disposed).toBe(true)
    expect(await use('a')).toBe(made[1])
    clock.advance(799)
    expect(await use('a')).toBe(made[1])
    expect(load).toHaveBeenCalledTimes(2)
  })

  test.each([
    ['uses', { uses: 79, bytes: 0 }, { uses: 1, bytes: 0 }],
    ['bytes', { uses: 0, bytes: 799 }, { uses: 0, bytes: 1 }],
  ])('at 80 %% of the %s', async (_what, most, last) => {
    const { cache, use, made } = setUp()
    await use('a', most)
    expect(cache.counts.refreshes).toBe(0)
    await use('a', last)
    expect(cache.counts.refreshes).toBe(1)
    await settled()
    expect(await use('a')).toBe(made[1])
  })

  test('its failure is swallowed and counted, and it is not repeated at every use', async () => {
    const { cache, clock, behaviour, load, made, use } = setUp({ expiry: 10_000 })
    await use('a')
    clock.advance(8_000)
    behaviour.before = () => Promise.reject(down())
    for (let n = 0; n < 5; n++) {
      expect(await use('a')).toBe(made[0])
      await settled()
    }
    expect(load).toHaveBeenCalledTimes(2)
    expect(cache.counts).toMatchObject({ refreshes: 1, errors: 1 })
    clock.advance(1_000)
    await use('a')
    expect(load).toHaveBeenCalledTimes(3)
  })

  test('a caller that the entry can no longer serve joins it', async () => {
    const { cache, clock, behaviour, load, use } = setUp()
    await use('a')
    clock.advance(900)
    const hold = gate()
    behaviour.before = () => hold.passed
    await use('a')
    clock.advance(100)
    const late = cache.take('a', 'a', once)
    hold.open()
    ;(await late).release()
    expect(load).toHaveBeenCalledTimes(2)
    expect(cache.counts.joined).toBe(1)
  })

  test('a refused refresh lets the entry live until its expiry, and no longer', async () => {
    const { clock, behaviour, load, made, use } = setUp({ staleIfError: 60_000, refusals: 0 })
    await use('a')
    clock.advance(800)
    behaviour.before = () => Promise.reject(refusal())
    await use('a')
    await settled()
    expect(await use('a')).toBe(made[0])
    expect(load).toHaveBeenCalledTimes(2)
    behaviour.before = () => Promise.reject(down())
    clock.advance(200)
    await expect(use('a')).rejects.toThrow(hasCode('ERR_KEY_UNAVAILABLE'))
    expect(made[0]!.disposed).toBe(true)
  })
})

describe('stale if error', () => {
  test('an expired entry is not used by default', async () => {
    const { clock, behaviour, use } = setUp()
    await use('a')
    clock.advance(1_000)
    behaviour.before = () => Promise.reject(down())
    await expect(use('a')).rejects.toThrow(hasCode('ERR_KEY_UNAVAILABLE'))
  })

  test('an expired entry is used within its grace, and not after it', async () => {
    const { cache, clock, behaviour, made, use } = setUp({ staleIfError: 5_000 })
    await use('a')
    behaviour.before = () => Promise.reject(down())
    clock.advance(5_999)
    expect(await use('a')).toBe(made[0])
    expect(cache.counts).toMatchObject({ stale: 1, errors: 1 })
    clock.advance(1)
    await expect(use('a')).rejects.toThrow(hasCode('ERR_KEY_UNAVAILABLE'))
    expect(made[0]!.disposed).toBe(true)
  })

  test('after one failure it is used without a wait, and retried in the background', async () => {
    const { cache, clock, behaviour, load, made, use } = setUp({ staleIfError: 5_000 })
    await use('a')
    clock.advance(1_000)
    behaviour.before = () => Promise.reject(down())
    await use('a')
    behaviour.before = () => new Promise(() => {})
    expect(await use('a')).toBe(made[0])
    expect(load).toHaveBeenCalledTimes(2)
    clock.advance(1_000)
    expect(await use('a')).toBe(made[0])
    expect(await use('a')).toBe(made[0])
    expect(load).toHaveBeenCalledTimes(3)
    expect(cache.counts.refreshes).toBe(1)
  })

  test('fresh entries are used again when the source is back', async () => {
    const { clock, behaviour, made, use } = setUp({ staleIfError: 5_000 })
    await use('a')
    clock.advance(1_000)
    behaviour.before = () => Promise.reject(down())
    await use('a')
    behaviour.before = async () => {}
    clock.advance(1_000)
    expect(await use('a')).toBe(made[0])
    await settled()
    expect(await use('a')).toBe(made[1])
    expect(made[0]!.disposed).toBe(true)
  })

  test('a caller whose deadline passes gets the expired entry too', async () => {
    const { cache, clock, behaviour, made, use } = setUp({ staleIfError: 5_000 })
    await use('a')
    clock.advance(1_000)
    behaviour.before = () => new Promise(() => {})
    const shared = await cache.take('a', 'a', { ...once, deadline: clock.now() + 5 })
    expect(shared.value).toBe(made[0])
  })

  test('an expired entry is not used after a definite refusal', async () => {
    const { cache, clock, behaviour, made, use } = setUp({ staleIfError: 5_000 })
    await use('a')
    clock.advance(1_000)
    behaviour.before = () => Promise.reject(refusal())
    await expect(use('a')).rejects.toThrow(hasCode('ERR_DECRYPT_FAILED'))
    expect(cache.counts.stale).toBe(0)
    expect(made[0]!.disposed).toBe(true)
  })

  test('an expired entry is not used beyond the uses of its key', async () => {
    const { cache, clock, behaviour, use } = setUp({ staleIfError: 5_000 })
    await use('a', { uses: 99, bytes: 0 })
    clock.advance(1_000)
    behaviour.before = () => Promise.reject(down())
    await use('a')
    await expect(use('a')).rejects.toThrow(hasCode('ERR_KEY_UNAVAILABLE'))
    expect(cache.counts.stale).toBe(1)
  })

  test('an expired entry is not used beyond the bytes of its key', async () => {
    const { cache, clock, behaviour, use } = setUp({ staleIfError: 5_000 })
    await use('a', { uses: 1, bytes: 998 })
    clock.advance(1_000)
    behaviour.before = () => Promise.reject(down())
    for (let times = 0; times < 2; times++) await use('a', { uses: 1, bytes: 1 })
    await expect(use('a', { uses: 1, bytes: 1 })).rejects.toThrow(hasCode('ERR_KEY_UNAVAILABLE'))
    await use('a', { uses: 1, bytes: 0 })
    expect(cache.counts.stale).toBe(3)
  })
})

describe('holding', () => {
  test('an evicted value is disposed of at its last release, not before', async () => {
    const { cache, made, use } = setUp({ maxEntries: 1 })
    const one = await cache.take('a', 'a', once)
    const two = await cache.take('a', 'a', once)
    await use('b')
    expect(made[0]!.disposed).toBe(false)
    one.release()
    expect(made[0]!.disposed).toBe(false)
    two.release()
    expect(made[0]!.disposed).toBe(true)
  })

  test('a value that two caches hold is disposed of when both have dropped it', async () => {
    const one = setUp()
    const two = setUp()
    const shared = await one.cache.take('a', 'a', once)
    two.cache.put('b', shared)
    shared.release()
    one.cache.clear()
    expect(one.made[0]!.disposed).toBe(false)
    expect(await two.use('b')).toBe(one.made[0])
    two.cache.clear()
    expect(one.made[0]!.disposed).toBe(true)
  })

  test('clear() during a call: waiting callers get the value, and later ones do not', async () => {
    const { cache, behaviour, made, load, use } = setUp()
    const hold = gate()
    behaviour.before = () => hold.passed
    const waiting = cache.take('a', 'a', once)
    cache.clear()
    hold.open()
    const shared = await waiting
    expect(made[0]!.disposed).toBe(false)
    shared.release()
    expect(made[0]!.disposed).toBe(true)
    await use('a')
    expect(load).toHaveBeenCalledTimes(2)
  })
})
