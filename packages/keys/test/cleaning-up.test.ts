// No key outlives its use: whatever passed through node:crypto or came from a keyring or key store is zeros in the end,
// also when a call of node:crypto fails in the middle, and when what was decrypted turns out not to be authentic.
import {
  branchKeySource,
  CryptoFault,
  hasCode,
  isZero,
  recordCrypto,
  watchKeys,
} from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import type { EncryptedDataKey, Keyring } from '../src/index.ts'

const crypto = recordCrypto()
// After the line above, or they would have the real node:crypto.
const { keyMaterial, kmsKeyring, multiKeyring } = await import('@glassine/keys')
const { serialiseContext } = await import('@glassine/keys/internal')
const { hierarchicalKeyring } = await import('@glassine/keys/key-store')
const { localKeyring, rawAesKeyring } = await import('@glassine/keys/raw-aes')
const { emptyKeyStore, keyArn } = await import('./support/memory-key-store.ts')

const context = serialiseContext({ tenant: 't-1' })
const request = { suite: 0x0478, context, length: 32, deadline: () => Date.now() + 5_000 }

/** The bytes of encrypted data keys, which are public. */
const publishedBy = (keys: readonly EncryptedDataKey[]) =>
  keys.flatMap(({ providerInfo, ciphertext }) => [providerInfo, ciphertext])

const forged = (keys: readonly EncryptedDataKey[]) =>
  keys.map((one) => {
    const ciphertext = Buffer.from(one.ciphertext)
    ciphertext[ciphertext.length - 1]! ^= 1
    return { ...one, ciphertext }
  })

/**
 * The branch key is cached, and a wrapping key is the caller's: `finish` looks at those. Nonces are no secrets, also
 * where they stand behind a data key that is zeroed.
 */
const aside = ({ call, algorithm, role, bytes }: (typeof crypto.seen)[number]): boolean =>
  (call === 'createHmac' && role === 'key') ||
  algorithm === 'secret' ||
  bytes.length < 32 ||
  isZero(bytes.subarray(0, 32))

/** A keyring with what it holds, and what lets it go. */
const keyrings: [string, () => { keyring: Keyring; finish: () => void }][] = [
  [
    'raw AES',
    () => ({
      keyring: rawAesKeyring({ namespace: 'n', name: 'k', key: Buffer.alloc(32, 1) }),
      finish: () => {},
    }),
  ],
  [
    'hierarchical',
    () => {
      const watch = watchKeys()
      const source = branchKeySource()
      source.add('tenant-1')
      const keyStore = watch.branchKeys(source)
      const keyring = hierarchicalKeyring({ keyStore, branchKeyId: 'tenant-1' })
      const finish = () => {
        keyring.clear()
        watch.expectZeroed()
      }
      return { keyring, finish }
    },
  ],
]

