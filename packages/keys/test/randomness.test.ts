// Every value of this package that is drawn at random, or that must not repeat: a constant in its place passes every
// other test, since what is encrypted with it opens just as well.

import { keyMaterial } from '@glassine/keys'
import { serialiseContext } from '@glassine/keys/internal'
import { hierarchicalKeyring } from '@glassine/keys/key-store'
import { localKeyring, rawAesKeyring } from '@glassine/keys/raw-aes'
import { branchKeySource } from '@glassine/test-support'
import { describe, expect, jest, test } from '@jest/globals'
import { emptyKeyStore } from './support/memory-key-store.ts'

const context = serialiseContext({ tenant: 't-1' })
const request = { suite: 0x0478, context, length: 32, deadline: () => Date.now() + 5_000 }
const rounds = 50

/** Runs something many times. */
const many = <T>(make: (round: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: rounds }, (_, round) => make(round)))

/** Fails unless the values are all different, and every byte of them varies. */
const expectRandom = (values: readonly Uint8Array[]): void => {
  expect(values).toHaveLength(rounds)
  expect(new Set(values.map((value) => Buffer.from(value).toString('hex'))).size).toBe(rounds)
  const constant = [...values[0]!.keys()].filter((at) =>
    values.every((value) => value[at] === values[0]![at]),
  )
  expect(constant).toEqual([])
}

describe('a hierarchical keyring', () => {
  const setUp = () => {
    const source = branchKeySource()
    source.add('tenant-1')
    return hierarchicalKeyring({ keyStore: source, branchKeyId: 'tenant-1' })
  }

  test('makes a new data key, salt and IV at each call', async () => {
    const keyring = setUp()
    const made = await many(() => keyring.generate(request))
    const ciphertexts = made.map(({ encryptedDataKeys: [one] }) => one!.ciphertext)
    expectRandom(made.map(({ dataKey }) => dataKey))
    expectRandom(ciphertexts.map((ciphertext) => ciphertext.subarray(0, 16)))
    expectRandom(ciphertexts.map((ciphertext) => ciphertext.subarray(16, 28)))
  })

  test('wraps one data key with a new salt and IV at each call', async () => {
    const keyring = setUp()
    const dataKey = Buffer.alloc(32, 1)
    const wrapped = await many(() => keyring.wrap({ ...request, dataKey }))
    expectRandom(wrapped.map(([one]) => one!.ciphertext.subarray(0, 16)))
    expectRandom(wrapped.map(([one]) => one!.ciphertext.subarray(16, 28)))
  })

  test('publishes neither a part of the data key nor one value as another', async () => {
    const { dataKey, encryptedDataKeys } = await setUp().generate(request)
    const { ciphertext } = encryptedDataKeys[0]!
    for (let at = 0; at + 4 <= dataKey.length; at++)
      expect(ciphertext.includes(dataKey.subarray(at, at + 4))).toBe(false)
    expect(ciphertext.subarray(0, 12)).not.toEqual(ciphertext.subarray(16, 28))
  })
})

describe('a raw AES keyring', () => {
  const key = Buffer.alloc(32, 1)

  test('makes a new data key and IV at each call', async () => {
    const keyring = rawAesKeyring({ namespace: 'n', name: 'k', key })
    const made = await many(() => keyring.generate(request))
    expectRandom(made.map(({ dataKey }) => dataKey))
    expectRandom(made.map(({ encryptedDataKeys: [one] }) => one!.providerInfo.subarray(-12)))
  })

  test('wraps one data key with a new IV at each call', async () => {
    const keyring = rawAesKeyring({ namespace: 'n', name: 'k', key })
    const wrapped = await many(() => keyring.wrap({ ...request, dataKey: Buffer.alloc(32, 1) }))
    expectRandom(wrapped.map(([one]) => one!.providerInfo.subarray(-12)))
  })
})

test('each local keyring has a wrapping key of its own', async () => {
  const { encryptedDataKeys, dataKey } = await localKeyring().generate(request)
  expect(await localKeyring().unwrap({ ...request, encryptedDataKeys })).toBeUndefined()
  // Neither a key of zeros nor of any other one byte opens it.
  for (let byte = 0; byte < 256; byte++) {
    const guess = localKeyring({ key: Buffer.alloc(32, byte) })
    expect(await guess.unwrap({ ...request, encryptedDataKeys })).toBeUndefined()
  }
  expect(dataKey).toHaveLength(32)
})

