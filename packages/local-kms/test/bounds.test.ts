/** What every member of every input may hold, as the API reference of KMS says, and AWS's sentence when it does not. */
import { describe, expect, test } from '@jest/globals'
import { createInProcess } from './support/in-process.ts'

const kms = createInProcess()

/** The sentences about one input, without those about members that are missing. */
const violations = async (operation: string, input: object): Promise<readonly string[]> => {
  const [code, message = ''] = await kms.refusal(operation, input)
  if (code !== 'ValidationException' || !message.includes(' detected: ')) return []
  const [count, list = ''] = message.split(' detected: ')
  const all = list.split('; Value ').map((each, at) => (at === 0 ? each : `Value ${each}`))
  expect(count).toBe(`${all.length} validation error${all.length > 1 ? 's' : ''}`)
  return all
}

const about = async (operation: string, input: object, member: string): Promise<readonly string[]> =>
  (await violations(operation, input)).filter((each) => each.includes(`at '${member}' `))

/** AWS's sentence about a member; of bytes and lists it does not repeat the value. */
const violation = (path: string, constraint: string, value?: string | number) =>
  `Value${value === undefined ? '' : ` '${value}'`} at '${path}' failed to satisfy constraint: ${constraint}`

const nullAt = (path: string) =>
  `Value null at '${path}' failed to satisfy constraint: Member must not be null`

const camel = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1)

type Row = readonly [member: string, operations: string, min: number, max: number]

const texts: readonly Row[] = [
  [
    'KeyId',
    'DescribeKey UpdateKeyDescription EnableKey DisableKey ScheduleKeyDeletion CancelKeyDeletion GetKeyLastUsage ' +
      'ListAliases Encrypt Decrypt GenerateDataKey GenerateDataKeyWithoutPlaintext GenerateDataKeyPair ' +
      'GenerateDataKeyPairWithoutPlaintext Sign Verify GetPublicKey DeriveSharedSecret GenerateMac VerifyMac ' +
      'EnableKeyRotation DisableKeyRotation GetKeyRotationStatus RotateKeyOnDemand ListKeyRotations ReplicateKey ' +
      'CreateGrant ListGrants RevokeGrant RetireGrant PutKeyPolicy GetKeyPolicy ListKeyPolicies TagResource ' +
      'UntagResource ListResourceTags',
    1,
    2048,
  ],
  ['SourceKeyId', 'ReEncrypt', 1, 2048],
  ['DestinationKeyId', 'ReEncrypt', 1, 2048],
  ['TargetKeyId', 'CreateAlias UpdateAlias', 1, 2048],
  ['AliasName', 'CreateAlias UpdateAlias DeleteAlias', 1, 256],
  ['Description', 'CreateKey UpdateKeyDescription ReplicateKey', 0, 8192],
  ['Policy', 'CreateKey PutKeyPolicy ReplicateKey', 1, 131_072],
  ['PolicyName', 'PutKeyPolicy GetKeyPolicy', 1, 128],
  ['CustomKeyStoreId', 'CreateKey GenerateRandom', 1, 64],
  ['XksKeyId', 'CreateKey', 1, 128],
  [
    'Marker',
    'ListKeys ListAliases ListGrants ListRetirableGrants ListKeyPolicies ListKeyRotations ListResourceTags',
    1,
    1024,
  ],
  ['GranteePrincipal', 'CreateGrant ListGrants', 1, 256],
  ['RetiringPrincipal', 'CreateGrant ListRetirableGrants', 1, 256],
  ['Name', 'CreateGrant', 1, 256],
  ['GrantId', 'ListGrants RevokeGrant RetireGrant', 1, 128],
  ['GrantToken', 'RetireGrant', 1, 8192],
  ['ReplicaRegion', 'ReplicateKey', 1, 32],
]

const blobs: readonly Row[] = [
  ['Plaintext', 'Encrypt', 1, 4096],
  ['CiphertextBlob', 'Decrypt ReEncrypt', 1, 6144],
  ['Message', 'Sign Verify GenerateMac VerifyMac', 1, 4096],
  ['Signature', 'Verify', 1, 6144],
  ['Mac', 'VerifyMac', 1, 6144],
  ['PublicKey', 'DeriveSharedSecret', 1, 8192],
]

const numbers: readonly Row[] = [
  ['NumberOfBytes', 'GenerateDataKey GenerateDataKeyWithoutPlaintext GenerateRandom', 1, 1024],
  ['PendingWindowInDays', 'ScheduleKeyDeletion', 7, 30],
  ['RotationPeriodInDays', 'EnableKeyRotation', 90, 2560],
  ['Limit', 'ListKeys ListKeyRotations ListKeyPolicies', 1, 1000],
  ['Limit', 'ListAliases ListGrants ListRetirableGrants', 1, 100],
  ['Limit', 'ListResourceTags', 1, 50],
]

