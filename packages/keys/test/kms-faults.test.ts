import { inspect } from 'node:util'
import { GlassineError } from '@glassine/core'
import { keyMaterial, kmsKeyring } from '@glassine/keys'
import { type KmsFaultKind, kmsFaultKinds, type LocalKms, startLocalKms } from '@glassine/local-kms'
import { standingClock } from '@glassine/test-support'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { context, hasCode, request } from './support/requests.ts'

/* What becomes of every way in which KMS can fail, over HTTP and through the AWS SDK. */

let kms: LocalKms
beforeAll(async () => {
  kms = await startLocalKms({ keys: ['alias/one', 'alias/two'] })
})
beforeEach(() => kms.resetCalls())
afterEach(() => kms.faults.clear())
afterAll(() => kms.close())

const keyringOf = (more: object = {}) =>
  kmsKeyring({
    keyId: kms.keys[0]!.arn,
    awsClientOptions: kms.clientOptions,
    insecureEndpoint: kms.endpoint,
    ...more,
  })

/** Passing faults: tried again. */
const passing: KmsFaultKind[] = ['throttle', 'internal', 'html', 'reset', 'truncated', 'no-plaintext']
/** Answers that will not change: one call, and no other. */
const final: KmsFaultKind[] = ['wrong-key', 'wrong-length', 'access-denied']

test('every kind of fault is spoken of here', () => {
  const others: KmsFaultKind[] = ['latency', 'hang', 'expired-token']
  expect([...passing, ...final, ...others].sort()).toEqual([...kmsFaultKinds].sort())
})

describe.each(passing)('%s', (kind) => {
  test('is tried again, both ways', async () => {
    const keyring = keyringOf()
    kms.faults.set('GenerateDataKey', { kind, times: 2 })
    const { dataKey, encryptedDataKeys } = await keyring.generate(request())
    expect(kms.callCount('GenerateDataKey')).toBe(3)
    kms.faults.set('Decrypt', { kind, times: 2 })
    const opened = await keyring.unwrap({ ...request(), encryptedDataKeys })
    expect(opened?.equals(dataKey)).toBe(true)
    expect(kms.callCount('Decrypt')).toBe(3)
  })

  test('that does not end is ERR_KEY_UNAVAILABLE by the deadline', async () => {
    const keyring = keyringOf()
    const { encryptedDataKeys } = await keyring.generate(request())
    kms.faults.set('*', { kind })
    await expect(keyring.generate(request(300))).rejects.toThrow(hasCode('ERR_KEY_UNAVAILABLE'))
    await expect(keyring.unwrap({ ...request(300), encryptedDataKeys })).rejects.toThrow(
      hasCode('ERR_KEY_UNAVAILABLE', { statusCode: 503 }),
    )
    expect(kms.callCount('GenerateDataKey')).toBeGreaterThan(1)
  })
})

describe.each(final)('%s', (kind) => {
  test('is refused at the first answer, both ways', async () => {
    const keyring = keyringOf()
    const { encryptedDataKeys } = await keyring.generate(request())
    kms.resetCalls()
    kms.faults.set('*', { kind })
    await expect(keyring.generate(request())).rejects.toThrow(
      hasCode('ERR_ENCRYPT_FAILED', { statusCode: 500, expose: false }),
    )
    expect(await keyring.unwrap({ ...request(), encryptedDataKeys })).toBeUndefined()
    expect(kms.callCount()).toBe(2)
  })

  test('is remembered by the cached layer', async () => {
    const keyring = keyringOf()
    const { encryptedDataKeys } = await keyring.generate(request())
    const keys = keyMaterial({ keyring })
    kms.resetCalls()
    kms.faults.set('*', { kind })
    for (let n = 0; n < 5; n++) {
      await expect(keys.encryptionKey({ suite: 0x0478, context, messages: 1, bytes: 1 })).rejects.toThrow(
        hasCode('ERR_ENCRYPT_FAILED'),
      )
      await expect(keys.decryptionKey({ suite: 0x0478, context, encryptedDataKeys })).rejects.toThrow(
        hasCode('ERR_DECRYPT_FAILED', {
          message: 'The encrypted fields of the request could not be decrypted',
        }),
      )
    }
    expect(kms.callCount()).toBe(2)
  })
})

test('the wrong key, the wrong length and a missing answer from Encrypt are noticed too', async () => {
  const keyring = keyringOf({ keyIds: [kms.keys[1]!.arn] })
  kms.faults.set('Encrypt', { kind: 'wrong-key' })
  await expect(keyring.generate(request())).rejects.toThrow(hasCode('ERR_ENCRYPT_FAILED'))
  kms.faults.set('Encrypt', { kind: 'access-denied' })
  await expect(keyring.generate(request())).rejects.toThrow(
    hasCode('ERR_ENCRYPT_FAILED', { message: expect.stringContaining('AccessDeniedException') }),
  )
  kms.faults.set('Encrypt', { kind: 'truncated', times: 1 })
  expect((await keyring.generate(request())).encryptedDataKeys).toHaveLength(2)
})

