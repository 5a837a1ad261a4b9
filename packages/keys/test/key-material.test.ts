import { inspect } from 'node:util'
import { GlassineError } from '@glassine/core'
import {
  type DataKey,
  type DecryptionKeyRequest,
  type EncryptionKeyRequest,
  type KeyMaterialOptions,
  keyMaterial,
} from '@glassine/keys'
import { serialiseContext } from '@glassine/keys/internal'
import { hasCode, isZero, standingClock } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { fakeKeyring, gate } from './support/fake-keyring.ts'

const suite = 0x0478
const context = serialiseContext({ tenant: 't-1' })
const one: EncryptionKeyRequest = { suite, context, messages: 1, bytes: 100 }
const reading = (key: DataKey, more?: Partial<DecryptionKeyRequest>): DecryptionKeyRequest => ({
  suite,
  context,
  encryptedDataKeys: key.encryptedDataKeys,
  ...more,
})

const setUp = (options?: Partial<KeyMaterialOptions>) => {
  const clock = standingClock()
  const keyring = fakeKeyring()
  return { clock, keyring, keys: keyMaterial({ keyring, now: clock.now, ...options }) }
}

describe('encryptionKey', () => {
  test('a warm request calls no keyring and leases the same key', async () => {
    const { keys, keyring } = setUp()
    const first = await keys.encryptionKey(one)
    const second = await keys.encryptionKey(one)
    expect(second.bytes).toBe(first.bytes)
    expect(second.identity).toBe(first.identity)
    expect(keyring.generated).toHaveLength(1)
    expect(keyring.generated[0]).toMatchObject({ suite, context, length: 32 })
    expect(keys.stats()).toMatchObject({ hits: 1, misses: 1 })
  })

  test('50 cold requests at once make one call', async () => {
    const { keys, keyring } = setUp()
    const leases = await Promise.all(Array.from({ length: 50 }, () => keys.encryptionKey(one)))
    expect(keyring.generated).toHaveLength(1)
    expect(new Set(leases.map(({ identity }) => identity)).size).toBe(1)
    expect(keys.stats()).toMatchObject({ misses: 50, joined: 49 })
  })

  test.each([
    ['tenant', { tenant: 't' }],
    ['tenant that is empty', { tenant: '' }],
    ['suite', { suite: 0x0578 }],
    ['encryption context', { context: serialiseContext({ tenant: 't-2' }) }],
  ])('another %s gets another key', async (_what, difference) => {
    const { keys, keyring } = setUp()
    const first = await keys.encryptionKey(one)
    const second = await keys.encryptionKey({ ...one, ...difference })
    expect(second.bytes.equals(first.bytes)).toBe(false)
    expect(keyring.generated).toHaveLength(2)
  })

  test("the keyring gets the tenant and the caller's deadline", async () => {
    const { keys, keyring, clock } = setUp()
    await keys.encryptionKey({ ...one, tenant: 't', deadline: clock.now() + 700 })
    expect(keyring.generated[0]!.tenant).toBe('t')
    expect(keyring.generated[0]!.deadline()).toBe(clock.now() + 700)
  })

  test('`timeout` is the longest that a call may take', async () => {
    const { keys, keyring, clock } = setUp({ timeout: 400 })
    await keys.encryptionKey({ ...one, deadline: clock.now() + 900_000 })
    expect(keyring.generated[0]!.deadline()).toBe(clock.now() + 400)
  })

  test('a key is replaced before one message too many, and before one byte too many', async () => {
    const { keys, keyring } = setUp({ cacheMaxUses: 10, cacheMaxBytes: 1_000 })
    const first = await keys.encryptionKey({ ...one, messages: 7, bytes: 0 })
    const second = await keys.encryptionKey({ ...one, messages: 4, bytes: 0 })
    expect(second.identity).not.toBe(first.identity)
    const third = await keys.encryptionKey({ ...one, messages: 0, bytes: 1_000 })
    expect(third.identity).toBe(second.identity)
    const fourth = await keys.encryptionKey({ ...one, messages: 0, bytes: 1 })
    expect(fourth.identity).not.toBe(third.identity)
    // One each, and one that was fetched ahead at 80 % or more of the uses or bytes.
    expect(keyring.generated.length).toBeGreaterThanOrEqual(3)
  })

  test('50 cold requests that exceed one key get as many keys as they need', async () => {
    const { keys, keyring } = setUp({ cacheMaxUses: 10 })
    const leases = await Promise.all(Array.from({ length: 50 }, () => keys.encryptionKey(one)))
    const uses = new Map<object, number>()
    for (const { identity } of leases) uses.set(identity, (uses.get(identity) ?? 0) + 1)
    expect([...uses.values()]).toEqual([10, 10, 10, 10, 10])
    expect(keyring.generated).toHaveLength(5)
  })

  test.each([
    ['messages', { messages: 11 }],
    ['messages', { messages: -1 }],
    ['messages', { messages: Number.NaN }],
    ['bytes', { bytes: 1_001 }],
    ['bytes', { bytes: -1 }],
    ['bytes', { bytes: Number.POSITIVE_INFINITY }],
  ])('%s beyond the limit of any key are refused before a call: %o', async (_what, difference) => {
    const { keys, keyring } = setUp({ cacheMaxUses: 10, cacheMaxBytes: 1_000 })
    await expect(keys.encryptionKey({ ...one, ...difference })).rejects.toThrow(hasCode('ERR_TOO_LARGE'))
    expect(keyring.generated).toHaveLength(0)
  })

  test('a key used up for encryption still decrypts without a call', async () => {
    const { keys, keyring } = setUp({ cacheMaxUses: 1 })
    const first = await keys.encryptionKey(one)
    const bytes = Buffer.from(first.bytes)
    await keys.encryptionKey(one)
    first.release()
    const read = await keys.decryptionKey(reading(first))
    expect(read.bytes.equals(bytes)).toBe(true)
    expect(keyring.unwrapped).toHaveLength(0)
  })
})

