/** Items under the hierarchical keyring of `@glassine/keys`: branch keys for each tenant, chosen by the item. */
import { hierarchicalKeyring } from '@glassine/keys/key-store'
import { branchKeySource } from '@glassine/test-support'
import { expect, test } from '@jest/globals'
import { branchKeyIdOfItem, type Item, itemEncryptorOfActions } from '../src/index.ts'
import { staticHierarchicalKeyring } from './support/keyrings.ts'

const version = '3f1d9a52-7f10-4f5e-8f5c-1f6d2a3b4c5d'
const include = 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT' as const

/** A key store of tenants 1 and 2 that logs its calls. */
const store = () =>
  branchKeySource((branchKeyId) => {
    const tenant = /^tenant-([12])$/.exec(branchKeyId)?.[1]
    return tenant === undefined ? undefined : Buffer.alloc(32, Number(tenant))
  })

test.each(['SIGN_ONLY', include] as const)(
  'the keys choose the branch key, which is fetched once: %s',
  async (action) => {
    const keyStore = store()
    const options = {
      table: 'T',
      partitionKey: 'tenant',
      sortKey: 'at',
      attributeActions: { tenant: action, at: action, secret: 'ENCRYPT_AND_SIGN' },
      suite: '0x6700',
    } as const
    const keyring = () =>
      hierarchicalKeyring({
        keyStore,
        branchKeyId: branchKeyIdOfItem(({ tenant, at }) => {
          expect(at).toBe('7')
          return `tenant-${tenant}`
        }),
      })
    const encryptor = itemEncryptorOfActions({ ...options, keys: keyring() })
    const itemOf = (tenant: string): Item => ({ tenant: { S: tenant }, at: { N: '7.0' }, secret: { S: 'x' } })
    const one = await encryptor.encryptItem(itemOf('1'))
    for (let more = 0; more < 5; more++) expect(await encryptor.decryptItem(one)).toEqual(itemOf('1'))
    await encryptor.encryptItem(itemOf('1'))
    expect(keyStore.calls).toEqual(['active tenant-1'])
    await encryptor.encryptItem(itemOf('2'))
    expect(keyStore.calls).toEqual(['active tenant-1', 'active tenant-2'])

    // Written by the keyring of the tests, which stands on the format document, and the other way round.
    const independent = staticHierarchicalKeyring({ id: 'tenant-1', version, key: Buffer.alloc(32, 1) })
    const other = itemEncryptorOfActions({ ...options, keys: independent })
    expect(await other.decryptItem(one)).toEqual(itemOf('1'))
    expect(await encryptor.decryptItem(await other.encryptItem(itemOf('1')))).toEqual(itemOf('1'))

    // A row moved to another tenant.
    await expect(encryptor.decryptItem({ ...one, tenant: { S: '2' } })).rejects.toMatchObject({
      code: 'ERR_DECRYPT_FAILED',
    })
    await expect(encryptor.encryptItem({ ...itemOf('1'), tenant: { BOOL: true } })).rejects.toMatchObject({
      code: 'ERR_BINDING_INVALID',
    })
  },
)

test.each([
  ['0x6700', 281, 48],
  ['0x6701', 374, 151],
] as const)('ten encrypted attributes cost what the format document says: %s', async (suite, head, foot) => {
  const names = Array.from({ length: 10 }, (_, at) => `field${at}`)
  const encryptor = itemEncryptorOfActions({
    table: 'T',
    partitionKey: 'id',
    attributeActions: {
      id: 'SIGN_ONLY',
      ...Object.fromEntries(names.map((name) => [name, 'ENCRYPT_AND_SIGN' as const])),
    },
    suite,
    keys: staticHierarchicalKeyring({ id: 'x'.repeat(36), version, key: Buffer.alloc(32) }),
  })
  const value = { S: 'x'.repeat(20) }
  const encrypted = await encryptor.encryptItem({
    id: { S: '1' },
    ...Object.fromEntries(names.map((name) => [name, value])),
  })
  const lengthOf = (name: string) => (encrypted[name] as { B: Uint8Array }).B.length
  expect([lengthOf('aws_dbe_head'), lengthOf('aws_dbe_foot')]).toEqual([head, foot])
  for (const name of names) expect(lengthOf(name)).toBe(20 + 18)
})

test('invocations of two tenants at once share nothing but the key layer', async () => {
  const keyStore = store()
  const encryptor = itemEncryptorOfActions({
    table: 'T',
    partitionKey: 'tenant',
    attributeActions: { tenant: 'SIGN_ONLY', secret: 'ENCRYPT_AND_SIGN' },
    suite: '0x6700',
    keys: hierarchicalKeyring({
      keyStore,
      branchKeyId: branchKeyIdOfItem(({ tenant }) => `tenant-${tenant}`),
    }),
  })
  const items = Array.from(
    { length: 40 },
    (_, at): Item => ({
      tenant: { S: String(1 + (at % 2)) },
      secret: { N: String(at) },
    }),
  )
  const encrypted = await Promise.all(items.map((item) => encryptor.encryptItem(item)))
  expect(await Promise.all(encrypted.map((item) => encryptor.decryptItem(item)))).toEqual(items)
  expect(keyStore.calls.toSorted()).toEqual(['active tenant-1', 'active tenant-2'])
})
