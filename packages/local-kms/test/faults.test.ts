import { DecryptCommand, DescribeKeyCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { type KmsFaultKind, kmsFaultKinds, type LocalKms, startLocalKms } from '../src/index.ts'

const KeyId = 'alias/patients'
const Plaintext = Buffer.from('0123456789abcdef0123456789abcdef')

describe('faults, seen through the real client', () => {
  let kms: LocalKms
  let once: KMSClient
  let retrying: KMSClient
  let CiphertextBlob: Uint8Array
  beforeAll(async () => {
    kms = await startLocalKms({ keys: [KeyId] })
    once = new KMSClient({ ...kms.clientOptions, maxAttempts: 1 })
    retrying = new KMSClient({ ...kms.clientOptions, maxAttempts: 3 })
    CiphertextBlob = (await once.send(new EncryptCommand({ KeyId, Plaintext }))).CiphertextBlob as Uint8Array
  })
  afterEach(() => kms.faults.clear())
  afterAll(async () => {
    once.destroy()
    retrying.destroy()
    await kms.close()
  })

  const decrypt = (client = once, options: object = {}) =>
    client.send(new DecryptCommand({ CiphertextBlob }), options)
  const failure = async (): Promise<{ name: string; status: unknown; message: string }> => {
    const error = await decrypt().then(
      () => ({ name: 'none', message: '' }),
      (thrown) => thrown,
    )
    return { name: error.name, status: error.$metadata?.httpStatusCode, message: error.message }
  }

  const errors: Readonly<Partial<Record<KmsFaultKind, { name: string; status: number }>>> = {
    throttle: { name: 'ThrottlingException', status: 400 },
    internal: { name: 'KMSInternalException', status: 500 },
    'expired-token': { name: 'ExpiredTokenException', status: 400 },
    'access-denied': { name: 'AccessDeniedException', status: 400 },
  }
  test.each([
    ['html', 'ServiceUnavailable'],
    ['reset', 'ConnectionReset'],
    ['no-plaintext', undefined],
    ['wrong-key', undefined],
    ['wrong-length', undefined],
    ['truncated', undefined],
  ] as const)('%s is in the log with the code %s', async (kind, errorCode) => {
    kms.faults.set('Decrypt', { kind })
    await failure()
    expect(kms.calls.at(-1)).toMatchObject({ operation: 'Decrypt', fault: kind })
    expect(kms.calls.at(-1)?.errorCode).toBe(errorCode)
  })

  test.each(Object.entries(errors))('%s', async (kind, expected) => {
    kms.faults.set('Decrypt', { kind: kind as KmsFaultKind })
    expect(await failure()).toMatchObject(expected)
    expect(kms.calls.at(-1)).toMatchObject({ operation: 'Decrypt', errorCode: expected.name, fault: kind })
  })

  test('access-denied names the caller and the operation', async () => {
    kms.faults.set('Decrypt', { kind: 'access-denied' })
    expect((await failure()).message).toContain(
      'User: arn:aws:iam::111122223333:root is not authorized to perform: kms:Decrypt',
    )
  })

  test('html is a 503 with an HTML page', async () => {
    kms.faults.set('Decrypt', { kind: 'html' })
    const { name, status } = await failure()
    expect(status).toBe(503)
    expect(name).toBe('SyntaxError')
  })

  test('truncated is a 200 with half of the JSON', async () => {
    kms.faults.set('Decrypt', { kind: 'truncated' })
    expect((await failure()).name).toBe('SyntaxError')
  })

  test('reset breaks the connection', async () => {
    kms.faults.set('Decrypt', { kind: 'reset' })
    expect((await failure()).message).toContain('ECONNRESET')
  })

  test('hang gives no response until the caller gives up', async () => {
    kms.faults.set('Decrypt', { kind: 'hang' })
    const seen = kms.callCount('Decrypt')
    const waiting = new AbortController()
    const call = decrypt(once, { abortSignal: waiting.signal })
    const outcome = call.then(
      () => 'answered',
      (error) => error.name,
    )
    // The call has reached the server before it is given up.
    while (kms.callCount('Decrypt') === seen) await new Promise((resolve) => setImmediate(resolve))
    waiting.abort()
    expect(await outcome).toBe('AbortError')
  })

  test('latency delays the response and does not change it', async () => {
    kms.faults.set('Decrypt', { kind: 'latency', ms: 5 })
    expect(Buffer.from((await decrypt()).Plaintext ?? [])).toEqual(Plaintext)
    expect(kms.calls.at(-1)).toMatchObject({ operation: 'Decrypt', fault: 'latency' })
    expect(kms.calls.at(-1)?.errorCode).toBeUndefined()
  })

  test('no-plaintext is a success without its plaintext', async () => {
    kms.faults.set('Decrypt', { kind: 'no-plaintext' })
    const response = await decrypt()
    expect(response.Plaintext).toBeUndefined()
    expect(response.KeyId).toBe(kms.keys[0]?.arn)
  })

  test('wrong-key names another key', async () => {
    kms.faults.set('Decrypt', { kind: 'wrong-key' })
    const response = await decrypt()
    expect(response.KeyId).toMatch(/^arn:aws:kms:eu-west-1:111122223333:key\/[0-9a-f-]{36}$/)
    expect(response.KeyId).not.toBe(kms.keys[0]?.arn)
    expect(response.Plaintext).toHaveLength(32)
  })

  test('wrong-length shortens the plaintext by one byte', async () => {
    kms.faults.set('Decrypt', { kind: 'wrong-length' })
    expect((await decrypt()).Plaintext).toHaveLength(31)
  })

  test('a throttled call gets through on the third attempt', async () => {
    kms.resetCalls()
    kms.faults.set('Decrypt', { kind: 'throttle', times: 2 })
    expect(Buffer.from((await decrypt(retrying)).Plaintext ?? [])).toEqual(Plaintext)
    expect(kms.calls.map(({ errorCode }) => errorCode)).toEqual([
      'ThrottlingException',
      'ThrottlingException',
      undefined,
    ])
  })

  test("'*' hits every operation that has no fault of its own", async () => {
    kms.faults.set('*', { kind: 'internal' })
    kms.faults.set('Decrypt', { kind: 'throttle' })
    expect((await failure()).name).toBe('ThrottlingException')
    await expect(once.send(new DescribeKeyCommand({ KeyId }))).rejects.toMatchObject({
      name: 'KMSInternalException',
    })
    kms.faults.clear('*')
    expect((await once.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.Arn).toBe(kms.keys[0]?.arn)
    expect((await failure()).name).toBe('ThrottlingException')
    kms.faults.clear()
    expect((await decrypt()).Plaintext).toHaveLength(32)
  })

  test('keys are created in process without faults', async () => {
    kms.faults.set('*', { kind: 'internal' })
    expect((await kms.createKey()).arn).toContain(':key/')
  })

  test.each([
    ['kind', { kind: 'fire' as KmsFaultKind }],
    ['times', { kind: 'throttle' as const, times: 0 }],
    ['times', { kind: 'throttle' as const, times: Number.NaN }],
    ['ms', { kind: 'latency' as const, ms: -1 }],
  ])('a fault with a wrong %s is refused', (option, fault) => {
    expect(() => kms.faults.set('Decrypt', fault)).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTION_INVALID',
        option,
      }),
    )
  })

  test('every kind is tested above', () => {
    expect([...kmsFaultKinds].sort()).toEqual(
      [
        ...Object.keys(errors),
        ...['html', 'truncated', 'reset', 'hang', 'latency', 'no-plaintext', 'wrong-key', 'wrong-length'],
      ].sort(),
    )
  })
})