const rowsOf = (rows: readonly Row[]) =>
  rows.flatMap(([member, operations, min, max]) =>
    operations.split(' ').map((operation) => [operation, member, min, max] as const),
  )

const longer = (min: number) => `Member must have length greater than or equal to ${min}`
const shorter = (max: number) => `Member must have length less than or equal to ${max}`

describe('lengths', () => {
  test.each(rowsOf(texts))('%s takes a %s of %i to %i characters', async (operation, member, min, max) => {
    const path = camel(member)
    // Letters only, which every pattern takes.
    const of = (length: number) => 'a'.repeat(length)
    const lengthsOf = async (value: string) =>
      (await about(operation, { [member]: value }, path)).filter((each) => each.includes('have length'))
    for (const length of [min, max]) expect(await lengthsOf(of(length))).toEqual([])
    expect(await lengthsOf(of(max + 1))).toEqual([violation(path, shorter(max), of(max + 1))])
    if (min > 0) expect(await lengthsOf(of(min - 1))).toEqual([violation(path, longer(min), '')])
  })

  test.each(rowsOf(blobs))('%s takes a %s of %i to %i bytes', async (operation, member, min, max) => {
    const path = camel(member)
    const of = (length: number) => about(operation, { [member]: Buffer.alloc(length) }, path)
    for (const length of [min, max]) expect(await of(length)).toEqual([])
    expect(await of(max + 1)).toEqual([violation(path, shorter(max))])
    expect(await of(min - 1)).toEqual([violation(path, longer(min))])
  })

  const withTokens =
    'DescribeKey Encrypt Decrypt ReEncrypt GenerateDataKey GenerateDataKeyWithoutPlaintext GenerateDataKeyPair ' +
    'GenerateDataKeyPairWithoutPlaintext Sign Verify GetPublicKey DeriveSharedSecret GenerateMac VerifyMac CreateGrant'
  test.each(withTokens.split(' '))(
    '%s takes up to ten grant tokens of 1 to 8192 characters',
    async (operation) => {
      const tokens = (...GrantTokens: string[]) =>
        violations(operation, { GrantTokens }).then((all) =>
          all.filter((each) => each.includes("at 'grantTokens")),
        )
      expect(await tokens(...Array(10).fill('x'))).toEqual([])
      expect(await tokens(...Array(11).fill('x'))).toEqual([violation('grantTokens', shorter(10))])
      expect(await tokens('x'.repeat(8192))).toEqual([])
      expect(await tokens('x', 'y'.repeat(8193), '')).toEqual([
        violation('grantTokens.2.member', shorter(8192), 'y'.repeat(8193)),
        violation('grantTokens.3.member', longer(1), ''),
      ])
    },
  )

  test.each([
    ['CreateKey', 'Tags'],
    ['ReplicateKey', 'Tags'],
    ['TagResource', 'Tags'],
  ])('%s takes tags with keys of 1 to 128 and values of up to 256 characters', async (operation, member) => {
    const tags = (TagKey: string, TagValue: string) =>
      violations(operation, { [member]: [{ TagKey, TagValue }] }).then((all) =>
        all.filter((each) => each.includes("at 'tags.")),
      )
    expect(await tags('k'.repeat(128), 'v'.repeat(256))).toEqual([])
    expect(await tags('k', '')).toEqual([])
    expect(await tags('', 'v'.repeat(257))).toEqual([
      violation('tags.1.member.tagKey', longer(1), ''),
      violation('tags.1.member.tagValue', shorter(256), 'v'.repeat(257)),
    ])
    expect(await tags('k'.repeat(129), 'v')).toHaveLength(1)
  })

  test('UntagResource takes tag keys of 1 to 128 characters', async () => {
    const keys = (...TagKeys: string[]) => violations('UntagResource', { KeyId: 'x', TagKeys })
    expect(await keys('k', 'k'.repeat(128))).toEqual([])
    expect(await keys('k'.repeat(129))).toHaveLength(1)
    expect(await keys('')).toHaveLength(1)
  })
})

