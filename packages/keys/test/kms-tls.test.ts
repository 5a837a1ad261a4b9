import { KMSClient, ListKeysCommand } from '@aws-sdk/client-kms'
import { kmsKeyring } from '@glassine/keys'
import { type LocalKms, startLocalKms } from '@glassine/local-kms'
import { hasCode } from '@glassine/test-support'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { request } from './support/requests.ts'

/* Data keys travel in these requests: plain http only to the one origin that is named. */

let kms: LocalKms
beforeAll(async () => {
  kms = await startLocalKms({ keys: ['alias/one'] })
})
beforeEach(() => kms.resetCalls())
afterAll(() => kms.close())

const keyId = 'alias/one'
const refusedHere = hasCode('ERR_TLS_REQUIRED', {
  statusCode: 500,
  expose: false,
  cause: { package: '@glassine/keys', option: 'insecureEndpoint' },
})

const inEnvironment = async <T>(variables: Record<string, string>, work: () => Promise<T>): Promise<T> => {
  Object.assign(process.env, variables)
  try {
    return await work()
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name]
  }
}

describe('a plain http endpoint is refused before anything is sent', () => {
  test('when it comes from awsClientOptions', async () => {
    const keyring = kmsKeyring({ keyId, awsClientOptions: kms.clientOptions })
    await expect(keyring.generate(request())).rejects.toThrow(refusedHere)
    await expect(keyring.wrap({ ...request(), dataKey: Buffer.alloc(32) })).rejects.toThrow(refusedHere)
    const edk = {
      providerId: 'aws-kms',
      providerInfo: Buffer.from('arn:aws:kms:eu-west-1:111122223333:key/1'),
      ciphertext: Buffer.alloc(1),
    }
    await expect(keyring.unwrap({ ...request(), encryptedDataKeys: [edk] })).rejects.toThrow(refusedHere)
    expect(kms.callCount()).toBe(0)
  })

  test('when it comes from AWS_ENDPOINT_URL_KMS', async () => {
    const { credentials, region } = kms
    await inEnvironment({ AWS_ENDPOINT_URL_KMS: kms.endpoint }, async () => {
      const options = { keyId, awsClientOptions: { credentials, region } }
      await expect(kmsKeyring(options).generate(request())).rejects.toThrow(refusedHere)
      expect(kms.callCount()).toBe(0)
      await kmsKeyring({ ...options, insecureEndpoint: kms.endpoint }).generate(request())
      expect(kms.callCount()).toBe(1)
    })
  })

  test("when it is that of a user's own client", async () => {
    const client = new KMSClient(kms.clientOptions)
    await expect(kmsKeyring({ keyId, client }).generate(request())).rejects.toThrow(refusedHere)
    await expect(kmsKeyring({ keyId, client: () => client }).generate(request())).rejects.toThrow(refusedHere)
    expect(kms.callCount()).toBe(0)
  })

  test.each([
    ['another port', () => 'http://127.0.0.1:1'],
    ['another host', () => kms.endpoint.replace('127.0.0.1', 'localhost')],
    ['no port', () => 'http://127.0.0.1'],
  ])('when another origin is named: %s', async (_what, insecureEndpoint) => {
    const options = { keyId, awsClientOptions: kms.clientOptions, insecureEndpoint: insecureEndpoint() }
    await expect(kmsKeyring(options).generate(request())).rejects.toThrow(refusedHere)
    expect(kms.callCount()).toBe(0)
  })
})

test('one client shared by two keyrings: each has its own rule, and other calls have none', async () => {
  const client = new KMSClient(kms.clientOptions)
  await kmsKeyring({ keyId, client, insecureEndpoint: kms.endpoint }).generate(request())
  await expect(kmsKeyring({ keyId, client }).generate(request())).rejects.toThrow(refusedHere)
  await client.send(new ListKeysCommand({}))
  expect(kms.calls.map(({ operation }) => operation)).toEqual(['GenerateDataKey', 'ListKeys'])
})

test('https needs no permission', async () => {
  await using secure = await startLocalKms({ https: true, keys: ['alias/one'] })
  const keyring = kmsKeyring({ keyId, awsClientOptions: secure.clientOptions })
  const { dataKey, encryptedDataKeys } = await keyring.generate(request())
  expect((await keyring.unwrap({ ...request(), encryptedDataKeys }))?.equals(dataKey)).toBe(true)
})
