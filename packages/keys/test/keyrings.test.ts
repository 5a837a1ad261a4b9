import { randomBytes } from 'node:crypto'
import { GlassineError } from '@glassine/core'
import { type EncryptedDataKey, type Keyring, keyMaterial, kmsKeyring, multiKeyring } from '@glassine/keys'
import { serialiseContext } from '@glassine/keys/internal'
import { localKeyring, rawAesKeyring } from '@glassine/keys/raw-aes'
import { type LocalKms, startLocalKms } from '@glassine/local-kms'
import { hasCode } from '@glassine/test-support'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { context, request } from './support/requests.ts'

/* The same expectations of every keyring. */

let kms: LocalKms
let arns: string[]

beforeAll(async () => {
  kms = await startLocalKms({ keys: ['alias/one', 'alias/two'] })
  arns = kms.keys.map(({ arn }) => arn)
})
afterAll(() => kms.close())

const onKms = (more: object) =>
  kmsKeyring({ awsClientOptions: kms.clientOptions, insecureEndpoint: kms.endpoint, ...more })
const raw = (name = 'k') => rawAesKeyring({ namespace: 'clinic', name, key: randomBytes(32) })

const keyrings: [name: string, make: () => Keyring, encryptedDataKeys: number][] = [
  ['raw AES', () => raw(), 1],
  ['local', () => localKeyring(), 1],
  ['KMS by alias', () => onKms({ keyId: 'alias/one' }), 1],
  ['KMS by key ARN', () => onKms({ keyId: arns[0] }), 1],
  ['KMS by key id', () => onKms({ keyId: kms.keys[0]!.keyId }), 1],
  ['KMS by alias ARN', () => onKms({ keyId: kms.keys[0]!.aliasArn }), 1],
  ['KMS with two keys', () => onKms({ keyId: 'alias/one', keyIds: [arns[1]] }), 2],
  ['multi of raw AES', () => multiKeyring({ generator: raw('a'), children: [raw('b'), raw('c')] }), 3],
  [
    'multi of KMS and raw AES',
    () => multiKeyring({ generator: onKms({ keyId: arns[0] }), children: [raw()] }),
    2,
  ],
]

const flipped = ({ providerId, providerInfo, ciphertext }: EncryptedDataKey): EncryptedDataKey => {
  const copy = Buffer.from(ciphertext)
  copy[copy.length - 1]! ^= 1
  return { providerId, providerInfo, ciphertext: copy }
}