test('expired credentials are ERR_KEY_UNAVAILABLE at once: trying again is in vain', async () => {
  const keyring = keyringOf()
  const { encryptedDataKeys } = await keyring.generate(request())
  kms.resetCalls()
  kms.faults.set('*', { kind: 'expired-token' })
  await expect(keyring.generate(request())).rejects.toThrow(
    hasCode('ERR_KEY_UNAVAILABLE', { message: expect.stringContaining('ExpiredTokenException') }),
  )
  await expect(keyring.unwrap({ ...request(), encryptedDataKeys })).rejects.toThrow(
    hasCode('ERR_KEY_UNAVAILABLE'),
  )
  expect(kms.callCount()).toBe(2)
})

test('a call that hangs is given up after half of the time, and made again', async () => {
  const keyring = keyringOf()
  await keyring.generate(request())
  kms.resetCalls()
  kms.faults.set('GenerateDataKey', { kind: 'hang', times: 1 })
  await keyring.generate(request(2_000))
  expect(kms.callCount('GenerateDataKey')).toBe(2)
})

test('KMS that hangs for good is ERR_KEY_UNAVAILABLE by the deadline', async () => {
  kms.faults.set('*', { kind: 'hang' })
  await expect(keyringOf().generate(request(300))).rejects.toThrow(hasCode('ERR_KEY_UNAVAILABLE'))
})

test('a slow answer within the time of an attempt is an answer', async () => {
  const keyring = keyringOf()
  kms.faults.set('*', { kind: 'latency', ms: 50 })
  await keyring.generate(request())
  expect(kms.callCount()).toBe(1)
})

test('a key that hangs does not use up the time of the next one', async () => {
  const keyring = keyringOf({ keyIds: [kms.keys[1]!.arn] })
  const { dataKey, encryptedDataKeys } = await keyring.generate(request())
  kms.resetCalls()
  kms.faults.set('Decrypt', { kind: 'hang', times: 1 })
  const opened = await keyring.unwrap({ ...request(1_000), encryptedDataKeys })
  expect(opened?.equals(dataKey)).toBe(true)
  expect(kms.calls.at(-1)).toMatchObject({ operation: 'Decrypt', keyArn: kms.keys[1]!.arn })
})

test('a passing failure of one key wins over the refusal of another', async () => {
  const keyring = keyringOf({ keyIds: [kms.keys[1]!.arn] })
  const { encryptedDataKeys } = await keyring.generate(request())
  kms.faults.set('Decrypt', { kind: 'access-denied', times: 1 })
  const answer = keyring.unwrap({ ...request(400), encryptedDataKeys })
  kms.faults.set('*', { kind: 'throttle' })
  await expect(answer).rejects.toThrow(hasCode('ERR_KEY_UNAVAILABLE'))
})

test('a forged wrapped key costs one call in five seconds, however often it is sent', async () => {
  const keyring = keyringOf()
  const { encryptedDataKeys } = await keyring.generate(request())
  const forged = encryptedDataKeys.map((one) => ({ ...one, ciphertext: Buffer.alloc(184, 1) }))
  const clock = standingClock(Date.now())
  const keys = keyMaterial({ keyring, now: clock.now })
  kms.resetCalls()
  const send = () =>
    keys
      .decryptionKey({ suite: 0x0478, context, encryptedDataKeys: forged })
      .catch((error: GlassineError) => error.code)
  for (let n = 0; n < 20; n++) expect(await send()).toBe('ERR_DECRYPT_FAILED')
  expect(kms.callCount('Decrypt')).toBe(1)
})

test('with a grace, keys outlive an outage; without a refusal in it', async () => {
  const clock = standingClock(Date.now())
  const keys = keyMaterial({
    keyring: keyringOf(),
    cacheExpiry: 1_000,
    cacheStaleIfError: 60_000,
    timeout: 300,
    now: clock.now,
  })
  const asked = { suite: 0x0478, context, messages: 1, bytes: 1 }
  const before = await keys.encryptionKey(asked)
  kms.faults.set('*', { kind: 'throttle' })
  clock.advance(1_000)
  const during = await keys.encryptionKey(asked)
  expect(during.identity).toBe(before.identity)
  expect(keys.stats().stale).toBe(1)
})

test('nothing of KMS or the SDK leaks: no message, no response, no stack of theirs', async () => {
  for (const kind of kmsFaultKinds.filter((kind) => kind !== 'latency')) {
    kms.faults.set('*', { kind })
    const error: unknown = await keyringOf()
      .generate(request(250))
      .catch((error: unknown) => error)
    expect(error).toBeInstanceOf(GlassineError)
    for (const name of Object.keys(error as object))
      expect(['cause', 'code', 'expose', 'name', 'statusCode']).toContain(name)
    const shown = inspect(error, { depth: null, showHidden: true })
    expect(shown).not.toMatch(/\$metadata|\$response|aws-sdk|smithy|arn:aws|html|alias\/|127\.0\.0\.1/i)
  }
})
