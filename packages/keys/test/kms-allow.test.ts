import { KMSClient, ReplicateKeyCommand } from '@aws-sdk/client-kms'
import { type EncryptedDataKey, type KmsKeyringOptions, kmsKeyring } from '@glassine/keys'
import { type LocalKms, startLocalKms } from '@glassine/local-kms'
import { hasCode } from '@glassine/test-support'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { request } from './support/requests.ts'

/* Which keys may decrypt: the ARN in a message is an attacker's to write. */

const account = '111122223333'
let kms: LocalKms
let mine: string
let other: string
let virginia: string

beforeAll(async () => {
  kms = await startLocalKms({
    accountId: account,
    keys: ['alias/mine', 'alias/other', { alias: 'alias/virginia', region: 'us-east-1' }],
  })
  ;[mine, other, virginia] = kms.keys.map(({ arn }) => arn) as [string, string, string]
})
beforeEach(() => kms.resetCalls())
afterAll(() => kms.close())

const keyringOf = (options: KmsKeyringOptions) =>
  kmsKeyring({ awsClientOptions: kms.clientOptions, insecureEndpoint: kms.endpoint, ...options })

const wrappedUnder = async (keyId: string) => {
  const { dataKey, encryptedDataKeys } = await keyringOf({ keyId }).generate(request())
  kms.resetCalls()
  return { dataKey, encryptedDataKeys }
}

const naming = (encrypted: readonly EncryptedDataKey[], arn: string): EncryptedDataKey[] =>
  encrypted.map((one) => ({ ...one, providerInfo: Buffer.from(arn) }))

/** Every way to name a key of ours, and what each must refuse without a call. */
const ways: [name: string, options: () => KmsKeyringOptions][] = [
  ['key ARN', () => ({ keyId: mine })],
  ['key id', () => ({ keyId: mine.split('/')[1]! })],
  ['alias', () => ({ keyId: 'alias/mine' })],
  ['alias ARN', () => ({ keyId: `arn:aws:kms:eu-west-1:${account}:alias/mine` })],
  ['allow.keyArns', () => ({ allow: { keyArns: [mine] } })],
  ['allow.accountIds', () => ({ allow: { accountIds: [account] } })],
  ['allow.accountIds and regions', () => ({ allow: { accountIds: [account], regions: ['eu-west-1'] } })],
]

describe.each(ways)('%s', (name, options) => {
  test('unwraps what its key has wrapped, and sends the key id', async () => {
    const { dataKey, encryptedDataKeys } = await wrappedUnder(mine)
    const opened = await keyringOf(options()).unwrap({ ...request(), encryptedDataKeys })
    expect(opened?.equals(dataKey)).toBe(true)
    expect(kms.calls.map(({ operation, keyArn }) => [operation, keyArn])).toEqual([['Decrypt', mine]])
  })

  test('makes no call for a foreign ARN', async () => {
    const keyring = keyringOf(options())
    const { encryptedDataKeys } = await wrappedUnder(mine)
    // An alias is placed by its first response; the others know their place from the start.
    await keyring.unwrap({ ...request(), encryptedDataKeys })
    kms.resetCalls()
    const id = mine.split('/')[1]
    const foreign = [
      `arn:aws:kms:us-east-1:${account}:key/${id}`,
      `arn:aws-cn:kms:cn-north-1:${account}:key/${id}`,
      `arn:aws:kms:eu-west-1.evil.example:${account}:key/${id}`,
      `arn:aws:kms:eu-west-1:${account}:alias/mine`,
      `arn:aws:s3:eu-west-1:${account}:key/${id}`,
      'alias/mine',
      `${id}`,
      `${mine} `,
      `${mine}\n`,
      '',
    ]
    if (name !== 'key id') foreign.push(`arn:aws:kms:eu-west-1:999988887777:key/${id}`)
    for (const arn of foreign) {
      const encrypted = naming(encryptedDataKeys, arn)
      expect(await keyring.unwrap({ ...request(), encryptedDataKeys: encrypted })).toBeUndefined()
    }
    const raw = encryptedDataKeys.map((one) => ({ ...one, providerId: 'aws-kms-hierarchy' }))
    expect(await keyring.unwrap({ ...request(), encryptedDataKeys: raw })).toBeUndefined()
    expect(kms.callCount()).toBe(0)
  })

  test('does not unwrap what another key has wrapped, under any ARN', async () => {
    if (name.startsWith('allow.accountIds')) return // there the other key is allowed
    const keyring = keyringOf(options())
    const { encryptedDataKeys } = await wrappedUnder(other)
    expect(await keyring.unwrap({ ...request(), encryptedDataKeys })).toBeUndefined()
    expect(
      await keyring.unwrap({ ...request(), encryptedDataKeys: naming(encryptedDataKeys, mine) }),
    ).toBeUndefined()
    for (const { errorCode } of kms.calls)
      expect(['IncorrectKeyException', 'InvalidCiphertextException']).toContain(errorCode)
  })
})

