import { KMSClient, ListAliasesCommand, UpdateAliasCommand } from '@aws-sdk/client-kms'
import { describe, expect, test } from '@jest/globals'
import { type LocalKms, type LocalKmsOptions, startLocalKms } from '../src/index.ts'

describe('options of startLocalKms', () => {
  test.each<[string, object]>([
    ['port', { port: -1 }],
    ['port', { port: 1.5 }],
    ['host', { host: '' }],
    ['region', { region: 'Europe' }],
    ['accountId', { accountId: '123' }],
    ['accountId', { accountId: 111122223333 }],
    ['https', { https: 'yes' }],
    ['file', { file: '' }],
    ['keys', { keys: 'alias/x' }],
    ['keys', { keys: ['patients'] }],
    ['keys', { keys: ['alias/x:AES'] }],
    ['keys', { keys: ['alias/x:RSA_2048:NONSENSE'] }],
    ['keys', { keys: ['alias/x:RSA_2048:SIGN_VERIFY:more'] }],
    ['keys', { keys: [1] }],
    ['keys.keySpecs', { keys: [{ keySpecs: 'RSA_2048' }] }],
    ['keys.alias', { keys: [{ alias: 'patients' }] }],
    ['keys.keySpec', { keys: [{ keySpec: 'AES' }] }],
    ['keys.keyUsage', { keys: [{ keyUsage: 'ANY' }] }],
    ['keys.description', { keys: [{ description: 1 }] }],
    ['keys.multiRegion', { keys: [{ multiRegion: 'yes' }] }],
    ['keys.region', { keys: [{ region: 'Europe' }] }],
    ['keys.policy', { keys: [{ policy: 1 }] }],
    ['keys.tags', { keys: [{ tags: { team: 1 } }] }],
    ['credentials', { credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }],
    ['credentials.secretAccessKey', { credentials: [{ accessKeyId: 'a' }] }],
    ['credentials.accessKeyId', { credentials: [{ secretAccessKey: 'b' }] }],
    ['credentials.accessKeyId', { credentials: [{ accessKeyId: 'a/b', secretAccessKey: 'b' }] }],
    ['credentials.secretAccessKey', { credentials: [{ accessKeyId: 'a', secretAccessKey: '' }] }],
    [
      'credentials.sessionToken',
      { credentials: [{ accessKeyId: 'a', secretAccessKey: 'b', sessionToken: '' }] },
    ],
    ['credentials.principal', { credentials: [{ accessKeyId: 'a', secretAccessKey: 'b', principal: 1 }] }],
    ['credentials.secret', { credentials: [{ accessKeyId: 'a', secretAccessKey: 'b', secret: 'c' }] }],
    ['credentials', { credentials: [null] }],
    ['verifySignatures', { verifySignatures: 'no' }],
    ['allowedHosts', { allowedHosts: 'kms.example.com' }],
    ['allowedHosts', { allowedHosts: [''] }],
    ['onCall', { onCall: true }],
    ['now', { now: 0 }],
    ['ports', { ports: 1 }],
    ['__proto__', JSON.parse('{"__proto__":1}')],
    ['options', new Map()],
    ['options', new (class {})()],
    ['options', []],
    ['options', null as never],
  ])('names %s, which cannot be used', async (option, options) => {
    await expect(startLocalKms(options as LocalKmsOptions)).rejects.toMatchObject({
      name: 'LocalKmsOptionError',
      code: 'ERR_OPTION_INVALID',
      option,
    })
  })

  test.each<[string, (kms: LocalKms) => unknown]>([
    ['keySpecs', (kms) => kms.createKey({ keySpecs: 'RSA_2048' } as object)],
    ['keySpec', (kms) => kms.createKey({ keySpec: 'AES' } as object)],
    ['options', (kms) => kms.createKey(new Map() as object)],
    ['regions', async (kms) => kms.clientOptionsFor({ regions: 'us-east-1' } as object)],
    ['region', async (kms) => kms.clientOptionsFor({ region: '' })],
    ['principal', async (kms) => kms.clientOptionsFor({ principal: 1 } as object)],
    ['options', async (kms) => kms.clientOptionsFor('us-east-1' as never)],
    ['operation', async (kms) => kms.faults.set('Decyrpt', { kind: 'reset' })],
    ['kind', async (kms) => kms.faults.set('Decrypt', { kind: 'slow' as never })],
    ['kind', async (kms) => kms.faults.set('Decrypt', {} as never)],
    ['times', async (kms) => kms.faults.set('Decrypt', { kind: 'reset', times: '2' as never })],
    ['time', async (kms) => kms.faults.set('Decrypt', { kind: 'reset', time: 1 } as never)],
    ['options', async (kms) => kms.faults.set('Decrypt', 'reset' as never)],
  ])('a running KMS names %s, which cannot be used', async (option, call) => {
    const kms = await startLocalKms()
    await expect(call(kms)).rejects.toMatchObject({ code: 'ERR_OPTION_INVALID', option })
    await kms.close()
  })

  test('all options take effect', async () => {
    const seen: string[] = []
    const kms = await startLocalKms({
      host: 'localhost',
      region: 'eu-central-2',
      accountId: '999988887777',
      onCall: ({ operation }) => seen.push(operation),
      keys: [
        'alias/a',
        'alias/b:RSA_2048',
        'alias/c:ECC_NIST_P256:KEY_AGREEMENT',
        { region: 'us-east-1', keySpec: 'HMAC_512', description: 'no alias', tags: { team: 'intake' } },
      ],
    })
    const client = new KMSClient(kms.clientOptions)
    const { Aliases } = await client.send(new ListAliasesCommand({}))
    expect(Aliases?.map(({ AliasName }) => AliasName)).toEqual(['alias/a', 'alias/b', 'alias/c'])
    expect(kms.endpoint).toMatch(/^http:\/\/localhost:\d+$/)
    expect(kms.keys.map(({ arn }) => arn.slice(0, 42))).toEqual([
      ...Array<string>(3).fill('arn:aws:kms:eu-central-2:999988887777:key/'),
      expect.stringMatching(/^arn:aws:kms:us-east-1:999988887777:key\//),
    ])
    expect(kms.ca).toBeUndefined()
    expect(seen).toEqual(['ListAliases'])
    client.destroy()
    await kms[Symbol.asyncDispose]()
  })

  test('a taken port is an error', async () => {
    const kms = await startLocalKms()
    const port = Number(new URL(kms.endpoint).port)
    await expect(startLocalKms({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await kms.close()
  })

  test('the shortcuts make the same keys as the wire, with the same errors', async () => {
    const kms = await startLocalKms()
    const symmetric = await kms.createKey({ alias: 'alias/x' })
    const mac = await kms.createKey({ keySpec: 'HMAC_256' })
    expect(await kms.createAlias('alias/y', mac.keyId)).toBe('arn:aws:kms:eu-west-1:111122223333:alias/y')
    await expect(kms.createAlias('alias/x', symmetric.arn)).rejects.toMatchObject({
      name: 'AlreadyExistsException',
    })
    await expect(kms.createKey({ keySpec: 'RSA_2048', keyUsage: 'KEY_AGREEMENT' })).rejects.toMatchObject({
      name: 'ValidationException',
    })
    await expect(kms.createKey({ policy: 'no JSON' })).rejects.toMatchObject({
      name: 'MalformedPolicyDocumentException',
    })
    expect(kms.callCount()).toBe(0)
    const client = new KMSClient(kms.clientOptions)
    await expect(
      client.send(new UpdateAliasCommand({ AliasName: 'alias/x', TargetKeyId: mac.keyId })),
    ).rejects.toMatchObject({ name: 'ValidationException' })
    client.destroy()
    await kms.close()
  })
})
