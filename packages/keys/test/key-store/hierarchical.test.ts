import { inspect } from 'node:util'
import { GlassineError } from '@glassine/core'
import { type EncryptedDataKey, keyMaterial, multiKeyring } from '@glassine/keys'
import { serialiseContext } from '@glassine/keys/internal'
import { hierarchicalKeyring } from '@glassine/keys/key-store'
import { rawAesKeyring } from '@glassine/keys/raw-aes'
import { branchKeySource, hasCode, isZero, standingClock } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { gate } from '../support/fake-keyring.ts'

const context = serialiseContext({ tenant: 't-1' })
const request = { suite: 0x0478, context, deadline: () => Date.now() + 5_000, length: 32 }
const forTenant = (tenant: string) => ({ ...request, context: serialiseContext({ tenant }) })

const setUp = (options: object = {}) => {
  const source = branchKeySource()
  const first = source.add('tenant-t-1')
  const clock = standingClock(Date.now())
  const keyring = hierarchicalKeyring({
    keyStore: source,
    branchKeyId: ({ tenant }) => `tenant-${tenant}`,
    now: clock.now,
    ...options,
  })
  return { source, first, keyring, clock }
}

const unavailable = () => new GlassineError('ERR_KEY_UNAVAILABLE', { package: 'test' })
const refused = () => new GlassineError('ERR_DECRYPT_FAILED', { package: 'test', message: 'Not there' })

describe('cache', () => {
  test('1,000 data keys, wrapped and unwrapped, cost one call', async () => {
    const { source, keyring } = setUp()
    for (let n = 0; n < 1_000; n++) {
      const { dataKey, encryptedDataKeys } = await keyring.generate(request)
      const opened = await keyring.unwrap({ ...request, encryptedDataKeys })
      expect(opened?.equals(dataKey)).toBe(true)
    }
    expect(source.calls).toEqual(['active tenant-t-1'])
    expect(keyring.stats()).toMatchObject({ misses: 1, hits: 1_999, entries: 2 })
  })

  test('1,000 at once join one call', async () => {
    const { source, keyring } = setUp()
    const hold = gate()
    source.before = () => hold.passed
    const all = Array.from({ length: 1_000 }, () => keyring.generate(request))
    hold.open()
    await Promise.all(all)
    expect(source.calls).toEqual(['active tenant-t-1'])
  })

  test('each tenant has a branch key, each version its own entry', async () => {
    const { source, keyring } = setUp()
    source.add('tenant-t-2')
    const one = await keyring.generate(request)
    const two = await keyring.generate(forTenant('t-2'))
    expect(one.encryptedDataKeys[0]!.providerInfo.toString()).toBe('tenant-t-1')
    expect(two.encryptedDataKeys[0]!.providerInfo.toString()).toBe('tenant-t-2')
    const { encryptedDataKeys } = one
    expect(await keyring.unwrap({ ...forTenant('t-2'), encryptedDataKeys })).toBeUndefined()
    expect(await keyring.unwrap({ ...request, encryptedDataKeys })).toHaveLength(32)
    expect(source.calls).toEqual(['active tenant-t-1', 'active tenant-t-2'])
  })

  test('a rotation is seen after the expiry; data keys wrapped by the old version can still be unwrapped', async () => {
    const { source, keyring, clock, first } = setUp({ cacheExpiry: 1_000 })
    const old = await keyring.generate(request)
    const next = source.add('tenant-t-1')
    const versionIn = ({ encryptedDataKeys: [one] }: { encryptedDataKeys: readonly EncryptedDataKey[] }) =>
      one!.ciphertext.subarray(28, 44).toString('hex')
    const hex = (version: string) => version.replaceAll('-', '')
    expect(versionIn(await keyring.generate(request))).toBe(hex(first.version))
    clock.advance(1_000)
    expect(versionIn(await keyring.generate(request))).toBe(hex(next.version))
    const { encryptedDataKeys } = old
    expect(await keyring.unwrap({ ...request, encryptedDataKeys })).toHaveLength(32)
    expect(source.calls).toEqual([
      'active tenant-t-1',
      'active tenant-t-1',
      `version tenant-t-1 ${first.version}`,
    ])
  })

  test('the active key is refreshed ahead of its expiry, without a wait', async () => {
    const { source, keyring, clock } = setUp({ cacheExpiry: 1_000 })
    await keyring.generate(request)
    clock.advance(800)
    source.before = () => new Promise(() => {})
    await keyring.generate(request)
    expect(source.calls).toHaveLength(2)
  })

  test('an expired key is used while the key store is down, for cacheStaleIfError', async () => {
    const { source, keyring, clock } = setUp({ cacheExpiry: 1_000, cacheStaleIfError: 5_000 })
    const { encryptedDataKeys } = await keyring.generate(request)
    source.before = async () => {
      throw unavailable()
    }
    clock.advance(5_999)
    const later = { ...request, deadline: () => clock.now() + 5_000 }
    await keyring.generate(later)
    expect(await keyring.unwrap({ ...later, encryptedDataKeys })).toHaveLength(32)
    clock.advance(1)
    await expect(keyring.generate(later)).rejects.toEqual(hasCode('ERR_KEY_UNAVAILABLE'))
  })

  test('clear() zeroes keys that are not in use, and a key in flight is not cached', async () => {
    const { source, keyring } = setUp()
    await keyring.generate(request)
    const hold = gate()
    source.before = () => hold.passed
    source.add('tenant-t-2')
    const late = keyring.generate(forTenant('t-2'))
    keyring.clear()
    expect(isZero(source.given[0]!)).toBe(true)
    hold.open()
    await late
    expect(isZero(source.given[1]!)).toBe(true)
    expect(keyring.stats().entries).toBe(0)
  })

  test('at most cacheMaxEntries branch keys are cached', async () => {
    const { source, keyring } = setUp({ cacheMaxEntries: 2 })
    for (const tenant of ['t-1', 't-2', 't-3', 't-4']) {
      source.add(`tenant-${tenant}`)
      await keyring.generate(forTenant(tenant))
    }
    expect(keyring.stats().entries).toBe(2)
    expect(source.given.map(isZero)).toEqual([true, true, true, false])
  })
})

