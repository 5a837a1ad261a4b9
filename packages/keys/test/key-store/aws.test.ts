// Two ways with AWS's own key store and hierarchical keyring for JavaScript, over one table and one KMS key.
import { BranchKeyStoreNode } from '@aws-crypto/branch-keystore-node'
import { buildClient, CommitmentPolicy, KmsHierarchicalKeyRingNode } from '@aws-crypto/client-node'
import { type EncryptedDataKey, keyMaterial } from '@glassine/keys'
import { serialiseContext } from '@glassine/keys/internal'
import { hierarchicalKeyring } from '@glassine/keys/key-store'
import { decrypt, encrypt } from '@glassine/message/bytes'
import { describeEachDynamoDB, describeTransactions } from '@glassine/test-support'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { logicalKeyStoreName, type Services, startServices, tableName } from '../support/local-key-store.ts'

const peer = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)

/** AWS's key store on the same table. */
const theirStore = ({ keyArn, kmsClient, awsDynamoDBClient }: Services) =>
  new BranchKeyStoreNode({
    kmsConfiguration: { identifier: keyArn },
    storage: { ddbClient: awsDynamoDBClient as any, ddbTableName: tableName },
    keyManagement: { kmsClient: kmsClient as any },
    logicalKeyStoreName,
  })

const theirKeyring = (services: Services, branchKeyId: string) =>
  new KmsHierarchicalKeyRingNode({
    keyStore: theirStore(services),
    branchKeyId,
    cacheLimitTtl: 60,
    // Without it the library sorts by locale, and not by UTF-8 bytes as the specification says.
    utf8Sorting: true,
  } as ConstructorParameters<typeof KmsHierarchicalKeyRingNode>[0])

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const encryptionContext = { tenant: 't-1', späť: '漢字' }

/** The same branch key, as both key stores read it. */
const compare = async (services: Services, branchKeyId: string, versions: readonly string[]) => {
  const ours = services.open()
  const theirs = theirStore(services)
  const [active, theirActive] = [
    await ours.getActiveBranchKey({ branchKeyId }),
    await theirs.getActiveBranchKey(branchKeyId),
  ]
  expect(hex(active.bytes)).toBe(hex(theirActive.branchKey()))
  expect(active.version).toBe(theirActive.branchKeyVersion.toString())
  expect(active.version).toBe(versions.at(-1))
  for (const version of versions) {
    const { bytes } = await ours.getBranchKeyVersion({ branchKeyId, version })
    expect(hex(bytes)).toBe(hex((await theirs.getBranchKeyVersion(branchKeyId, version)).branchKey()))
  }
}

describeEachDynamoDB('the records of our key store', (kind) => {
  let services: Services
  beforeAll(async () => {
    services = await startServices(kind)
  })
  afterAll(() => services.close())

  test('are read by AWS', async () => {
    const { branchKeyId, version } = await services
      .open()
      .createKey({ branchKeyId: 'ours', encryptionContext })
    await compare(services, branchKeyId, [version])
    const next = await services.open().versionKey({ branchKeyId })
    await compare(services, branchKeyId, [version, next.version])
  })
})