describe.each(keyrings)('%s', (_name, make, count) => {
  test('generates a data key of 32 bytes, new each time, and unwraps all its wrapped forms', async () => {
    const keyring = make()
    const one = await keyring.generate(request())
    const two = await keyring.generate(request())
    expect(one.dataKey).toHaveLength(32)
    expect(one.dataKey.equals(two.dataKey)).toBe(false)
    expect(one.encryptedDataKeys).toHaveLength(count)
    for (const encrypted of one.encryptedDataKeys) {
      const opened = await keyring.unwrap({ ...request(), encryptedDataKeys: [encrypted] })
      expect(opened?.equals(one.dataKey)).toBe(true)
    }
  })

  test('wraps an existing data key, and leaves it unchanged', async () => {
    const keyring = make()
    const dataKey = randomBytes(32)
    const before = Buffer.from(dataKey)
    const encryptedDataKeys = await keyring.wrap({ ...request(), dataKey })
    expect(dataKey.equals(before)).toBe(true)
    expect(encryptedDataKeys).toHaveLength(count)
    expect((await keyring.unwrap({ ...request(), encryptedDataKeys }))?.equals(dataKey)).toBe(true)
  })

  test('unwraps nothing under another encryption context', async () => {
    const keyring = make()
    const { encryptedDataKeys } = await keyring.generate(request())
    const other = serialiseContext({ ...context.pairs, tenant: 't-2' })
    expect(await keyring.unwrap({ ...request(), context: other, encryptedDataKeys })).toBeUndefined()
  })

  test('goes on to the next encrypted data key if one cannot be unwrapped', async () => {
    const keyring = make()
    const { dataKey, encryptedDataKeys } = await keyring.generate(request())
    const list = [flipped(encryptedDataKeys[0]!), ...encryptedDataKeys]
    const opened = await keyring.unwrap({ ...request(), encryptedDataKeys: list })
    // Of several under one key ARN, which no writer makes, only the first is tried: each costs a call.
    if (encryptedDataKeys.length === 1 && encryptedDataKeys[0]!.providerId === 'aws-kms')
      expect(opened).toBeUndefined()
    else expect(opened?.equals(dataKey)).toBe(true)
  })

  test('unwraps nothing that was changed, or has another provider or length', async () => {
    const keyring = make()
    const { encryptedDataKeys } = await keyring.generate(request())
    const [first] = encryptedDataKeys as [EncryptedDataKey]
    for (const list of [
      encryptedDataKeys.map(flipped),
      encryptedDataKeys.map((one) => ({ ...one, providerId: 'other' })),
      encryptedDataKeys.map((one) => ({ ...one, providerInfo: Buffer.from('?') })),
      encryptedDataKeys.map((one) => ({ ...one, ciphertext: Buffer.alloc(1) })),
      [{ ...first, providerInfo: Buffer.alloc(0), ciphertext: Buffer.alloc(0) }],
      [],
    ])
      expect(await keyring.unwrap({ ...request(), encryptedDataKeys: list })).toBeUndefined()
    expect(await keyring.unwrap({ ...request(), length: 16, encryptedDataKeys })).toBeUndefined()
  })

  test('carries key material through the cached layer: 50 cold calls, then cleared and read back', async () => {
    const keys = keyMaterial({ keyring: make() })
    const asked = { suite: 0x0478, context, messages: 1, bytes: 1 }
    const leases = await Promise.all(Array.from({ length: 50 }, () => keys.encryptionKey(asked)))
    const bytes = Buffer.from(leases[0]!.bytes)
    const { encryptedDataKeys } = leases[0]!
    for (const key of leases) key.release()
    keys.clear()
    const read = await Promise.all(
      Array.from({ length: 50 }, () => keys.decryptionKey({ suite: 0x0478, context, encryptedDataKeys })),
    )
    for (const key of read) expect(key.bytes.equals(bytes)).toBe(true)
    expect(keys.stats()).toMatchObject({ misses: 100, joined: 98, errors: 0 })
  })

  test('has an id that no other keyring has', () => {
    expect(make().id).not.toBe(make().id)
  })
})

test('a stampede of 50 cold calls for each of 3 tenants makes 3 KMS calls', async () => {
  const keys = keyMaterial({ keyring: onKms({ keyId: 'alias/one' }) })
  kms.resetCalls()
  const asked = ['a', 'b', 'c'].map((tenant) => ({
    suite: 0x0478,
    context: serialiseContext({ tenant }),
    messages: 1,
    bytes: 1,
  }))
  const leases = await Promise.all(
    asked.flatMap((one) => Array.from({ length: 50 }, () => keys.encryptionKey(one))),
  )
  expect(kms.callCount('GenerateDataKey')).toBe(3)
  keys.clear()
  await Promise.all(
    leases.map(({ encryptedDataKeys }, n) =>
      keys.decryptionKey({ ...asked[Math.floor(n / 50)]!, encryptedDataKeys }),
    ),
  )
  expect(kms.callCount('Decrypt')).toBe(3)
  expect(kms.callCount()).toBe(6)
})