describe.each(keyrings)('a %s keyring', (_, setUp) => {
  test('keeps no key of its own after generate', async () => {
    const { keyring, finish } = setUp()
    await crypto.failEach(async () => {
      const made = await keyring.generate(request).catch(() => undefined)
      // The buffer is the caller's by contract; without one, nothing of it may be left.
      if (made) expect(isZero(made.dataKey)).toBe(false)
      made?.dataKey.fill(0)
      expect(
        crypto.left({
          published: publishedBy(made?.encryptedDataKeys ?? []),
          except: aside,
        }),
      ).toEqual([])
    })
    finish()
  })

  test('keeps no key of its own after wrap, and leaves the caller theirs', async () => {
    const { keyring, finish } = setUp()
    const dataKey = Buffer.alloc(32, 5)
    await crypto.failEach(async () => {
      const wrapped = await keyring.wrap({ ...request, dataKey }).catch(() => [])
      expect(dataKey).toEqual(Buffer.alloc(32, 5))
      expect(crypto.left({ published: publishedBy(wrapped), except: aside })).toEqual([])
    })
    finish()
  })

  test('keeps no key of its own after unwrap', async () => {
    const { keyring, finish } = setUp()
    const { dataKey, encryptedDataKeys } = await keyring.generate(request)
    let opened = 0
    await crypto.failEach(async () => {
      const key = await keyring.unwrap({ ...request, encryptedDataKeys }).catch(() => undefined)
      if (key) {
        opened++
        expect(key).toEqual(dataKey)
        key.fill(0)
      }
      expect(crypto.left({ except: aside })).toEqual([])
    })
    expect(opened).toBeGreaterThan(0)
    finish()
  })

  test('zeroes the derived key when the cipher that takes it cannot be made', async () => {
    const { keyring, finish } = setUp()
    const derived: Uint8Array[] = []
    let failures = 0
    await crypto.failEach(async (at) => {
      await keyring.wrap({ ...request, dataKey: Buffer.alloc(32, 5) }).catch(() => failures++)
      for (const { call, role, bytes } of crypto.seen)
        if (at !== undefined && call === 'createHmac' && role === 'output') derived.push(bytes)
    })
    expect(failures).toBeGreaterThan(0)
    expect(derived.length > 0).toBe(keyring.id.startsWith('hierarchy'))
    expect(derived.filter((bytes) => !isZero(bytes))).toEqual([])
    finish()
  })

  test('keeps nothing that is not authentic', async () => {
    const { keyring, finish } = setUp()
    const { encryptedDataKeys } = await keyring.generate(request)
    crypto.reset()
    expect(await keyring.unwrap({ ...request, encryptedDataKeys: forged(encryptedDataKeys) })).toBeUndefined()
    expect(crypto.seen.some(({ call, role }) => call === 'createDecipheriv' && role === 'output')).toBe(true)
    expect(crypto.left({ except: aside })).toEqual([])
    finish()
  })
})

describe('a local keyring', () => {
  test('keeps no copy of the wrapping key that it generated, whichever call of node:crypto fails', async () => {
    await crypto.failEach(() => {
      try {
        localKeyring()
      } catch (error) {
        expect(error).toBeInstanceOf(CryptoFault)
      }
      expect(crypto.left()).toEqual([])
    })
  })

  test('leaves the buffer of a given wrapping key alone', () => {
    const key = Buffer.alloc(32, 5)
    localKeyring({ key })
    expect(key).toEqual(Buffer.alloc(32, 5))
  })
})

const denied = { name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } }

