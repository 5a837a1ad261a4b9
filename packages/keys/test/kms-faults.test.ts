import { inspect } from 'node:util'
import { KMSClient } from '@aws-sdk/client-kms'
import { GlassineError } from '@glassine/core'
import { keyMaterial, kmsKeyring } from '@glassine/keys'
import { type KmsFaultKind, kmsFaultKinds, type LocalKms, startLocalKms } from '@glassine/local-kms'
import { hasCode, isAtOnce, rejection, standingClock } from '@glassine/test-support'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { kmsService } from '../src/kms/retry.ts'
import { context, request } from './support/requests.ts'

/* What becomes of every way in which KMS can fail, over HTTP and through the AWS SDK. */

// One for each test: a call that was given up at its deadline may still arrive, and would count in the test after.
let kms: LocalKms
beforeEach(async () => {
  kms = await startLocalKms({ keys: ['alias/one', 'alias/two'] })
  kmsService.budget.reset()
})
afterEach(() => kms.close())

const keyringOf = (more: object = {}) =>
  kmsKeyring({
    keyId: kms.keys[0]!.arn,
    awsClientOptions: kms.clientOptions,
    insecureEndpoint: kms.endpoint,
    ...more,
  })

/** Passing faults: tried again. */
const passing: KmsFaultKind[] = ['throttle', 'internal', 'html', 'reset', 'truncated', 'no-plaintext']
/** Responses that will not change: one call, and no other. */
const final = ['wrong-key', 'wrong-length', 'access-denied'] as const

test('every kind of fault is tested here', () => {
  const others: KmsFaultKind[] = ['latency', 'hang', 'expired-token']
  expect([...passing, ...final, ...others].sort()).toEqual([...kmsFaultKinds].sort())
})

