import { randomBytes } from 'node:crypto'
import { GlassineError } from '@glassine/core'
import { type Keyring, kmsKeyring, multiKeyring } from '@glassine/keys'
import { rawAesKeyring } from '@glassine/keys/raw-aes'
import { type LocalKms, startLocalKms } from '@glassine/local-kms'
import { rejection } from '@glassine/test-support'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Item, type ItemEncryptor, itemEncryptorOfActions } from '../src/index.ts'
import { testKeyring } from './support/keyrings.ts'

const item: Item = { id: { S: 'p-1' }, ssn: { S: '123-45-6789' } }
const with_ = (keyring: Keyring | readonly Keyring[], more: object = {}): ItemEncryptor =>
  itemEncryptorOfActions({
    table: 'Patients',
    partitionKey: 'id',
    attributeActions: { id: 'SIGN_ONLY', ssn: 'ENCRYPT_AND_SIGN' },
    suite: '0x6700',
    keys: keyring,
    ...more,
  })
const raw = (name: string) => rawAesKeyring({ namespace: 'clinic', name, key: randomBytes(32) })
const unavailable = () => new GlassineError('ERR_KEY_UNAVAILABLE', { package: 'test' })
const failing = (error: unknown): Keyring => ({
  id: 'failing',
  generate: () => Promise.reject(error),
  wrap: () => Promise.reject(error),
  unwrap: () => Promise.reject(error),
})
const bytesOf = (of: Item, name: string): Uint8Array => (of[name] as { B: Uint8Array }).B

describe('several keyrings', () => {
  const [a, b, c] = [raw('a'), raw('b'), raw('c')]

  test('are a recipient each, with a tag of its own; any of them opens the item, no other does', async () => {
    const encrypted = await with_([a, b, testKeyring()]).encryptItem(item)
    const foot = Buffer.from(bytesOf(encrypted, 'aws_dbe_foot'))
    expect(foot).toHaveLength(3 * 48)
    expect(new Set([0, 48, 96].map((at) => foot.toString('hex', at, at + 48))).size).toBe(3)
    for (const keyring of [a, b, testKeyring(), [c, b], multiKeyring({ children: [c, a] })])
      expect(await with_(keyring).decryptItem(encrypted)).toEqual(item)
    await expect(with_(c).decryptItem(encrypted)).rejects.toMatchObject({ code: 'ERR_DECRYPT_FAILED' })
  })

  test('as one that wraps a single key for several recipients are refused: they could write in each other’s name', async () => {
    const error = await rejection(with_(multiKeyring({ generator: a, children: [b] })).encryptItem(item))
    expect(error).toMatchObject({ code: 'ERR_ENCRYPT_FAILED' })
    expect(error.message).toContain('as a list')
  })

  test('more than `maxEncryptedDataKeys` are not tried', async () => {
    const encrypted = await with_([a, b, c]).encryptItem(item)
    let calls = 0
    const counting: Keyring = {
      ...c,
      unwrap: (request) => {
        calls++
        return c.unwrap(request)
      },
    }
    await expect(with_(counting, { maxEncryptedDataKeys: 2 }).decryptItem(encrypted)).rejects.toMatchObject({
      code: 'ERR_DECRYPT_FAILED',
    })
    expect(calls).toBe(0)
    expect(await with_(counting, { maxEncryptedDataKeys: 3 }).decryptItem(encrypted)).toEqual(item)
    expect(calls).toBe(3)
  })
})

describe('a keyring that fails', () => {
  test('for want of KMS: says so, unless another keyring opens the item', async () => {
    const a = raw('a')
    const encrypted = await with_(a).encryptItem(item)
    const down = failing(unavailable())
    await expect(with_(down).encryptItem(item)).rejects.toMatchObject({ code: 'ERR_KEY_UNAVAILABLE' })
    await expect(with_(down).decryptItem(encrypted)).rejects.toMatchObject({ code: 'ERR_KEY_UNAVAILABLE' })
    expect(await with_([down, a]).decryptItem(encrypted)).toEqual(item)
    const two = await with_([raw('b'), a]).encryptItem(item)
    await expect(with_([down, raw('c')]).decryptItem(two)).rejects.toMatchObject({
      code: 'ERR_KEY_UNAVAILABLE',
    })
  })

  test('in any other way: is the one error when reading, and says nothing of a foreign error', async () => {
    const foreign = Object.assign(new Error('secret body'), { response: 'secret' })
    const encrypted = await with_(raw('a')).encryptItem(item)
    // Foreign errors of one keyring, and of one among several.
    for (const keyring of [
      failing(new GlassineError('ERR_BINDING_INVALID', { package: 'test' })),
      failing(foreign),
    ]) {
      const error = await rejection(with_(keyring).decryptItem(encrypted))
      expect(error).toMatchObject({ code: 'ERR_DECRYPT_FAILED', message: 'The item could not be decrypted' })
      expect(JSON.stringify(error)).not.toContain('secret')
    }
    const error = await rejection(with_(failing(foreign)).encryptItem(item))
    expect(error).toMatchObject({ code: 'ERR_ENCRYPT_FAILED', message: 'The item could not be encrypted' })
  })

  test('by its response: a key of the wrong length, none, or another', async () => {
    const a = raw('a')
    const answering = (dataKey: Buffer, forms: number): Keyring => ({
      ...a,
      generate: async (request) => {
        const made = await a.generate(request)
        return { dataKey, encryptedDataKeys: made.encryptedDataKeys.slice(0, forms) }
      },
      unwrap: async () => dataKey,
    })
    for (const keyring of [answering(Buffer.alloc(16), 1), answering(Buffer.alloc(32), 0)])
      await expect(with_(keyring).encryptItem(item)).rejects.toMatchObject({ code: 'ERR_ENCRYPT_FAILED' })
    const encrypted = await with_(a).encryptItem(item)
    for (const length of [0, 16, 32, 33])
      await expect(with_(answering(Buffer.alloc(length), 1)).decryptItem(encrypted)).rejects.toMatchObject({
        code: 'ERR_DECRYPT_FAILED',
      })
  })
})

