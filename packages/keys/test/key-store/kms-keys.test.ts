import { KMSClient, ReplicateKeyCommand } from '@aws-sdk/client-kms'
import { keyStore } from '@glassine/keys/key-store'
import { describeTransactions, hasCode } from '@glassine/test-support'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { kmsKeysOf } from '../../src/key-store/options.ts'
import { type Services, startServices } from '../support/local-key-store.ts'

const arn = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const mrk = 'arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab'
const at = (region: string) => mrk.replace('eu-west-1', region)

describe('callFor maps a recorded key to the one to call:', () => {
  const none = undefined
  test.each([
    [{ keyArn: arn }, arn, arn],
    [{ keyArn: arn }, arn.replace('ab', 'ac'), none],
    [{ keyArn: mrk }, mrk, mrk],
    [{ keyArn: mrk }, at('us-east-1'), none],
    [{ mrKeyArn: mrk }, mrk, mrk],
    [{ mrKeyArn: mrk }, at('us-east-1'), mrk],
    [{ mrKeyArn: mrk }, at('us-east-1').replace('1111', '2222'), none],
    [{ mrKeyArn: mrk }, at('us-east-1').replace('arn:aws:', 'arn:aws-cn:'), none],
    [{ mrKeyArn: mrk }, at('us-east-1').replace('mrk-1', 'mrk-2'), none],
    [{ mrKeyArn: arn }, arn, arn],
    [{ mrKeyArn: arn }, arn.replace('eu-west-1', 'us-east-1'), none],
    [{ discovery: true as const }, arn, arn],
    [{ discovery: true as const }, at('us-east-1'), at('us-east-1')],
    [{ discovery: true as const }, 'arn:aws:kms:eu-west-1:111122223333:alias/a', none],
    [{ discovery: true as const }, 'alias/a', none],
    [{ mrDiscovery: { region: 'us-east-1' } }, mrk, at('us-east-1')],
    [{ mrDiscovery: { region: 'us-east-1' } }, arn, arn],
    [{ mrDiscovery: { region: 'us-east-1' } }, mrk.replace(/:key.*/, ':alias/a'), none],
  ])('%j, %s: %s', (options, recorded, called) => {
    expect(kmsKeysOf(options).callFor(recorded)?.arn).toBe(called)
  })
})

describe('options', () => {
  const kms = { keyArn: arn, disablePrefetch: true }
  const rest = { tableName: 'T', logicalKeyStoreName: 'L', kms }
  test.each([
    ['options', undefined],
    ['tableName', { ...rest, tableName: '' }],
    ['logicalKeyStoreName', { ...rest, logicalKeyStoreName: undefined }],
    ['kms', { ...rest, kms: undefined }],
    ['kms', { ...rest, kms: {} }],
    ['kms', { ...rest, kms: { keyArn: arn, mrKeyArn: mrk } }],
    ['kms', { ...rest, kms: { keyArn: arn, discovery: true } }],
    ['keyArn', { ...rest, kms: { keyArn: 'alias/branch-keys' } }],
    ['keyArn', { ...rest, kms: { keyArn: 'arn:aws:kms:eu-west-1:111122223333:alias/branch-keys' } }],
    ['mrKeyArn', { ...rest, kms: { mrKeyArn: 7 } }],
    ['discovery', { ...rest, kms: { discovery: false } }],
    ['mrDiscovery', { ...rest, kms: { mrDiscovery: 'eu-west-1' } }],
    ['mrDiscovery', { ...rest, kms: { mrDiscovery: { region: 'evil.example.com' } } }],
    ['keyId', { ...rest, kms: { keyId: arn } }],
    ['grantTokens', { ...rest, kms: { ...kms, grantTokens: 'token' } }],
    ['client', { ...rest, kms: { ...kms, client: { decrypt() {} } } }],
    ['insecureEndpoint', { ...rest, kms: { ...kms, insecureEndpoint: 'https://x' } }],
    ['AwsClient', { ...rest, dynamoDB: { AwsClient: 7 } }],
    ['client', { ...rest, dynamoDB: { client: {} } }],
    ['dynamoDB', { ...rest, dynamoDB: 7 }],
    ['endpoint', { ...rest, dynamoDB: { endpoint: 'http://x' } }],
    ['timeout', { ...rest, timeout: 0 }],
    ['ttl', { ...rest, ttl: 7 }],
  ])('throws at construction and names %s', (option, options) => {
    expect(() => keyStore(options as never)).toThrow(
      hasCode('ERR_OPTION_INVALID', { cause: { package: '@glassine/keys', option } }),
    )
  })

  test('two key stores never share an id, which contains only names', () => {
    const [one, two] = [keyStore(rest), keyStore(rest)]
    expect(one.id).not.toBe(two.id)
    expect(one.id).toContain(JSON.stringify(['T', 'L', `keyArn ${arn}`]))
  })
})