describe('numbers', () => {
  test.each(rowsOf(numbers))('%s takes a %s of %i to %i', async (operation, member, min, max) => {
    const path = camel(member)
    const of = (value: number) => about(operation, { [member]: value }, path)
    for (const value of [min, max]) expect(await of(value)).toEqual([])
    expect(await of(min - 1)).toEqual([
      violation(path, `Member must have value greater than or equal to ${min}`, min - 1),
    ])
    expect(await of(max + 1)).toEqual([
      violation(path, `Member must have value less than or equal to ${max}`, max + 1),
    ])
    for (const value of [min + 0.5, String(min), true])
      expect((await kms.refusal(operation, { [member]: value }))[0]).toBe('SerializationException')
  })
})

describe('members that must be there', () => {
  test.each([
    ['CreateKey', []],
    ['DescribeKey', ['keyId']],
    ['ListKeys', []],
    ['UpdateKeyDescription', ['keyId', 'description']],
    ['EnableKey', ['keyId']],
    ['DisableKey', ['keyId']],
    ['ScheduleKeyDeletion', ['keyId']],
    ['CancelKeyDeletion', ['keyId']],
    ['GetKeyLastUsage', ['keyId']],
    ['CreateAlias', ['aliasName', 'targetKeyId']],
    ['UpdateAlias', ['aliasName', 'targetKeyId']],
    ['DeleteAlias', ['aliasName']],
    ['ListAliases', []],
    ['Encrypt', ['keyId', 'plaintext']],
    ['Decrypt', ['ciphertextBlob']],
    ['ReEncrypt', ['ciphertextBlob', 'destinationKeyId']],
    ['GenerateDataKey', ['keyId']],
    ['GenerateDataKeyWithoutPlaintext', ['keyId']],
    ['GenerateDataKeyPair', ['keyId', 'keyPairSpec']],
    ['GenerateDataKeyPairWithoutPlaintext', ['keyId', 'keyPairSpec']],
    ['Sign', ['keyId', 'message', 'signingAlgorithm']],
    ['Verify', ['keyId', 'message', 'signature', 'signingAlgorithm']],
    ['GetPublicKey', ['keyId']],
    ['DeriveSharedSecret', ['keyAgreementAlgorithm', 'keyId', 'publicKey']],
    ['GenerateMac', ['keyId', 'macAlgorithm', 'message']],
    ['VerifyMac', ['keyId', 'mac', 'macAlgorithm', 'message']],
    ['EnableKeyRotation', ['keyId']],
    ['DisableKeyRotation', ['keyId']],
    ['GetKeyRotationStatus', ['keyId']],
    ['RotateKeyOnDemand', ['keyId']],
    ['ListKeyRotations', ['keyId']],
    ['ReplicateKey', ['keyId', 'replicaRegion']],
    ['CreateGrant', ['granteePrincipal', 'keyId', 'operations']],
    ['ListGrants', ['keyId']],
    ['ListRetirableGrants', ['retiringPrincipal']],
    ['RevokeGrant', ['grantId', 'keyId']],
    ['RetireGrant', []],
    ['PutKeyPolicy', ['keyId', 'policy']],
    ['GetKeyPolicy', ['keyId']],
    ['ListKeyPolicies', ['keyId']],
    ['TagResource', ['keyId', 'tags']],
    ['UntagResource', ['keyId', 'tagKeys']],
    ['ListResourceTags', ['keyId']],
  ] as const)('%s requires %j', async (operation, members) => {
    const expected = members.map(nullAt)
    expect((await violations(operation, {})).toSorted()).toEqual(expected.toSorted())
    // JSON's null is as if it were not there.
    const nulls = Object.fromEntries(
      members.map((name) => [name.charAt(0).toUpperCase() + name.slice(1), null]),
    )
    expect(await violations(operation, nulls)).toHaveLength(members.length)
  })
})

const specs = [
  'RSA_2048',
  'RSA_3072',
  'RSA_4096',
  'ECC_NIST_P256',
  'ECC_NIST_P384',
  'ECC_NIST_P521',
  'ECC_SECG_P256K1',
]
const allSpecs = [...specs, 'SYMMETRIC_DEFAULT', 'HMAC_224', 'HMAC_256', 'HMAC_384', 'HMAC_512']
const encryption = ['SYMMETRIC_DEFAULT', 'RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256']
const signing = ['RSASSA_PKCS1_V1_5', 'RSASSA_PSS', 'ECDSA'].flatMap((kind) =>
  [256, 384, 512].map((bits) => `${kind}_SHA_${bits}`),
)

/** AWS's sentences about JSON of another type. */
const unconvertible = (kind: 'NUMBER' | 'TRUE' | 'FALSE' | 'STRING', to: string) =>
  `${kind}_VALUE can not be converted to ${to}`
