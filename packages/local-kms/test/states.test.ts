import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetKeyRotationStatusCommand,
  GetPublicKeyCommand,
  KMSClient,
  ListAliasesCommand,
  ListKeyRotationsCommand,
  ReplicateKeyCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type LocalKms, startLocalKms } from '../src/index.ts'

const day = 86_400_000
const Plaintext = Buffer.from('a value')

describe('states and references of keys', () => {
  let time = Date.UTC(2026, 0, 1)
  let kms: LocalKms
  let client: KMSClient
  let other: KMSClient
  beforeAll(async () => {
    kms = await startLocalKms({ now: () => time })
    client = new KMSClient(kms.clientOptions)
    other = new KMSClient(kms.clientOptionsFor({ region: 'us-east-1' }))
  })
  afterAll(async () => {
    client.destroy()
    other.destroy()
    await kms.close()
  })

  const seal = async (KeyId: string, by = client) =>
    (await by.send(new EncryptCommand({ KeyId, Plaintext }))).CiphertextBlob as Uint8Array
  const open = (CiphertextBlob: Uint8Array, KeyId?: string, by = client) =>
    by.send(new DecryptCommand({ CiphertextBlob, KeyId }))
  const state = async (KeyId: string, by = client) =>
    (await by.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyState

  test('a disabled key does nothing, whether named or found by its blob', async () => {
    const { arn } = await kms.createKey()
    const blob = await seal(arn)
    await client.send(new DisableKeyCommand({ KeyId: arn }))
    const disabled = { name: 'DisabledException', message: `${arn} is disabled.` }
    await expect(open(blob)).rejects.toMatchObject(disabled)
    await expect(open(blob, arn)).rejects.toMatchObject(disabled)
    await expect(seal(arn)).rejects.toMatchObject(disabled)
    await client.send(new EnableKeyCommand({ KeyId: arn }))
    expect(Buffer.from((await open(blob)).Plaintext ?? [])).toEqual(Plaintext)
  })

  test('a key that is pending deletion does nothing, and comes back disabled', async () => {
    const { arn } = await kms.createKey()
    const blob = await seal(arn)
    await client.send(new ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: 7 }))
    const pending = { name: 'KMSInvalidStateException', message: `${arn} is pending deletion.` }
    await expect(open(blob)).rejects.toMatchObject(pending)
    await expect(client.send(new EnableKeyCommand({ KeyId: arn }))).rejects.toMatchObject(pending)
    await client.send(new CancelKeyDeletionCommand({ KeyId: arn }))
    expect(await state(arn)).toBe('Disabled')
    await expect(open(blob)).rejects.toMatchObject({ name: 'DisabledException' })
    await expect(client.send(new CancelKeyDeletionCommand({ KeyId: arn }))).rejects.toMatchObject({
      message: `${arn} is not pending deletion.`,
    })
  })

  test('after its waiting period the key is gone, with its aliases', async () => {
    const { arn, keyId } = await kms.createKey({ alias: 'alias/short-lived' })
    const blob = await seal(arn)
    const { DeletionDate } = await client.send(
      new ScheduleKeyDeletionCommand({ KeyId: keyId, PendingWindowInDays: 7 }),
    )
    expect(DeletionDate?.getTime()).toBe(time + 7 * day)
    time += 7 * day
    await expect(state(arn)).rejects.toMatchObject({
      name: 'NotFoundException',
      message: `Key '${arn}' does not exist`,
    })
    await expect(open(blob)).rejects.toMatchObject({ name: 'AccessDeniedException' })
    await expect(state('alias/short-lived')).rejects.toMatchObject({
      message: 'Alias arn:aws:kms:eu-west-1:111122223333:alias/short-lived is not found.',
    })
    const { Aliases } = await client.send(new ListAliasesCommand({}))
    expect(Aliases?.map(({ AliasName }) => AliasName)).not.toContain('alias/short-lived')
  })

  test('a blob under another key than the named one is refused', async () => {
    const [one, two] = [await kms.createKey(), await kms.createKey()]
    const blob = await seal(one.arn)
    await expect(open(blob, two.arn)).rejects.toMatchObject({ name: 'IncorrectKeyException' })
    expect((await open(blob, one.keyId)).KeyId).toBe(one.arn)
  })

  test('a blob of an unknown key is refused', async () => {
    const stranger = await startLocalKms({ keys: ['alias/x'] })
    const theirs = new KMSClient(stranger.clientOptions)
    const blob = await seal('alias/x', theirs)
    theirs.destroy()
    await stranger.close()
    await expect(open(blob)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message:
        'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
    })
    await expect(open(Buffer.from('no blob at all'))).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    })
  })

  test('a single-Region key does not exist in another Region', async () => {
    const { arn } = await kms.createKey({ alias: 'alias/here' })
    const blob = await seal(arn)
    await expect(state(arn, other)).rejects.toMatchObject({
      name: 'NotFoundException',
      message: 'Invalid arn eu-west-1',
    })
    await expect(open(blob, undefined, other)).rejects.toMatchObject({ name: 'AccessDeniedException' })
    await expect(state('alias/here', other)).rejects.toMatchObject({
      message: 'Alias arn:aws:kms:us-east-1:111122223333:alias/here is not found.',
    })
  })

  test('replicas decrypt each other’s blobs, each according to its own state', async () => {
    const { arn, keyId } = await kms.createKey({ multiRegion: true })
    expect(keyId).toMatch(/^mrk-[0-9a-f]{32}$/)
    await client.send(new ReplicateKeyCommand({ KeyId: keyId, ReplicaRegion: 'us-east-1' }))
    await expect(
      client.send(new ReplicateKeyCommand({ KeyId: keyId, ReplicaRegion: 'us-east-1' })),
    ).rejects.toMatchObject({ name: 'AlreadyExistsException' })
    const [here, there] = [await seal(keyId), await seal(keyId, other)]
    const replica = arn.replace('eu-west-1', 'us-east-1')
    expect((await open(here, keyId, other)).KeyId).toBe(replica)
    expect((await open(there)).KeyId).toBe(arn)
    await client.send(new RotateKeyOnDemandCommand({ KeyId: keyId }))
    expect((await open(await seal(keyId), undefined, other)).KeyId).toBe(replica)
    await other.send(new DisableKeyCommand({ KeyId: keyId }))
    await expect(open(here, undefined, other)).rejects.toMatchObject({ name: 'DisabledException' })
    expect((await open(there)).KeyId).toBe(arn)
    await expect(other.send(new RotateKeyOnDemandCommand({ KeyId: keyId }))).rejects.toThrow()
  })

  test('replicas of an asymmetric key have one public key', async () => {
    const { keyId } = await kms.createKey({ keySpec: 'ECC_NIST_P384', multiRegion: true })
    await client.send(new ReplicateKeyCommand({ KeyId: keyId, ReplicaRegion: 'us-east-1' }))
    const [here, there] = await Promise.all(
      [client, other].map((by) => by.send(new GetPublicKeyCommand({ KeyId: keyId }))),
    )
    expect(here?.PublicKey).toEqual(there?.PublicKey)
  })

  test('a primary is deleted only after its replicas', async () => {
    const { keyId } = await kms.createKey({ multiRegion: true })
    await client.send(new ReplicateKeyCommand({ KeyId: keyId, ReplicaRegion: 'us-east-1' }))
    const scheduled = await client.send(
      new ScheduleKeyDeletionCommand({ KeyId: keyId, PendingWindowInDays: 10 }),
    )
    expect(scheduled).toMatchObject({ KeyState: 'PendingReplicaDeletion', PendingWindowInDays: 10 })
    expect(scheduled.DeletionDate).toBeUndefined()
    await other.send(new ScheduleKeyDeletionCommand({ KeyId: keyId, PendingWindowInDays: 7 }))
    time += 7 * day
    await expect(state(keyId, other)).rejects.toMatchObject({ name: 'NotFoundException' })
    expect(await state(keyId)).toBe('PendingDeletion')
    time += 10 * day
    await expect(state(keyId)).rejects.toMatchObject({ name: 'NotFoundException' })
  })

  test('automatic rotation makes new material when it is due, and old blobs stay readable', async () => {
    const { arn } = await kms.createKey()
    await client.send(new EnableKeyRotationCommand({ KeyId: arn, RotationPeriodInDays: 90 }))
    const old = await seal(arn)
    const before = (await open(old)).KeyMaterialId
    time += 2 * 90 * day
    const after = await open(await seal(arn))
    expect(after.KeyMaterialId).toMatch(/^[0-9a-f]{64}$/)
    expect(after.KeyMaterialId).not.toBe(before)
    expect((await open(old)).KeyMaterialId).toBe(before)
    await client.send(new RotateKeyOnDemandCommand({ KeyId: arn }))
    const rotations = await client.send(new ListKeyRotationsCommand({ KeyId: arn }))
    expect(
      rotations.Rotations?.map(({ RotationType, KeyMaterialState }) => [RotationType, KeyMaterialState]),
    ).toEqual([
      ['AUTOMATIC', 'NON_CURRENT'],
      ['AUTOMATIC', 'NON_CURRENT'],
      ['ON_DEMAND', 'CURRENT'],
    ])
    const all = await client.send(
      new ListKeyRotationsCommand({ KeyId: arn, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }),
    )
    expect(all.Rotations?.[0]).toMatchObject({ KeyMaterialId: before, KeyMaterialState: 'NON_CURRENT' })
    const next = await client.send(new GetKeyRotationStatusCommand({ KeyId: arn }))
    expect(next.NextRotationDate?.getTime()).toBe(time + 90 * day)
    await client.send(new ScheduleKeyDeletionCommand({ KeyId: arn }))
    expect((await client.send(new GetKeyRotationStatusCommand({ KeyId: arn }))).KeyRotationEnabled).toBe(
      false,
    )
  })

  test('a key that missed rotations while it was disabled rotates once when it is enabled', async () => {
    const { arn } = await kms.createKey()
    await client.send(new EnableKeyRotationCommand({ KeyId: arn, RotationPeriodInDays: 90 }))
    await client.send(new DisableKeyCommand({ KeyId: arn }))
    time += 10 * 90 * day
    const rotations = async () =>
      (await client.send(new ListKeyRotationsCommand({ KeyId: arn }))).Rotations?.map(({ RotationDate }) =>
        RotationDate?.getTime(),
      )
    expect(await rotations()).toEqual([])
    await client.send(new EnableKeyCommand({ KeyId: arn }))
    expect(await rotations()).toEqual([time])
    const { NextRotationDate } = await client.send(new GetKeyRotationStatusCommand({ KeyId: arn }))
    expect(NextRotationDate?.getTime()).toBe(time + 90 * day)
    // Not overdue: the schedule stays.
    await client.send(new DisableKeyCommand({ KeyId: arn }))
    time += 30 * day
    await client.send(new EnableKeyCommand({ KeyId: arn }))
    expect(await rotations()).toHaveLength(1)
    expect(await client.send(new GetKeyRotationStatusCommand({ KeyId: arn }))).toMatchObject({
      NextRotationDate,
    })
  })

  test.each(['RSA_2048', 'ECC_NIST_P256', 'HMAC_256'] as const)(
    'the rotation status of an %s key is false, and no error',
    async (keySpec) => {
      const { keyId } = await kms.createKey({ keySpec })
      const { $metadata: _, ...status } = await client.send(new GetKeyRotationStatusCommand({ KeyId: keyId }))
      expect(status).toEqual({ KeyId: keyId, KeyRotationEnabled: false })
      await expect(client.send(new EnableKeyRotationCommand({ KeyId: keyId }))).rejects.toMatchObject({
        name: 'UnsupportedOperationException',
      })
    },
  )

  test('a key that waits for imported material has no automatic rotation in any state', async () => {
    const { KeyMetadata } = await client.send(new CreateKeyCommand({ Origin: 'EXTERNAL' }))
    const KeyId = KeyMetadata?.KeyId
    const refusal = {
      name: 'UnsupportedOperationException',
      message: `${KeyMetadata?.Arn} origin is EXTERNAL which is not valid for this operation.`,
    }
    await expect(client.send(new GetKeyRotationStatusCommand({ KeyId }))).rejects.toMatchObject(refusal)
    await expect(client.send(new EnableKeyRotationCommand({ KeyId }))).rejects.toMatchObject(refusal)
    await expect(client.send(new DisableKeyRotationCommand({ KeyId }))).rejects.toMatchObject(refusal)
    await expect(client.send(new RotateKeyOnDemandCommand({ KeyId }))).rejects.toMatchObject({
      name: 'KMSInvalidStateException',
      message: `${KeyMetadata?.Arn} is pending import.`,
    })
  })

  test('an alias with a taken name, a reserved name or a foreign reference is refused', async () => {
    const { keyId } = await kms.createKey({ alias: 'alias/taken' })
    const create = (AliasName: string) =>
      client.send(new CreateAliasCommand({ AliasName, TargetKeyId: keyId }))
    await expect(create('alias/taken')).rejects.toMatchObject({
      name: 'AlreadyExistsException',
      message: 'An alias with the name arn:aws:kms:eu-west-1:111122223333:alias/taken already exists',
    })
    await expect(create('alias/aws/s3')).rejects.toMatchObject({ name: 'NotAuthorizedException' })
    await expect(create('alias/my:alias')).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'alias/my:alias contains invalid characters for an alias',
    })
    for (const command of [CreateAliasCommand, UpdateAliasCommand]) {
      await expect(
        client.send(new command({ AliasName: 'alias/taken', TargetKeyId: 'alias/taken' })),
      ).rejects.toMatchObject({
        name: 'ValidationException',
        message: 'Aliases must refer to keys. Not aliases',
      })
    }
    await expect(create('alias/with space')).rejects.toMatchObject({ name: 'ValidationException' })
    // Management takes ids and ARNs only.
    await expect(client.send(new DisableKeyCommand({ KeyId: 'alias/taken' }))).rejects.toMatchObject({
      name: 'NotFoundException',
      message: "Invalid keyId 'alias/taken'",
    })
    await expect(state('arn:aws:kms:eu-west-1:999988887777:key/x')).rejects.toMatchObject({
      name: 'AccessDeniedException',
    })
    await expect(state('arn:aws:nonsense')).rejects.toMatchObject({ name: 'NotFoundException' })
  })

  test('a data key needs either a spec or a number of bytes', async () => {
    const { arn: KeyId } = await kms.createKey()
    const generate = (input: object) => client.send(new GenerateDataKeyCommand({ KeyId, ...input }))
    const message = 'Please specify either number of bytes or key spec.'
    await expect(generate({})).rejects.toMatchObject({ name: 'ValidationException', message })
    await expect(generate({ KeySpec: 'AES_256', NumberOfBytes: 32 })).rejects.toMatchObject({ message })
    await expect(generate({ NumberOfBytes: 1025 })).rejects.toMatchObject({ name: 'ValidationException' })
    expect((await generate({ NumberOfBytes: 64 })).Plaintext).toHaveLength(64)
    expect((await generate({ KeySpec: 'AES_128' })).Plaintext).toHaveLength(16)
    await expect(generate({ KeySpec: 'AES_256', DryRun: true })).rejects.toMatchObject({
      name: 'DryRunOperationException',
    })
    await expect(generate({ KeySpec: 'AES_256', Recipient: {} })).rejects.toMatchObject({
      name: 'UnsupportedOperationException',
    })
    const large = { name: 'x'.repeat(8189) }
    await expect(generate({ KeySpec: 'AES_256', EncryptionContext: large })).rejects.toMatchObject({
      name: 'ValidationException',
    })
    await generate({ KeySpec: 'AES_256', EncryptionContext: { name: 'x'.repeat(8188) } })
  })
})
