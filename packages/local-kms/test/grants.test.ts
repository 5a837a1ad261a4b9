import {
  CreateGrantCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  type GrantConstraints,
  type GrantOperation,
  KMSClient,
  ListGrantsCommand,
  ListKeysCommand,
  ListRetirableGrantsCommand,
  ReEncryptCommand,
  RetireGrantCommand,
  RevokeGrantCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { type LocalKms, startLocalKms } from '../src/index.ts'

const grantee = 'arn:aws:iam::111122223333:role/intake'
const retiring = 'arn:aws:iam::111122223333:role/janitor'
const Plaintext = Buffer.from('a value')

describe('grants', () => {
  let kms: LocalKms
  let owner: KMSClient
  let role: KMSClient
  let janitor: KMSClient
  let KeyId: string
  beforeAll(async () => {
    kms = await startLocalKms()
    owner = new KMSClient(kms.clientOptions)
    role = new KMSClient(kms.clientOptionsFor({ principal: grantee }))
    janitor = new KMSClient(kms.clientOptionsFor({ principal: retiring }))
  })
  beforeEach(async () => {
    KeyId = (await kms.createKey()).arn
  })
  afterAll(async () => {
    for (const client of [owner, role, janitor]) client.destroy()
    await kms.close()
  })

  const grant = (Operations: GrantOperation[], Constraints?: GrantConstraints, Name?: string) =>
    owner.send(
      new CreateGrantCommand({
        KeyId,
        GranteePrincipal: grantee,
        RetiringPrincipal: retiring,
        Operations,
        Constraints,
        Name,
      }),
    )
  const encrypt = (EncryptionContext?: Record<string, string>, client = role) =>
    client.send(new EncryptCommand({ KeyId, Plaintext, EncryptionContext }))
  const refused = { name: 'AccessDeniedException' }

  test('a principal without a grant may do nothing', async () => {
    await expect(encrypt()).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: `User: ${grantee} is not authorized to perform: kms:Encrypt on resource: ${KeyId} because no identity-based policy allows the kms:Encrypt action`,
    })
    for (const command of [new ListKeysCommand({}), new ScheduleKeyDeletionCommand({ KeyId })]) {
      await expect(role.send(command as ListKeysCommand)).rejects.toMatchObject(refused)
    }
    expect(kms.calls.at(-1)?.principal).toBe(grantee)
  })

  test('a grant allows its operations and no others', async () => {
    await grant(['Encrypt', 'DescribeKey'])
    const { CiphertextBlob } = await encrypt()
    await role.send(new DescribeKeyCommand({ KeyId }))
    await expect(role.send(new DecryptCommand({ CiphertextBlob }))).rejects.toMatchObject(refused)
    await expect(role.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }))).rejects.toMatchObject(
      refused,
    )
  })

  test('EncryptionContextEquals needs exactly the context', async () => {
    await grant(['Encrypt'], { EncryptionContextEquals: { tenant: 't-1' } })
    await encrypt({ tenant: 't-1' })
    const others: (Record<string, string> | undefined)[] = [
      undefined,
      { tenant: 't-2' },
      { tenant: 't-1', purpose: 'phi' },
    ]
    for (const context of others) {
      await expect(encrypt(context)).rejects.toMatchObject(refused)
    }
  })

  test('EncryptionContextSubset needs at least the context', async () => {
    await grant(['Encrypt'], { EncryptionContextSubset: { tenant: 't-1' } })
    await encrypt({ tenant: 't-1' })
    await encrypt({ purpose: 'phi', tenant: 't-1' })
    const others: (Record<string, string> | undefined)[] = [undefined, { tenant: 't-2' }, { purpose: 'phi' }]
    for (const context of others) {
      await expect(encrypt(context)).rejects.toMatchObject(refused)
    }
  })

  test('both constraints at once are refused', async () => {
    const pair = { tenant: 't-1' }
    await expect(
      grant(['Encrypt'], { EncryptionContextEquals: pair, EncryptionContextSubset: pair }),
    ).rejects.toMatchObject({ name: 'ValidationException' })
  })

  test('ReEncrypt needs ReEncryptFrom and ReEncryptTo, each with its context', async () => {
    const { CiphertextBlob } = await encrypt({ tenant: 't-1' }, owner)
    const reEncrypt = () =>
      role.send(
        new ReEncryptCommand({
          CiphertextBlob,
          SourceEncryptionContext: { tenant: 't-1' },
          DestinationKeyId: KeyId,
          DestinationEncryptionContext: { tenant: 't-2' },
        }),
      )
    await grant(['ReEncryptFrom'], { EncryptionContextEquals: { tenant: 't-1' } })
    await expect(reEncrypt()).rejects.toMatchObject(refused)
    await grant(['ReEncryptTo'], { EncryptionContextEquals: { tenant: 't-2' } })
    const moved = await reEncrypt()
    const { Plaintext: opened } = await owner.send(
      new DecryptCommand({ CiphertextBlob: moved.CiphertextBlob, EncryptionContext: { tenant: 't-2' } }),
    )
    expect(Buffer.from(opened ?? [])).toEqual(Plaintext)
  })

  test('an unknown grant token is an error for every caller', async () => {
    await expect(
      owner.send(new EncryptCommand({ KeyId, Plaintext, GrantTokens: ['nonsense'] })),
    ).rejects.toMatchObject({ name: 'InvalidGrantTokenException' })
    const { GrantToken } = await grant(['Encrypt'])
    await role.send(new EncryptCommand({ KeyId, Plaintext, GrantTokens: [GrantToken as string] }))
  })

  test('the same grant with the same name is created once', async () => {
    const first = await grant(['Encrypt', 'Decrypt'], undefined, 'intake')
    const again = await grant(['Decrypt', 'Encrypt'], undefined, 'intake')
    const other = await grant(['Encrypt'], undefined, 'intake')
    expect(again).toMatchObject({ GrantId: first.GrantId, GrantToken: first.GrantToken })
    expect(other.GrantId).not.toBe(first.GrantId)
  })

  test('a list of grants has all their members', async () => {
    const { GrantId } = await grant(['Encrypt'], { EncryptionContextSubset: { tenant: 't-1' } }, 'intake')
    const { Grants } = await owner.send(new ListGrantsCommand({ KeyId }))
    expect(Grants).toEqual([
      {
        KeyId,
        GrantId,
        Name: 'intake',
        CreationDate: expect.any(Date),
        GranteePrincipal: grantee,
        RetiringPrincipal: retiring,
        IssuingAccount: 'arn:aws:iam::111122223333:root',
        Operations: ['Encrypt'],
        Constraints: { EncryptionContextSubset: { tenant: 't-1' } },
      },
    ])
    const none = await owner.send(new ListGrantsCommand({ KeyId, GranteePrincipal: retiring }))
    expect(none.Grants).toEqual([])
    const retirable = await owner.send(new ListRetirableGrantsCommand({ RetiringPrincipal: retiring }))
    expect(retirable.Grants?.map((entry) => entry.GrantId)).toContain(GrantId)
    await expect(
      role.send(new ListRetirableGrantsCommand({ RetiringPrincipal: retiring })),
    ).rejects.toMatchObject(refused)
  })

  test('a revoked grant allows nothing', async () => {
    const { GrantId } = await grant(['Encrypt'])
    await encrypt()
    await expect(owner.send(new RevokeGrantCommand({ KeyId, GrantId, DryRun: true }))).rejects.toMatchObject({
      name: 'DryRunOperationException',
    })
    await encrypt()
    await owner.send(new RevokeGrantCommand({ KeyId, GrantId }))
    await expect(encrypt()).rejects.toMatchObject(refused)
    await expect(owner.send(new RevokeGrantCommand({ KeyId, GrantId }))).rejects.toMatchObject({
      name: 'NotFoundException',
    })
  })

  test('only the retiring principal, or a grantee with RetireGrant, retires a grant', async () => {
    const first = await grant(['Encrypt'])
    await expect(role.send(new RetireGrantCommand({ KeyId, GrantId: first.GrantId }))).rejects.toMatchObject(
      refused,
    )
    await janitor.send(new RetireGrantCommand({ KeyId, GrantId: first.GrantId }))
    await expect(encrypt()).rejects.toMatchObject(refused)
    const second = await grant(['Encrypt', 'RetireGrant'])
    await role.send(new RetireGrantCommand({ GrantToken: second.GrantToken }))
    await expect(encrypt()).rejects.toMatchObject(refused)
    await expect(
      janitor.send(new RetireGrantCommand({ GrantToken: second.GrantToken })),
    ).rejects.toMatchObject({ name: 'InvalidGrantTokenException' })
    await expect(owner.send(new RetireGrantCommand({}))).rejects.toMatchObject({
      name: 'ValidationException',
    })
  })
})