test('a key of an allowed account in a Region that is not allowed causes no call', async () => {
  const { dataKey, encryptedDataKeys } = await wrappedUnder(virginia)
  for (const allow of [
    { accountIds: [account] },
    { accountIds: [account], regions: ['eu-west-1', 'eu-central-1'] },
    { accountIds: ['999988887777'], regions: ['us-east-1'] },
    { accountIds: [account], regions: ['us-east-1'], partition: 'aws-us-gov' },
  ])
    expect(await keyringOf({ allow }).unwrap({ ...request(), encryptedDataKeys })).toBeUndefined()
  expect(kms.callCount()).toBe(0)
  const allow = { accountIds: [account], regions: ['us-east-1'] }
  const opened = await keyringOf({ allow }).unwrap({ ...request(), encryptedDataKeys })
  expect(opened?.equals(dataKey)).toBe(true)
  expect(kms.calls[0]).toMatchObject({ region: 'us-east-1', keyArn: virginia })
})

test('`allow` adds to the configured keys, in their Region', async () => {
  const keyring = keyringOf({ keyId: mine, allow: { accountIds: [account] } })
  for (const arn of [mine, other]) {
    const { dataKey, encryptedDataKeys } = await wrappedUnder(arn)
    expect((await keyring.unwrap({ ...request(), encryptedDataKeys }))?.equals(dataKey)).toBe(true)
  }
  const { encryptedDataKeys } = await wrappedUnder(virginia)
  expect(await keyring.unwrap({ ...request(), encryptedDataKeys })).toBeUndefined()
  expect(kms.callCount()).toBe(0)
})

test('accounts without Regions unwrap nothing if the client knows no Region', async () => {
  const { encryptedDataKeys } = await wrappedUnder(mine)
  let calls = 0
  const called = async () => {
    calls++
    return {}
  }
  const client = { generateDataKey: called, encrypt: called, decrypt: called }
  const keyring = kmsKeyring({ client, allow: { accountIds: [account] } })
  expect(await keyring.unwrap({ ...request(), encryptedDataKeys })).toBeUndefined()
  expect(calls).toBe(0)
})

test('further keys are tried if the generator fails: an alias can mean any key', async () => {
  const keyring = keyringOf({ keyId: 'alias/mine', keyIds: ['alias/other'] })
  const { dataKey, encryptedDataKeys } = await wrappedUnder('alias/other')
  expect((await keyring.unwrap({ ...request(), encryptedDataKeys }))?.equals(dataKey)).toBe(true)
  expect(kms.calls.map(({ errorCode }) => errorCode)).toEqual(['IncorrectKeyException', undefined])
})

test('decrypt-only keyrings neither generate nor wrap, and refuse without a call', async () => {
  const keyring = keyringOf({ allow: { keyArns: [mine] } })
  await expect(keyring.generate(request())).rejects.toThrow(hasCode('ERR_ENCRYPT_FAILED'))
  await expect(keyring.wrap({ ...request(), dataKey: Buffer.alloc(32) })).rejects.toThrow(
    hasCode('ERR_ENCRYPT_FAILED'),
  )
  expect(kms.callCount()).toBe(0)
})

