import { KMSClient, ListAliasesCommand, UpdateAliasCommand } from '@aws-sdk/client-kms'
import { describe, expect, test } from '@jest/globals'
import { type LocalKmsOptions, startLocalKms } from '../src/index.ts'

describe('options of startLocalKms', () => {
  test.each<[string, object]>([
    ['port', { port: -1 }],
    ['port', { port: 1.5 }],
    ['host', { host: '' }],
    ['region', { region: 'Europe' }],
    ['accountId', { accountId: '123' }],
    ['https', { https: 'yes' }],
    ['file', { file: '' }],
    ['keys', { keys: 'alias/x' }],
    ['keys', { keys: ['patients'] }],
    ['keys', { keys: ['alias/x:AES'] }],
    ['keys', { keys: ['alias/x:RSA_2048:NONSENSE'] }],
    ['keys', { keys: ['alias/x:RSA_2048:SIGN_VERIFY:more'] }],
    ['credentials', { credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }],
    ['credentials', { credentials: [{ accessKeyId: 'a' }] }],
    ['credentials', { credentials: [{ accessKeyId: 'a/b', secretAccessKey: 'b' }] }],
    ['credentials', { credentials: [{ accessKeyId: 'a', secretAccessKey: '' }] }],
    ['credentials', { credentials: [{ accessKeyId: 'a', secretAccessKey: 'b', sessionToken: '' }] }],
    ['credentials', { credentials: [{ accessKeyId: 'a', secretAccessKey: 'b', principal: 1 }] }],
    ['credentials', { credentials: [null] }],
    ['verifySignatures', { verifySignatures: 'no' }],
    ['allowedHosts', { allowedHosts: 'kms.example.com' }],
    ['allowedHosts', { allowedHosts: [''] }],
    ['onCall', { onCall: true }],
    ['now', { now: 0 }],
    ['ports', { ports: 1 }],
    ['__proto__', JSON.parse('{"__proto__":1}')],
  ])('%s is checked', async (option, options) => {
    await expect(startLocalKms(options as LocalKmsOptions)).rejects.toMatchObject({
      name: 'LocalKmsOptionError',
      code: 'ERR_OPTION_INVALID',
      option,
    })
  })

  test('they are all in effect', async () => {
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

  test('the shortcuts make what the wire makes, and fail as it fails', async () => {
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