describe('failures', () => {
  test.each([
    ['generate', 'ERR_ENCRYPT_FAILED'],
    ['wrap', 'ERR_ENCRYPT_FAILED'],
    ['beaconKey', 'ERR_ENCRYPT_FAILED'],
  ] as const)('%s: a refused branch key is %s', async (method, code) => {
    const { source, keyring } = setUp()
    source.before = async () => {
      throw refused()
    }
    const all = { ...request, dataKey: Buffer.alloc(32, 1) }
    await expect(keyring[method](all)).rejects.toEqual(hasCode(code, { message: 'Not there' }))
    // The refusal is remembered for a while.
    await expect(keyring[method](all)).rejects.toEqual(hasCode(code))
    expect(source.calls).toHaveLength(1)
  })

  test('unwrap: a refused version is skipped, an outage is reported, the next one is tried', async () => {
    const { source, keyring } = setUp()
    const { encryptedDataKeys } = await keyring.generate(request)
    source.add('tenant-t-1')
    keyring.clear()
    const next = await keyring.generate(request)
    keyring.clear()
    const both = [...encryptedDataKeys, ...next.encryptedDataKeys]
    source.before = async () => {
      throw refused()
    }
    expect(await keyring.unwrap({ ...request, encryptedDataKeys })).toBeUndefined()
    keyring.clear()
    source.before = async () => {
      throw unavailable()
    }
    await expect(keyring.unwrap({ ...request, encryptedDataKeys })).rejects.toEqual(
      hasCode('ERR_KEY_UNAVAILABLE'),
    )
    keyring.clear()
    let calls = 0
    source.before = async () => {
      if (++calls === 1) throw unavailable()
    }
    const opened = await keyring.unwrap({ ...request, encryptedDataKeys: both })
    expect(opened?.equals(next.dataKey)).toBe(true)
  })

  test('unwrap: a fault in the configuration outweighs a key store that is down', async () => {
    const { source, keyring } = setUp()
    const { encryptedDataKeys } = await keyring.generate(request)
    source.add('tenant-t-1')
    keyring.clear()
    const next = await keyring.generate(request)
    keyring.clear()
    const faults = [unavailable(), new GlassineError('ERR_TLS_REQUIRED', { package: 'test' })]
    source.before = async () => {
      throw faults.shift()
    }
    const both = [...encryptedDataKeys, ...next.encryptedDataKeys]
    await expect(keyring.unwrap({ ...request, encryptedDataKeys: both })).rejects.toEqual(
      hasCode('ERR_TLS_REQUIRED'),
    )
  })

  test('a foreign error shows only its name', async () => {
    const { source, keyring } = setUp()
    source.before = async () => {
      throw Object.assign(new RangeError('canary-7'), { body: 'canary-7' })
    }
    const error = await keyring.generate(request).catch((thrown: unknown) => thrown)
    expect(error).toEqual(
      hasCode('ERR_KEY_UNAVAILABLE', {
        cause: { package: '@glassine/keys', reason: 'The keyring failed with RangeError' },
      }),
    )
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain('canary-7')
  })

  test.each([
    ['another branch key', { branchKeyId: 'tenant-t-2' }],
    ['no version', { version: undefined }],
    ['a version that is no UUID', { version: 'branch:version:1' }],
    ['a version in capitals', { version: '6FB636B1-00BB-4DA7-A4C3-C0BC28DAE1FA' }],
    ['a short key', { bytes: Buffer.alloc(31, 7) }],
    ['no key', { bytes: undefined }],
  ])("a key store's response with %s is refused, and its key is zeroed", async (_, wrong) => {
    const { source, keyring } = setUp()
    const given: Buffer[] = []
    const right = source.getActiveBranchKey
    source.getActiveBranchKey = async (asked) => {
      const response = { ...(await right(asked)), ...wrong } as Awaited<ReturnType<typeof right>>
      if (response.bytes) given.push(response.bytes)
      return response
    }
    await expect(keyring.generate(request)).rejects.toEqual(hasCode('ERR_KEY_UNAVAILABLE'))
    expect(given).toHaveLength('bytes' in wrong && wrong.bytes === undefined ? 0 : 1)
    expect(given.every(isZero)).toBe(true)
  })

  test('a version other than the requested one is refused', async () => {
    const { source, keyring } = setUp()
    const { encryptedDataKeys } = await keyring.generate(request)
    keyring.clear()
    const other = source.add('tenant-t-1')
    const right = source.getBranchKeyVersion
    source.getBranchKeyVersion = (asked) => right({ ...asked, version: other.version })
    await expect(keyring.unwrap({ ...request, encryptedDataKeys })).rejects.toEqual(
      hasCode('ERR_KEY_UNAVAILABLE'),
    )
  })
})

