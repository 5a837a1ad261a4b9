/** Cases about keys, key references, Regions and aliases. */
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  ListAliasesCommand,
  ListKeysCommand,
  ReplicateKeyCommand,
} from '@aws-sdk/client-kms'
import { expect } from '@jest/globals'
import { type Bench, type Cases, otherRegion } from './harness.ts'

const listedKeyIds = async ({ client }: Bench): Promise<string[]> => {
  const ids: string[] = []
  for (let Marker: string | undefined; ; ) {
    const page = await client.send(new ListKeysCommand({ Marker }))
    ids.push(...(page.Keys ?? []).map(({ KeyId = '' }) => KeyId))
    if (!page.Truncated) return ids
    Marker = page.NextMarker
  }
}

const describe = (KeyId: string) => new DescribeKeyCommand({ KeyId })

const symmetricUsage = { Description: 'test key 123', KeyUsage: 'ENCRYPT_DECRYPT' } as const

export const keyCases: Cases = {
  async test_create_key(bench, match) {
    const before = await listedKeyIds(bench)
    const { KeyId } = await bench.createKey(symmetricUsage)
    expect(before).not.toContain(KeyId)
    expect(await listedKeyIds(bench)).toContain(KeyId)
    match('describe-key', (await bench.client.send(describe(KeyId))).KeyMetadata)
  },

  async test_get_key_in_different_region({ client, other, createKey, fails }, match) {
    const { KeyId, Arn } = await createKey({ Description: 'test key 123' }, other)
    match('describe-key-diff-region-with-id', await fails(describe(KeyId)))
    match('describe-key-diff-region-with-arn', await fails(describe(Arn)))
    match('describe-key-same-specific-region-with-id', await other.send(describe(KeyId)))
    match('describe-key-same-specific-region-with-arn', await other.send(describe(Arn)))
    expect(await client.config.region()).not.toBe(await other.config.region())
  },

  async test_get_key_does_not_exist({ createKey, fails }, match) {
    const { KeyId, Arn } = await createKey({ Description: 'test key 123' })
    const unknown = '7b1d9a52-0c4e-4f1b-9d33-5a1f0e6c2b84'
    match('describe-nonexistent-key-with-id', await fails(describe(unknown)))
    match('describe-nonexistent-with-arn', await fails(describe(Arn.replace(KeyId, unknown))))
    match('describe-key-with-valid-id-mrk', await fails(describe(`mrk-${'0123456789abcdef'.repeat(2)}`)))
  },

  async test_get_key_invalid_uuid({ fails }, match) {
    match('describe-key-with-invalid-uuid', await fails(describe('fake-key-id')))
    match('describe-key-with-invalid-uuid-2', await fails(describe('134f2428cec14b25a1ae9048164dba47')))
    match('describe-key-with-invalid-uuid-mrk', await fails(describe('mrk-fake-key-id')))
  },

  async test_create_multi_region_key({ createKey }, match) {
    const key = await createKey({ MultiRegion: true, Description: 'test multi region key' })
    expect(key.KeyId).toMatch(/^mrk-/)
    match('create_multi_region_key', key)
  },

  async test_non_multi_region_keys_should_not_have_multi_region_properties({ createKey }, match) {
    const key = await createKey({ MultiRegion: false, Description: 'test non multi region key' })
    expect(key.KeyId).not.toMatch(/^mrk-/)
    match('non_multi_region_keys_should_not_have_multi_region_properties', key)
  },

  async test_replicate_key({ client, other, createKey, fails }, match) {
    const { KeyId } = await createKey({ MultiRegion: true, Description: 'test replicated key' })
    match('describe-key-from-different-region', await fails(describe(KeyId), other))
    const made = await client.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: otherRegion }))
    match('replicate-key', { ...made, ReplicaPolicy: JSON.parse(made.ReplicaPolicy ?? '') })
    match('describe-key-from-region', await client.send(describe(KeyId)))
    match('describe-replicated-key', await other.send(describe(KeyId)))
  },

  async test_replicate_replica_key_should_fail({ client, other, createKey, fails }, match) {
    const { KeyId } = await createKey({ MultiRegion: true, Description: 'test primary key' })
    await client.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: otherRegion }))
    match(
      'fail-replicate-non-primary-key',
      await fails(new ReplicateKeyCommand({ KeyId, ReplicaRegion: otherRegion }), other),
    )
  },

  async test_create_alias({ createKey, fails }, match) {
    const { KeyId } = await createKey()
    match('create_alias', await fails(new CreateAliasCommand({ AliasName: 'a1b2c3d4', TargetKeyId: KeyId })))
  },

  async test_describe_with_alias_arn({ client, createKey }, match) {
    const AliasName = 'alias/described'
    const key = await createKey({ Description: 'test - description' })
    match('created-key', key)
    await client.send(new CreateAliasCommand({ AliasName, TargetKeyId: key.KeyId }))
    const { Aliases = [] } = await client.send(new ListAliasesCommand({}))
    const arn = Aliases.find((alias) => alias.AliasName === AliasName)?.AliasArn ?? ''
    match('describe-key', await client.send(describe(arn)))
  },

  async test_hmac_create_key(bench, match) {
    const before = await listedKeyIds(bench)
    const key = await bench.createKey({
      Description: 'test key',
      KeySpec: 'HMAC_256',
      KeyUsage: 'GENERATE_VERIFY_MAC',
    })
    match('create-hmac-key', key)
    expect(before).not.toContain(key.KeyId)
    expect(await listedKeyIds(bench)).toContain(key.KeyId)
    match('describe-key', (await bench.client.send(describe(key.KeyId))).KeyMetadata)
  },

  async test_hmac_create_key_invalid_operations({ fails }, match) {
    const create = (input: object) => fails(new CreateKeyCommand(input))
    match('create-hmac-key-without-key-usage', await create({ KeySpec: 'HMAC_256' }))
    match('create-hmac-key-invalid-spec', await create({ KeySpec: 'HMAC_random' }))
    match('create-hmac-key-invalid-key-usage', await create({ KeySpec: 'HMAC_256', KeyUsage: 'RANDOM' }))
  },
}
