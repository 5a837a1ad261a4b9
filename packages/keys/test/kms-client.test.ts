import { KMS, KMSClient, type KMSClientConfig } from '@aws-sdk/client-kms'
import { GlassineError } from '@glassine/core'
import { type KmsOperations, type KmsResponse, kmsKeyring } from '@glassine/keys'
import { type LocalKms, startLocalKms } from '@glassine/local-kms'
import { hasCode } from '@glassine/test-support'
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { context, request } from './support/requests.ts'

/* Whose client is used, and how. */

let kms: LocalKms
let here: string
let there: string
beforeAll(async () => {
  kms = await startLocalKms({ keys: ['alias/one', { region: 'us-east-1' }] })
  ;[here, there] = kms.keys.map(({ arn }) => arn) as [string, string]
})
beforeEach(() => kms.resetCalls())
afterAll(() => kms.close())

const regionsCalled = () => kms.calls.map(({ region }) => region)

describe('clients made here', () => {
  test('are made once per Region, when first needed, from the class and options given', async () => {
    const made: string[] = []
    class Counted extends KMSClient {
      constructor(options: KMSClientConfig) {
        super(options)
        made.push(String(options.region))
        expect(options).toMatchObject({ maxAttempts: 1, endpoint: kms.endpoint })
      }
    }
    const keyring = kmsKeyring({
      keyId: here,
      keyIds: [there],
      AwsClient: Counted,
      awsClientOptions: kms.clientOptions,
      insecureEndpoint: kms.endpoint,
    })
    expect(made).toEqual([])
    await keyring.generate(request())
    await keyring.generate(request())
    expect(made).toEqual(['eu-west-1', 'us-east-1'])
    expect(regionsCalled()).toEqual(['eu-west-1', 'us-east-1', 'eu-west-1', 'us-east-1'])
  })

  test('make one attempt for each of ours, unless configured otherwise', async () => {
    const attempts: number[] = []
    const awsClientCapture = jest.fn((client) => {
      const { maxAttempts } = (client as KMSClient).config
      void maxAttempts().then((count) => attempts.push(count))
      return client as KMSClient
    })
    const options = { keyId: 'alias/one', insecureEndpoint: kms.endpoint, awsClientCapture }
    const awsClientOptions = kms.clientOptions
    const keyring = kmsKeyring({ ...options, awsClientOptions })
    expect(awsClientCapture).not.toHaveBeenCalled()
    await keyring.generate(request())
    await keyring.generate(request())
    expect(awsClientCapture).toHaveBeenCalledTimes(1)
    await kmsKeyring({ ...options, awsClientOptions: { ...awsClientOptions, maxAttempts: 2 } }).generate(
      request(),
    )
    expect(attempts).toEqual([1, 2])
  })

  test('are replaced by the return value of the capture', async () => {
    const send = jest
      .fn<() => Promise<KmsResponse>>()
      .mockRejectedValue(Object.assign(new Error(), { name: 'AccessDeniedException' }))
    const keyring = kmsKeyring({
      keyId: 'alias/one',
      awsClientOptions: kms.clientOptions,
      awsClientCapture: (client) => ({
        config: client.config,
        middlewareStack: client.middlewareStack,
        send,
      }),
    })
    await expect(keyring.generate(request())).rejects.toThrow(hasCode('ERR_KEY_DENIED'))
    expect(send).toHaveBeenCalledTimes(1)
    expect(kms.callCount()).toBe(0)
  })
})

describe("the user's client", () => {
  test.each([
    ['KMSClient', () => new KMSClient(kms.clientOptions)],
    ['KMS', () => new KMS(kms.clientOptions)],
  ])('works as an instance of %s', async (_name, make) => {
    const keyring = kmsKeyring({ keyId: 'alias/one', client: make(), insecureEndpoint: kms.endpoint })
    const { dataKey, encryptedDataKeys } = await keyring.generate(request())
    expect((await keyring.unwrap({ ...request(), encryptedDataKeys }))?.equals(dataKey)).toBe(true)
  })

  test('comes from a function, called once per Region', async () => {
    const client = jest.fn(
      (region: string | undefined) =>
        new KMSClient(kms.clientOptionsFor(region === undefined ? {} : { region })),
    )
    const keyring = kmsKeyring({
      keyId: 'alias/one',
      keyIds: [there],
      client,
      insecureEndpoint: kms.endpoint,
    })
    await keyring.generate(request())
    await keyring.generate(request())
    expect(client.mock.calls).toEqual([[undefined], ['us-east-1']])
    expect(regionsCalled()).toEqual(['eu-west-1', 'us-east-1', 'eu-west-1', 'us-east-1'])
  })
})

