/** What strangers send costs little, is not kept, and takes nothing from others. */
import { type DecryptionKeyRequest, type EncryptedDataKey, keyMaterial } from '@glassine/keys'
import { serialiseContext } from '@glassine/keys/internal'
import { codeOf, hasCode, settled, standingClock } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { boundedMap } from '../src/bounded-map.ts'
import { Cache } from '../src/cache.ts'
import { fault } from '../src/errors.ts'
import { decryptionId, decryptionIds, partitionOf } from '../src/key-request.ts'
import { RefCounted } from '../src/lease.ts'
import { fakeKeyring, gate } from './support/fake-keyring.ts'

const suite = 0x0478
const context = serialiseContext({ tenant: 't-1' })

const wrapped = (ciphertext: Buffer): EncryptedDataKey => ({
  providerId: 'fake',
  providerInfo: Buffer.alloc(0),
  ciphertext,
})

describe('ids of decryption keys', () => {
  test('have one length, however long the header is that they stand for', () => {
    const idOf = (bytes: number) =>
      decryptionId(partitionOf('k'), { suite, context, encryptedDataKeys: [wrapped(Buffer.alloc(bytes))] })
    expect([1, 100, 60_000].map((bytes) => idOf(bytes).length)).toEqual([32, 32, 32])
    expect(new Set([1, 100, 60_000].map(idOf)).size).toBe(3)
  })

  test('of a list that can be changed are made anew, and of a frozen one for each kind of request', () => {
    const idOf = decryptionIds(partitionOf('k'))
    const list = [wrapped(Buffer.from('a'))]
    const first = idOf({ suite, context, encryptedDataKeys: list })
    list[0] = wrapped(Buffer.from('b'))
    expect(idOf({ suite, context, encryptedDataKeys: list })).not.toBe(first)
    const frozen = Object.freeze([wrapped(Buffer.from('a'))])
    const ids = [
      {},
      { tenant: 't' },
      { suite: 0x0578 },
      { length: 16 },
      { context: serialiseContext({ tenant: 't-2' }) },
    ].map((change) => idOf({ suite, context, encryptedDataKeys: frozen, ...change }))
    expect(ids[0]).toBe(first)
    expect(new Set(ids).size).toBe(5)
  })
})

describe('refusals', () => {
  const setUp = (cacheMaxEntries?: number) => {
    const clock = standingClock()
    const keyring = fakeKeyring()
    const keys = keyMaterial({ keyring, now: clock.now, ...(cacheMaxEntries && { cacheMaxEntries }) })
    const ask = (n: number) =>
      codeOf(keys.decryptionKey({ suite, context, encryptedDataKeys: [wrapped(Buffer.from(`${n}`))] }))
    return { clock, keyring, ask }
  }

  test('are remembered for a minute by default', async () => {
    const { clock, keyring, ask } = setUp()
    expect([await ask(1), await ask(1)]).toEqual(['ERR_DECRYPT_FAILED', 'ERR_DECRYPT_FAILED'])
    clock.advance(59_999)
    await ask(1)
    expect(keyring.unwrapped).toHaveLength(1)
    clock.advance(1)
    await ask(1)
    expect(keyring.unwrapped).toHaveLength(2)
  })

  test('are 1,000 at most, however many keys are cached', async () => {
    const { keyring, ask } = setUp(100_000)
    for (let n = 0; n <= 1_000; n++) await ask(n)
    await ask(1)
    expect(keyring.unwrapped).toHaveLength(1_001)
    await ask(0)
    expect(keyring.unwrapped).toHaveLength(1_002)
  })
})