describe('a KMS keyring', () => {
  test('zeroes the plaintexts of the responses that it uses, and only those', async () => {
    const { kmsKeyring, plaintexts } = emptyKeyStore()
    const keyring = kmsKeyring()
    const { dataKey, encryptedDataKeys } = await keyring.generate(request)
    const opened = await keyring.unwrap({ ...request, encryptedDataKeys })
    expect(opened).toEqual(dataKey)
    expect(isZero(dataKey)).toBe(false)
    expect(plaintexts.map(isZero)).toEqual([true, true])
  })

  test.each([
    ['another key', (answer: object) => ({ ...answer, KeyId: `${keyArn}9` })],
    ['no key', (answer: object) => ({ ...answer, KeyId: undefined })],
    ['a short plaintext', (answer: object) => ({ ...answer, Plaintext: Buffer.alloc(16, 7) })],
    ['no ciphertext', (answer: object) => ({ ...answer, CiphertextBlob: undefined })],
    ['a long ciphertext', (answer: object) => ({ ...answer, CiphertextBlob: Buffer.alloc(7_000) })],
  ])('zeroes the plaintext of a response with %s', async (_, spoilt) => {
    const { kms } = emptyKeyStore()
    const plaintexts: Buffer[] = []
    const client: typeof kms = {
      ...kms,
      async generateDataKey(input, call) {
        const answer = spoilt(await kms.generateDataKey(input, call)) as { Plaintext: Buffer }
        plaintexts.push(answer.Plaintext)
        return answer
      },
    }
    const deadline = Date.now() + 50
    await expect(
      kmsKeyring({ keyId: keyArn, client }).generate({ ...request, deadline: () => deadline }),
    ).rejects.toBeDefined()
    expect(plaintexts).not.toHaveLength(0)
    expect(plaintexts.filter((plaintext) => !isZero(plaintext))).toEqual([])
  })

  test('zeroes the data key if a further key does not wrap it', async () => {
    const { kms, failNext } = emptyKeyStore()
    const dataKeys: Uint8Array[] = []
    const client: typeof kms = {
      ...kms,
      encrypt: async (input, call) => {
        dataKeys.push(input.Plaintext)
        expect(isZero(input.Plaintext)).toBe(false)
        return kms.encrypt(input, call)
      },
    }
    failNext('Encrypt', denied)
    const keyring = kmsKeyring({ keyId: keyArn, keyIds: [keyArn], client })
    await expect(keyring.generate(request)).rejects.toMatchObject({ code: 'ERR_KEY_DENIED' })
    expect(dataKeys.map(isZero)).toEqual([true])
  })

  test('leaves no timer behind, neither after a response nor after a refusal', async () => {
    const { kmsKeyring, failNext } = emptyKeyStore()
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const before = timers()
    const running = setTimeout(() => {}, 60_000)
    // The count works.
    expect(timers()).toBe(before + 1)
    clearTimeout(running)
    const { encryptedDataKeys } = await kmsKeyring().generate(request)
    expect(timers()).toBe(before)
    failNext('Decrypt', denied)
    await expect(kmsKeyring().unwrap({ ...request, encryptedDataKeys })).rejects.toThrow(
      hasCode('ERR_KEY_DENIED'),
    )
    expect(timers()).toBe(before)
  })
})

describe('a multi-keyring', () => {
  test('zeroes the data key if a child does not wrap it, after all children are done with it', async () => {
    const watch = watchKeys()
    const slow: Keyring = {
      ...localKeyring(),
      async wrap({ dataKey }) {
        await new Promise((resolve) => setImmediate(resolve))
        expect(isZero(dataKey)).toBe(false)
        return []
      },
    }
    const failing: Keyring = { ...localKeyring(), wrap: () => Promise.reject(new Error('refused')) }
    const keyring = multiKeyring({ generator: watch.keyring(localKeyring()), children: [failing, slow] })
    await expect(keyring.generate(request)).rejects.toMatchObject({ code: 'ERR_KEY_UNAVAILABLE' })
    watch.expectZeroed()
  })

  test('leaves the data key that it returns alone', async () => {
    const watch = watchKeys()
    const keyring = multiKeyring({ generator: watch.keyring(localKeyring()), children: [localKeyring()] })
    await keyring.generate(request)
    watch.expectIntact()
  })
})

describe('a key store', () => {
  test('zeroes the plaintexts of the responses that it uses, and returns copies', async () => {
    const { store, plaintexts } = emptyKeyStore()
    const { branchKeyId, version } = await store.createKey()
    const keys = [
      await store.getActiveBranchKey({ branchKeyId }),
      await store.getBranchKeyVersion({ branchKeyId, version }),
      await store.getBeaconKey({ branchKeyId }),
    ]
    expect(keys.map(({ bytes }) => isZero(bytes))).toEqual([false, false, false])
    expect(plaintexts.map(isZero)).toEqual([true, true, true])
  })

  test("returns keys outside Node's shared buffer pool", async () => {
    const { store } = emptyKeyStore()
    const { branchKeyId } = await store.createKey()
    const { bytes } = await store.getActiveBranchKey({ branchKeyId })
    expect(bytes.buffer.byteLength).toBe(32)
  })
})