const listFound = 'Start of list found where not expected'
const mapFound = 'Start of structure or map found where not expected.'

describe('closed lists', () => {
  test.each([
    ['CreateKey', 'KeySpec', allSpecs],
    ['CreateKey', 'CustomerMasterKeySpec', allSpecs],
    ['CreateKey', 'KeyUsage', ['ENCRYPT_DECRYPT', 'SIGN_VERIFY', 'GENERATE_VERIFY_MAC', 'KEY_AGREEMENT']],
    ['CreateKey', 'Origin', ['AWS_KMS', 'EXTERNAL', 'AWS_CLOUDHSM', 'EXTERNAL_KEY_STORE']],
    ['Encrypt', 'EncryptionAlgorithm', encryption],
    ['Decrypt', 'EncryptionAlgorithm', encryption],
    ['ReEncrypt', 'SourceEncryptionAlgorithm', encryption],
    ['ReEncrypt', 'DestinationEncryptionAlgorithm', encryption],
    ['GenerateDataKey', 'KeySpec', ['AES_256', 'AES_128']],
    ['GenerateDataKeyWithoutPlaintext', 'KeySpec', ['AES_256', 'AES_128']],
    ['GenerateDataKeyPair', 'KeyPairSpec', specs],
    ['GenerateDataKeyPairWithoutPlaintext', 'KeyPairSpec', specs],
    ['Sign', 'SigningAlgorithm', signing],
    ['Verify', 'SigningAlgorithm', signing],
    ['Sign', 'MessageType', ['RAW', 'DIGEST']],
    ['Verify', 'MessageType', ['RAW', 'DIGEST']],
    ['GenerateMac', 'MacAlgorithm', [224, 256, 384, 512].map((bits) => `HMAC_SHA_${bits}`)],
    ['VerifyMac', 'MacAlgorithm', [224, 256, 384, 512].map((bits) => `HMAC_SHA_${bits}`)],
    ['DeriveSharedSecret', 'KeyAgreementAlgorithm', ['ECDH']],
    ['ListKeyRotations', 'IncludeKeyMaterial', ['ALL_KEY_MATERIAL', 'ROTATIONS_ONLY']],
  ] as const)('%s takes as %s one of %j', async (operation, member, values) => {
    const path = camel(member)
    for (const value of values) expect(await about(operation, { [member]: value }, path)).toEqual([])
    const [refused = '', ...more] = await about(operation, { [member]: 'OTHER' }, path)
    expect(more).toEqual([])
    const [, list = ''] =
      /^Value 'OTHER' at '\w+' failed to satisfy constraint: Member must satisfy enum value set: \[(.*)\]$/.exec(
        refused,
      ) ?? []
    expect(list.split(', ').toSorted()).toEqual(values.toSorted())
    expect(await kms.refusal(operation, { [member]: 1 })).toEqual([
      'SerializationException',
      unconvertible('NUMBER', 'a String'),
    ])
  })

  test('CreateGrant takes the operations that the API reference lists', async () => {
    const refused = (...Operations: string[]) =>
      violations('CreateGrant', { KeyId: 'x', GranteePrincipal: 'x', Operations })
    expect(
      await refused(
        ...['Decrypt', 'Encrypt', 'GenerateDataKey', 'GenerateDataKeyWithoutPlaintext', 'ReEncryptFrom'],
        ...['ReEncryptTo', 'Sign', 'Verify', 'GetPublicKey', 'CreateGrant', 'RetireGrant', 'DescribeKey'],
        ...['GenerateDataKeyPair', 'GenerateDataKeyPairWithoutPlaintext', 'GenerateMac', 'VerifyMac'],
        'DeriveSharedSecret',
      ),
    ).toEqual([])
    for (const other of ['ReEncrypt', 'CreateKey', 'ScheduleKeyDeletion', 'decrypt', ''])
      expect(await refused(other)).toHaveLength(1)
  })
})

