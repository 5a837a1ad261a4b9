import { settled, standingClock } from '@glassine/test-support'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Cache } from '../src/cache.ts'
import { RefCounted } from '../src/lease.ts'

/*
 * The cache against the simplest model of its bounds: a list of entries, newest last. Refreshes run at 80 %, so the
 * model knows them too; every load succeeds at once.
 */

const bounds = { expiry: 100, maxUses: 20, maxBytes: 200, maxEntries: 3 }

interface Modelled {
  key: string
  id: number
  born: number
  uses: number
  bytes: number
}

const model = () => {
  let entries: Modelled[] = []
  let made = 0
  const trim = (now: number) => {
    entries = entries.filter(({ born }) => now - born < bounds.expiry).slice(-bounds.maxEntries)
  }
  const create = (key: string, uses: number, bytes: number, now: number) => {
    trim(now)
    const entry = { key, id: made++, born: now, uses, bytes }
    entries = [...entries.filter((old) => old.key !== key), entry]
    trim(now)
    return entry.id
  }
  return {
    take(key: string, uses: number, bytes: number, now: number): number {
      const found = entries.find((entry) => entry.key === key)
      const serves =
        found &&
        now - found.born < bounds.expiry &&
        found.uses + uses <= bounds.maxUses &&
        found.bytes + bytes <= bounds.maxBytes
      if (!serves) return create(key, uses, bytes, now)
      found.uses += uses
      found.bytes += bytes
      entries = [...entries.filter((entry) => entry !== found), found]
      const share = Math.max(
        (now - found.born) / bounds.expiry,
        found.uses / bounds.maxUses,
        found.bytes / bounds.maxBytes,
      )
      if (share >= 0.8) create(key, 0, 0, now)
      return found.id
    },
    clear: () => {
      entries = []
    },
    ids: () => entries.map(({ id }) => id).sort((a, b) => a - b),
    made: () => made,
  }
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('take' as const),
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      uses: fc.integer({ min: 0, max: 20 }),
      bytes: fc.integer({ min: 0, max: 200 }),
      keep: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 60 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const) }) },
)

test('age, uses, bytes and entries are as in the model; a value lives exactly as long as it is held', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const clock = standingClock()
      const expected = model()
      const disposed = new Map<number, boolean>()
      const cache = new Cache<null, number>(
        { ...bounds, staleIfError: 0, refusals: 0, timeout: 10_000, now: clock.now },
        async () => {
          const id = disposed.size
          disposed.set(id, false)
          return new RefCounted(id, (id) => {
            // Twice would mean that a count went wrong.
            expect(disposed.get(id)).toBe(false)
            disposed.set(id, true)
          })
        },
      )
      const leases: RefCounted<number>[] = []
      for (const step of steps) {
        if (step.kind === 'wait') clock.advance(step.ms)
        else if (step.kind === 'release') leases.shift()?.release()
        else if (step.kind === 'clear') {
          cache.clear()
          expected.clear()
        } else {
          const shared = await cache.take(step.key, null, step)
          await settled()
          expect(shared.value).toBe(expected.take(step.key, step.uses, step.bytes, clock.now()))
          expect(disposed.get(shared.value)).toBe(false)
          if (step.keep) leases.push(shared)
          else shared.release()
        }
        expect(disposed.size).toBe(expected.made())
        expect(cache.size).toBe(expected.ids().length)
        const held = new Set([...expected.ids(), ...leases.map(({ value }) => value)])
        for (const [id, gone] of disposed) expect({ id, gone }).toEqual({ id, gone: !held.has(id) })
      }
    }),
    { numRuns: 300 },
  )
})
