import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import { codeOf, hasCode, heldBytes, isAtOnce, longName } from '@glassine/test-support'
import { describe, expect, it } from '@jest/globals'
import { Cache } from '../src/cache.ts'
import { serialiseContext } from '../src/encryption-context.ts'
import { fault } from '../src/errors.ts'
import { RefCounted } from '../src/lease.ts'
import { NegativeCache } from '../src/negative-cache.ts'

const context = serialiseContext({ tenant: 't-1' })

describe('within `cacheStaleIfError`, a failing source does not stop requests:', () => {
  const setUp = async (broken: () => Promise<never>) => {
    let at = 1_000_000
    let isBroken = false
    let calls = 0
    const inner = localKeyring()
    const keyring = {
      ...inner,
      generate: (request: never) => {
        calls++
        return isBroken ? broken() : inner.generate(request)
      },
    }
    const keys = keyMaterial({
      keyring,
      cacheExpiry: 60_000,
      cacheStaleIfError: 600_000,
      timeout: 10_000,
      now: () => at,
    })
    const ask = async (deadline?: number): Promise<void> => {
      const key = await keys.encryptionKey({
        suite: 0x0478,
        context,
        messages: 1,
        bytes: 1,
        ...(deadline !== undefined && { deadline }),
      })
      key.release()
    }
    await ask()
    isBroken = true
    at += 61_000
    return { ask, keys, pass: (ms: number) => (at += ms), now: () => at, calls: () => calls }
  }
  const hanging = () => new Promise<never>(() => {})

  it('a source that hangs delays the first request briefly, and later ones not at all', async () => {
    const { ask } = await setUp(hanging)
    const first = ask()
    expect(await isAtOnce(first)).toBe(false)
    await first
    for (let n = 0; n < 20; n++) expect(await isAtOnce(ask())).toBe(true)
  })

  it('a request whose deadline has passed is served too', async () => {
    const { ask, now } = await setUp(hanging)
    expect(await isAtOnce(ask(now() - 1))).toBe(true)
    // The time that is left ends the wait, which is 400 ms otherwise.
    await ask(now() + 1)
  })

  it('a source that fails at once is not called for every request', async () => {
    const { ask, calls } = await setUp(() => Promise.reject(fault('ERR_KEY_UNAVAILABLE')))
    for (let n = 0; n < 20; n++) await ask()
    expect(calls()).toBe(2)
  })

  it('a refusal ends the grace', async () => {
    const { ask, pass } = await setUp(() => Promise.reject(fault('ERR_KEY_DENIED')))
    expect(await codeOf(() => ask())).toBe('ERR_KEY_DENIED')
    pass(10_000)
    expect(await codeOf(() => ask())).toBe('ERR_KEY_DENIED')
  })

  it('the grace ends at its limit', async () => {
    const { ask, pass } = await setUp(() => Promise.reject(fault('ERR_KEY_UNAVAILABLE')))
    await ask()
    pass(600_000)
    expect(await codeOf(() => ask())).toBe('ERR_KEY_UNAVAILABLE')
  })
})

describe('data from strangers is not kept', () => {
  it('a refusal keeps only a hash, until it expires', () => {
    const refused = new NegativeCache(5_000, 1_000)
    const add = (n: number) => refused.add(longName(n, 100_000), fault('ERR_DECRYPT_FAILED'), n)
    const held = heldBytes(() => {
      for (let n = 0; n < 1_000; n++) add(n)
    })
    // The names together are 100 MB.
    expect(held).toBeLessThan(20_000_000)
    expect(refused.get(longName(999, 100_000), 1_000)).toEqual(hasCode('ERR_DECRYPT_FAILED'))
    expect(refused.get(`${999}x`, 1_000)).toBeUndefined()
    expect(refused.size).toBe(1_000)
    refused.add('another', fault('ERR_DECRYPT_FAILED'), 7_000)
    expect(refused.size).toBe(1)
  })
})

describe('a miss does not walk entries', () => {
  it('that are still valid, and drops all expired ones', async () => {
    let at = 0
    const options = {
      expiry: 1_000,
      maxUses: 9,
      maxBytes: 9,
      maxEntries: 10_000,
      staleIfError: 0,
      refusals: 0,
      timeout: 100,
      now: () => at,
    }
    let disposed = 0
    const cache = new Cache<void, number>(options, async () => new RefCounted(1, () => void disposed++))
    const take = async (key: string) => (await cache.take(key, undefined, { uses: 0, bytes: 0 })).release()
    for (let n = 0; n < 1_000; n++) {
      at = n
      await take(`k${n}`)
    }
    expect([cache.size, disposed]).toEqual([1_000, 0])
    at = 1_500
    await take('new')
    // Born from 0 to 500, and as old as they may get.
    expect([cache.size, disposed]).toEqual([500, 501])
    // After the clock was set back, the age of the others is unknown.
    at = 100
    await take('newer')
    expect(cache.size).toBe(1)
  })
})