describe('branchKeyId', () => {
  test('receives the encryption context and its tenant, or that of Lambda', async () => {
    const asked: unknown[] = []
    const { keyring, source } = setUp({
      branchKeyId: (one: { tenant: string; encryptionContext: Record<string, string> }) => {
        asked.push([one.tenant, { ...one.encryptionContext }])
        return 'all'
      },
    })
    source.add('all')
    await keyring.generate({ ...request, tenant: 'lambda' })
    const other = { ...request, context: serialiseContext({ clinic: 'c' }), tenant: 'lambda' }
    const { encryptedDataKeys } = await keyring.generate(other)
    expect(await keyring.unwrap({ ...other, encryptedDataKeys })).toHaveLength(32)
    expect(asked).toEqual([
      ['t-1', { tenant: 't-1' }],
      ['lambda', { clinic: 'c' }],
      ['lambda', { clinic: 'c' }],
    ])
  })

  test('an absent tenant stops the request, but only if it is used', async () => {
    const { keyring, source } = setUp()
    const without = { ...request, context: serialiseContext({ clinic: 'c' }) }
    await expect(keyring.generate(without)).rejects.toEqual(hasCode('ERR_BINDING_INVALID'))
    const { encryptedDataKeys } = await keyring.generate(request)
    await expect(keyring.unwrap({ ...without, encryptedDataKeys })).rejects.toEqual(
      hasCode('ERR_BINDING_INVALID'),
    )
    const byClinic = hierarchicalKeyring({
      keyStore: source,
      branchKeyId: ({ encryptionContext }) => `clinic-${encryptionContext.clinic}`,
    })
    source.add('clinic-c')
    await byClinic.generate(without)
    await expect(byClinic.generate(request)).rejects.toEqual(hasCode('ERR_BINDING_INVALID'))
    expect(source.calls).toEqual(['active tenant-t-1', 'active clinic-c'])
  })

  test.each([
    undefined,
    null,
    7,
    '',
    'tenant-undefined',
    'undefined',
    'a/null/b',
    'NaN',
    '[object Object]',
    '\ud800',
    'x'.repeat(2_049),
    Promise.resolve('tenant'),
  ])('an id of %p is refused', async (id) => {
    const { keyring, source } = setUp({ branchKeyId: () => id })
    await expect(keyring.generate(request)).rejects.toEqual(hasCode('ERR_BINDING_INVALID'))
    expect(source.calls).toEqual([])
  })

  test.each(['nullable', 'undefinedly', 'annulled', 'x'.repeat(2_048)])(
    'an id of %p is accepted',
    async (id) => {
      const { keyring, source } = setUp({ branchKeyId: () => id })
      source.add(id)
      await keyring.generate(request)
      expect(source.calls).toEqual([`active ${id}`])
    },
  )
})