describe('the branch keys of a hierarchical keyring', () => {
  const setUp = () => {
    const watch = watchKeys()
    const source = branchKeySource()
    source.add('tenant-1')
    const keyStore = watch.branchKeys(source)
    const keyring = hierarchicalKeyring({ keyStore, branchKeyId: 'tenant-1' })
    return { watch, source, keyring: watch.keyring(keyring) }
  }

  test.each(['generate', 'wrap', 'unwrap', 'beaconKey'] as const)('are released after %s', async (method) => {
    const { watch, keyring } = setUp()
    const { dataKey, encryptedDataKeys } = await keyring.generate(request)
    const lease = await keyring[method]({ ...request, dataKey, encryptedDataKeys })
    watch.expectIntact()
    if (method === 'beaconKey') (lease as { release(): void }).release()
    else if (method === 'unwrap') (lease as Buffer).fill(0)
    else if (method === 'generate') (lease as { dataKey: Buffer }).dataKey.fill(0)
    dataKey.fill(0)
    keyring.clear()
    watch.expectZeroed()
  })

  test('are released after a failed unwrap', async () => {
    const { watch, keyring } = setUp()
    const { dataKey, encryptedDataKeys } = await keyring.generate(request)
    dataKey.fill(0)
    expect(await keyring.unwrap({ ...request, encryptedDataKeys: forged(encryptedDataKeys) })).toBeUndefined()
    keyring.clear()
    watch.expectZeroed()
  })

  test('stay intact for a beacon key on lease, beyond `clear`', async () => {
    const { watch, keyring } = setUp()
    const lease = await keyring.beaconKey(request)
    keyring.clear()
    expect(isZero(lease.bytes)).toBe(false)
    lease.release()
    watch.expectReleased()
    watch.expectZeroed()
    expect(() => lease.bytes).toThrow(hasCode('ERR_KEY_UNAVAILABLE'))
  })

  test('are not zeroed by a second release of the same lease', async () => {
    const { keyring } = setUp()
    const once = await keyring.beaconKey(request)
    const other = await keyring.beaconKey(request)
    once.release()
    once.release()
    once.release()
    expect(isZero(other.bytes)).toBe(false)
    other.release()
    expect((await keyring.beaconKey(request)).bytes).toHaveLength(32)
  })
})

describe('the key-material layer', () => {
  const encryption = { suite: 0x0478, context, messages: 1, bytes: 1 }

  test('zeroes the keys of its keyring when neither the cache nor a lease holds them', async () => {
    const watch = watchKeys()
    const keys = watch.keyMaterial(keyMaterial({ keyring: watch.keyring(localKeyring()) }))
    const lease = await keys.encryptionKey(encryption)
    keys.clear()
    watch.expectIntact()
    lease.release()
    watch.expectZeroed()
    const { encryptedDataKeys } = lease
    const again = await keys.decryptionKey({ suite: 0x0478, context, encryptedDataKeys })
    again.release()
    watch.expectReleased()
    keys.clear()
    watch.expectZeroed()
  })

  test('ignores a second release of the same lease', async () => {
    const keys = keyMaterial({ keyring: localKeyring() })
    const once = await keys.encryptionKey(encryption)
    const other = await keys.encryptionKey(encryption)
    for (let times = 0; times < 5; times++) once.release()
    expect(isZero(other.bytes)).toBe(false)
    other.release()
  })

  test.each([
    ['a data key of the wrong length', { dataKey: Buffer.alloc(31, 7), encryptedDataKeys: [{}] }],
    ['no encrypted data key', { dataKey: Buffer.alloc(32, 7), encryptedDataKeys: [] }],
    ['no list of them', { dataKey: Buffer.alloc(32, 7), encryptedDataKeys: {} }],
  ])('zeroes the key that a keyring returns with %s', async (_, answer) => {
    const keyring = { ...localKeyring(), generate: async () => answer } as unknown as Keyring
    const keys = keyMaterial({ keyring })
    await expect(keys.encryptionKey(encryption)).rejects.toMatchObject({ code: 'ERR_KEY_UNAVAILABLE' })
    expect(isZero(answer.dataKey)).toBe(true)
  })
})