describe('a key whose header a stranger may have written', () => {
  const setUp = async () => {
    const clock = standingClock()
    const keyring = fakeKeyring()
    const writer = keyMaterial({ keyring, now: clock.now })
    const keys = keyMaterial({ keyring, now: clock.now })
    const lease = await writer.encryptionKey({ suite, context, messages: 1, bytes: 1 })
    const { encryptedDataKeys } = lease
    const admissions: (() => void)[] = []
    const spent: number[] = []
    const limit = { most: Number.POSITIVE_INFINITY }
    const unproven = {
      spend: () => {
        if (spent.push(1) > limit.most) throw fault('ERR_BUDGET_EXCEEDED')
      },
      fetched: (admit: () => void) => void admissions.push(admit),
    }
    const request: DecryptionKeyRequest = { suite, context, encryptedDataKeys, unproven }
    return { clock, keyring, keys, request, admissions, spent, limit, bytes: Buffer.from(lease.bytes) }
  }

  test('is cached when it has opened something, and not before', async () => {
    const { keyring, keys, request, admissions, spent, bytes } = await setUp()
    const first = await keys.decryptionKey(request)
    expect(first.bytes.equals(bytes)).toBe(true)
    expect(keys.stats().entries).toBe(0)
    first.release()
    const second = await keys.decryptionKey(request)
    expect(keyring.unwrapped).toHaveLength(2)
    admissions[1]!()
    second.release()
    expect(keys.stats().entries).toBe(1)
    const third = await keys.decryptionKey(request)
    expect(third.bytes.equals(bytes)).toBe(true)
    expect(keyring.unwrapped).toHaveLength(2)
    // One that is cached was neither fetched nor paid for.
    expect([admissions.length, spent.length]).toEqual([2, 2])
  })

  test('is zeroed when it has opened nothing, and cannot be admitted after that', async () => {
    const { keyring, keys, request, admissions } = await setUp()
    const lease = await keys.decryptionKey(request)
    lease.release()
    expect(keyring.given.at(-1)!.every((byte) => byte === 0)).toBe(true)
    admissions[0]!()
    expect(keys.stats().entries).toBe(0)
  })

  test('is not admitted after clear()', async () => {
    const { keys, request, admissions } = await setUp()
    const lease = await keys.decryptionKey(request)
    keys.clear()
    admissions[0]!()
    expect(keys.stats().entries).toBe(0)
    lease.release()
  })

  test('is fetched once for all who wait, and admitted once', async () => {
    const { keyring, keys, request, admissions } = await setUp()
    const leases = await Promise.all(Array.from({ length: 50 }, () => keys.decryptionKey(request)))
    expect(keyring.unwrapped).toHaveLength(1)
    expect(admissions).toHaveLength(50)
    for (const admit of admissions) admit()
    expect(keys.stats().entries).toBe(1)
    for (const lease of leases) lease.release()
    expect((await keys.decryptionKey(request)).bytes).toBeDefined()
    expect(keyring.unwrapped).toHaveLength(1)
  })

  test('once admitted is refreshed without another proof', async () => {
    const { clock, keyring, keys, request, admissions } = await setUp()
    const lease = await keys.decryptionKey(request)
    admissions[0]!()
    lease.release()
    clock.advance(250_000)
    ;(await keys.decryptionKey(request)).release()
    await settled()
    clock.advance(100_000)
    ;(await keys.decryptionKey(request)).release()
    expect(keyring.unwrapped).toHaveLength(2)
  })

  test('is cached for a caller who vouches for it, also when he waited for the call of another', async () => {
    const { keys, keyring, request } = await setUp()
    const { unproven: _, ...vouched } = request
    const leases = await Promise.all([keys.decryptionKey(request), keys.decryptionKey(vouched)])
    expect(keys.stats().entries).toBe(1)
    for (const lease of leases) lease.release()
    ;(await keys.decryptionKey(request)).release()
    expect(keyring.unwrapped).toHaveLength(1)
  })

  test("a sender's limit is his alone: it is not remembered, and those who waited may come again", async () => {
    const { keys, keyring, request, limit } = await setUp()
    limit.most = 0
    const { unproven: _, ...vouched } = request
    const codes = await Promise.all(
      [request, vouched].map((one) => codeOf(keys.decryptionKey(one).then((lease) => lease.release()))),
    )
    expect(codes).toEqual(['ERR_BUDGET_EXCEEDED', 'ERR_KEY_UNAVAILABLE'])
    expect(keyring.unwrapped).toHaveLength(0)
    ;(await keys.decryptionKey(vouched)).release()
    expect(keyring.unwrapped).toHaveLength(1)
  })
})