describeTransactions('the records of both key stores', () => {
  let services: Services
  beforeAll(async () => {
    services = await startServices('dynoxide')
  })
  afterAll(() => services.close())

  test('we read what AWS creates and rotates', async () => {
    const theirs = theirStore(services)
    const created = await theirs.createKey({ branchKeyIdentifier: 'theirs', encryptionContext })
    const branchKeyId = created.branchKeyIdentifier
    const { version } = await services.open().getActiveBranchKey({ branchKeyId })
    await theirs.versionKey({ branchKeyIdentifier: branchKeyId })
    const next = await services.open().getActiveBranchKey({ branchKeyId })
    await compare(services, branchKeyId, [version!, next.version!])
    expect((await services.open().getBeaconKey({ branchKeyId })).bytes).toHaveLength(32)
  })

  test("each rotates the other's branch keys, and the records have the same attributes", async () => {
    const [ours, theirs] = [services.open(), theirStore(services)]
    await theirs.createKey({ branchKeyIdentifier: 'a', encryptionContext })
    await ours.createKey({ branchKeyId: 'b', encryptionContext })
    const shape = (records: Record<string, any>) =>
      Object.entries(records)
        .map(([type, record]) => {
          const attributes = Object.entries<any>(record).map(
            ([name, value]) => `${name} ${Object.keys(value)}`,
          )
          return `${type.slice(0, 15)} ${attributes.sort().join(' ')}`
        })
        .sort()
    expect(shape(await services.records('b'))).toEqual(shape(await services.records('a')))
    const first = {
      a: (await ours.getActiveBranchKey({ branchKeyId: 'a' })).version!,
      b: (await ours.getActiveBranchKey({ branchKeyId: 'b' })).version!,
    }
    const { version } = await ours.versionKey({ branchKeyId: 'a' })
    await theirs.versionKey({ branchKeyIdentifier: 'b' })
    const rotated = await ours.getActiveBranchKey({ branchKeyId: 'b' })
    await compare(services, 'a', [first.a, version])
    await compare(services, 'b', [first.b, rotated.version!])
    expect(shape(await services.records('b'))).toEqual(shape(await services.records('a')))
  })

  describe('messages', () => {
    const branchKeyId = 'messages'
    beforeAll(() => services.open().createKey({ branchKeyId, encryptionContext: { purpose: 'messages' } }))
    const ourKeyring = () => hierarchicalKeyring({ keyStore: services.open(), branchKeyId })
    const ourKeys = () => keyMaterial({ keyring: ourKeyring() })

    test.each([0x0478, 0x0578])('suite %d: AWS opens what we write', async (suiteId) => {
      const { result } = await encrypt(ourKeys(), 'attack at dawn', { encryptionContext, suiteId })
      const { plaintext, messageHeader } = await peer.decrypt(theirKeyring(services, branchKeyId), result)
      expect(plaintext.toString()).toBe('attack at dawn')
      const [one] = messageHeader.encryptedDataKeys
      expect([one!.providerId, one!.providerInfo]).toEqual(['aws-kms-hierarchy', branchKeyId])
    })

    test.each([0x0478, 0x0578])('suite %d: we open what AWS writes', async (suiteId) => {
      const { result } = await peer.encrypt(
        theirKeyring(services, branchKeyId),
        Buffer.from('attack at dawn'),
        {
          encryptionContext,
          suiteId: suiteId as any,
        },
      )
      const { plaintext } = await decrypt(ourKeys(), result, { encryptionContext })
      expect(plaintext.toString()).toBe('attack at dawn')
    })

    test('our keyring unwraps their encrypted data keys, but not for another branch key', async () => {
      const { result } = await peer.encrypt(theirKeyring(services, branchKeyId), Buffer.from('x'), {
        encryptionContext,
      })
      const { messageHeader } = await peer.decrypt(theirKeyring(services, branchKeyId), result)
      const encryptedDataKeys = messageHeader.encryptedDataKeys.map(
        ({ providerId, providerInfo, encryptedDataKey }): EncryptedDataKey => ({
          providerId,
          providerInfo: Buffer.from(providerInfo),
          ciphertext: Buffer.from(encryptedDataKey),
        }),
      )
      const context = serialiseContext({ ...messageHeader.encryptionContext })
      const request = {
        suite: 0x0578,
        context,
        deadline: () => Date.now() + 5_000,
        length: 32,
        encryptedDataKeys,
      }
      expect(await ourKeyring().unwrap(request)).toHaveLength(32)
      const other = hierarchicalKeyring({ keyStore: services.open(), branchKeyId: 'a' })
      expect(await other.unwrap(request)).toBeUndefined()
    })

    test('both still decrypt a message from before a rotation', async () => {
      const { result } = await encrypt(ourKeys(), 'before', { encryptionContext, suiteId: 0x0478 })
      const old = await peer.encrypt(theirKeyring(services, branchKeyId), Buffer.from('before'), {
        encryptionContext,
      })
      await services.open().versionKey({ branchKeyId })
      const opened = await peer.decrypt(theirKeyring(services, branchKeyId), result)
      expect(opened.plaintext.toString()).toBe('before')
      expect((await decrypt(ourKeys(), old.result, { encryptionContext })).plaintext.toString()).toBe(
        'before',
      )
    })
  })
})