describe.each(passing)('%s', (kind) => {
  test('is retried, in both directions', async () => {
    // Time enough: an attempt that is late on a busy machine would be one more.
    const keyring = keyringOf()
    kms.faults.set('GenerateDataKey', { kind, times: 2 })
    const { dataKey, encryptedDataKeys } = await keyring.generate(request(60_000))
    expect(kms.callCount('GenerateDataKey')).toBe(3)
    kms.faults.set('Decrypt', { kind, times: 2 })
    const opened = await keyring.unwrap({ ...request(60_000), encryptedDataKeys })
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

/** Ours and not the sender's; the operator learns the key and the action, and the caller neither. */
const deniedFor = (action: string) =>
  hasCode('ERR_KEY_DENIED', {
    statusCode: 503,
    message: 'The encryption keys are not available at the moment',
    cause: {
      package: '@glassine/keys',
      reason: `AccessDeniedException: ${action}`,
      keyId: expect.stringMatching(/^(arn:aws:kms:|alias\/)/),
    },
  })

/** What the sender of a message cannot have caused: another key than was asked for by its ARN, another data key. */
const outage = (reason = 'KMS: a response of another key, or of another length') =>
  hasCode('ERR_KEY_UNAVAILABLE', {
    statusCode: 503,
    message: 'The encryption keys are not available at the moment',
    cause: { package: '@glassine/keys', reason },
  })
/** Of each direction, what a caller of the keyring meets. */
const outcomes = {
  'wrong-key': [outage(), outage()],
  // The sender may have wrapped a key of another length.
  'wrong-length': [outage(), undefined],
  'access-denied': [deniedFor('kms:GenerateDataKey'), deniedFor('kms:Decrypt')],
}

describe.each(final)('%s', (kind) => {
  const [generating, unwrapping] = outcomes[kind]

  test('is final at the first response, in both directions', async () => {
    const keyring = keyringOf()
    const { encryptedDataKeys } = await keyring.generate(request())
    kms.resetCalls()
    kms.faults.set('*', { kind })
    await expect(keyring.generate(request())).rejects.toThrow(generating)
    const told: unknown[] = []
    const refused = (...reason: unknown[]) => void told.push(reason)
    const unwrapped = keyring.unwrap({ ...request(), encryptedDataKeys, refused })
    if (unwrapping) await expect(unwrapped).rejects.toThrow(unwrapping)
    else expect(await unwrapped).toBeUndefined()
    expect(told).toEqual(unwrapping ? [] : [['KMS unwraps it to a key of another length']])
    expect(kms.callCount()).toBe(2)
  })

  test('is remembered by the cached layer where it stays so: an outage may pass', async () => {
    const keyring = keyringOf()
    const { encryptedDataKeys } = await keyring.generate(request())
    const keys = keyMaterial({ keyring })
    kms.resetCalls()
    kms.faults.set('*', { kind })
    for (let n = 0; n < 5; n++) {
      await expect(keys.encryptionKey({ suite: 0x0478, context, messages: 1, bytes: 1 })).rejects.toThrow(
        generating,
      )
      await expect(keys.decryptionKey({ suite: 0x0478, context, encryptedDataKeys })).rejects.toThrow(
        unwrapping ??
          hasCode('ERR_DECRYPT_FAILED', {
            message: 'The encrypted fields of the request could not be decrypted',
          }),
      )
    }
    expect([kms.callCount('GenerateDataKey'), kms.callCount('Decrypt')]).toEqual(
      {
        'wrong-key': [5, 5],
        'wrong-length': [5, 1],
        'access-denied': [1, 1],
      }[kind],
    )
  })
})

describe('another key than the message names', () => {
  const aliasKeyring = () => keyringOf({ keyId: 'alias/one' })
  const refusalsOf = async (keyring: ReturnType<typeof keyringOf>, encryptedDataKeys: any) => {
    const told: unknown[] = []
    const refused = (...reason: unknown[]) => void told.push(reason)
    return [await keyring.unwrap({ ...request(), encryptedDataKeys, refused }), told]
  }
  const forgedOf = async () => {
    const { encryptedDataKeys } = await aliasKeyring().generate(request())
    const providerInfo = Buffer.from(kms.keys[1]!.arn)
    return encryptedDataKeys.map((one) => ({ ...one, providerInfo }))
  }

  test('is the sender’s fault where an alias is asked for: he may have forged the ARN', async () => {
    expect(await refusalsOf(aliasKeyring(), await forgedOf())).toEqual([
      undefined,
      [['KMS unwraps it with another key than the one that it names']],
    ])
  })

  test('is an outage where the key of the alias is known from an earlier response', async () => {
    const keyring = aliasKeyring()
    const { encryptedDataKeys } = await keyring.generate(request())
    kms.faults.set('Decrypt', { kind: 'wrong-key' })
    await expect(keyring.unwrap({ ...request(), encryptedDataKeys })).rejects.toThrow(outage())
    // A reader that has just started cannot tell it from a forged ARN.
    expect((await refusalsOf(aliasKeyring(), encryptedDataKeys))[0]).toBeUndefined()
  })
})

describe('a missing permission', () => {
  test('under an alias names the alias and the ARN of its key, in both directions', async () => {
    const [key] = kms.keys
    const { encryptedDataKeys } = await keyringOf().generate(request())
    const awsClientOptions = kms.clientOptionsFor({ principal: 'arn:aws:iam::111122223333:role/other' })
    for (const keyId of ['alias/one', key!.arn]) {
      const keyring = keyringOf({ keyId, awsClientOptions })
      const named = keyId === key!.arn ? key!.arn : `alias/one, ${key!.arn}`
      const generating = await rejection(keyring.generate(request()))
      expect(generating.cause).toMatchObject({
        reason: 'AccessDeniedException: kms:GenerateDataKey',
        keyId: named,
      })
      const unwrapping = await rejection(keyring.unwrap({ ...request(), encryptedDataKeys }))
      expect(unwrapping.cause).toMatchObject({ reason: 'AccessDeniedException: kms:Decrypt', keyId: named })
    }
  })

  test('names nothing of a response that is no ARN of a key', async () => {
    const denied = async () => {
      throw Object.assign(new Error('is not authorized to perform: x on resource: canary'), {
        name: 'AccessDeniedException',
      })
    }
    const client = { decrypt: denied, encrypt: denied, generateDataKey: denied }
    const error = await rejection(kmsKeyring({ keyId: 'alias/one', client }).generate(request()))
    expect(error.cause).toMatchObject({ keyId: 'alias/one' })
  })

  test('of one key is not a failure while another key works', async () => {
    const keyring = keyringOf({ keyIds: [kms.keys[1]!.arn] })
    const { dataKey, encryptedDataKeys } = await keyring.generate(request())
    kms.faults.set('Decrypt', { kind: 'access-denied', times: 1 })
    expect(await keyring.unwrap({ ...request(), encryptedDataKeys })).toEqual(dataKey)
  })

  test('is not reported for a blob under a key that does not exist: that is the sender’s fault', async () => {
    const responses = [
      'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
    ]
    const decrypt = async () => {
      throw Object.assign(new Error(responses[0]), { name: 'AccessDeniedException' })
    }
    const client = { decrypt, encrypt: decrypt, generateDataKey: decrypt }
    const { encryptedDataKeys } = await keyringOf().generate(request())
    const keyring = kmsKeyring({ keyId: kms.keys[0]!.arn, client })
    expect(await keyring.unwrap({ ...request(), encryptedDataKeys })).toBeUndefined()
  })
})

describe('a call that never reached KMS', () => {
  const failure = async (awsClientOptions: object, patience = 5_000) => {
    const credentials = { accessKeyId: 'AKIAEXAMPLE00000000', secretAccessKey: 'x' }
    const keyring = kmsKeyring({
      keyId: 'alias/one',
      awsClientOptions: { credentials, ...awsClientOptions },
      insecureEndpoint: 'http://127.0.0.1:9',
    })
    return rejection(keyring.generate(request(patience)))
  }
  const unavailable = (reason: unknown) =>
    hasCode('ERR_KEY_UNAVAILABLE', {
      message: 'The encryption keys are not available at the moment',
      cause: { package: '@glassine/keys', reason },
    })

  test('reports a refused connection by its code', async () => {
    const error = await failure({ region: 'eu-west-1', endpoint: 'http://127.0.0.1:9' }, 400)
    expect(error).toEqual(unavailable('KMS: ECONNREFUSED'))
  })

  test('reports an unresolved name by its code', async () => {
    const error = await failure({ region: 'eu-west-1', endpoint: 'https://kms.nowhere.invalid' }, 400)
    expect(error).toEqual(unavailable(expect.stringMatching(/ENOTFOUND|EAI_AGAIN/)))
  })

  test('reports a missing Region at once', async () => {
    const region = async () => {
      throw new Error('Region is missing')
    }
    // With retries the test would last an hour.
    expect(await failure({ region }, 3_600_000)).toEqual(unavailable('KMS: Region is missing'))
  })

  test('reports a response that is not JSON as such, a reset by its code', async () => {
    kms.faults.set('*', { kind: 'html' })
    const html = await rejection(keyringOf().generate(request(1_500)))
    expect(html.cause).toMatchObject({ reason: expect.stringMatching(/^KMS: a response that is no JSON/) })
    kms.faults.set('*', { kind: 'reset' })
    const reset = await rejection(keyringOf().generate(request(1_500)))
    expect(reset.cause).toMatchObject({ reason: 'KMS: ECONNRESET' })
  })
})

test('all requests of a process share one budget of retries', async () => {
  kms.faults.set('*', { kind: 'throttle' })
  const failed = await Promise.all(
    Array.from({ length: 20 }, () => rejection(keyringOf().generate(request(3_000)))),
  )
  for (const error of failed) expect(error).toEqual(hasCode('ERR_KEY_UNAVAILABLE'))
  // A first call for each, ten retries, and one more for each second.
  expect(kms.callCount()).toBeLessThanOrEqual(20 + 10 + 4)
})

test('paused calls continue at once when KMS answers again', async () => {
  const resumed: string[] = []
  const pause = kmsService.budget.pause(60_000).then(() => resumed.push('at once'))
  await keyringOf().generate(request())
  await pause
  expect(resumed).toEqual(['at once'])
})

test('a dead socket is replaced without a pause', async () => {
  const pause = jest.spyOn(kmsService.budget, 'pause')
  kms.faults.set('*', { kind: 'reset', times: 1 })
  await keyringOf().generate(request())
  expect(kms.callCount()).toBe(2)
  expect(pause).not.toHaveBeenCalled()
  pause.mockRestore()
})

test('the wrong key, the wrong length and a missing response from Encrypt are noticed too', async () => {
  const keyring = keyringOf({ keyIds: [kms.keys[1]!.arn] })
  kms.faults.set('Encrypt', { kind: 'wrong-key' })
  await expect(keyring.generate(request())).rejects.toThrow(outage())
  kms.faults.set('Encrypt', { kind: 'access-denied' })
  await expect(keyring.generate(request())).rejects.toThrow(
    hasCode('ERR_KEY_DENIED', {
      cause: expect.objectContaining({ reason: 'AccessDeniedException: kms:Encrypt' }),
    }),
  )
  kms.faults.set('Encrypt', { kind: 'truncated', times: 1 })
  expect((await keyring.generate(request())).encryptedDataKeys).toHaveLength(2)
})

test('expired credentials are ERR_KEY_UNAVAILABLE at once: they are not retried', async () => {
  const keyring = keyringOf()
  const { encryptedDataKeys } = await keyring.generate(request())
  kms.resetCalls()
  kms.faults.set('*', { kind: 'expired-token' })
  await expect(keyring.generate(request())).rejects.toThrow(
    hasCode('ERR_KEY_UNAVAILABLE', {
      cause: expect.objectContaining({ reason: 'KMS: ExpiredTokenException' }),
    }),
  )
  await expect(keyring.unwrap({ ...request(), encryptedDataKeys })).rejects.toThrow(
    hasCode('ERR_KEY_UNAVAILABLE'),
  )
  expect(kms.callCount()).toBe(2)
})

test('a hanging call is given up after half of the time, and retried', async () => {
  const keyring = keyringOf()
  await keyring.generate(request())
  kms.resetCalls()
  kms.faults.set('GenerateDataKey', { kind: 'hang', times: 1 })
  await keyring.generate(request(2_000))
  expect(kms.callCount('GenerateDataKey')).toBe(2)
})

test('a KMS that hangs for good is ERR_KEY_UNAVAILABLE by the deadline', async () => {
  kms.faults.set('*', { kind: 'hang' })
  await expect(keyringOf().generate(request(300))).rejects.toThrow(hasCode('ERR_KEY_UNAVAILABLE'))
})

test('a slow response within the time of an attempt is used', async () => {
  const keyring = keyringOf()
  kms.faults.set('*', { kind: 'latency', ms: 50 })
  await keyring.generate(request())
  expect(kms.callCount()).toBe(1)
})

test('a hanging key does not use up the time of the next one', async () => {
  const keyring = keyringOf({ keyIds: [kms.keys[1]!.arn] })
  const { dataKey, encryptedDataKeys } = await keyring.generate(request())
  kms.resetCalls()
  kms.faults.set('Decrypt', { kind: 'hang', times: 1 })
  const opened = await keyring.unwrap({ ...request(1_000), encryptedDataKeys })
  expect(opened?.equals(dataKey)).toBe(true)
  expect(kms.calls.at(-1)).toMatchObject({ operation: 'Decrypt', keyArn: kms.keys[1]!.arn })
})

test('a transient failure of one key wins over the refusal of another', async () => {
  const keyring = keyringOf({ keyIds: [kms.keys[1]!.arn] })
  const { encryptedDataKeys } = await keyring.generate(request())
  kms.faults.set('Decrypt', { kind: 'access-denied', times: 1 })
  const answer = keyring.unwrap({ ...request(400), encryptedDataKeys })
  kms.faults.set('*', { kind: 'throttle' })
  await expect(answer).rejects.toThrow(hasCode('ERR_KEY_UNAVAILABLE'))
})

test('of keys that wrap together, a denied one is reported before one that is not reachable', async () => {
  const [key] = kms.keys
  const client = (region?: string) =>
    new KMSClient(
      region === 'us-east-1'
        ? { ...kms.clientOptions, region, endpoint: 'https://127.0.0.1:9' }
        : { ...kms.clientOptions, endpoint: kms.endpoint },
    )
  const away = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
  const keyring = keyringOf({ keyId: away, keyIds: [key!.arn], awsClientOptions: undefined, client })
  kms.faults.set('Encrypt', { kind: 'access-denied' })
  await expect(keyring.wrap({ ...request(300), dataKey: Buffer.alloc(32) })).rejects.toThrow(
    deniedFor('kms:Encrypt'),
  )
  kms.faults.clear()
  await expect(keyring.wrap({ ...request(300), dataKey: Buffer.alloc(32) })).rejects.toThrow(
    hasCode('ERR_KEY_UNAVAILABLE'),
  )
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

test('with a grace, keys outlive an outage, but not a refusal', async () => {
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

test('while KMS hangs, keys within their grace are used at once after the first wait', async () => {
  const clock = standingClock(Date.now())
  const keys = keyMaterial({
    keyring: keyringOf(),
    cacheExpiry: 1_000,
    cacheStaleIfError: 60_000,
    now: clock.now,
  })
  const asked = (tenant: string) => ({ suite: 0x0478, context, tenant, messages: 1, bytes: 1 })
  const tenants = ['t-1', 't-2', 't-3']
  for (const tenant of tenants) await keys.encryptionKey(asked(tenant))
  kms.faults.set('*', { kind: 'hang' })
  clock.advance(1_000)
  const ask = (tenant: string, more: object = {}) => keys.encryptionKey({ ...asked(tenant), ...more })
  const began = performance.now()
  await ask('t-1')
  expect(performance.now() - began).toBeGreaterThan(300)
  // The source is known to be down: also by keys that have not been asked for since.
  for (const tenant of tenants) expect(await isAtOnce(ask(tenant))).toBe(true)
  // Even when there is no time left for a call.
  expect(await isAtOnce(ask('t-1', { deadline: clock.now() }))).toBe(true)
})

test('nothing from KMS or the SDK leaks: no message, no response, no stack', async () => {
  for (const kind of kmsFaultKinds.filter((kind) => kind !== 'latency')) {
    kms.faults.set('*', { kind })
    const error: unknown = await keyringOf()
      .generate(request(250))
      .catch((error: unknown) => error)
    expect(error).toBeInstanceOf(GlassineError)
    for (const name of Object.keys(error as object))
      expect(['cause', 'code', 'expose', 'name', 'statusCode']).toContain(name)
    // The operator's part of the cause is made of a service's names and of our key.
    const { cause, ...rest } = error as GlassineError
    expect(Object.keys(cause).filter((name) => !['package', 'reason', 'keyId'].includes(name))).toEqual([])
    const shown = `${(error as GlassineError).message}${(error as GlassineError).stack}${inspect(rest, { depth: null, showHidden: true })}${cause.reason}`
    expect(shown).not.toMatch(/\$metadata|\$response|aws-sdk|smithy|arn:aws|html|alias\/|127\.0\.0\.1/i)
  }
})