describe('a key store', () => {
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

  test('gives each branch key an id of its own, and each version', async () => {
    const { store } = emptyKeyStore()
    const made = await many(() => store.createKey())
    const ids = made.flatMap(({ branchKeyId, version }) => [branchKeyId, version])
    expect(ids).toHaveLength(2 * rounds)
    expect(new Set(ids).size).toBe(2 * rounds)
    for (const id of ids) expect(id).toMatch(uuid)
  })

  test('gives each rotation a version of its own', async () => {
    const { store } = emptyKeyStore()
    const { branchKeyId, version } = await store.createKey()
    const versions = [version]
    for (let round = 0; round < rounds; round++)
      versions.push((await store.versionKey({ branchKeyId })).version)
    expect(new Set(versions).size).toBe(rounds + 1)
    for (const one of versions) expect(one).toMatch(uuid)
  })

  test('gives each transaction a token of its own, and all attempts at it the same', async () => {
    const { store, sent, failNext } = emptyKeyStore()
    const first = await store.createKey()
    failNext('TransactWriteItems', { name: 'InternalServerError', $metadata: { httpStatusCode: 500 } })
    await store.createKey()
    await store.versionKey(first)
    const tokens = sent('TransactWriteItems').map(({ ClientRequestToken }) => ClientRequestToken)
    expect(tokens).toEqual([expect.stringMatching(uuid), tokens[1], tokens[1], expect.stringMatching(uuid)])
    expect(new Set(tokens).size).toBe(3)
  })
})

test('pauses between attempts are spread over the whole of their bound', async () => {
  const waited: number[] = []
  jest.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void, ms: number) => {
    // An attempt's own limit is a round number of seconds; what is drawn never is.
    if (!Number.isInteger(ms)) {
      waited.push(ms)
      queueMicrotask(run)
    }
    return 0
  }) as never)
  try {
    for (let round = 0; round < rounds; round++) {
      const { store, failNext } = emptyKeyStore({ timeout: 600_000 })
      for (let times = 0; times < 3; times++) failNext('Decrypt', { name: 'ThrottlingException' })
      const { branchKeyId } = await store.createKey()
      await store.getActiveBranchKey({ branchKeyId })
    }
  } finally {
    jest.restoreAllMocks()
  }
  expect(waited).toHaveLength(3 * rounds)
  expect(new Set(waited).size).toBe(3 * rounds)
  // Full jitter of a mean that doubles: 50, 100, 200 ms.
  const nth = (n: number) => waited.filter((_, at) => at % 3 === n)
  for (const [n, most] of [100, 200, 400].entries()) {
    expect(Math.max(...nth(n))).toBeLessThanOrEqual(most)
    expect(Math.max(...nth(n))).toBeGreaterThan(most / 2)
    expect(Math.min(...nth(n))).toBeLessThan(most / 2)
  }
})

describe('ids that partition caches', () => {
  test('two keyrings, or key stores, with the same options never share one', () => {
    const source = { ...branchKeySource(), id: 'one source' }
    const makers = [
      () => rawAesKeyring({ namespace: 'n', name: 'k', key: Buffer.alloc(32, 1) }),
      () => localKeyring(),
      () => hierarchicalKeyring({ keyStore: source, branchKeyId: () => 'tenant-1' }),
      () => emptyKeyStore().kmsKeyring(),
      () => emptyKeyStore().store,
    ]
    for (const make of makers) expect(make().id).not.toBe(make().id)
  })

  test('a data key made for one context is not given out for another', async () => {
    const keys = keyMaterial({ keyring: localKeyring() })
    const leases = await many((round) =>
      keys.encryptionKey({
        suite: 0x0478,
        context: serialiseContext({ tenant: `t-${round}` }),
        messages: 1,
        bytes: 1,
      }),
    )
    expectRandom(leases.map(({ bytes }) => bytes))
    for (const one of leases) one.release()
  })
})
