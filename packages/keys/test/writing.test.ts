// What keyrings write, byte for byte, with randomness injected. The expected bytes are built here from AWS's
// specifications, with node:crypto and no code of ours.
import * as crypto from 'node:crypto'
import { beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { EncryptedDataKey } from '../src/index.ts'

const { createCipheriv, createHmac } = crypto

/** Gives out the numbers 1, 2, 3, ... byte by byte, so that each drawn byte has a place of its own. */
let next = 1
const drawn = (length: number): Buffer => Buffer.from(Array.from({ length }, () => next++ & 0xff))
const uuidOptions: unknown[] = []

jest.unstable_mockModule('node:crypto', () => ({
  ...crypto,
  randomBytes: drawn,
  randomUUID: (options: unknown) => {
    uuidOptions.push(options)
    return crypto.randomUUID()
  },
}))

// After the mock, or they would have the real one.
const { serialiseContext } = await import('@glassine/keys/internal')
const { hierarchicalKeyring } = await import('@glassine/keys/key-store')
const { localKeyring, rawAesKeyring } = await import('@glassine/keys/raw-aes')
const { emptyKeyStore } = await import('./support/memory-key-store.ts')

beforeEach(() => {
  next = 1
})

/** The bytes from one number to another. */
const numbered = (from: number, to: number): Buffer =>
  Buffer.from(Array.from({ length: to - from + 1 }, (_, at) => from + at))

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff])
const u32 = (value: number): Buffer => Buffer.concat([u16(0), u16(value)])
const sized = (text: string): Buffer => Buffer.concat([u16(Buffer.byteLength(text)), Buffer.from(text)])

/** Two pairs and their serialised form: count, then pairs in the order of their names' UTF-8 bytes. */
const pairs = { tenant: 't-1', 'clinic-é': 'Zürich' }
const contextBytes = Buffer.concat([u16(2), ...['clinic-é', 'Zürich', 'tenant', 't-1'].map(sized)])
const request = { suite: 0x0478, context: serialiseContext(pairs), deadline: () => Date.now() + 5_000 }