describe('user-supplied operations', () => {
  const arn = 'arn:aws:kms:eu-west-1:111122223333:key/k1'
  const good = (): KmsResponse => ({
    KeyId: arn,
    Plaintext: Buffer.alloc(32, 7),
    CiphertextBlob: Buffer.from('blob'),
  })
  const operationsOf = (response: () => unknown): jest.Mocked<KmsOperations> => ({
    generateDataKey: jest.fn<KmsOperations['generateDataKey']>(async () => response() as KmsResponse),
    encrypt: jest.fn<KmsOperations['encrypt']>(async () => response() as KmsResponse),
    decrypt: jest.fn<KmsOperations['decrypt']>(async () => response() as KmsResponse),
  })
  const encryptedDataKeys = [
    { providerId: 'aws-kms', providerInfo: Buffer.from(arn), ciphertext: Buffer.from('blob') },
  ]

  test('receive context, length, grant tokens, Region and a signal', async () => {
    const client = operationsOf(good)
    const keyring = kmsKeyring({ keyId: arn, client, grantTokens: ['token'] })
    const shared = { KeyId: arn, EncryptionContext: context.pairs, GrantTokens: ['token'] }
    const call = { region: 'eu-west-1', signal: expect.any(AbortSignal) }
    await keyring.generate(request())
    expect(client.generateDataKey).toHaveBeenCalledWith({ ...shared, NumberOfBytes: 32 }, call)
    const dataKey = Buffer.alloc(32, 1)
    await keyring.wrap({ ...request(), dataKey })
    expect(client.encrypt).toHaveBeenCalledWith({ ...shared, Plaintext: dataKey }, call)
    await keyring.unwrap({ ...request(), encryptedDataKeys })
    expect(client.decrypt).toHaveBeenCalledWith({ ...shared, CiphertextBlob: Buffer.from('blob') }, call)
  })

  test('have the plaintext of their responses copied and zeroed', async () => {
    const responses: KmsResponse[] = []
    const client = operationsOf(() => {
      const response = good()
      responses.push(response)
      return response
    })
    const keyring = kmsKeyring({ keyId: arn, client })
    const { dataKey } = await keyring.generate(request())
    const opened = await keyring.unwrap({ ...request(), encryptedDataKeys })
    expect([dataKey, opened]).toEqual([Buffer.alloc(32, 7), Buffer.alloc(32, 7)])
    for (const { Plaintext } of responses) expect(Buffer.from(Plaintext!)).toEqual(Buffer.alloc(32))
  })

  const wrong: [string, () => unknown][] = [
    ['another key', () => ({ ...good(), KeyId: `${arn}2` })],
    ['another account', () => ({ ...good(), KeyId: arn.replace('111122223333', '999988887777') })],
    ['another Region', () => ({ ...good(), KeyId: arn.replace('eu-west-1', 'us-east-1') })],
    ['no ARN', () => ({ ...good(), KeyId: 'k1' })],
    ['a short plaintext', () => ({ ...good(), Plaintext: Buffer.alloc(31, 7) })],
    ['a long plaintext', () => ({ ...good(), Plaintext: Buffer.alloc(33, 7) })],
  ]
  test.each(wrong)(
    'a response with %s is refused at once, and its plaintext zeroed',
    async (what, response) => {
      const responses: KmsResponse[] = []
      const client = operationsOf(() => {
        responses.push(response() as KmsResponse)
        return responses.at(-1)
      })
      const keyring = kmsKeyring({ keyId: arn, client })
      const outage = hasCode('ERR_KEY_UNAVAILABLE', {
        cause: expect.objectContaining({ reason: 'KMS: a response of another key, or of another length' }),
      })
      await expect(keyring.generate(request())).rejects.toThrow(outage)
      const unwrapping = keyring.unwrap({ ...request(), encryptedDataKeys })
      // A sender may have wrapped a key of another length; that another key answers he cannot cause.
      if (what.endsWith('plaintext')) expect(await unwrapping).toBeUndefined()
      else await expect(unwrapping).rejects.toThrow(outage)
      expect(responses).toHaveLength(2)
      for (const { Plaintext } of responses)
        expect(Buffer.from(Plaintext!)).toEqual(Buffer.alloc(Plaintext!.length))
    },
  )

  test.each([
    ['nothing', () => ({})],
    ['no key id', () => ({ ...good(), KeyId: undefined })],
    ['no plaintext', () => ({ ...good(), Plaintext: undefined })],
    ['an empty plaintext', () => ({ ...good(), Plaintext: Buffer.alloc(0) })],
    ['undefined', () => undefined],
  ])('a response with %s is retried', async (_what, response) => {
    const client = operationsOf(response)
    const keyring = kmsKeyring({ keyId: arn, client })
    // Passes after the second call, not by the clock.
    const deadline = () => (client.decrypt.mock.calls.length < 2 ? Date.now() + 10_000 : 0)
    await expect(keyring.unwrap({ ...request(), deadline, encryptedDataKeys })).rejects.toThrow(
      hasCode('ERR_KEY_UNAVAILABLE'),
    )
    expect(client.decrypt).toHaveBeenCalledTimes(2)
    client.decrypt.mockResolvedValue(good())
    expect(await keyring.unwrap({ ...request(), encryptedDataKeys })).toEqual(Buffer.alloc(32, 7))
  })

  test.each([
    ['no blob', undefined, 'ERR_KEY_UNAVAILABLE'],
    ['an empty blob', Buffer.alloc(0), 'ERR_KEY_UNAVAILABLE'],
    ['a blob larger than KMS makes', Buffer.alloc(6_145), 'ERR_KEY_UNAVAILABLE'],
  ])('a wrapped key with %s is refused', async (_what, CiphertextBlob, code) => {
    const client = operationsOf(() => ({ ...good(), CiphertextBlob }))
    const keyring = kmsKeyring({ keyId: arn, client })
    await expect(keyring.generate(request(100))).rejects.toThrow(hasCode(code))
    await expect(keyring.wrap({ ...request(100), dataKey: Buffer.alloc(32, 1) })).rejects.toThrow(
      hasCode(code),
    )
  })

  test('if one of the further keys fails, all are awaited and the data key is zeroed', async () => {
    const client = operationsOf(good)
    const seen: Buffer[] = []
    let finished = 0
    client.encrypt.mockImplementation(async ({ KeyId, Plaintext }) => {
      seen.push(Plaintext as Buffer)
      if (KeyId.endsWith('2')) throw Object.assign(new Error(), { name: 'DisabledException' })
      await new Promise((resolve) => setTimeout(resolve, 20))
      finished++
      return { ...good(), KeyId }
    })
    const keyring = kmsKeyring({ keyId: arn, keyIds: [`${arn}2`, `${arn}3`], client })
    await expect(keyring.generate(request())).rejects.toThrow(
      hasCode('ERR_ENCRYPT_FAILED', {
        message: expect.stringContaining('DisabledException'),
        cause: expect.objectContaining({ keyId: expect.any(String) }),
      }),
    )
    expect(finished).toBe(1)
    expect(seen).toEqual([Buffer.alloc(32), Buffer.alloc(32)])
  })

  test('an operation that never ends is given up at the deadline, with or without a signal', async () => {
    const signals: AbortSignal[] = []
    const client = operationsOf(good)
    client.generateDataKey.mockImplementation((_input, { signal }) => {
      signals.push(signal)
      return new Promise(() => {})
    })
    const keyring = kmsKeyring({ keyId: arn, client })
    await expect(keyring.generate(request(60))).rejects.toThrow(hasCode('ERR_KEY_UNAVAILABLE'))
    expect(signals).not.toHaveLength(0)
    expect(signals.filter(({ aborted }) => !aborted)).toEqual([])
  })

  test('our own error is passed on as a copy', async () => {
    const thrown = Object.assign(new GlassineError('ERR_TLS_REQUIRED', { package: 'x' }), { $metadata: {} })
    const keyring = kmsKeyring({
      keyId: arn,
      client: operationsOf(() => {
        throw thrown
      }),
    })
    const error: unknown = await keyring.generate(request()).catch((error: unknown) => error)
    expect(error).toMatchObject({ code: 'ERR_TLS_REQUIRED' })
    expect(error).not.toHaveProperty('$metadata')
  })

  test('an unknown 400 of KMS is a refusal, and an unknown error is not', async () => {
    const failing = (error: object) =>
      kmsKeyring({
        keyId: arn,
        client: operationsOf(() => {
          throw error
        }),
      }).generate(request(60))
    const $metadata = { httpStatusCode: 400 }
    await expect(failing({ name: 'TagException', $metadata })).rejects.toThrow(hasCode('ERR_ENCRYPT_FAILED'))
    await expect(failing({ name: 'ThrottledException', $metadata })).rejects.toThrow(
      hasCode('ERR_KEY_UNAVAILABLE'),
    )
    await expect(failing({ name: 5 })).rejects.toThrow(hasCode('ERR_KEY_UNAVAILABLE'))
  })
})

test('a passed deadline makes no call', async () => {
  const keyring = kmsKeyring({
    keyId: here,
    awsClientOptions: kms.clientOptions,
    insecureEndpoint: kms.endpoint,
  })
  await expect(keyring.generate(request(-1))).rejects.toThrow(hasCode('ERR_KEY_UNAVAILABLE'))
  expect(kms.callCount()).toBe(0)
})