describe('beacon keys', () => {
  test('are leased, cached apart from branch keys, and zeroed', async () => {
    const { source, keyring } = setUp()
    const beacon = await keyring.beaconKey(request)
    expect(beacon.bytes.equals(source.beaconOf('tenant-t-1'))).toBe(true)
    const again = await keyring.beaconKey(request)
    expect(again.identity).toBe(beacon.identity)
    expect(source.calls).toEqual(['beacon tenant-t-1'])
    beacon.release()
    beacon.release()
    keyring.clear()
    expect(again.bytes.equals(source.beaconOf('tenant-t-1'))).toBe(true)
    again.release()
    expect(isZero(source.given[0]!)).toBe(true)
    expect(() => again.bytes).toThrow(hasCode('ERR_KEY_UNAVAILABLE'))
  })

  test('do not show their bytes in logs', async () => {
    const { source, keyring } = setUp()
    const beacon = await keyring.beaconKey(request)
    const { encryptedDataKeys } = await keyring.generate(request)
    await keyring.unwrap({ ...request, encryptedDataKeys })
    const shown = inspect([keyring, beacon, beacon.identity], {
      depth: null,
      showHidden: true,
      getters: false,
    })
    for (const key of source.given) {
      expect(shown).not.toContain(inspect(key).slice(8, 30))
      expect(shown + JSON.stringify([keyring, beacon])).not.toContain(key.toString('base64').slice(0, 12))
    }
  })
})

describe('among other keyrings', () => {
  test('serves keyMaterial and multiKeyring', async () => {
    const { source, keyring } = setUp()
    const escrow = rawAesKeyring({ namespace: 'escrow', name: 'k', key: Buffer.alloc(32, 5) })
    const keys = keyMaterial({ keyring: multiKeyring({ generator: keyring, children: [escrow] }) })
    const key = await keys.encryptionKey({ suite: 0x0478, context, messages: 1, bytes: 100 })
    expect(key.encryptedDataKeys.map(({ providerId }) => providerId)).toEqual(['aws-kms-hierarchy', 'escrow'])
    source.before = async () => {
      throw unavailable()
    }
    keys.clear()
    keyring.clear()
    const { encryptedDataKeys } = key
    const opened = await keys.decryptionKey({ suite: 0x0478, context, encryptedDataKeys })
    expect(opened.bytes.equals(key.bytes)).toBe(true)
    opened.release()
    key.release()
  })

  test('two hierarchical keyrings never share an id', () => {
    expect(setUp().keyring.id).not.toBe(setUp().keyring.id)
  })
})

describe('options', () => {
  const keyStore = branchKeySource()
  test.each([
    ['options', undefined],
    ['keyStore', { branchKeyId: 'b' }],
    ['keyStore', { keyStore: { id: 'x', getActiveBranchKey() {} }, branchKeyId: 'b' }],
    ['keyStore.id', { keyStore: { ...branchKeySource(), id: '' }, branchKeyId: 'b' }],
    ['branchKeyId', { keyStore }],
    ['branchKeyId', { keyStore, branchKeyId: '' }],
    ['branchKeyId', { keyStore, branchKeyId: 'x'.repeat(2_049) }],
    ['branchKeyId', { keyStore, branchKeyId: 7 }],
    ['cacheExpiry', { keyStore, branchKeyId: 'b', cacheExpiry: -1 }],
    ['cacheMaxUses', { keyStore, branchKeyId: 'b', cacheMaxUses: 1 }],
    ['now', { keyStore, branchKeyId: 'b', now: 1 }],
  ])('throws at construction and names %s', (option, options) => {
    expect(() => hierarchicalKeyring(options as never)).toThrow(
      hasCode('ERR_OPTION_INVALID', { cause: { package: '@glassine/keys', option } }),
    )
  })
})