/** AES-GCM: ciphertext and tag. */
const gcm = (key: Buffer, iv: Buffer, aad: Buffer, plaintext: Buffer): Buffer => {
  const name = `aes-${key.length * 8}-gcm` as 'aes-256-gcm'
  const cipher = createCipheriv(name, key, iv, { authTagLength: 16 }).setAAD(aad)
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

describe('a raw AES keyring', () => {
  const key = Buffer.alloc(32, 0xa1)
  const keyring = () => rawAesKeyring({ namespace: 'clinic', name: 'schlüssel', key })

  /** Raw AES keyring: key name, tag length in bits, IV length in bytes, IV; the context as AAD. */
  const expected = (dataKey: Buffer, iv: Buffer, wrappingKey = key): EncryptedDataKey => ({
    providerId: 'clinic',
    providerInfo: Buffer.concat([Buffer.from('schlüssel'), u32(128), u32(12), iv]),
    ciphertext: gcm(wrappingKey, iv, contextBytes, dataKey),
  })

  test('generate draws the data key and then the IV', async () => {
    const { dataKey, encryptedDataKeys } = await keyring().generate({ ...request, length: 32 })
    expect(dataKey).toEqual(numbered(1, 32))
    expect(encryptedDataKeys).toEqual([expected(numbered(1, 32), numbered(33, 44))])
  })

  test('wrap draws the IV alone', async () => {
    const dataKey = Buffer.alloc(32, 0xd0)
    expect(await keyring().wrap({ ...request, dataKey })).toEqual([expected(dataKey, numbered(1, 12))])
  })

  test.each([16, 24])('a wrapping key and a data key of %i bytes', async (length) => {
    const short = Buffer.alloc(length, 0xa2)
    const shorter = rawAesKeyring({ namespace: 'clinic', name: 'schlüssel', key: short })
    const { dataKey, encryptedDataKeys } = await shorter.generate({ ...request, length })
    expect(dataKey).toEqual(numbered(1, length))
    expect(encryptedDataKeys).toEqual([
      expected(numbered(1, length), numbered(length + 1, length + 12), short),
    ])
  })

  test('a local keyring draws its wrapping key once, when it is made', async () => {
    const local = localKeyring()
    const dataKey = Buffer.alloc(32, 0xd0)
    for (const first of [33, 45]) {
      const iv = numbered(first, first + 11)
      const [one] = await local.wrap({ ...request, dataKey })
      expect(one).toEqual({
        providerId: 'local',
        providerInfo: Buffer.concat([Buffer.from('local'), u32(128), u32(12), iv]),
        ciphertext: gcm(numbered(1, 32), iv, contextBytes, dataKey),
      })
    }
  })
})

describe('a hierarchical keyring', () => {
  const branchKey = Buffer.alloc(32, 0xb7)
  const branchKeyId = 'tenant-ü'
  const version = '3f1d9a52-7f10-4f5e-8f5c-1f6d2a3b4c5d'
  const versionBytes = Buffer.from('3f1d9a527f104f5e8f5c1f6d2a3b4c5d', 'hex')
  const keyring = () => {
    const response = async () => ({ branchKeyId, version, bytes: Buffer.from(branchKey) })
    const keyStore = {
      id: 'one',
      getActiveBranchKey: response,
      getBranchKeyVersion: response,
      getBeaconKey: response,
    }
    return hierarchicalKeyring({ keyStore, branchKeyId })
  }

  /** Hierarchical keyring: salt, IV, version, wrapped data key; its key is derived by SP 800-108 in counter mode. */
  const expected = (dataKey: Buffer, salt: Buffer, iv: Buffer): EncryptedDataKey => {
    const fixed = Buffer.concat([Buffer.from('aws-kms-hierarchy'), Buffer.from([0]), salt, u32(256)])
    const derived = createHmac('sha256', branchKey)
      .update(Buffer.concat([u32(1), fixed]))
      .digest()
    const aad = Buffer.concat([
      Buffer.from('aws-kms-hierarchy'),
      Buffer.from(branchKeyId),
      versionBytes,
      contextBytes,
    ])
    return {
      providerId: 'aws-kms-hierarchy',
      providerInfo: Buffer.from(branchKeyId),
      ciphertext: Buffer.concat([salt, iv, versionBytes, gcm(derived, iv, aad, dataKey)]),
    }
  }

  test.each([16, 32])('generate draws a data key of %i bytes, the salt and the IV', async (length) => {
    const { dataKey, encryptedDataKeys } = await keyring().generate({ ...request, length })
    const salt = numbered(length + 1, length + 16)
    expect(dataKey).toEqual(numbered(1, length))
    expect(encryptedDataKeys).toEqual([expected(dataKey, salt, numbered(length + 17, length + 28))])
  })

  test('wrap draws the salt and the IV', async () => {
    const dataKey = Buffer.alloc(32, 0xd0)
    expect(await keyring().wrap({ ...request, dataKey })).toEqual([
      expected(dataKey, numbered(1, 16), numbered(17, 28)),
    ])
  })

  test('unwraps what it wrapped with these bytes', async () => {
    const encryptedDataKeys = [expected(numbered(1, 32), Buffer.alloc(16, 5), Buffer.alloc(12, 6))]
    const dataKey = await keyring().unwrap({ ...request, length: 32, encryptedDataKeys })
    expect(dataKey).toEqual(numbered(1, 32))
  })
})

test('UUIDs come from the system: two environments restored from one snapshot would share a pool of them', async () => {
  const { store } = emptyKeyStore()
  const { branchKeyId } = await store.createKey()
  await store.versionKey({ branchKeyId })
  // Id, version, and a token for the transaction; a version and a token.
  expect(uuidOptions).toEqual(Array(5).fill({ disableEntropyCache: true }))
})