describeTransactions('multi-Region keys and discovery', () => {
  let services: Services
  let mrKeyArn: string
  let otherRegion: KMSClient
  beforeAll(async () => {
    services = await startServices('dynoxide')
    mrKeyArn = (await services.kms.createKey({ multiRegion: true })).arn
    otherRegion = new KMSClient(services.kms.clientOptionsFor({ region: 'us-east-1' }))
    await services.kmsClient.send(new ReplicateKeyCommand({ KeyId: mrKeyArn, ReplicaRegion: 'us-east-1' }))
  })
  afterAll(async () => {
    otherRegion.destroy()
    await services.close()
  })
  let count = 0
  beforeEach(() => {
    count++
    services.kms.resetCalls()
  })

  const clients = (region: string | undefined) => (region === 'us-east-1' ? otherRegion : services.kmsClient)
  const open = (kms: object) =>
    services.open({
      kms: { keyArn: undefined, client: clients, insecureEndpoint: services.kms.endpoint, ...kms },
    })
  const replica = () => mrKeyArn.replace('eu-west-1', 'us-east-1')
  const input = () => ({ branchKeyId: `b-${count}`, encryptionContext: { tenant: 't' } })

  test('a replica reads what its primary wrote, and rotates without a change of the recorded ARN', async () => {
    const { branchKeyId } = await open({ mrKeyArn }).createKey(input())
    const elsewhere = open({ mrKeyArn: replica() })
    const before = await elsewhere.getActiveBranchKey({ branchKeyId })
    const { version } = await elsewhere.versionKey({ branchKeyId })
    const after = await open({ mrKeyArn }).getActiveBranchKey({ branchKeyId })
    expect(after.version).toBe(version)
    expect(after.bytes.equals(before.bytes)).toBe(false)
    const records = await services.records(branchKeyId)
    expect(new Set(Object.values(records).map((record) => record['kms-arn'].S))).toEqual(new Set([mrKeyArn]))
    expect(services.kms.calls.map(({ operation, region }) => `${operation} ${region}`)).toEqual([
      'GenerateDataKeyWithoutPlaintext eu-west-1',
      'ReEncrypt eu-west-1',
      'GenerateDataKeyWithoutPlaintext eu-west-1',
      'Decrypt us-east-1',
      'ReEncrypt us-east-1',
      'GenerateDataKeyWithoutPlaintext us-east-1',
      'ReEncrypt us-east-1',
      'Decrypt eu-west-1',
    ])
  })

  test('keyArn does not accept a replica of its key', async () => {
    const { branchKeyId } = await open({ mrKeyArn }).createKey(input())
    await expect(open({ keyArn: replica() }).getActiveBranchKey({ branchKeyId })).rejects.toEqual(
      hasCode('ERR_DECRYPT_FAILED', { message: expect.stringContaining('does not allow') }),
    )
    expect(services.kms.callCount('Decrypt')).toBe(0)
  })

  test('discovery uses any key that the record names, mrDiscovery its replica in the given Region', async () => {
    const { branchKeyId } = await open({ mrKeyArn }).createKey(input())
    const key = await open({ discovery: true }).getActiveBranchKey({ branchKeyId })
    const same = await open({ mrDiscovery: { region: 'us-east-1' } }).getActiveBranchKey({ branchKeyId })
    expect(same.bytes.equals(key.bytes)).toBe(true)
    const decrypts = services.kms.calls.filter(({ operation }) => operation === 'Decrypt')
    expect(decrypts.map(({ keyArn }) => keyArn)).toEqual([mrKeyArn, replica()])
  })

  test.each([{ discovery: true }, { mrDiscovery: { region: 'eu-west-1' } }])(
    '%j neither creates nor rotates',
    async (kms) => {
      const store = open(kms)
      await expect(store.createKey()).rejects.toEqual(hasCode('ERR_OPTION_INVALID'))
      await expect(store.versionKey({ branchKeyId: 'b' })).rejects.toEqual(hasCode('ERR_OPTION_INVALID'))
      expect(services.kms.callCount()).toBe(0)
    },
  )

  test('every call has the grant tokens', async () => {
    const tokens: unknown[] = []
    const store = services.open({
      kms: {
        client: Object.fromEntries(
          Object.entries(services.kmsOperations).map(([name, operation]) => [
            name,
            (given: { GrantTokens?: unknown }, call: never) => {
              tokens.push(given.GrantTokens)
              return (operation as (input: object, call: never) => Promise<object>)(
                { ...given, GrantTokens: undefined },
                call,
              )
            },
          ]),
        ),
        insecureEndpoint: undefined,
        grantTokens: ['token'],
      },
    })
    const { branchKeyId } = await store.createKey(input())
    await store.versionKey({ branchKeyId })
    await store.getBeaconKey({ branchKeyId })
    expect(tokens).toEqual(Array.from({ length: 7 }, () => ['token']))
  })

  test.each([
    ['generateDataKeyWithoutPlaintext', { KeyId: undefined }, 'ERR_KEY_UNAVAILABLE'],
    ['generateDataKeyWithoutPlaintext', { CiphertextBlob: undefined }, 'ERR_KEY_UNAVAILABLE'],
    ['generateDataKeyWithoutPlaintext', { KeyId: arn }, 'ERR_KEY_UNAVAILABLE'],
    ['generateDataKeyWithoutPlaintext', { CiphertextBlob: Buffer.alloc(6_145) }, 'ERR_KEY_UNAVAILABLE'],
    ['reEncrypt', { KeyId: arn }, 'ERR_KEY_UNAVAILABLE'],
    ['reEncrypt', { SourceKeyId: arn }, 'ERR_KEY_UNAVAILABLE'],
    ['reEncrypt', { CiphertextBlob: new Uint8Array() }, 'ERR_KEY_UNAVAILABLE'],
  ] as const)('a response of %s with %j is refused', async (name, wrong, code) => {
    const operation = services.kmsOperations[name] as (...args: never[]) => Promise<object>
    const client = {
      ...services.kmsOperations,
      [name]: async (...args: never[]) => ({ ...(await operation(...args)), ...wrong }),
    }
    const store = services.open({ timeout: 150, kms: { client, insecureEndpoint: undefined } })
    const { branchKeyId, encryptionContext } = input()
    await expect(store.createKey({ branchKeyId, encryptionContext })).rejects.toEqual(hasCode(code))
    expect(await services.records(branchKeyId)).toEqual({})
  })

  test.each([
    ['GenerateDataKeyWithoutPlaintext', 'access-denied', 'ERR_KEY_DENIED'],
    ['ReEncrypt', 'access-denied', 'ERR_KEY_DENIED'],
    ['ReEncrypt', 'throttle', 'ERR_KEY_UNAVAILABLE'],
  ] as const)('%s fails with %s: %s, and nothing is written', async (operation, kind, code) => {
    services.kms.faults.set(operation, { kind })
    try {
      await expect(services.open({ timeout: 150 }).createKey(input())).rejects.toEqual(hasCode(code))
    } finally {
      services.kms.faults.clear()
    }
    expect(await services.records(`b-${count}`)).toEqual({})
  })
})