describe('a share of a cache', () => {
  const setUp = (maxEntries: number) => {
    const loads: string[] = []
    const cache = new Cache<string, string>(
      {
        expiry: 1_000,
        maxUses: Number.MAX_SAFE_INTEGER,
        maxBytes: Number.MAX_SAFE_INTEGER,
        maxEntries,
        staleIfError: 0,
        refusals: 0,
        timeout: 1_000,
        now: () => 0,
        ownerOf: (key) => key.slice(0, key.indexOf('-')),
      },
      async (key) => {
        loads.push(key)
        return new RefCounted(key, () => {})
      },
    )
    const use = async (owner: string, from: number, to: number) => {
      const before = loads.length
      for (let n = from; n < to; n++) {
        const key = `${owner}-${n}`
        ;(await cache.take(key, key, { uses: 1, bytes: 1 })).release()
      }
      return loads.length - before
    }
    return { cache, use }
  }

  test('an owner over his share loses his own entries, the least recently used first', async () => {
    const { cache, use } = setUp(100)
    await use('others', 0, 25)
    await use('evil', 0, 75)
    await use('evil', 0, 1)
    expect(await use('evil', 1_000, 1_010)).toBe(10)
    expect(cache.size).toBe(100)
    expect(await use('others', 0, 25)).toBe(0)
    expect(await use('evil', 0, 1)).toBe(0)
    expect(await use('evil', 1, 2)).toBe(1)
  })

  test('10,000 keys of one owner evict none of others who are within theirs', async () => {
    const { use } = setUp(1_000)
    for (let tenant = 0; tenant < 300; tenant++) await use(`t${tenant}`, 0, 2)
    await use('evil', 0, 10_000)
    for (let tenant = 0; tenant < 300; tenant++) expect(await use(`t${tenant}`, 0, 2)).toBe(0)
  })

  test('one who comes later gets his share from the owner who has too much', async () => {
    const { use } = setUp(100)
    await use('evil', 0, 100)
    await use('late', 0, 25)
    expect(await use('late', 0, 25)).toBe(0)
    // Still cached: what the others have left over.
    expect(await use('evil', 99, 100)).toBe(0)
  })

  test('as long as there is room, one owner may have it all', async () => {
    const { use } = setUp(100)
    await use('only', 0, 100)
    expect(await use('only', 0, 100)).toBe(0)
  })

  test('is 16 entries at least', async () => {
    const { use } = setUp(32)
    await use('small', 0, 16)
    await use('evil', 0, 100)
    expect(await use('small', 0, 16)).toBe(0)
  })

  test('counts what is there, and not what has gone', async () => {
    const { cache, use } = setUp(64)
    for (let turn = 0; turn < 5; turn++) {
      await use('a', 0, 64)
      cache.clear()
    }
    await use('b', 0, 16)
    await use('a', 0, 48)
    await use('c', 0, 16)
    expect(await use('b', 0, 16)).toBe(0)
    expect(await use('c', 0, 16)).toBe(0)
  })

  test('is kept in maps of what can be computed again, too', () => {
    const map = boundedMap<number>(100)
    for (let n = 0; n < 25; n++) map.set(`other-${n}`, n, 'other')
    for (let n = 0; n < 1_000; n++) map.set(`evil-${n}`, n, 'evil')
    expect(map.size).toBe(100)
    expect(Array.from({ length: 25 }, (_, n) => map.get(`other-${n}`))).toEqual([...Array(25).keys()])
    expect(map.get('evil-999')).toBe(999)
    map.delete('evil-999')
    map.set('other-0', 7, 'other')
    expect([map.get('evil-999'), map.get('other-0'), map.size]).toEqual([undefined, 7, 99])
  })
})

test('a call that ends after its caller has left is not cached unproven', async () => {
  const clock = standingClock()
  const keyring = fakeKeyring()
  const lease = await keyMaterial({ keyring }).encryptionKey({ suite, context, messages: 1, bytes: 1 })
  const keys = keyMaterial({ keyring, now: clock.now })
  const hold = gate()
  keyring.before = () => hold.passed
  const late = keys.decryptionKey({
    suite,
    context,
    encryptedDataKeys: lease.encryptedDataKeys,
    deadline: clock.now() + 5,
    unproven: { spend: () => {}, fetched: () => {} },
  })
  await expect(late).rejects.toThrow(hasCode('ERR_KEY_UNAVAILABLE'))
  hold.open()
  await settled()
  expect(keys.stats().entries).toBe(0)
  expect(keyring.given.at(-1)!.every((byte) => byte === 0)).toBe(true)
})
