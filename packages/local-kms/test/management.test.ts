/** Keys, aliases, grants, rotations, replicas and policies: what each change leads to. */
import { beforeEach, describe, expect, test } from '@jest/globals'
import { createInProcess, day, type InProcess, otherRegion, root, stranger } from './support/in-process.ts'

let kms: InProcess
beforeEach(() => {
  kms = createInProcess()
})

const none = ['none', undefined]
const account = 'arn:aws:kms:eu-west-1:111122223333'
const described = async (KeyId: string, region = 'eu-west-1') =>
  (await kms.call('DescribeKey', { KeyId }, { region })).KeyMetadata

/** A policy under which the root may do everything. */
const policy = (Id: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Id,
    Statement: { Effect: 'Allow', Principal: { AWS: root }, Action: 'kms:*', Resource: '*' },
  })

describe('a new key', () => {
  const usual = {
    AWSAccountId: '111122223333',
    CreationDate: Date.UTC(2026, 0, 1) / 1000,
    Enabled: true,
    Description: '',
    KeyState: 'Enabled',
    Origin: 'AWS_KMS',
    KeyManager: 'CUSTOMER',
    MultiRegion: false,
  }
  const rsa = {
    encrypts: { EncryptionAlgorithms: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'] },
    signs: {
      SigningAlgorithms: ['PKCS1_V1_5', 'PSS'].flatMap((kind) =>
        [256, 384, 512].map((bits) => `RSASSA_${kind}_SHA_${bits}`),
      ),
    },
  }
  const signs = (bits: number) => ({ SigningAlgorithms: [`ECDSA_SHA_${bits}`] })
  const agrees = { KeyAgreementAlgorithms: ['ECDH'] }
  const macs = (bits: number) => ({ MacAlgorithms: [`HMAC_SHA_${bits}`] })

  test.each([
    ['RSA_2048', 'ENCRYPT_DECRYPT', rsa.encrypts],
    ['RSA_3072', 'ENCRYPT_DECRYPT', rsa.encrypts],
    ['RSA_4096', 'ENCRYPT_DECRYPT', rsa.encrypts],
    ['RSA_2048', 'SIGN_VERIFY', rsa.signs],
    ['RSA_3072', 'SIGN_VERIFY', rsa.signs],
    ['RSA_4096', 'SIGN_VERIFY', rsa.signs],
    ['ECC_NIST_P256', 'SIGN_VERIFY', signs(256)],
    ['ECC_NIST_P384', 'SIGN_VERIFY', signs(384)],
    ['ECC_NIST_P521', 'SIGN_VERIFY', signs(512)],
    ['ECC_SECG_P256K1', 'SIGN_VERIFY', signs(256)],
    ['ECC_NIST_P256', 'KEY_AGREEMENT', agrees],
    ['ECC_NIST_P384', 'KEY_AGREEMENT', agrees],
    ['ECC_NIST_P521', 'KEY_AGREEMENT', agrees],
    ['HMAC_224', 'GENERATE_VERIFY_MAC', macs(224)],
    ['HMAC_256', 'GENERATE_VERIFY_MAC', macs(256)],
    ['HMAC_384', 'GENERATE_VERIFY_MAC', macs(384)],
    ['HMAC_512', 'GENERATE_VERIFY_MAC', macs(512)],
  ])('of %s for %s has its algorithms', async (KeySpec, KeyUsage, algorithms) => {
    for (const name of ['KeySpec', 'CustomerMasterKeySpec']) {
      const { KeyId, Arn, ...metadata } = await kms.key({ [name]: KeySpec, KeyUsage, Description: 'a key' })
      expect(Arn).toBe(`${account}:key/${KeyId}`)
      expect(metadata).toEqual({
        ...usual,
        Description: 'a key',
        KeyUsage,
        KeySpec,
        CustomerMasterKeySpec: KeySpec,
        ...algorithms,
      })
    }
  })

  test('is symmetric by default, and has material', async () => {
    const { KeyId, ...metadata } = await kms.key()
    expect(KeyId).toMatch(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    expect(metadata).toEqual({
      ...usual,
      Arn: `${account}:key/${KeyId}`,
      KeyUsage: 'ENCRYPT_DECRYPT',
      KeySpec: 'SYMMETRIC_DEFAULT',
      CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
      EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
      CurrentKeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  test('that waits for imported material has none, and cannot be used', async () => {
    const { KeyId, Arn, ...metadata } = await kms.key({ Origin: 'EXTERNAL' })
    expect(metadata).toMatchObject({ Origin: 'EXTERNAL', Enabled: false, KeyState: 'PendingImport' })
    expect(metadata).not.toHaveProperty('CurrentKeyMaterialId')
    const pending = ['KMSInvalidStateException', `${Arn} is pending import.`]
    expect(await kms.refusal('EnableKey', { KeyId })).toEqual(pending)
    expect(await kms.refusal('DisableKey', { KeyId })).toEqual(pending)
  })

  test.each([
    [
      { KeySpec: 'RSA_2048' },
      'ValidationException',
      'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
    ],
    [
      { KeySpec: 'RSA_2048', CustomerMasterKeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' },
      'ValidationException',
      'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.',
    ],
    [
      { KeySpec: 'ECC_SECG_P256K1', KeyUsage: 'KEY_AGREEMENT' },
      'ValidationException',
      'KeyUsage KEY_AGREEMENT is not compatible with KeySpec ECC_SECG_P256K1',
    ],
    [
      { KeyUsage: 'SIGN_VERIFY' },
      'ValidationException',
      'KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT',
    ],
    [
      { Origin: 'AWS_CLOUDHSM' },
      'UnsupportedOperationException',
      'The local KMS does not offer custom key stores.',
    ],
    [
      { Origin: 'EXTERNAL_KEY_STORE' },
      'UnsupportedOperationException',
      'The local KMS does not offer custom key stores.',
    ],
    [{ Policy: '[]' }, 'MalformedPolicyDocumentException', 'A policy must be an object'],
    [{ Policy: 'null' }, 'MalformedPolicyDocumentException', 'A policy must be an object'],
    [{ Policy: '"x"' }, 'MalformedPolicyDocumentException', 'A policy must be an object'],
    [{ Policy: '{' }, 'MalformedPolicyDocumentException', 'A policy must be JSON'],
  ])('is refused with %j', async (input, code, message) => {
    expect(await kms.refusal('CreateKey', input)).toEqual([code, message])
    expect((await kms.call('ListKeys')).Keys).toEqual([])
    expect(kms.saves.count).toBe(0)
  })

  test('has the given policy, or the default one', async () => {
    const policyOf = async (input: object) =>
      (await kms.call('GetKeyPolicy', { KeyId: (await kms.key(input)).KeyId })).Policy
    expect(await policyOf({ Policy: policy('a') })).toBe(policy('a'))
    expect(JSON.parse(await policyOf({}))).toEqual({
      Version: '2012-10-17',
      Id: 'key-default-1',
      Statement: [
        {
          Sid: 'Enable IAM User Permissions',
          Effect: 'Allow',
          Principal: { AWS: root },
          Action: 'kms:*',
          Resource: '*',
        },
      ],
    })
    expect(await policyOf({})).toContain('\n  "Version"')
  })
})

describe('a key', () => {
  test('can be enabled and disabled repeatedly', async () => {
    const { KeyId } = await kms.key()
    for (const [operation, Enabled, KeyState] of [
      ['EnableKey', true, 'Enabled'],
      ['DisableKey', false, 'Disabled'],
      ['DisableKey', false, 'Disabled'],
      ['EnableKey', true, 'Enabled'],
    ] as const) {
      await kms.call(operation, { KeyId })
      expect(await described(KeyId)).toMatchObject({ Enabled, KeyState })
    }
    await kms.call('UpdateKeyDescription', { KeyId, Description: 'new' })
    expect((await described(KeyId)).Description).toBe('new')
  })

  test('is deleted after its waiting period, by default thirty days', async () => {
    for (const [input, days] of [
      [{}, 30],
      [{ PendingWindowInDays: 7 }, 7],
    ] as const) {
      const { KeyId, Arn } = await kms.key()
      const DeletionDate = (kms.clock.at + days * day) / 1000
      expect(await kms.call('ScheduleKeyDeletion', { KeyId, ...input })).toEqual({
        KeyId: Arn,
        DeletionDate,
        KeyState: 'PendingDeletion',
        PendingWindowInDays: days,
      })
      expect(await described(KeyId)).toMatchObject({
        Enabled: false,
        KeyState: 'PendingDeletion',
        DeletionDate,
      })
      expect(await described(KeyId)).not.toHaveProperty('PendingDeletionWindowInDays')
      kms.clock.at += days * day
      expect(await kms.refusal('DescribeKey', { KeyId })).toEqual([
        'NotFoundException',
        `Key '${Arn}' does not exist`,
      ])
    }
  })

  test('is disabled after its deletion is cancelled; only a pending deletion can be', async () => {
    const { KeyId, Arn } = await kms.key()
    expect(await kms.refusal('CancelKeyDeletion', { KeyId })).toEqual([
      'KMSInvalidStateException',
      `${Arn} is not pending deletion.`,
    ])
    await kms.call('ScheduleKeyDeletion', { KeyId })
    expect(await kms.call('CancelKeyDeletion', { KeyId })).toEqual({ KeyId: Arn })
    expect(await described(KeyId)).toMatchObject({ Enabled: false, KeyState: 'Disabled' })
    const saved = kms.saves.count
    await kms.call('ScheduleKeyDeletion', { KeyId })
    await kms.call('CancelKeyDeletion', { KeyId })
    expect(kms.saves.count).toBe(saved + 2)
  })

  test.each([
    ['nonsense', "Invalid keyId 'nonsense'"],
    [
      '12345678-1234-1234-1234-1234567890ab',
      `Key '${account}:key/12345678-1234-1234-1234-1234567890ab' does not exist`,
    ],
    ['x12345678-1234-1234-1234-1234567890ab', "Invalid keyId 'x12345678-1234-1234-1234-1234567890ab'"],
    ['12345678-1234-1234-1234-1234567890abc', "Invalid keyId '12345678-1234-1234-1234-1234567890abc'"],
    [`mrk-${'0'.repeat(32)}`, `Key '${account}:key/mrk-${'0'.repeat(32)}' does not exist`],
    [`mrk-${'0'.repeat(33)}`, `Invalid keyId 'mrk-${'0'.repeat(33)}'`],
    ['arn:aws:nonsense', 'Invalid arn arn:aws:nonsense'],
    ['arn:aws:s3:eu-west-1:111122223333:key/x', 'Invalid arn arn:aws:s3:eu-west-1:111122223333:key/x'],
    [`x${account}:key/x`, `Invalid keyId 'x${account}:key/x'`],
    ['arn:aws:kms:us-east-1:111122223333:key/x', 'Invalid arn us-east-1'],
    [`${account}:key/x`, "Invalid keyId 'x'"],
    [`${account}:alias/none`, `Alias ${account}:alias/none is not found.`],
    ['alias/none', `Alias ${account}:alias/none is not found.`],
    [`${account}:other/x`, `Invalid arn ${account}:other/x`],
    ['arn:aws:kms:eu-west-1:1111222233334:key/x', 'Invalid arn arn:aws:kms:eu-west-1:1111222233334:key/x'],
  ])('is not found by %s', async (KeyId, message) => {
    expect(await kms.refusal('DescribeKey', { KeyId })).toEqual(['NotFoundException', message])
  })

  test('of another account is not found', async () => {
    const KeyId = 'arn:aws:kms:eu-west-1:999988887777:key/x'
    expect(await kms.refusal('DescribeKey', { KeyId })).toEqual([
      'AccessDeniedException',
      `User: ${root} is not authorized to perform: kms:DescribeKey on resource: ${KeyId} because the resource does ` +
        'not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly ' +
        'denies access',
    ])
  })
})

describe('an alias', () => {
  const create = (AliasName: string, TargetKeyId: string) =>
    kms.refusal('CreateAlias', { AliasName, TargetKeyId })

  test('names its key at once, and another key after it was moved', async () => {
    const [one, two] = [await kms.key(), await kms.key()]
    await kms.call('CreateAlias', { AliasName: 'alias/a', TargetKeyId: one.KeyId })
    const createdAt = kms.clock.at / 1000
    kms.clock.at += 5000
    const entry = (TargetKeyId: string, LastUpdatedDate: number) => ({
      AliasName: 'alias/a',
      AliasArn: `${account}:alias/a`,
      TargetKeyId,
      CreationDate: createdAt,
      LastUpdatedDate,
    })
    expect((await kms.call('ListAliases', { KeyId: one.KeyId })).Aliases).toEqual([
      entry(one.KeyId, createdAt),
    ])
    await kms.call('UpdateAlias', { AliasName: 'alias/a', TargetKeyId: two.KeyId })
    expect((await kms.call('ListAliases', { KeyId: one.KeyId })).Aliases).toEqual([])
    expect((await kms.call('ListAliases', { KeyId: two.KeyId })).Aliases).toEqual([
      entry(two.KeyId, createdAt + 5),
    ])
    expect((await described('alias/a')).KeyId).toBe(two.KeyId)
    const saved = kms.saves.count
    await kms.call('DeleteAlias', { AliasName: 'alias/a' })
    expect(kms.saves.count).toBe(saved + 1)
    expect((await kms.call('ListAliases')).Aliases).toEqual([])
  })

  test('needs a valid name that is not taken', async () => {
    const { KeyId } = await kms.key()
    expect(await create('alias/a', KeyId)).toEqual(none)
    expect(await create('alias/a', KeyId)).toEqual([
      'AlreadyExistsException',
      `An alias with the name ${account}:alias/a already exists`,
    ])
    for (const operation of ['CreateAlias', 'UpdateAlias', 'DeleteAlias']) {
      const attempt = (AliasName: string) => kms.refusal(operation, { AliasName, TargetKeyId: KeyId })
      expect(await attempt('name')).toEqual([
        'ValidationException',
        'Alias must start with the prefix "alias/". Please see ' +
          'https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
      ])
      expect(await attempt('alias/a:b')).toEqual([
        'ValidationException',
        'alias/a:b contains invalid characters for an alias',
      ])
      expect(await attempt('alias/aws/x')).toEqual(['NotAuthorizedException', undefined])
      if (operation !== 'CreateAlias')
        expect(await attempt('alias/none')).toEqual([
          'NotFoundException',
          `Alias ${account}:alias/none is not found.`,
        ])
    }
    expect(await kms.refusal('DeleteAlias', { AliasName: 'alias/a' }, { principal: stranger })).toEqual([
      'AccessDeniedException',
      `User: ${stranger} is not authorized to perform: kms:DeleteAlias on resource: ${account}:alias/a because no ` +
        'identity-based policy allows the kms:DeleteAlias action',
    ])
    expect(await create('alias/b', 'alias/a')).toEqual([
      'ValidationException',
      'Aliases must refer to keys. Not aliases',
    ])
  })

  test('moves only to a key of the same kind and usage', async () => {
    const specs = {
      symmetric: {},
      encrypts: { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' },
      signs: { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' },
      alsoSigns: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' },
      macs: { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' },
    }
    const keys = await Promise.all(
      Object.entries(specs).map(async ([name, input]) => [name, (await kms.key(input)).KeyId] as const),
    )
    const kin = ['signs', 'alsoSigns']
    for (const [from, source] of keys) {
      for (const [to, TargetKeyId] of keys) {
        const AliasName = `alias/${from}-${to}`
        await kms.call('CreateAlias', { AliasName, TargetKeyId: source })
        expect(await kms.refusal('UpdateAlias', { AliasName, TargetKeyId })).toEqual(
          from === to || (kin.includes(from) && kin.includes(to))
            ? none
            : [
                'ValidationException',
                `Alias ${account}:${AliasName} cannot point to a KMS key of another type or key usage`,
              ],
        )
      }
    }
  })

  test('belongs to one Region, and is deleted with its key', async () => {
    const { KeyId } = await kms.key({ MultiRegion: true })
    await kms.call('ReplicateKey', { KeyId, ReplicaRegion: otherRegion })
    const there = { region: otherRegion }
    await kms.call('CreateAlias', { AliasName: 'alias/here', TargetKeyId: KeyId })
    await kms.call('CreateAlias', { AliasName: 'alias/there', TargetKeyId: KeyId }, there)
    const names = async (input: object, caller = {}) =>
      (await kms.call('ListAliases', input, caller)).Aliases.map(({ AliasName }: any) => AliasName)
    for (const input of [{}, { KeyId }]) {
      expect(await names(input)).toEqual(['alias/here'])
      expect(await names(input, there)).toEqual(['alias/there'])
    }
    await kms.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 }, there)
    kms.clock.at += 7 * day
    expect(await kms.refusal('DescribeKey', { KeyId: 'alias/there' }, there)).toEqual([
      'NotFoundException',
      `Alias arn:aws:kms:us-east-1:111122223333:alias/there is not found.`,
    ])
    expect(await names({}, there)).toEqual([])
    expect(await names({})).toEqual(['alias/here'])
  })
})

describe('a grant', () => {
  const retirer = 'arn:aws:iam::111122223333:role/retirer'
  const usual = { GranteePrincipal: stranger, Operations: ['Decrypt'] }

  test('is listed with everything but its token, by id, grantee and retiring principal', async () => {
    const { KeyId, Arn } = await kms.key()
    const full = {
      GranteePrincipal: stranger,
      RetiringPrincipal: retirer,
      Operations: ['Decrypt', 'Encrypt'],
      Constraints: { EncryptionContextSubset: { a: 'b' } },
      Name: 'named',
    }
    const { GrantId, GrantToken } = await kms.call('CreateGrant', { KeyId, ...full })
    expect(GrantId).toMatch(/^[0-9a-f]{64}$/)
    expect(GrantToken).toMatch(/^[\w-]{128}$/)
    const entry = {
      KeyId: Arn,
      GrantId,
      CreationDate: kms.clock.at / 1000,
      IssuingAccount: root,
      ...full,
    }
    const other = await kms.call('CreateGrant', { KeyId, ...usual, GranteePrincipal: 'someone' })
    const bare = {
      KeyId: Arn,
      GrantId: other.GrantId,
      Name: '',
      CreationDate: kms.clock.at / 1000,
      GranteePrincipal: 'someone',
      RetiringPrincipal: undefined,
      IssuingAccount: root,
      Operations: ['Decrypt'],
      Constraints: undefined,
    }
    const list = async (input: object) => (await kms.call('ListGrants', { KeyId, ...input })).Grants
    expect(await list({})).toEqual([entry, bare])
    expect(await list({ GrantId })).toEqual([entry])
    expect(await list({ GranteePrincipal: 'someone' })).toEqual([bare])
    expect(await list({ GrantId, GranteePrincipal: 'someone' })).toEqual([])
    const retirable = (RetiringPrincipal: string, caller = {}) =>
      kms.call('ListRetirableGrants', { RetiringPrincipal }, caller)
    expect((await retirable(retirer)).Grants).toEqual([entry])
    expect((await retirable('someone')).Grants).toEqual([])
    expect((await retirable(retirer, { region: otherRegion })).Grants).toEqual([])
  })

  test('with a name is created once; without a name, each call creates another', async () => {
    const { KeyId } = await kms.key()
    const grant = async (input: object) =>
      (await kms.call('CreateGrant', { KeyId, ...usual, ...input })).GrantId
    const named = { Name: 'n', Operations: ['Decrypt', 'Encrypt'] }
    const first = await grant(named)
    const saved = kms.saves.count
    expect(await grant({ ...named, Operations: ['Encrypt', 'Decrypt'] })).toBe(first)
    expect(kms.saves.count).toBe(saved)
    for (const other of [
      { ...named, Name: 'm' },
      { ...named, Operations: ['Decrypt'] },
      { ...named, GranteePrincipal: 'someone' },
      { ...named, RetiringPrincipal: 'someone' },
      { ...named, Constraints: { EncryptionContextEquals: { a: 'b' } } },
    ])
      expect(await grant(other)).not.toBe(first)
    expect(await grant({})).not.toBe(await grant({}))
    const constraints = { EncryptionContextEquals: {}, EncryptionContextSubset: {} }
    expect(await kms.refusal('CreateGrant', { KeyId, ...usual, Constraints: constraints })).toEqual([
      'ValidationException',
      'Only one of EncryptionContextEquals and EncryptionContextSubset can be specified.',
    ])
  })

  test.each([
    [{ EncryptionContextEquals: { a: '1' } }, { a: '1' }, true],
    [{ EncryptionContextEquals: { a: '1' } }, { a: '1', b: '2' }, false],
    [{ EncryptionContextEquals: { a: '1' } }, {}, false],
    [{ EncryptionContextEquals: { a: '1' } }, { a: '2' }, false],
    [{ EncryptionContextEquals: { toString: 'x' } }, { a: 'x' }, false],
    [{ EncryptionContextSubset: { a: '1' } }, { a: '1', b: '2' }, true],
    [{ EncryptionContextSubset: { a: '1', b: '2' } }, { a: '1' }, false],
    [{ EncryptionContextSubset: { a: '1' } }, { a: '2' }, false],
    [{}, { a: '1' }, true],
  ])('with the constraints %j allows the context %j: %p', async (Constraints, EncryptionContext, allowed) => {
    const { KeyId } = await kms.key()
    await kms.call('CreateGrant', { KeyId, ...usual, Operations: ['Encrypt'], Constraints })
    const [code] = await kms.refusal(
      'Encrypt',
      { KeyId, Plaintext: Buffer.of(1), EncryptionContext },
      { principal: stranger },
    )
    expect(code).toBe(allowed ? 'none' : 'AccessDeniedException')
  })

  test('is revoked by root, and retired by the principals that it names', async () => {
    const { KeyId, Arn } = await kms.key()
    const grant = (input: object = {}) =>
      kms.call('CreateGrant', { KeyId, ...usual, RetiringPrincipal: retirer, ...input })
    const retire = (input: object, principal: string) => kms.refusal('RetireGrant', input, { principal })
    const first = await grant()
    expect(await kms.refusal('RevokeGrant', { KeyId, GrantId: 'x' })).toEqual([
      'NotFoundException',
      'Grant ID x not found',
    ])
    const denied = (principal: string) => [
      'AccessDeniedException',
      `User: ${principal} is not authorized to perform: kms:RetireGrant on resource: ${Arn} because no ` +
        'identity-based policy allows the kms:RetireGrant action',
    ]
    // The grantee may not, unless the grant says so.
    expect(await retire({ GrantToken: first.GrantToken }, stranger)).toEqual(denied(stranger))
    expect(await retire({ GrantToken: first.GrantToken }, 'other')).toEqual(denied('other'))
    const saved = kms.saves.count
    expect(await retire({ GrantToken: first.GrantToken }, retirer)).toEqual(none)
    expect(kms.saves.count).toBe(saved + 1)
    expect(kms.lastCall()?.keyArn).toBe(Arn)
    expect(await retire({ GrantToken: first.GrantToken }, retirer)).toEqual([
      'InvalidGrantTokenException',
      undefined,
    ])
    const own = await grant({ Operations: ['RetireGrant'] })
    expect(await retire({ KeyId, GrantId: own.GrantId }, 'other')).toEqual(denied('other'))
    expect(await retire({ KeyId, GrantId: own.GrantId }, stranger)).toEqual(none)
    const last = await grant()
    expect(await retire({ KeyId, GrantId: last.GrantId }, root)).toEqual(none)
    expect(await retire({ KeyId, GrantId: last.GrantId }, root)).toEqual([
      'NotFoundException',
      `Grant ID ${last.GrantId} not found`,
    ])
    const elsewhere = await kms.key()
    const { GrantId } = await grant()
    expect((await retire({ KeyId: elsewhere.KeyId, GrantId }, root))[0]).toBe('NotFoundException')
    for (const input of [{}, { KeyId }, { GrantId }])
      expect(await retire(input, root)).toEqual([
        'ValidationException',
        'Either GrantToken or both KeyId and GrantId must be specified.',
      ])
  })
})

describe('rotation', () => {
  test('is off by default; its period is a year, or the last one that was set', async () => {
    const { KeyId } = await kms.key()
    const status = () => kms.call('GetKeyRotationStatus', { KeyId })
    expect(await status()).toEqual({ KeyId, KeyRotationEnabled: false })
    const on = (RotationPeriodInDays: number) => ({
      KeyId,
      KeyRotationEnabled: true,
      NextRotationDate: (kms.clock.at + RotationPeriodInDays * day) / 1000,
      RotationPeriodInDays,
    })
    await kms.call('EnableKeyRotation', { KeyId })
    expect(await status()).toEqual(on(365))
    await kms.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 100 })
    kms.clock.at += 1000
    await kms.call('EnableKeyRotation', { KeyId })
    expect(await status()).toEqual(on(100))
    await kms.call('DisableKeyRotation', { KeyId })
    expect(await status()).toEqual({ KeyId, KeyRotationEnabled: false })
  })

  test('is allowed 25 times on demand, and the new material is current at once', async () => {
    const { KeyId, Arn, CurrentKeyMaterialId } = await kms.key()
    for (let at = 0; at < 25; at++)
      expect(await kms.call('RotateKeyOnDemand', { KeyId })).toEqual({ KeyId: Arn })
    expect(await kms.refusal('RotateKeyOnDemand', { KeyId })).toEqual([
      'LimitExceededException',
      'The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be ' +
        `performed for this key: ${Arn}`,
    ])
    const list = async (input: object) => (await kms.call('ListKeyRotations', { KeyId, ...input })).Rotations
    const all = await list({ IncludeKeyMaterial: 'ALL_KEY_MATERIAL' })
    expect(all).toHaveLength(26)
    expect(all[0]).toEqual({ KeyId, KeyMaterialId: CurrentKeyMaterialId, KeyMaterialState: 'NON_CURRENT' })
    const rotations = await list({ IncludeKeyMaterial: 'ROTATIONS_ONLY' })
    expect(rotations).toEqual(all.slice(1))
    expect(await list({})).toEqual(rotations)
    expect(rotations.at(-1)).toEqual({
      KeyId,
      KeyMaterialId: (await described(KeyId)).CurrentKeyMaterialId,
      KeyMaterialState: 'CURRENT',
      RotationDate: kms.clock.at / 1000,
      RotationType: 'ON_DEMAND',
    })
    expect(rotations.at(-2).KeyMaterialState).toBe('NON_CURRENT')
  })

  test('happens when it is due, and not a millisecond before', async () => {
    const { KeyId } = await kms.key()
    await kms.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
    const dates = async () =>
      (await kms.call('ListKeyRotations', { KeyId })).Rotations.map((each: any) => each.RotationDate)
    const began = kms.clock.at
    kms.clock.at = began + 90 * day - 1
    expect(await dates()).toEqual([])
    kms.clock.at++
    const saved = kms.saves.count
    expect(await dates()).toEqual([kms.clock.at / 1000])
    expect(kms.saves.count).toBe(saved + 1)
    kms.clock.at += 3 * 90 * day
    expect(await dates()).toEqual([1, 2, 3, 4].map((times) => (began + times * 90 * day) / 1000))
    // A key that is disabled or about to be deleted does not rotate.
    await kms.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 30 })
    kms.clock.at += 29 * day
    expect(await dates()).toHaveLength(4)
  })

  test.each([
    ['ECC_NIST_P256', 'SIGN_VERIFY'],
    ['HMAC_256', 'GENERATE_VERIFY_MAC'],
  ])('is refused for %s', async (KeySpec, KeyUsage) => {
    const { KeyId } = await kms.key({ KeySpec, KeyUsage })
    for (const operation of [
      'EnableKeyRotation',
      'DisableKeyRotation',
      'RotateKeyOnDemand',
      'ListKeyRotations',
    ])
      expect(await kms.refusal(operation, { KeyId })).toEqual(['UnsupportedOperationException', undefined])
    expect(await kms.call('GetKeyRotationStatus', { KeyId })).toEqual({ KeyId, KeyRotationEnabled: false })
  })
})

describe('a replica', () => {
  const there = { region: otherRegion }

  test('has its own description, policy and tags, and the id and material of its primary', async () => {
    const primary = await kms.key({ MultiRegion: true, Description: 'primary', Policy: policy('primary') })
    const { KeyId, Arn, CurrentKeyMaterialId } = primary
    expect(KeyId).toMatch(/^mrk-[0-9a-f]{32}$/)
    const arn = Arn.replace('eu-west-1', otherRegion)
    const Tags = [{ TagKey: 'a', TagValue: 'b' }]
    const response = await kms.call('ReplicateKey', {
      KeyId,
      ReplicaRegion: otherRegion,
      Description: 'replica',
      Policy: policy('replica'),
      Tags,
    })
    const configuration = (MultiRegionKeyType: string) => ({
      MultiRegion: true,
      MultiRegionConfiguration: {
        MultiRegionKeyType,
        PrimaryKey: { Arn, Region: 'eu-west-1' },
        ReplicaKeys: [{ Arn: arn, Region: otherRegion }],
      },
    })
    expect(response).toEqual({
      ReplicaKeyMetadata: {
        AWSAccountId: '111122223333',
        KeyId,
        Arn: arn,
        CreationDate: kms.clock.at / 1000,
        Enabled: false,
        Description: 'replica',
        KeyUsage: 'ENCRYPT_DECRYPT',
        KeyState: 'Creating',
        Origin: 'AWS_KMS',
        KeyManager: 'CUSTOMER',
        CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
        KeySpec: 'SYMMETRIC_DEFAULT',
        EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
        ...configuration('REPLICA'),
      },
      ReplicaPolicy: policy('replica'),
      ReplicaTags: Tags,
    })
    expect(await described(KeyId, otherRegion)).toMatchObject({
      Arn: arn,
      Enabled: true,
      KeyState: 'Enabled',
      CurrentKeyMaterialId,
      ...configuration('REPLICA'),
    })
    expect(await described(KeyId)).toMatchObject({
      Arn,
      Description: 'primary',
      ...configuration('PRIMARY'),
    })
    expect((await kms.call('GetKeyPolicy', { KeyId })).Policy).toBe(policy('primary'))
    expect((await kms.call('ListResourceTags', { KeyId })).Tags).toEqual([])
    expect((await kms.call('ListResourceTags', { KeyId }, there)).Tags).toEqual(Tags)
  })

  test('has the default policy and no tags by default', async () => {
    const { KeyId } = await kms.key({ MultiRegion: true, Policy: policy('other') })
    const response = await kms.call('ReplicateKey', { KeyId, ReplicaRegion: otherRegion })
    expect(JSON.parse(response.ReplicaPolicy)).toMatchObject({ Id: 'key-default-1' })
    expect(response.ReplicaKeyMetadata.Description).toBe('')
    expect(response).not.toHaveProperty('ReplicaTags')
  })

  test('is created from a primary, once for each Region', async () => {
    const single = await kms.key()
    const noPrimary = (arn: string) => [
      'UnsupportedOperationException',
      `${arn} is not a multi-region primary key.`,
    ]
    const replicate = (KeyId: string, ReplicaRegion: string, caller = {}, more = {}) =>
      kms.refusal('ReplicateKey', { KeyId, ReplicaRegion, ...more }, caller)
    expect(await replicate(single.KeyId, otherRegion)).toEqual(noPrimary(single.Arn))
    const { KeyId, Arn } = await kms.key({ MultiRegion: true })
    expect(await replicate(KeyId, otherRegion, {}, { Policy: '[]' })).toEqual([
      'MalformedPolicyDocumentException',
      'A policy must be an object',
    ])
    const twice = [
      { TagKey: 'a', TagValue: '' },
      { TagKey: 'a', TagValue: '' },
    ]
    expect(await replicate(KeyId, otherRegion, {}, { Tags: twice })).toEqual([
      'TagException',
      'Duplicate tag keys',
    ])
    expect(await replicate(KeyId, otherRegion)).toEqual(none)
    const arn = Arn.replace('eu-west-1', otherRegion)
    expect(await replicate(KeyId, otherRegion)).toEqual([
      'AlreadyExistsException',
      `Key ${arn} already exists`,
    ])
    expect(await replicate(KeyId, 'ap-south-1', there)).toEqual(noPrimary(arn))
    for (const operation of ['EnableKeyRotation', 'DisableKeyRotation', 'RotateKeyOnDemand'])
      expect(await kms.refusal(operation, { KeyId }, there)).toEqual(noPrimary(arn))
  })

  test('delays the deletion of its primary, whose waiting period begins after it', async () => {
    const { KeyId, Arn } = await kms.key({ MultiRegion: true })
    for (const ReplicaRegion of [otherRegion, 'ap-south-1'])
      await kms.call('ReplicateKey', { KeyId, ReplicaRegion })
    expect(await kms.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 10 })).toEqual({
      KeyId: Arn,
      KeyState: 'PendingReplicaDeletion',
      PendingWindowInDays: 10,
    })
    expect(await described(KeyId)).toMatchObject({
      KeyState: 'PendingReplicaDeletion',
      PendingDeletionWindowInDays: 10,
    })
    expect(await described(KeyId)).not.toHaveProperty('DeletionDate')
    for (const region of [otherRegion, 'ap-south-1']) {
      expect((await described(KeyId)).KeyState).toBe('PendingReplicaDeletion')
      const { KeyState } = await kms.call(
        'ScheduleKeyDeletion',
        { KeyId, PendingWindowInDays: 7 },
        { region },
      )
      expect(KeyState).toBe('PendingDeletion')
      kms.clock.at += 7 * day
      await kms.call('ListKeys', {}, { region })
    }
    expect(await described(KeyId)).toMatchObject({
      KeyState: 'PendingDeletion',
      DeletionDate: (kms.clock.at + 10 * day) / 1000,
    })
    expect(await described(KeyId)).not.toHaveProperty('PendingDeletionWindowInDays')
  })
})

describe('ReEncrypt', () => {
  test('decrypts under one key and context, and encrypts under others', async () => {
    const [one, two] = [await kms.key(), await kms.key()]
    const Plaintext = Buffer.from('a value')
    const from = { EncryptionContext: { of: 'one' } }
    const { CiphertextBlob } = await kms.call('Encrypt', { KeyId: one.KeyId, Plaintext, ...from })
    const input = {
      CiphertextBlob,
      SourceEncryptionContext: { of: 'one' },
      DestinationKeyId: two.KeyId,
      DestinationEncryptionContext: { of: 'two' },
    }
    const response = await kms.call('ReEncrypt', input)
    expect(response).toEqual({
      CiphertextBlob: expect.anything(),
      SourceKeyId: one.Arn,
      KeyId: two.Arn,
      SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      DestinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      SourceKeyMaterialId: one.CurrentKeyMaterialId,
      DestinationKeyMaterialId: two.CurrentKeyMaterialId,
    })
    expect(kms.lastCall()).toMatchObject({
      keyArn: one.Arn,
      destinationKeyArn: two.Arn,
      encryptionContext: { of: 'one' },
    })
    const opened = await kms.call('Decrypt', {
      CiphertextBlob: response.CiphertextBlob,
      EncryptionContext: { of: 'two' },
    })
    expect(opened).toMatchObject({ KeyId: two.Arn, Plaintext })
    expect((await kms.refusal('ReEncrypt', { ...input, SourceEncryptionContext: {} }))[0]).toBe(
      'InvalidCiphertextException',
    )
    expect((await kms.refusal('ReEncrypt', { ...input, SourceKeyId: two.KeyId }))[0]).toBe(
      'IncorrectKeyException',
    )
    expect(await kms.refusal('ReEncrypt', { ...input, SourceKeyId: one.KeyId })).toEqual(none)
  })

  test('says which of its two keys has another usage', async () => {
    const { KeyId } = await kms.key()
    const { CiphertextBlob } = await kms.call('Encrypt', { KeyId, Plaintext: Buffer.of(1) })
    const signs = await kms.key({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
    expect(await kms.refusal('ReEncrypt', { CiphertextBlob, DestinationKeyId: signs.KeyId })).toEqual([
      'InvalidKeyUsageException',
      `${signs.Arn} key usage is SIGN_VERIFY which is not valid for ReEncryptTo.`,
    ])
  })

  test('needs a grant for each of its keys, each in its own context', async () => {
    const [one, two] = [await kms.key(), await kms.key()]
    const { CiphertextBlob } = await kms.call('Encrypt', {
      KeyId: one.KeyId,
      Plaintext: Buffer.of(1),
      EncryptionContext: { of: 'one' },
    })
    const attempt = () =>
      kms.refusal(
        'ReEncrypt',
        {
          CiphertextBlob,
          SourceEncryptionContext: { of: 'one' },
          DestinationKeyId: two.KeyId,
          DestinationEncryptionContext: { of: 'two' },
        },
        { principal: stranger },
      )
    const grant = (KeyId: string, operation: string, of: string) =>
      kms.call('CreateGrant', {
        KeyId,
        GranteePrincipal: stranger,
        Operations: [operation],
        Constraints: { EncryptionContextEquals: { of } },
      })
    await grant(one.KeyId, 'ReEncryptTo', 'one')
    expect((await attempt())[1]).toContain(one.Arn)
    await grant(one.KeyId, 'ReEncryptFrom', 'one')
    await grant(two.KeyId, 'ReEncryptFrom', 'two')
    await grant(two.KeyId, 'ReEncryptTo', 'one')
    expect((await attempt())[1]).toContain(two.Arn)
    await grant(two.KeyId, 'ReEncryptTo', 'two')
    expect(await attempt()).toEqual(none)
  })
})

describe('RSA', () => {
  test.each([
    ['RSAES_OAEP_SHA_1', 214],
    ['RSAES_OAEP_SHA_256', 190],
  ])(
    '%s of 2048 bits encrypts up to %i bytes, and names its algorithm',
    async (EncryptionAlgorithm, most) => {
      const { KeyId, Arn } = await kms.key({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' })
      const Plaintext = Buffer.alloc(most, 7)
      const sealed = await kms.call('Encrypt', { KeyId, Plaintext, EncryptionAlgorithm })
      expect(sealed).toEqual({ CiphertextBlob: expect.anything(), EncryptionAlgorithm, KeyId: Arn })
      const { CiphertextBlob } = sealed
      expect(CiphertextBlob).toHaveLength(256)
      expect(await kms.call('Decrypt', { KeyId, CiphertextBlob, EncryptionAlgorithm })).toEqual({
        KeyId: Arn,
        Plaintext,
        EncryptionAlgorithm,
      })
      expect(
        await kms.refusal('Encrypt', { KeyId, Plaintext: Buffer.alloc(most + 1), EncryptionAlgorithm }),
      ).toEqual([
        'ValidationException',
        `Algorithm ${EncryptionAlgorithm} and key spec RSA_2048 cannot encrypt data larger than ${most} bytes.`,
      ])
      expect(await kms.refusal('Decrypt', { CiphertextBlob, EncryptionAlgorithm })).toEqual([
        'ValidationException',
        'KeyId is required for asymmetric decryption.',
      ])
      const other = await kms.key({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' })
      for (const wrong of [
        { KeyId: other.KeyId, CiphertextBlob },
        { KeyId, CiphertextBlob: CiphertextBlob.subarray(1) },
      ])
        expect(await kms.refusal('Decrypt', { EncryptionAlgorithm, ...wrong })).toEqual([
          'InvalidCiphertextException',
          undefined,
        ])
      expect(await kms.refusal('Encrypt', { KeyId, Plaintext })).toEqual([
        'InvalidKeyUsageException',
        'Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.',
      ])
    },
  )
})