describe('patterns', () => {
  test.each([
    ['CreateAlias', 'AliasName', 'azAZ09:/_-', ' .*\u00e9'],
    ['UpdateAlias', 'AliasName', 'azAZ09:/_-', ' .*\u00e9'],
    ['DeleteAlias', 'AliasName', 'azAZ09:/_-', ' .*\u00e9'],
    ['CreateGrant', 'Name', 'azAZ09:/_-', ' .*\u00e9'],
    ['CreateGrant', 'GranteePrincipal', 'azAZ09_+=,.@:/-', ' *\u00e9'],
    ['CreateGrant', 'RetiringPrincipal', 'azAZ09_+=,.@:/-', ' *\u00e9'],
    ['ListGrants', 'GranteePrincipal', 'azAZ09_+=,.@:/-', ' *\u00e9'],
    ['ListRetirableGrants', 'RetiringPrincipal', 'azAZ09_+=,.@:/-', ' *\u00e9'],
    ['PutKeyPolicy', 'PolicyName', 'azAZ09_', ' -./\u00e9'],
    ['GetKeyPolicy', 'PolicyName', 'azAZ09_', ' -./\u00e9'],
  ])('%s takes as %s only %s', async (operation, member, taken, refused) => {
    const path = camel(member)
    const of = (value: string) => about(operation, { [member]: value }, path)
    expect(await of(taken)).toEqual([])
    for (const character of refused)
      for (const value of [`${character}a`, `a${character}a`, `a${character}`])
        expect((await of(value)).map((each) => each.split(': Member ')[1]?.split(': ')[0])).toEqual([
          'must satisfy regular expression pattern',
        ])
  })

  test.each([
    ['us-east-1', true],
    ['us-gov-west-1', true],
    ['a-b-c-12', true],
    ['us-1', false],
    ['a-b-c-d-1', false],
    ['us-east', false],
    ['1us-east-1', false],
    ['us-east-1a', false],
    ['US-EAST-1', false],
  ])('ReplicateKey takes the Region %s: %p', async (ReplicaRegion, taken) => {
    expect((await about('ReplicateKey', { ReplicaRegion }, 'replicaRegion')).length === 0).toBe(taken)
  })
})

describe('JSON of another type', () => {
  test.each([
    ['KeyId', 'DescribeKey', 1, unconvertible('NUMBER', 'a String')],
    ['KeyId', 'DescribeKey', true, unconvertible('TRUE', 'a String')],
    ['KeyId', 'DescribeKey', false, unconvertible('FALSE', 'a String')],
    ['KeyId', 'DescribeKey', [], listFound],
    ['KeyId', 'DescribeKey', {}, mapFound],
    ['Limit', 'ListKeys', 'x', unconvertible('STRING', 'an Integer')],
    ['MultiRegion', 'CreateKey', 'x', unconvertible('STRING', 'a Boolean')],
    ['MultiRegion', 'CreateKey', 1, unconvertible('NUMBER', 'a Boolean')],
    ['BypassPolicyLockoutSafetyCheck', 'CreateKey', 'x', unconvertible('STRING', 'a Boolean')],
    ['BypassPolicyLockoutSafetyCheck', 'PutKeyPolicy', 'x', unconvertible('STRING', 'a Boolean')],
    ['BypassPolicyLockoutSafetyCheck', 'ReplicateKey', 'x', unconvertible('STRING', 'a Boolean')],
    ['Plaintext', 'Encrypt', 1, unconvertible('NUMBER', 'a Blob')],
    ['Plaintext', 'Encrypt', 'a b', unconvertible('STRING', 'a Blob')],
    ['Plaintext', 'Encrypt', '-_', unconvertible('STRING', 'a Blob')],
    ['Plaintext', 'Encrypt', '?aaa', unconvertible('STRING', 'a Blob')],
    ['Plaintext', 'Encrypt', 'aaa?', unconvertible('STRING', 'a Blob')],
    ['Plaintext', 'Encrypt', 'a===', unconvertible('STRING', 'a Blob')],
    ['GrantTokens', 'Encrypt', 'x', unconvertible('STRING', 'a List')],
    ['GrantTokens', 'Encrypt', {}, mapFound],
    ['EncryptionContext', 'Encrypt', 'x', unconvertible('STRING', 'a Map')],
    ['EncryptionContext', 'Encrypt', [], listFound],
    ['EncryptionContext', 'Encrypt', { a: 1 }, unconvertible('NUMBER', 'a String')],
    ['Constraints', 'CreateGrant', 'x', unconvertible('STRING', 'a Structure')],
    ['Constraints', 'CreateGrant', [], listFound],
    ['Recipient', 'Decrypt', 'x', unconvertible('STRING', 'a Structure')],
  ] as const)('%s of %s: %j', async (member, operation, value, message) => {
    expect(await kms.refusal(operation, { [member]: value })).toEqual(['SerializationException', message])
  })

  test('inherited members do not count', async () => {
    expect(await violations('DescribeKey', Object.create({ KeyId: 'x' }))).toEqual([nullAt('keyId')])
  })

  test.each(['text', 1, true, [], null])('an input is an object, and not %j', async (input) => {
    expect((await kms.refusal('ListKeys', input as object))[0]).toBe('SerializationException')
  })
})