describe('keys', () => {
  test('from the keyring are zeroed, whether the item opens or not', async () => {
    const seen: Buffer[] = []
    const inner = testKeyring()
    const keyring: Keyring = {
      ...inner,
      generate: async (request) => {
        const made = await inner.generate(request)
        seen.push(made.dataKey)
        return made
      },
      unwrap: async (request) => {
        const key = await inner.unwrap(request)
        if (key) seen.push(key)
        return key
      },
    }
    const encryptor = with_(keyring)
    const encrypted = await encryptor.encryptItem(item)
    await encryptor.decryptItem(encrypted)
    await encryptor
      .decryptItem({ ...encrypted, aws_dbe_foot: { B: new Uint8Array(48) } })
      .catch(() => undefined)
    const head = new Uint8Array(bytesOf(encrypted, 'aws_dbe_head'))
    // In the wrapped data key: the intermediate key opens, what it wraps does not.
    head[2 + 32 + 4 + 2 + 1 + 19 + 38 + 2 + 5]! ^= 1
    await encryptor.decryptItem({ ...encrypted, aws_dbe_head: { B: head } }).catch(() => undefined)
    expect(seen).toHaveLength(4)
    for (const key of seen) expect(key.equals(Buffer.alloc(32))).toBe(true)
  })

  test('are asked for with the suite, the deadline and the tenant of the call', async () => {
    const requests: { suite: number; deadline: number; tenant?: string; length: number }[] = []
    const inner = testKeyring()
    const note = (request: Parameters<Keyring['generate']>[0]) => {
      const { suite, tenant, length } = request
      requests.push({ suite, tenant, length, deadline: request.deadline() })
    }
    const keyring: Keyring = {
      ...inner,
      generate: (request) => {
        note(request)
        return inner.generate(request)
      },
      unwrap: (request) => {
        note(request)
        return inner.unwrap(request)
      },
    }
    const now = Date.now()
    const soon = now + 500
    const encrypted = await with_(keyring).encryptItem(item, { deadline: soon, tenant: 't-1' })
    await with_(keyring, { timeout: 1_000 }).decryptItem(encrypted, { deadline: now + 60_000 })
    await with_(keyring, { suite: '0x6701' }).encryptItem(item)
    expect(requests).toMatchObject([
      { suite: 0x6700, tenant: 't-1', length: 32, deadline: soon },
      { suite: 0x6700, tenant: undefined, length: 32 },
      { suite: 0x6701, tenant: undefined, length: 32 },
    ])
    expect(requests[1]!.deadline).toBeGreaterThanOrEqual(now + 1_000)
    expect(requests[1]!.deadline).toBeLessThan(now + 30_000)
    expect(requests[2]!.deadline).toBeGreaterThanOrEqual(now + 10_000)
  })
})

describe('over KMS', () => {
  let kms: LocalKms
  beforeAll(async () => {
    kms = await startLocalKms({ keys: ['alias/patients', 'alias/others'] })
  })
  afterAll(() => kms.close())
  const keyringOf = (at: number) =>
    kmsKeyring({
      keyId: kms.keys[at]!.arn,
      awsClientOptions: kms.clientOptions,
      insecureEndpoint: kms.clientOptions.endpoint,
    })

  test('the intermediate key is a data key of KMS, under the encryption context of the item', async () => {
    const encryptor = with_(keyringOf(0), { suite: '0x6701' })
    const before = kms.calls.length
    const encrypted = await encryptor.encryptItem(item)
    expect(await encryptor.decryptItem(encrypted)).toEqual(item)
    // Every item has an encryption context of its own, so no key is cached: one call each way.
    const calls = kms.calls.slice(before)
    expect(calls.map(({ operation }) => operation)).toEqual(['GenerateDataKey', 'Decrypt'])
    for (const { encryptionContext } of calls)
      expect(encryptionContext).toEqual({
        'aws-crypto-table-name': 'Patients',
        'aws-crypto-partition-name': 'id',
        'aws-crypto-attr.id': Buffer.from('\u0000\u0001p-1').toString('base64'),
        'aws-crypto-public-key': expect.any(String),
      })
    await expect(with_(keyringOf(1)).decryptItem(encrypted)).rejects.toMatchObject({
      code: 'ERR_DECRYPT_FAILED',
    })
  })

  test('two keys are two recipients', async () => {
    const encrypted = await with_([keyringOf(0), keyringOf(1)]).encryptItem(item)
    for (const at of [0, 1]) expect(await with_(keyringOf(at)).decryptItem(encrypted)).toEqual(item)
  })
})