describe('decryptionKey', () => {
  test('a generated key is used for decryption, from the same memory', async () => {
    const { keys, keyring } = setUp()
    const made = await keys.encryptionKey(one)
    const read = await keys.decryptionKey(reading(made))
    expect(read.identity).toBe(made.identity)
    expect(keyring.unwrapped).toHaveLength(0)
  })

  test('unwraps once, and copies the encrypted data keys out of the message', async () => {
    const { keys, keyring } = setUp()
    const made = await keyring.generate({ suite, context, length: 32, deadline: () => 0 })
    const message = Buffer.concat([Buffer.alloc(1_000), made.encryptedDataKeys[0]!.ciphertext])
    const encryptedDataKeys = [{ ...made.encryptedDataKeys[0]!, ciphertext: message.subarray(1_000) }]
    const request = { suite, context, encryptedDataKeys }
    const leases = await Promise.all([keys.decryptionKey(request), keys.decryptionKey(request)])
    leases.push(await keys.decryptionKey(request))
    expect(keyring.unwrapped).toHaveLength(1)
    for (const { bytes } of leases) expect(bytes.equals(made.dataKey)).toBe(true)
    const before = Buffer.from(encryptedDataKeys[0]!.ciphertext)
    message.fill(0)
    expect(leases[0]!.encryptedDataKeys[0]!.ciphertext.equals(before)).toBe(true)
    expect(leases[0]!.encryptedDataKeys[0]!.ciphertext.buffer.byteLength).toBe(16)
  })

  test.each([
    ['tenant', { tenant: 't' }],
    ['suite', { suite: 0x0578 }],
    ['encryption context', { context: serialiseContext({ tenant: 't-2' }) }],
    ['length', { length: 16 }],
  ])('another %s does not find the cached key', async (_what, difference) => {
    const { keys, keyring } = setUp()
    const made = await keys.encryptionKey(one)
    await keys.decryptionKey(reading(made, difference)).catch(() => {})
    expect(keyring.unwrapped).toHaveLength(1)
    expect(keyring.unwrapped[0]).toMatchObject(difference)
  })

  test('a key that the keyring cannot unwrap is one refusal, remembered for a while', async () => {
    const { keys, keyring, clock } = setUp({ cacheRefusals: 5_000 })
    const encryptedDataKeys = [
      { providerId: 'fake', providerInfo: Buffer.alloc(1), ciphertext: Buffer.from('forged') },
    ]
    const request = { suite, context, encryptedDataKeys }
    for (let n = 0; n < 10; n++)
      await expect(keys.decryptionKey(request)).rejects.toThrow(hasCode('ERR_DECRYPT_FAILED'))
    expect(keyring.unwrapped).toHaveLength(1)
    expect(keys.stats()).toMatchObject({ refused: 9, errors: 1 })
    clock.advance(5_000)
    await expect(keys.decryptionKey(request)).rejects.toThrow(hasCode('ERR_DECRYPT_FAILED'))
    expect(keyring.unwrapped).toHaveLength(2)
  })

  test('a request without encrypted data keys is refused without a call', async () => {
    const { keys, keyring } = setUp()
    await expect(keys.decryptionKey({ suite, context, encryptedDataKeys: [] })).rejects.toThrow(
      hasCode('ERR_DECRYPT_FAILED'),
    )
    expect(keyring.unwrapped).toHaveLength(0)
  })
})

