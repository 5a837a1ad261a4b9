/**
 * What holds for every operation alike: who may call it, on keys in which states, by which references, what it changes.
 */
import { createHash, generateKeyPairSync } from 'node:crypto'
import { beforeEach, describe, expect, test } from '@jest/globals'
import { createInProcess, day, type InProcess, otherRegion, root, stranger } from './support/in-process.ts'

const policy = JSON.stringify({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' },
})

const peer = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey.export({
  format: 'der',
  type: 'spki',
})

type Purpose = 'symmetric' | 'signs' | 'agrees' | 'macs' | 'primary'

const inputs: Readonly<Record<Purpose, object>> = {
  symmetric: {},
  signs: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' },
  agrees: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' },
  macs: { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' },
  primary: { MultiRegion: true },
}

let kms: InProcess
beforeEach(() => {
  kms = createInProcess()
})

/** A key for that purpose, and what operations need to have happened before. */
const fixtureOf = async (purpose: Purpose) => {
  const { KeyId, Arn } = await kms.key(inputs[purpose])
  await kms.call('CreateAlias', { AliasName: 'alias/subject', TargetKeyId: KeyId })
  await kms.call('TagResource', { KeyId, Tags: [{ TagKey: 'team', TagValue: 'intake' }] })
  const { GrantId } = await kms.call('CreateGrant', {
    KeyId,
    GranteePrincipal: 'arn:aws:iam::111122223333:role/other',
    RetiringPrincipal: 'arn:aws:iam::111122223333:role/other',
    Operations: ['DescribeKey'],
  })
  const Message = Buffer.from('a message')
  const made: Record<string, any> =
    purpose === 'signs'
      ? await kms.call('Sign', { KeyId, Message, SigningAlgorithm: 'ECDSA_SHA_256' })
      : purpose === 'macs'
        ? await kms.call('GenerateMac', { KeyId, Message, MacAlgorithm: 'HMAC_SHA_256' })
        : purpose === 'agrees'
          ? // Its pair is made at the first use, which is a change.
            await kms.call('DeriveSharedSecret', { KeyId, PublicKey: peer, KeyAgreementAlgorithm: 'ECDH' })
          : await kms.call('Encrypt', { KeyId, Plaintext: Message })
  return { KeyId, Arn, GrantId, Message, ...made } as Record<string, any> & { KeyId: string; Arn: string }
}

type Fixture = Awaited<ReturnType<typeof fixtureOf>>

interface Row {
  readonly purpose?: Purpose
  /** The input besides the key's reference. */
  readonly rest?: (fixture: Fixture) => object
  /** The member that refers to the key; none for operations without a key. */
  readonly by?: string | undefined
  /** The states that the key may be in. */
  readonly state?: 'enabled' | 'kept' | 'any'
  /** A grant can allow it. */
  readonly grantable?: true
  /** Aliases refer to keys as ids and ARNs do. */
  readonly alias?: true
  /** It takes `DryRun`. */
  readonly dryRun?: true
  /** It changes what a restart must find. */
  readonly changes?: true
  /** It takes grant tokens. */
  readonly tokens?: true
  /** The members of its response. */
  readonly answers: string
}

const crypto = { grantable: true, alias: true, dryRun: true, tokens: true } as const
const any = { state: 'any' } as const
const kept = { state: 'kept', changes: true } as const

const rows: Readonly<Record<string, Row>> = {
  CreateKey: { by: undefined, changes: true, answers: 'KeyMetadata' },
  ListKeys: { by: undefined, answers: 'Keys Truncated' },
  GenerateRandom: { by: undefined, rest: () => ({ NumberOfBytes: 8 }), answers: 'Plaintext' },
  DescribeKey: { ...any, grantable: true, alias: true, tokens: true, answers: 'KeyMetadata' },
  UpdateKeyDescription: { ...kept, rest: () => ({ Description: 'new' }), answers: '' },
  EnableKey: { ...kept, answers: '' },
  DisableKey: { ...kept, answers: '' },
  ScheduleKeyDeletion: { ...kept, answers: 'KeyId DeletionDate KeyState PendingWindowInDays' },
  GetKeyLastUsage: { ...any, answers: 'KeyId KeyLastUsage TrackingStartDate KeyCreationDate' },
  CreateAlias: { ...kept, by: 'TargetKeyId', rest: () => ({ AliasName: 'alias/new' }), answers: '' },
  UpdateAlias: { ...kept, by: 'TargetKeyId', rest: () => ({ AliasName: 'alias/subject' }), answers: '' },
  ListAliases: { ...any, answers: 'Aliases Truncated' },
  Encrypt: {
    ...crypto,
    rest: ({ Message }) => ({ Plaintext: Message }),
    answers: 'CiphertextBlob EncryptionAlgorithm KeyId',
  },
  Decrypt: {
    ...crypto,
    rest: ({ CiphertextBlob }) => ({ CiphertextBlob }),
    answers: 'KeyId Plaintext EncryptionAlgorithm KeyMaterialId',
  },
  GenerateDataKey: {
    ...crypto,
    rest: () => ({ KeySpec: 'AES_256' }),
    answers: 'CiphertextBlob Plaintext KeyId KeyMaterialId',
  },
  GenerateDataKeyWithoutPlaintext: {
    ...crypto,
    rest: () => ({ NumberOfBytes: 7 }),
    answers: 'CiphertextBlob KeyId KeyMaterialId',
  },
  GenerateDataKeyPair: {
    ...crypto,
    rest: () => ({ KeyPairSpec: 'ECC_NIST_P256' }),
    answers: 'PrivateKeyCiphertextBlob PrivateKeyPlaintext PublicKey KeyId KeyPairSpec KeyMaterialId',
  },
  GenerateDataKeyPairWithoutPlaintext: {
    ...crypto,
    rest: () => ({ KeyPairSpec: 'ECC_NIST_P256' }),
    answers: 'PrivateKeyCiphertextBlob PublicKey KeyId KeyPairSpec KeyMaterialId',
  },
  Sign: {
    ...crypto,
    purpose: 'signs',
    rest: ({ Message }) => ({ Message, SigningAlgorithm: 'ECDSA_SHA_256' }),
    answers: 'KeyId Signature SigningAlgorithm',
  },
  Verify: {
    ...crypto,
    purpose: 'signs',
    rest: ({ Message, Signature }) => ({ Message, Signature, SigningAlgorithm: 'ECDSA_SHA_256' }),
    answers: 'KeyId SignatureValid SigningAlgorithm',
  },
  GetPublicKey: {
    purpose: 'signs',
    grantable: true,
    alias: true,
    tokens: true,
    answers: 'KeyId PublicKey CustomerMasterKeySpec KeySpec KeyUsage SigningAlgorithms',
  },
  DeriveSharedSecret: {
    ...crypto,
    purpose: 'agrees',
    rest: () => ({ PublicKey: peer, KeyAgreementAlgorithm: 'ECDH' }),
    answers: 'KeyId SharedSecret KeyAgreementAlgorithm KeyOrigin',
  },
  GenerateMac: {
    ...crypto,
    purpose: 'macs',
    rest: ({ Message }) => ({ Message, MacAlgorithm: 'HMAC_SHA_256' }),
    answers: 'Mac MacAlgorithm KeyId',
  },
  VerifyMac: {
    ...crypto,
    purpose: 'macs',
    rest: ({ Message, Mac }) => ({ Message, Mac, MacAlgorithm: 'HMAC_SHA_256' }),
    answers: 'KeyId MacAlgorithm MacValid',
  },
  EnableKeyRotation: { changes: true, answers: '' },
  DisableKeyRotation: { changes: true, answers: '' },
  GetKeyRotationStatus: { ...any, answers: 'KeyId KeyRotationEnabled' },
  RotateKeyOnDemand: { changes: true, answers: 'KeyId' },
  ListKeyRotations: { ...any, answers: 'Rotations Truncated' },
  ReplicateKey: {
    purpose: 'primary',
    rest: () => ({ ReplicaRegion: otherRegion }),
    changes: true,
    answers: 'ReplicaKeyMetadata ReplicaPolicy',
  },
  CreateGrant: {
    rest: () => ({ GranteePrincipal: 'someone', Operations: ['Decrypt'] }),
    grantable: true,
    dryRun: true,
    changes: true,
    tokens: true,
    answers: 'GrantId GrantToken',
  },
  ListGrants: { ...any, answers: 'Grants Truncated' },
  RevokeGrant: { ...any, changes: true, dryRun: true, rest: ({ GrantId }) => ({ GrantId }), answers: '' },
  PutKeyPolicy: { ...any, changes: true, rest: () => ({ Policy: policy }), answers: '' },
  GetKeyPolicy: { ...any, answers: 'Policy PolicyName' },
  ListKeyPolicies: { ...any, answers: 'PolicyNames Truncated' },
  TagResource: { ...kept, rest: () => ({ Tags: [{ TagKey: 'a', TagValue: 'b' }] }), answers: '' },
  UntagResource: { ...kept, rest: () => ({ TagKeys: ['team'] }), answers: '' },
  ListResourceTags: { ...any, answers: 'Tags Truncated' },
}

/** The input for a key that is referred to in some way. */
const inputOf = (row: Row, fixture: Fixture, reference: string, more: object = {}): object => {
  const by = 'by' in row ? row.by : 'KeyId'
  return { ...(by !== undefined && { [by]: reference }), ...row.rest?.(fixture), ...more }
}

const of = (wanted: (row: Row) => unknown) => Object.entries(rows).filter(([, row]) => wanted(row))
const hasKey = (row: Row) => !('by' in row && row.by === undefined)
const purposeOf = ({ purpose = 'symmetric' }: Row): Purpose => purpose

const noPolicy = (operation: string, resource: string) => [
  'AccessDeniedException',
  `User: ${stranger} is not authorized to perform: kms:${operation} on resource: ${resource} because no ` +
    `identity-based policy allows the kms:${operation} action`,
]

describe('the account’s root may call', () => {
  test.each(Object.entries(rows))('%s by id and by ARN, with the whole response', async (operation, row) => {
    for (const name of hasKey(row) ? (['KeyId', 'Arn'] as const) : (['KeyId'] as const)) {
      kms = createInProcess()
      const fixture = await fixtureOf(purposeOf(row))
      const saved = kms.saves.count
      const output = await kms.call(operation, inputOf(row, fixture, fixture[name]))
      expect(Object.keys(output).join(' ')).toBe(row.answers)
      expect(kms.saves.count - saved).toBe(row.changes ? 1 : 0)
      expect(kms.lastCall()).toMatchObject({ operation, region: 'eu-west-1', principal: root })
      if (hasKey(row)) expect(kms.lastCall()?.keyArn).toBe(fixture.Arn)
      expect(kms.lastCall()?.errorCode).toBeUndefined()
    }
  })
})

describe('another principal', () => {
  test.each(Object.entries(rows))('may not call %s', async (operation, row) => {
    const fixture = await fixtureOf(purposeOf(row))
    expect(
      await kms.refusal(operation, inputOf(row, fixture, fixture.KeyId), { principal: stranger }),
      // AWS decides about lists of aliases without their key.
    ).toEqual(noPolicy(operation, hasKey(row) && operation !== 'ListAliases' ? fixture.Arn : '*'))
    expect(kms.lastCall()).toMatchObject({ errorCode: 'AccessDeniedException', principal: stranger })
  })

  test.each(of(({ grantable }) => grantable))(
    'may call %s with a grant for this operation and key only',
    async (operation, row) => {
      const fixture = await fixtureOf(purposeOf(row))
      const attempt = () =>
        kms.refusal(operation, inputOf(row, fixture, fixture.KeyId), { principal: stranger })
      const grant = (...Operations: string[]) =>
        kms.call('CreateGrant', { KeyId: fixture.KeyId, GranteePrincipal: stranger, Operations })
      await grant(...of((other) => other.grantable).flatMap(([name]) => (name === operation ? [] : [name])))
      expect((await attempt())[0]).toBe('AccessDeniedException')
      await grant(operation)
      expect((await attempt())[0]).toBe('none')
      const { KeyId } = await kms.key(inputs[purposeOf(row)])
      // Decrypt finds the key by the blob, and then compares.
      expect((await kms.refusal(operation, inputOf(row, fixture, KeyId), { principal: stranger }))[0]).toBe(
        operation === 'Decrypt' ? 'IncorrectKeyException' : 'AccessDeniedException',
      )
    },
  )

  test.each(of(({ tokens }) => tokens))(
    'nor root may pass an unknown grant token to %s',
    async (operation, row) => {
      const fixture = await fixtureOf(purposeOf(row))
      const { GrantToken } = await kms.call('CreateGrant', {
        KeyId: fixture.KeyId,
        GranteePrincipal: stranger,
        Operations: [operation],
      })
      const attempt = (...GrantTokens: string[]) =>
        kms.refusal(operation, inputOf(row, fixture, fixture.KeyId, { GrantTokens }))
      expect(await attempt(GrantToken)).toEqual(['none', undefined])
      expect(await attempt(GrantToken, 'unknown')).toEqual(['InvalidGrantTokenException', undefined])
    },
  )
})

describe('the state of a key', () => {
  const disabled = (arn: string) => ['DisabledException', `${arn} is disabled.`]
  const deleted = (arn: string) => ['KMSInvalidStateException', `${arn} is pending deletion.`]
  const awaited = (arn: string) => ['KMSInvalidStateException', `${arn} is pending import.`]

  test.each(of(hasKey))('disabled, decides about %s', async (operation, row) => {
    const fixture = await fixtureOf(purposeOf(row))
    await kms.call('DisableKey', { KeyId: fixture.KeyId })
    const refused = await kms.refusal(operation, inputOf(row, fixture, fixture.KeyId))
    expect(refused).toEqual(
      (row.state ?? 'enabled') === 'enabled' ? disabled(fixture.Arn) : ['none', undefined],
    )
  })

  test.each(of(hasKey))('pending deletion, disabled or not, decides about %s', async (operation, row) => {
    const fixture = await fixtureOf(purposeOf(row))
    await kms.call('ScheduleKeyDeletion', { KeyId: fixture.KeyId })
    const attempt = () => kms.refusal(operation, inputOf(row, fixture, fixture.KeyId))
    expect(await attempt()).toEqual(row.state === 'any' ? ['none', undefined] : deleted(fixture.Arn))
    kms.clock.at += 30 * day - 1
    // A grant that was revoked is not there again.
    if (operation !== 'RevokeGrant')
      expect(await attempt()).toEqual(row.state === 'any' ? ['none', undefined] : deleted(fixture.Arn))
    kms.clock.at += 1
    expect((await attempt())[0]).toBe('NotFoundException')
  })

  test.each(
    of(
      (row) => hasKey(row) && purposeOf(row) === 'symmetric' && row.state !== 'any' && row.rest === undefined,
    ),
  )('pending import, decides about %s', async (operation, row) => {
    const { KeyId, Arn } = await kms.key({ Origin: 'EXTERNAL' })
    const [code, message] = await kms.refusal(operation, inputOf(row, { KeyId, Arn }, KeyId))
    if (/^(?:Enable|Disable)KeyRotation$/.test(operation)) expect(code).toBe('UnsupportedOperationException')
    else if (operation === 'ScheduleKeyDeletion') expect(code).toBe('none')
    else expect([code, message]).toEqual(awaited(Arn))
  })
})

describe('an alias', () => {
  test.each(of(hasKey))('refers to a key in %s only where the API takes aliases', async (operation, row) => {
    const fixture = await fixtureOf(purposeOf(row))
    for (const reference of ['alias/subject', 'arn:aws:kms:eu-west-1:111122223333:alias/subject']) {
      const refused = await kms.refusal(operation, inputOf(row, fixture, reference))
      if (row.alias) expect(refused).toEqual(['none', undefined])
      else if (row.by === 'TargetKeyId' && reference.startsWith('alias/'))
        expect(refused).toEqual(['ValidationException', 'Aliases must refer to keys. Not aliases'])
      else expect(refused).toEqual(['NotFoundException', `Invalid keyId '${reference}'`])
    }
  })
})

describe('DryRun', () => {
  const ended = [
    'DryRunOperationException',
    'The request would have succeeded, but the DryRun option is set.',
  ]
  test.each(of(({ dryRun }) => dryRun))(
    'stops %s after its checks, and changes nothing',
    async (operation, row) => {
      const fixture = await fixtureOf(purposeOf(row))
      const saved = kms.saves.count
      const { KeyId } = fixture
      const before = await kms.call('ListGrants', { KeyId })
      expect(await kms.refusal(operation, inputOf(row, fixture, KeyId, { DryRun: true }))).toEqual(ended)
      expect(kms.saves.count).toBe(saved)
      expect(await kms.call('ListGrants', { KeyId })).toEqual(before)
      expect(await kms.refusal(operation, inputOf(row, fixture, KeyId, { DryRun: false }))).toEqual([
        'none',
        undefined,
      ])
      expect(
        (
          await kms.refusal(operation, inputOf(row, fixture, KeyId, { DryRun: true }), {
            principal: stranger,
          })
        )[0],
      ).toBe('AccessDeniedException')
    },
  )

  test('stops RetireGrant and ReEncrypt as well', async () => {
    const { KeyId, GrantId, CiphertextBlob } = await fixtureOf('symmetric')
    expect(await kms.refusal('RetireGrant', { KeyId, GrantId, DryRun: true })).toEqual(ended)
    expect((await kms.call('ListGrants', { KeyId })).Grants).toHaveLength(1)
    const input = { CiphertextBlob, DestinationKeyId: KeyId }
    expect(await kms.refusal('ReEncrypt', { ...input, DryRun: true })).toEqual(ended)
    expect(await kms.refusal('ReEncrypt', input)).toEqual(['none', undefined])
  })
})

describe('a key of another usage', () => {
  const usages = {
    symmetric: 'ENCRYPT_DECRYPT',
    signs: 'SIGN_VERIFY',
    agrees: 'KEY_AGREEMENT',
    macs: 'GENERATE_VERIFY_MAC',
  } as const
  const asked = of(({ dryRun, alias }) => dryRun && alias)
  test.each(asked)('is refused by %s', async (operation, row) => {
    const fixture = await fixtureOf(purposeOf(row))
    const others = (Object.keys(usages) as (keyof typeof usages)[]).filter((each) => each !== purposeOf(row))
    for (const other of others) {
      const { KeyId, Arn } = await kms.key(inputs[other])
      const refused = await kms.refusal(operation, inputOf(row, fixture, KeyId))
      expect(refused).toEqual(
        operation === 'Decrypt'
          ? [
              'IncorrectKeyException',
              'The key ID in the request does not identify a CMK that can perform this operation.',
            ]
          : [
              'InvalidKeyUsageException',
              `${Arn} key usage is ${usages[other]} which is not valid for ${operation}.`,
            ],
      )
    }
  })
})

describe('Recipient', () => {
  test.each(
    'Decrypt GenerateDataKey GenerateDataKeyPair GenerateDataKeyWithoutPlaintext DeriveSharedSecret GenerateRandom'
      .split(' ')
      .map((operation) => [operation, rows[operation] as Row] as const),
  )('is refused by %s: the plaintext would not be encrypted', async (operation, row) => {
    const fixture = await fixtureOf(purposeOf(row))
    expect(await kms.refusal(operation, inputOf(row, fixture, fixture.KeyId, { Recipient: {} }))).toEqual([
      'UnsupportedOperationException',
      'The local KMS does not offer Recipient (Nitro enclaves).',
    ])
  })
})

describe('an encryption context', () => {
  test.each([
    'Encrypt',
    'GenerateDataKey',
    'GenerateDataKeyWithoutPlaintext',
    'GenerateDataKeyPair',
    'GenerateDataKeyPairWithoutPlaintext',
  ])('of %s takes 8,192 bytes, is logged, and is required for decryption', async (operation) => {
    const row = rows[operation] as Row
    const fixture = await fixtureOf('symmetric')
    const attempt = (EncryptionContext: object) =>
      kms.refusal(operation, inputOf(row, fixture, fixture.KeyId, { EncryptionContext }))
    // Two bytes a letter.
    const most = { '\u00e9': '\u00e9'.repeat(4094), a: 'b' }
    expect(await attempt(most)).toEqual(['none', undefined])
    expect(kms.lastCall()?.encryptionContext).toEqual(most)
    expect(await attempt({ ...most, a: 'bc' })).toEqual([
      'ValidationException',
      'EncryptionContext must not be larger than 8192 bytes',
    ])
    const EncryptionContext = { tenant: 't-1' }
    const { CiphertextBlob, PrivateKeyCiphertextBlob } = await kms.call(
      operation,
      inputOf(row, fixture, fixture.KeyId, { EncryptionContext }),
    )
    const sealed = { CiphertextBlob: CiphertextBlob ?? PrivateKeyCiphertextBlob }
    expect((await kms.refusal('Decrypt', sealed))[0]).toBe('InvalidCiphertextException')
    expect((await kms.refusal('Decrypt', { ...sealed, EncryptionContext }))[0]).toBe('none')
  })
})

describe('responses', () => {
  test('contain data keys of the requested length, all different, which Decrypt returns', async () => {
    const { KeyId, Arn } = await kms.key()
    for (const [asked, length] of [
      [{ KeySpec: 'AES_128' }, 16],
      [{ KeySpec: 'AES_256' }, 32],
      [{ NumberOfBytes: 1 }, 1],
      [{ NumberOfBytes: 1024 }, 1024],
    ] as const) {
      const { CiphertextBlob, Plaintext, KeyMaterialId } = await kms.call('GenerateDataKey', {
        KeyId,
        ...asked,
      })
      expect(Plaintext).toHaveLength(length)
      expect(await kms.call('Decrypt', { CiphertextBlob })).toEqual({
        KeyId: Arn,
        Plaintext,
        EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
        KeyMaterialId,
      })
      const without = await kms.call('GenerateDataKeyWithoutPlaintext', { KeyId, ...asked })
      const opened = await kms.call('Decrypt', { CiphertextBlob: without.CiphertextBlob })
      expect(opened.Plaintext).toHaveLength(length)
      expect(opened.Plaintext).not.toEqual(Plaintext)
    }
  })

  test('contain the same signatures for a message and for its digest', async () => {
    const { KeyId } = await kms.key(inputs.signs)
    const Message = Buffer.from('a message')
    const digest = createHash('sha256').update(Message).digest()
    const common = { KeyId, SigningAlgorithm: 'ECDSA_SHA_256' }
    const { Signature } = await kms.call('Sign', { ...common, Message: digest, MessageType: 'DIGEST' })
    expect(await kms.refusal('Verify', { ...common, Message, Signature })).toEqual(['none', undefined])
    expect(await kms.refusal('Verify', { ...common, Message, Signature, MessageType: 'RAW' })).toEqual([
      'none',
      undefined,
    ])
    expect(await kms.refusal('Verify', { ...common, Message: digest, Signature })).toEqual([
      'KMSInvalidSignatureException',
      undefined,
    ])
    for (const length of [31, 33])
      expect(
        await kms.refusal('Sign', { ...common, Message: Buffer.alloc(length), MessageType: 'DIGEST' }),
      ).toEqual(['ValidationException', 'Digest is invalid length for algorithm ECDSA_SHA_256.'])
  })

  test('refuse a MAC of another length, key or message', async () => {
    const { KeyId } = await kms.key(inputs.macs)
    const common = { KeyId, MacAlgorithm: 'HMAC_SHA_256' }
    const Message = Buffer.from('a message')
    const { Mac } = await kms.call('GenerateMac', { ...common, Message })
    expect(Mac).toHaveLength(32)
    const other = await kms.key(inputs.macs)
    for (const wrong of [
      { Message, Mac: Mac.subarray(1) },
      { Message, Mac: Buffer.concat([Mac, Buffer.of(0)]) },
      { Message: Buffer.from('another'), Mac },
      { Message, Mac, KeyId: other.KeyId },
    ])
      expect(await kms.refusal('VerifyMac', { ...common, ...wrong })).toEqual([
        'KMSInvalidMacException',
        undefined,
      ])
  })
})