describe('multi-Region keys', () => {
  let there: string
  let here: string
  let encryptedDataKeys: readonly EncryptedDataKey[]
  let dataKey: Buffer

  beforeAll(async () => {
    const { arn } = await kms.createKey({ region: 'us-east-1', multiRegion: true })
    there = arn
    here = arn.replace('us-east-1', 'eu-west-1')
    const client = new KMSClient(kms.clientOptionsFor({ region: 'us-east-1' }))
    await client.send(new ReplicateKeyCommand({ KeyId: there, ReplicaRegion: 'eu-west-1' }))
    await kms.createAlias('alias/many', there.split('/')[1]!, 'eu-west-1')
    ;({ dataKey, encryptedDataKeys } = await wrappedUnder(there))
    expect(encryptedDataKeys[0]!.providerInfo.toString()).toBe(there)
  })

  test.each<[string, () => KmsKeyringOptions]>([
    ['key ARN', () => ({ keyId: here })],
    ['key id', () => ({ keyId: here.split('/')[1]! })],
    ['alias', () => ({ keyId: 'alias/many' })],
    ['alias ARN', () => ({ keyId: `arn:aws:kms:eu-west-1:${account}:alias/many` })],
    ['allow.keyArns', () => ({ allow: { keyArns: [here] } })],
    ['allow.accountIds', () => ({ allow: { accountIds: [account] } })],
    ['allow.regions', () => ({ allow: { accountIds: [account], regions: ['eu-west-1'] } })],
  ])('named by %s here, data keys wrapped in another Region are unwrapped here', async (_name, options) => {
    const opened = await keyringOf(options()).unwrap({ ...request(), encryptedDataKeys })
    expect(opened?.equals(dataKey)).toBe(true)
    expect(kms.calls).toMatchObject([{ operation: 'Decrypt', region: 'eu-west-1', keyArn: here }])
  })

  test('the same key id in another account or partition is another key', async () => {
    for (const arn of [there.replace(account, '999988887777'), there.replace('arn:aws:', 'arn:aws-cn:')]) {
      const encrypted = naming(encryptedDataKeys, arn)
      const keyring = keyringOf({ keyId: here })
      expect(await keyring.unwrap({ ...request(), encryptedDataKeys: encrypted })).toBeUndefined()
    }
    expect(kms.callCount()).toBe(0)
  })
})

describe('options', () => {
  const keyId = `arn:aws:kms:eu-west-1:${account}:key/mrk-0123456789abcdef0123456789abcdef`
  test.each([
    ['keyId', {}],
    ['keyId', { keyIds: [keyId] }],
    ['keyId', { keyId: '' }],
    ['keyId', { keyId: 'arn:aws:kms:eu-west-1:1:key/x' }],
    ['keyId', { keyId: 'alias/' }],
    ['keyId', { keyId: 'a b' }],
    ['keyIds', { keyId, keyIds: keyId }],
    ['keyIds', { keyId, keyIds: ['alias/ x'] }],
    ['allow', { allow: {} }],
    ['allow', { allow: { regions: ['eu-west-1'] } }],
    ['allow', { allow: { keyArns: [keyId], regions: ['eu-west-1'] } }],
    ['keyArns', { allow: { keyArns: ['alias/x'] } }],
    ['accountIds', { allow: { accountIds: ['1'] } }],
    ['regions', { allow: { accountIds: [account], regions: ['eu-west-1.evil.example'] } }],
    ['regions', { allow: { accountIds: [account], regions: [] } }],
    ['partition', { allow: { accountIds: [account], partition: 'x' } }],
    ['accounts', { allow: { accounts: [account] } }],
    ['grantTokens', { keyId, grantTokens: 'x' }],
    ['client', { keyId, client: {} }],
    ['client', { keyId, client: { encrypt() {}, decrypt() {} } }],
    ['AwsClient', { keyId, AwsClient: 'x' }],
    ['awsClientOptions', { keyId, awsClientOptions: 'x' }],
    ['awsClientOptions', { keyId, client: () => {}, awsClientOptions: {} }],
    ['awsClientCapture', { keyId, awsClientCapture: {} }],
    ['disablePrefetch', { keyId, disablePrefetch: 'no' }],
    ['insecureEndpoint', { keyId, insecureEndpoint: true }],
    ['insecureEndpoint', { keyId, insecureEndpoint: 'https://kms.example.com' }],
    ['insecureEndpoint', { keyId, insecureEndpoint: 'http://127.0.0.1:80/path' }],
    ['discoveryFilter', { keyId, discoveryFilter: {} }],
  ])('%s is refused at construction: %j', (option, options) => {
    expect(() => kmsKeyring({ disablePrefetch: true, ...options } as never)).toThrow(
      hasCode('ERR_OPTION_INVALID', { cause: { package: '@glassine/keys', option } }),
    )
  })
})