describe('what a keyring returns is checked', () => {
  const edk = { providerId: 'p', providerInfo: Buffer.alloc(1), ciphertext: Buffer.alloc(1) }
  test.each([
    ['nothing', undefined],
    ['no data key', { encryptedDataKeys: [edk] }],
    ['a short data key', { dataKey: Buffer.alloc(16, 7), encryptedDataKeys: [edk] }],
    ['a text', { dataKey: 'x'.repeat(32), encryptedDataKeys: [edk] }],
    ['no encrypted data keys', { dataKey: Buffer.alloc(32, 7) }],
    ['an empty list', { dataKey: Buffer.alloc(32, 7), encryptedDataKeys: [] }],
  ])('generate: %s', async (_what, response) => {
    const keyring = { ...fakeKeyring(), generate: async () => response as never }
    await expect(keyMaterial({ keyring }).encryptionKey(one)).rejects.toThrow(hasCode('ERR_KEY_UNAVAILABLE'))
    const dataKey = (response as { dataKey?: unknown } | undefined)?.dataKey
    if (Buffer.isBuffer(dataKey)) expect(isZero(dataKey)).toBe(true)
  })

  test('unwrap: a data key of the wrong length is zeroed and refused', async () => {
    const dataKey = Buffer.alloc(16, 7)
    const keyring = { ...fakeKeyring(), unwrap: async () => dataKey }
    await expect(
      keyMaterial({ keyring }).decryptionKey({ suite, context, encryptedDataKeys: [edk] }),
    ).rejects.toThrow(hasCode('ERR_KEY_UNAVAILABLE'))
    expect(isZero(dataKey)).toBe(true)
  })

  test('the message and properties of any error of a keyring stay inside', async () => {
    const thrown = Object.assign(new TypeError('canary-message'), { $response: { body: 'canary-body' } })
    const keyring = { ...fakeKeyring(), generate: () => Promise.reject(thrown) }
    const error = await keyMaterial({ keyring })
      .encryptionKey(one)
      .catch((error: unknown) => error)
    expect(error).toBeInstanceOf(GlassineError)
    expect(error).toMatchObject({ code: 'ERR_KEY_UNAVAILABLE', statusCode: 503 })
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain('canary')
    expect((error as GlassineError).cause.reason).toContain('TypeError')
  })

  test('all callers that waited for one failure get their own error', async () => {
    const keyring = fakeKeyring()
    keyring.before = () => Promise.reject(new Error('down'))
    const keys = keyMaterial({ keyring })
    const responses = await Promise.allSettled([keys.encryptionKey(one), keys.encryptionKey(one)])
    const [first, second] = responses.map((response) => (response as PromiseRejectedResult).reason)
    expect(keyring.generated).toHaveLength(1)
    expect(first).not.toBe(second)
  })
})

describe('leases and zeroing', () => {
  test('a key on lease outlives clear() and is zeros after the last release', async () => {
    const { keys, keyring } = setUp()
    const first = await keys.encryptionKey(one)
    const second = await keys.decryptionKey(reading(first))
    const memory = keyring.given[0]!
    keys.clear()
    expect(keys.stats().entries).toBe(0)
    first.release()
    first.release()
    expect(isZero(memory)).toBe(false)
    second.release()
    expect(isZero(memory)).toBe(true)
  })

  test('a key without a lease is zeroed at once', async () => {
    const { keys, keyring } = setUp()
    const key = await keys.encryptionKey(one)
    key.release()
    expect(isZero(keyring.given[0]!)).toBe(false)
    keys.clear()
    expect(isZero(keyring.given[0]!)).toBe(true)
  })

  test('a released lease returns no bytes: they may be zeros, a key that anyone can guess', async () => {
    const { keys } = setUp()
    const key = await keys.encryptionKey(one)
    key.release()
    expect(() => key.bytes).toThrow(hasCode('ERR_KEY_UNAVAILABLE'))
    expect(key.encryptedDataKeys).toHaveLength(1)
  })

  test('an expired key is zeroed at the next miss of any other', async () => {
    const { keys, keyring, clock } = setUp({ cacheExpiry: 1_000 })
    ;(await keys.encryptionKey(one)).release()
    clock.advance(1_000)
    expect(isZero(keyring.given[0]!)).toBe(false)
    ;(await keys.encryptionKey({ ...one, tenant: 'other' })).release()
    expect(isZero(keyring.given[0]!)).toBe(true)
  })

  test('a key that arrives after clear() is leased but cached on neither side', async () => {
    const { keys, keyring } = setUp()
    const hold = gate()
    keyring.before = () => hold.passed
    const pending = keys.encryptionKey(one)
    keys.clear()
    hold.open()
    const key = await pending
    expect(keys.stats().entries).toBe(0)
    key.release()
    expect(isZero(keyring.given[0]!)).toBe(true)
  })

  test('neither inspection nor serialisation shows a key', async () => {
    const { keys, keyring } = setUp()
    const key = await keys.encryptionKey(one)
    const shown =
      inspect([keys, key, key.identity], { depth: null, showHidden: true, getters: true }) +
      JSON.stringify([keys, key, key.identity, { ...key }]) +
      Object.keys(key).join()
    const hex = keyring.given[0]!.toString('hex')
    expect(shown.replaceAll(' ', '')).not.toContain(hex.slice(0, 12))
    expect(Object.keys(key)).toEqual([])
  })
})

