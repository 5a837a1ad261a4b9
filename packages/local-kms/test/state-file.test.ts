import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GetKeyLastUsageCommand,
  GetPublicKeyCommand,
  KMSClient,
  ListGrantsCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  ReplicateKeyCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type LocalKmsOptions, startLocalKms } from '../src/index.ts'

describe('a state file', () => {
  let folder: string
  let file: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'glassine-kms-test-'))
    file = join(folder, 'kms.json')
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  /** Starts a server on the file, lets `use` work with it, and ends it. */
  const during = async <T>(
    options: LocalKmsOptions,
    use: (client: KMSClient, other: KMSClient) => Promise<T>,
  ) => {
    const kms = await startLocalKms({ file, ...options })
    const client = new KMSClient(kms.clientOptions)
    const other = new KMSClient(kms.clientOptionsFor({ region: 'us-east-1' }))
    try {
      return { kms, result: await use(client, other) }
    } finally {
      client.destroy()
      other.destroy()
      await kms.close()
    }
  }

  test('keeps everything over a restart, readable by its owner only', async () => {
    const keys = [
      'alias/patients',
      'alias/signing:ECC_NIST_P256',
      { alias: 'alias/global', multiRegion: true },
    ]
    const Plaintext = Buffer.from('a value')
    const first = await during({ keys }, async (client) => {
      const sealed = await client.send(new EncryptCommand({ KeyId: 'alias/patients', Plaintext }))
      const KeyId = sealed.KeyId as string
      await client.send(new RotateKeyOnDemandCommand({ KeyId }))
      await client.send(
        new CreateGrantCommand({
          KeyId,
          GranteePrincipal: 'arn:aws:iam::111122223333:root',
          Operations: ['Decrypt'],
        }),
      )
      const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId: 'alias/signing' }))
      const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: 'alias/global' }))
      await client.send(
        new ReplicateKeyCommand({
          KeyId: KeyMetadata?.KeyId,
          ReplicaRegion: 'us-east-1',
          Tags: [{ TagKey: 'team', TagValue: 'intake' }],
        }),
      )
      return { sealed, PublicKey, global: KeyMetadata?.KeyId }
    })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['kms.json'])

    const { sealed, PublicKey, global } = first.result
    const second = await during({ keys }, async (client, other) => {
      const opened = await client.send(new DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob }))
      expect(Buffer.from(opened.Plaintext ?? [])).toEqual(Plaintext)
      const signing = await client.send(new GetPublicKeyCommand({ KeyId: 'alias/signing' }))
      expect(signing.PublicKey).toEqual(PublicKey)
      const grants = await client.send(new ListGrantsCommand({ KeyId: sealed.KeyId }))
      expect(grants.Grants).toHaveLength(1)
      const tags = await other.send(new ListResourceTagsCommand({ KeyId: global }))
      expect(tags.Tags).toEqual([{ TagKey: 'team', TagValue: 'intake' }])
      // The replicas still share one key.
      const there = await other.send(new EncryptCommand({ KeyId: global, Plaintext }))
      await client.send(new RotateKeyOnDemandCommand({ KeyId: global }))
      const here = await client.send(new EncryptCommand({ KeyId: global, Plaintext }))
      await client.send(new DecryptCommand({ CiphertextBlob: there.CiphertextBlob }))
      await other.send(new DecryptCommand({ CiphertextBlob: here.CiphertextBlob }))
    })
    // Keys to start with that are there already are not made again.
    expect(second.kms.keys).toEqual(first.kms.keys)
  })

  test('keeps the dates of pending deletions and rotations', async () => {
    const start = Date.UTC(2026, 0, 1)
    const { result } = await during({ now: () => start }, async (client) => {
      const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: 'alias/patients' }))
      await client.send(new ScheduleKeyDeletionCommand({ KeyId: KeyMetadata?.KeyId, PendingWindowInDays: 7 }))
      return KeyMetadata?.Arn
    })
    await during({ now: () => start + 7 * 86_400_000 }, async (client) => {
      await expect(client.send(new DescribeKeyCommand({ KeyId: result }))).rejects.toMatchObject({
        name: 'NotFoundException',
      })
    })
    expect(readFileSync(file, 'utf8')).not.toContain(result)
  })

  test('keeps the last usage of keys, though it is not saved at every call', async () => {
    await during({ keys: ['alias/used'] }, async (client) => {
      const before = readFileSync(file, 'utf8')
      await client.send(new EncryptCommand({ KeyId: 'alias/used', Plaintext: Buffer.from('x') }))
      expect(readFileSync(file, 'utf8')).toBe(before)
    })
    await during({ keys: ['alias/used'] }, async (client) => {
      const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: 'alias/used' }))
      const usage = await client.send(new GetKeyLastUsageCommand({ KeyId: KeyMetadata?.KeyId }))
      expect(usage.KeyLastUsage?.Operation).toBe('Encrypt')
    })
  })

  test('replaces a link or a file at the temporary path and does not write to it', async () => {
    const elsewhere = join(folder, 'elsewhere')
    writeFileSync(elsewhere, 'old', { mode: 0o644 })
    symlinkSync(elsewhere, `${file}.next`)
    await during({ keys: ['alias/linked'] }, async () => {})
    expect(readFileSync(elsewhere, 'utf8')).toBe('old')
    rmSync(elsewhere)
    writeFileSync(`${file}.next`, '', { mode: 0o644 })
    await during({ keys: ['alias/left-over'] }, async () => {})
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['kms.json'])
  })

  test('restricts a file that others can read to its owner at once', async () => {
    await during({}, async () => {})
    chmodSync(file, 0o644)
    const kms = await startLocalKms({ file })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    await kms.close()
    await kms.close()
  })

  test('a folder that does not exist is an error at the start', async () => {
    await expect(startLocalKms({ file: join(folder, 'none', 'kms.json') })).rejects.toMatchObject({
      code: 'ENOENT',
    })
  })

  test('a change that cannot be saved is an error, and saved when it can be', async () => {
    const inside = join(folder, 'inside')
    mkdirSync(inside)
    const kms = await startLocalKms({ file: join(inside, 'kms.json') })
    const client = new KMSClient({ ...kms.clientOptions, maxAttempts: 1 })
    rmSync(inside, { recursive: true })
    await expect(client.send(new CreateKeyCommand({}))).rejects.toMatchObject({
      name: 'KMSInternalException',
      message: expect.stringContaining('The state could not be saved: ENOENT'),
    })
    expect(kms.calls.at(-1)).toMatchObject({ operation: 'CreateKey', errorCode: 'KMSInternalException' })
    mkdirSync(inside)
    const { Keys } = await client.send(new ListKeysCommand({}))
    expect(readFileSync(join(inside, 'kms.json'), 'utf8')).toContain(Keys?.[0]?.KeyArn)
    client.destroy()
    await kms.close()
    rmSync(inside, { recursive: true })
  })

  test.each([
    ['of another account', () => {}, { accountId: '999988887777' }],
    ['of another version', () => writeFileSync(file, '{"version":99}'), {}],
    ['that is no JSON', () => writeFileSync(file, 'no JSON'), {}],
    ['that is no state', () => writeFileSync(file, '{"version":1,"accountId":"111122223333"}'), {}],
    ['that is null', () => writeFileSync(file, 'null'), {}],
  ])('a file %s is refused and stays unchanged', async (_what, prepare, options) => {
    prepare()
    const before = readFileSync(file, 'utf8')
    await expect(startLocalKms({ file, keys: ['alias/other'], ...options })).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
      option: 'file',
    })
    expect(readFileSync(file, 'utf8')).toBe(before)
  })

  test('with a policy of a key that is malformed is refused, and says which', async () => {
    const own = join(folder, 'policies.json')
    const kms = await startLocalKms({ file: own, keys: ['alias/a'] })
    await kms.close()
    const state = JSON.parse(readFileSync(own, 'utf8'))
    state.keys[0].policy = '{"Version":"2008-10-17"}'
    writeFileSync(own, JSON.stringify(state))
    await expect(startLocalKms({ file: own })).rejects.toMatchObject({
      option: 'file',
      message: expect.stringMatching(/malformed policy of arn:.*: Version must be 2012-10-17/),
    })
  })
})
