/**
 * Conformance: the cases of the same public suite (LocalStack's) that were run against AWS without a recorded
 * response. Each is restated by what it asserts there: a code, or a state that follows from a call.
 */
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateGrantCommand,
  DecryptCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  type EncryptionAlgorithmSpec,
  GenerateDataKeyCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  GetPublicKeyCommand,
  type KeySpec,
  ListAliasesCommand,
  ListGrantsCommand,
  ListKeyPoliciesCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  PutKeyPolicyCommand,
  RetireGrantCommand,
  RevokeGrantCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateAliasCommand,
  UpdateKeyDescriptionCommand,
} from '@aws-sdk/client-kms'
import { describeShared } from '@glassine/test-support'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type LocalKms, startLocalKms } from '../src/index.ts'
import { type Bench, createBench, region } from './recorded/harness.ts'

const grantee = 'arn:aws:iam::111122223333:user/tester'
const message = Buffer.from('a message of some length 0123456789')

const aliasTarget = async ({ client }: Bench, name: string, KeyId?: string): Promise<string | undefined> => {
  const { Aliases = [] } = await client.send(new ListAliasesCommand({ KeyId, Limit: 100 }))
  return Aliases.find(({ AliasName }) => AliasName === name)?.TargetKeyId
}

const metadata = async ({ client }: Bench, KeyId: string) =>
  (await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata

const grants = async ({ client }: Bench, KeyId: string) =>
  (await client.send(new ListGrantsCommand({ KeyId }))).Grants ?? []

const grant = async (bench: Bench, KeyId: string, Name?: string) =>
  bench.client.send(
    new CreateGrantCommand({ KeyId, GranteePrincipal: grantee, Operations: ['Decrypt', 'Encrypt'], Name }),
  )

const roundTrip =
  (spec: KeySpec, EncryptionAlgorithm: EncryptionAlgorithmSpec) =>
  async ({ client, createKey }: Bench): Promise<void> => {
    const { KeyId } = await createKey({ KeyUsage: 'ENCRYPT_DECRYPT', KeySpec: spec })
    const { CiphertextBlob } = await client.send(
      new EncryptCommand({ KeyId, Plaintext: message, EncryptionAlgorithm }),
    )
    const { Plaintext } = await client.send(
      new DecryptCommand({ KeyId, CiphertextBlob, EncryptionAlgorithm }),
    )
    expect(Buffer.from(Plaintext ?? [])).toEqual(message)
  }

const cases: Readonly<Record<string, (bench: Bench) => Promise<void>>> = {
  async test_all_types_of_key_id_can_be_used_for_encryption({ client, createKey }) {
    const { KeyId, Arn } = await createKey()
    await client.send(new CreateAliasCommand({ AliasName: 'alias/all-types', TargetKeyId: KeyId }))
    const { Aliases = [] } = await client.send(new ListAliasesCommand({ KeyId }))
    for (const reference of [KeyId, Arn, Aliases[0]?.AliasArn, Aliases[0]?.AliasName]) {
      const sealed = await client.send(new EncryptCommand({ KeyId: reference, Plaintext: message }))
      expect(sealed.KeyId).toBe(Arn)
    }
  },
  async test_cant_delete_deleted_key({ client, createKey, fails }) {
    const { KeyId } = await createKey()
    await client.send(new ScheduleKeyDeletionCommand({ KeyId }))
    expect((await fails(new ScheduleKeyDeletionCommand({ KeyId }))).name).toBe('KMSInvalidStateException')
  },
  async test_cant_use_disabled_or_deleted_keys({ client, createKey, fails }) {
    const { KeyId } = await createKey()
    const generate = new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' })
    await client.send(generate)
    await client.send(new DisableKeyCommand({ KeyId }))
    expect((await fails(generate)).name).toBe('DisabledException')
    await client.send(new ScheduleKeyDeletionCommand({ KeyId }))
    expect((await fails(generate)).name).toBe('KMSInvalidStateException')
  },
  async test_create_grant_with_invalid_key({ fails }) {
    const error = await fails(
      new CreateGrantCommand({ KeyId: 'invalid', GranteePrincipal: grantee, Operations: ['Decrypt'] }),
    )
    expect(error.name).toBe('NotFoundException')
  },
  async test_create_grant_with_same_name_two_keys(bench) {
    for (const { KeyId } of [await bench.createKey(), await bench.createKey()]) {
      expect(await grant(bench, KeyId, 'same-name')).toMatchObject({
        GrantId: expect.stringMatching(/^[0-9a-f]{64}$/),
        GrantToken: expect.any(String),
      })
      expect(await grants(bench, KeyId)).toHaveLength(1)
    }
  },
  async test_create_grant_with_valid_key(bench) {
    const { KeyId } = await bench.createKey()
    expect(await grants(bench, KeyId)).toHaveLength(0)
    await grant(bench, KeyId)
    expect(await grants(bench, KeyId)).toHaveLength(1)
  },
  async test_create_list_delete_alias(bench) {
    const AliasName = 'alias/created-and-deleted'
    expect(await aliasTarget(bench, AliasName)).toBeUndefined()
    const { KeyId } = await bench.createKey()
    await bench.client.send(new CreateAliasCommand({ AliasName, TargetKeyId: KeyId }))
    expect(await aliasTarget(bench, AliasName)).toBe(KeyId)
    await bench.client.send(new DeleteAliasCommand({ AliasName }))
    expect(await aliasTarget(bench, AliasName)).toBeUndefined()
  },
  async test_describe_and_list_sign_key(bench) {
    const { KeyId } = await bench.createKey({
      KeyUsage: 'SIGN_VERIFY',
      CustomerMasterKeySpec: 'ECC_NIST_P256',
    })
    expect((await metadata(bench, KeyId))?.KeyId).toBe(KeyId)
    const { Keys = [] } = await bench.client.send(new ListKeysCommand({ Limit: 1000 }))
    expect(Keys.map((key) => key.KeyId)).toContain(KeyId)
  },
  async test_disable_and_enable_key(bench) {
    const { KeyId } = await bench.createKey()
    expect(await metadata(bench, KeyId)).toMatchObject({ Enabled: true, KeyState: 'Enabled' })
    await bench.client.send(new DisableKeyCommand({ KeyId }))
    expect(await metadata(bench, KeyId)).toMatchObject({ Enabled: false, KeyState: 'Disabled' })
    await bench.client.send(new EnableKeyCommand({ KeyId }))
    expect(await metadata(bench, KeyId)).toMatchObject({ Enabled: true, KeyState: 'Enabled' })
  },
  'test_encrypt_decrypt[RSA_2048-RSAES_OAEP_SHA_256]': roundTrip('RSA_2048', 'RSAES_OAEP_SHA_256'),
  'test_encrypt_decrypt[SYMMETRIC_DEFAULT-SYMMETRIC_DEFAULT]': roundTrip(
    'SYMMETRIC_DEFAULT',
    'SYMMETRIC_DEFAULT',
  ),
  async test_get_public_key({ client, createKey }) {
    const key = await createKey({ KeyUsage: 'ENCRYPT_DECRYPT', KeySpec: 'RSA_2048' })
    const response = await client.send(new GetPublicKeyCommand({ KeyId: key.KeyId }))
    expect(response).toMatchObject({ KeyId: key.Arn, KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' })
    expect(response.PublicKey?.length).toBeGreaterThan(256)
  },
  async test_get_put_list_key_policies({ client, createKey }) {
    const policy = (Action: string) =>
      JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action, Resource: '*' }],
      })
    const read = async () =>
      (await client.send(new GetKeyPolicyCommand({ KeyId, PolicyName: 'default' }))).Policy
    const { KeyId } = await createKey({ Policy: policy('kms:*KeyPolic*') })
    expect(await client.send(new ListKeyPoliciesCommand({ KeyId }))).toMatchObject({
      PolicyNames: ['default'],
      Truncated: false,
    })
    expect(await read()).toBe(policy('kms:*KeyPolic*'))
    await client.send(new PutKeyPolicyCommand({ KeyId, PolicyName: 'default', Policy: policy('kms:*') }))
    expect(await read()).toBe(policy('kms:*'))
  },
  async test_invalid_key_usage({ createKey, fails }) {
    const encrypts = await createKey({ KeyUsage: 'ENCRYPT_DECRYPT', KeySpec: 'RSA_4096' })
    const signs = await createKey({ KeyUsage: 'SIGN_VERIFY', KeySpec: 'RSA_4096' })
    for (const command of [
      new SignCommand({ KeyId: encrypts.KeyId, Message: message, SigningAlgorithm: 'RSASSA_PSS_SHA_256' }),
      new EncryptCommand({
        KeyId: signs.KeyId,
        Plaintext: message,
        EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
      }),
    ]) {
      expect((await fails(command)).name).toBe('InvalidKeyUsageException')
    }
  },
  async test_key_rotation_status({ client, createKey }) {
    const { KeyId } = await createKey()
    const enabled = async () =>
      (await client.send(new GetKeyRotationStatusCommand({ KeyId }))).KeyRotationEnabled
    expect(await enabled()).toBe(false)
    await client.send(new EnableKeyRotationCommand({ KeyId }))
    expect(await enabled()).toBe(true)
    await client.send(new DisableKeyRotationCommand({ KeyId }))
    expect(await enabled()).toBe(false)
  },
  async test_list_aliases_of_key(bench) {
    const [one, two] = [await bench.createKey(), await bench.createKey()]
    await bench.client.send(new CreateAliasCommand({ AliasName: 'alias/of-one', TargetKeyId: one.KeyId }))
    expect(await aliasTarget(bench, 'alias/of-one', one.KeyId)).toBe(one.KeyId)
    expect(await aliasTarget(bench, 'alias/of-one', two.KeyId)).toBeUndefined()
  },
  async test_list_grants_with_invalid_key({ fails }) {
    expect((await fails(new ListGrantsCommand({ KeyId: 'invalid' }))).name).toBe('NotFoundException')
  },
  async test_list_keys({ client, createKey }) {
    const { KeyId, Arn } = await createKey()
    const { Keys = [] } = await client.send(new ListKeysCommand({ Limit: 1000 }))
    expect(Keys).toContainEqual({ KeyId, KeyArn: Arn })
  },
  async test_retire_grant_with_grant_token(bench) {
    const { KeyId } = await bench.createKey()
    const { GrantToken } = await grant(bench, KeyId)
    await bench.client.send(new RetireGrantCommand({ GrantToken }))
    expect(await grants(bench, KeyId)).toHaveLength(0)
  },
  async test_revoke_grant(bench) {
    const { KeyId } = await bench.createKey()
    const { GrantId } = await grant(bench, KeyId)
    await bench.client.send(new RevokeGrantCommand({ KeyId, GrantId }))
    expect(await grants(bench, KeyId)).toHaveLength(0)
  },
  async test_schedule_and_cancel_key_deletion(bench) {
    const { KeyId } = await bench.createKey()
    await bench.client.send(new ScheduleKeyDeletionCommand({ KeyId }))
    const pending = await metadata(bench, KeyId)
    expect(pending).toMatchObject({
      Enabled: false,
      KeyState: 'PendingDeletion',
      DeletionDate: expect.any(Date),
    })
    await bench.client.send(new CancelKeyDeletionCommand({ KeyId }))
    const cancelled = await metadata(bench, KeyId)
    expect(cancelled).toMatchObject({ Enabled: false, KeyState: 'Disabled' })
    expect(cancelled?.DeletionDate).toBeUndefined()
  },
  async test_tag_untag_list_tags({ client, createKey }) {
    const { KeyId } = await createKey()
    const tags = async () => (await client.send(new ListResourceTagsCommand({ KeyId }))).Tags
    await client.send(new TagResourceCommand({ KeyId, Tags: [{ TagKey: 'team', TagValue: 'intake' }] }))
    expect(await tags()).toEqual([{ TagKey: 'team', TagValue: 'intake' }])
    await client.send(new UntagResourceCommand({ KeyId, TagKeys: ['team'] }))
    expect(await tags()).toEqual([])
  },
  async test_update_alias(bench) {
    const [old, next] = [await bench.createKey(), await bench.createKey()]
    const AliasName = 'alias/updated'
    await bench.client.send(new CreateAliasCommand({ AliasName, TargetKeyId: old.KeyId }))
    await bench.client.send(new UpdateAliasCommand({ AliasName, TargetKeyId: next.KeyId }))
    expect(await aliasTarget(bench, AliasName, old.KeyId)).toBeUndefined()
    expect(await aliasTarget(bench, AliasName, next.KeyId)).toBe(next.KeyId)
  },
  async test_update_key_description(bench) {
    const { KeyId } = await bench.createKey({ Description: 'old' })
    await bench.client.send(new UpdateKeyDescriptionCommand({ KeyId, Description: 'new' }))
    expect((await metadata(bench, KeyId))?.Description).toBe('new')
  },
}

describe('cases validated against AWS without a recorded response', () => {
  let kms: LocalKms
  let bench: Bench
  beforeAll(async () => {
    kms = await startLocalKms({ region })
    bench = createBench(kms)
  })
  afterAll(async () => {
    bench.client.destroy()
    bench.other.destroy()
    await kms.close()
  })

  for (const [name, run] of Object.entries(cases)) test(name, () => run(bench))

  describeShared('the list of validated cases', 'kms-recorded', ({ json }) => {
    test('there are no others', () => {
      const recorded = new Set(Object.keys(json('test_kms.snapshot.json')))
      const rest = Object.keys(json('test_kms.validation.json')).filter((name) => !recorded.has(name))
      expect(Object.keys(cases).sort()).toEqual(rest.map((name) => name.split('::').at(-1)).sort())
    })
  })
})