test('10,000 interleaved requests of two tenants share nothing', async () => {
  const { keys, keyring, clock } = setUp({ cacheMaxUses: 97, cacheExpiry: 50, cacheMaxEntries: 7 })
  const contexts = new Map([
    ['a', serialiseContext({ tenant: 'a' })],
    ['b', serialiseContext({ tenant: 'b' })],
  ])
  const owner = new Map<string, string>()
  const work = async (n: number) => {
    const tenant = n % 2 === 0 ? 'a' : 'b'
    const context = contexts.get(tenant)!
    if (n % 10 === 0) clock.advance(1)
    const key = await keys.encryptionKey({ suite, context, tenant, messages: 1, bytes: 10 })
    const read = await keys.decryptionKey({
      suite,
      context,
      tenant,
      encryptedDataKeys: key.encryptedDataKeys,
    })
    const hex = key.bytes.toString('hex')
    expect(read.bytes.toString('hex')).toBe(hex)
    expect(isZero(key.bytes)).toBe(false)
    expect(owner.get(hex) ?? tenant).toBe(tenant)
    owner.set(hex, tenant)
    key.release()
    read.release()
  }
  for (let start = 0; start < 10_000; start += 100)
    await Promise.all(Array.from({ length: 100 }, (_, n) => work(start + n)))
  for (const { context, tenant } of [...keyring.generated, ...keyring.unwrapped])
    expect(context.pairs.tenant).toBe(tenant)
  keys.clear()
  expect(keyring.given.length).toBeGreaterThanOrEqual(20)
  expect(keyring.given.every(isZero)).toBe(true)
})

describe('options', () => {
  const keyring = fakeKeyring()
  test.each([
    ['keyring', {}],
    ['keyring', { keyring: { id: 'x' } }],
    ['keyring', { keyring: { ...keyring, id: '' } }],
    ['cacheExpiry', { keyring, cacheExpiry: -1 }],
    ['cacheExpiry', { keyring, cacheExpiry: Number.POSITIVE_INFINITY }],
    ['cacheMaxUses', { keyring, cacheMaxUses: 0 }],
    ['cacheMaxUses', { keyring, cacheMaxUses: 2 ** 32 + 1 }],
    ['cacheMaxBytes', { keyring, cacheMaxBytes: 2 ** 36 + 1 }],
    ['cacheMaxEntries', { keyring, cacheMaxEntries: 1.5 }],
    ['cacheStaleIfError', { keyring, cacheStaleIfError: '5' }],
    ['cacheRefusals', { keyring, cacheRefusals: -5 }],
    ['timeout', { keyring, timeout: 0 }],
    ['now', { keyring, now: 5 }],
    ['cacheExpire', { keyring, cacheExpire: 5 }],
  ])('%s is refused at construction', (option, options) => {
    expect(() => keyMaterial(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', cause: { package: '@glassine/keys', option } }),
    )
  })

  test('a cacheExpiry of -1, for ever in Middy, is refused because a data key must expire', () => {
    expect(() => keyMaterial({ keyring, cacheExpiry: -1 })).toThrow(/a data key must expire/)
  })

  test('2^32 messages are allowed', () => {
    expect(() => keyMaterial({ keyring, cacheMaxUses: 2 ** 32 })).not.toThrow()
  })

  test('construction does not call the keyring, so it can be at module scope', () => {
    const quiet = fakeKeyring()
    keyMaterial({ keyring: quiet })
    expect([...quiet.generated, ...quiet.unwrapped]).toEqual([])
  })

  test('a cacheExpiry of 0 caches no key', async () => {
    const { keys, keyring } = setUp({ cacheExpiry: 0 })
    ;(await keys.encryptionKey(one)).release()
    ;(await keys.encryptionKey(one)).release()
    expect(keyring.generated).toHaveLength(2)
    expect(keys.stats().entries).toBe(0)
  })
})