describe('multiKeyring', () => {
  const failing = (error: unknown): Keyring => ({
    id: 'failing',
    generate: () => Promise.reject(error),
    wrap: () => Promise.reject(error),
    unwrap: () => Promise.reject(error),
  })
  const down = Object.assign(new Error('canary'), { name: 'Down' })

  test('one child that unwraps the key is enough, in any state of the others', async () => {
    const child = raw()
    const { dataKey, encryptedDataKeys } = await child.generate(request())
    const keyring = multiKeyring({ generator: failing(down), children: [raw(), child] })
    expect((await keyring.unwrap({ ...request(), encryptedDataKeys }))?.equals(dataKey)).toBe(true)
  })

  test('a transient failure wins over children that cannot unwrap the key', async () => {
    const { encryptedDataKeys } = await raw().generate(request())
    const keyring = multiKeyring({ children: [raw(), failing(down), raw()] })
    await expect(keyring.unwrap({ ...request(), encryptedDataKeys })).rejects.toThrow(
      hasCode('ERR_KEY_UNAVAILABLE', { message: expect.not.stringContaining('canary') }),
    )
  })

  test.each([
    ['first', (refusing: Keyring) => [refusing, failing(down)]],
    ['last', (refusing: Keyring) => [failing(down), refusing]],
  ])('a refusal wins over a transient failure, even if it comes %s', async (_, order) => {
    const refusal = new GlassineError('ERR_KEY_DENIED', { package: 'test' })
    const children = order(failing(refusal))
    const { dataKey, encryptedDataKeys } = await raw().generate(request())
    const keyring = multiKeyring({ children })
    for (const attempt of [
      () => keyring.unwrap({ ...request(), encryptedDataKeys }),
      () => keyring.wrap({ ...request(), dataKey }),
    ])
      await expect(attempt()).rejects.toThrow(hasCode('ERR_KEY_DENIED'))
  })

  test('a child that cannot wrap fails all, and the data key is zeroed', async () => {
    const dataKeys: Buffer[] = []
    const generator = raw()
    const watched: Keyring = {
      ...generator,
      async generate(asked) {
        const made = await generator.generate(asked)
        dataKeys.push(made.dataKey)
        return made
      },
    }
    const keyring = multiKeyring({ generator: watched, children: [raw(), failing(down)] })
    await expect(keyring.generate(request())).rejects.toThrow(hasCode('ERR_KEY_UNAVAILABLE'))
    expect(dataKeys[0]!.every((byte) => byte === 0)).toBe(true)
  })

  test('a hanging keyring leaves the next its share of the time', async () => {
    const deadlines: number[] = []
    const noting = (keyring: Keyring): Keyring => ({
      ...keyring,
      unwrap(asked) {
        deadlines.push(asked.deadline() - Date.now())
        return keyring.unwrap(asked)
      },
    })
    const { encryptedDataKeys } = await raw().generate(request())
    const keyring = multiKeyring({ children: [noting(raw()), noting(raw()), noting(raw())] })
    await keyring.unwrap({ ...request(9_000), encryptedDataKeys })
    expect(deadlines[0]).toBeLessThanOrEqual(3_000)
    expect(deadlines[1]).toBeLessThanOrEqual(4_500)
    expect(deadlines[2]).toBeGreaterThan(4_500)
  })

  test('without a generator it only decrypts', async () => {
    const child = raw()
    const keyring = multiKeyring({ children: [child] })
    await expect(keyring.generate(request())).rejects.toThrow(hasCode('ERR_ENCRYPT_FAILED'))
    const { dataKey, encryptedDataKeys } = await child.generate(request())
    expect((await keyring.unwrap({ ...request(), encryptedDataKeys }))?.equals(dataKey)).toBe(true)
  })

  test.each([
    ['generator', {}],
    ['generator', { generator: 5 }],
    ['children', { children: 5 }],
    ['children', { generator: raw(), children: [{}] }],
    ['child', { generator: raw(), child: raw() }],
  ])('%s is refused at construction', (option, options) => {
    expect(() => multiKeyring(options as never)).toThrow(
      hasCode('ERR_OPTION_INVALID', { cause: { package: '@glassine/keys', option } }),
    )
  })
})

describe('localKeyring', () => {
  const inLambda = <T>(work: () => T): T => {
    process.env.AWS_LAMBDA_FUNCTION_NAME = 'intake'
    try {
      return work()
    } finally {
      delete process.env.AWS_LAMBDA_FUNCTION_NAME
    }
  }

  test('refuses to start in Lambda unless allowed', () => {
    expect(() => inLambda(() => localKeyring())).toThrow(
      hasCode('ERR_OPTION_INVALID', {
        message:
          '@glassine/keys: option `allowInLambda` must be true in AWS Lambda, where each instance has a local key of its own: use kmsKeyring',
        cause: { package: '@glassine/keys', option: 'allowInLambda' },
      }),
    )
    expect(inLambda(() => localKeyring({ allowInLambda: true })).id).toContain('local')
  })

  test("two processes with the same key can read each other's data", async () => {
    const key = randomBytes(32)
    const { dataKey, encryptedDataKeys } = await localKeyring({ key }).generate(request())
    expect(encryptedDataKeys[0]!.providerId).toBe('local')
    const opened = await localKeyring({ key }).unwrap({ ...request(), encryptedDataKeys })
    expect(opened?.equals(dataKey)).toBe(true)
    expect(await localKeyring().unwrap({ ...request(), encryptedDataKeys })).toBeUndefined()
  })

  test.each([
    ['allowInLambda', { allowInLambda: 1 }],
    ['key', { key: Buffer.alloc(5) }],
    ['keys', { keys: [] }],
  ])('%s is refused at construction', (option, options) => {
    expect(() => localKeyring(options as never)).toThrow(
      hasCode('ERR_OPTION_INVALID', { cause: { package: '@glassine/keys', option } }),
    )
  })
})
