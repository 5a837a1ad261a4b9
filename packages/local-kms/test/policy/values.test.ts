// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables look like templates.
/** Values of condition keys: which operations have which, and how they are compared. */
import { beforeEach, describe, expect, test } from '@jest/globals'
import { operations } from '../../src/operations/index.ts'
import { isAction } from '../../src/policy/actions.ts'
import { isLikePlain } from '../../src/policy/pattern.ts'
import { createInProcess } from '../support/in-process.ts'

const role = 'arn:aws:iam::111122223333:role/intake'
const Plaintext = Buffer.from('a value').toString('base64')
const policy = (Condition: object) => ({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Action: 'kms:*', Resource: '*', Condition },
})

let kms: ReturnType<typeof createInProcess>
beforeEach(() => {
  kms = createInProcess()
})

const isAllowed = async (Condition: object, operation: string, input: object): Promise<boolean> => {
  kms.setPrincipal(role, { policies: [policy(Condition)] })
  const [code] = await kms.refusal(operation, input, { principal: role })
  expect(['none', 'AccessDeniedException']).toContain(code)
  return code === 'none'
}

describe('an operation has the condition keys that AWS documents for it', () => {
  test.each<[string, object, object]>([
    ['CreateKey', {}, { StringEquals: { 'kms:KeySpec': 'SYMMETRIC_DEFAULT', 'kms:KeyOrigin': 'AWS_KMS' } }],
    [
      'CreateKey',
      { MultiRegion: true },
      { Bool: { 'kms:MultiRegion': 'true', 'kms:BypassPolicyLockoutSafetyCheck': 'false' } },
    ],
    [
      'CreateKey',
      { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' },
      { StringEquals: { 'kms:KeyUsage': 'GENERATE_VERIFY_MAC' } },
    ],
    [
      'GenerateDataKey',
      { KeySpec: 'AES_256' },
      { StringEquals: { 'kms:EncryptionAlgorithm': 'SYMMETRIC_DEFAULT' } },
    ],
    [
      'GenerateDataKeyPairWithoutPlaintext',
      { KeyPairSpec: 'ECC_NIST_P256' },
      { StringEquals: { 'kms:EncryptionAlgorithm': 'SYMMETRIC_DEFAULT' } },
    ],
    [
      'CreateGrant',
      {
        GranteePrincipal: role,
        Operations: ['Encrypt'],
        Constraints: { EncryptionContextSubset: { tenant: 't-1' } },
      },
      { StringEquals: { 'kms:EncryptionContext:tenant': 't-1' } },
    ],
  ])('%s with %j', async (operation, input, Condition) => {
    const KeyId = (await kms.key()).KeyId
    const given = operation === 'CreateKey' ? input : { KeyId, ...input }
    expect(await isAllowed(Condition, operation, given)).toBe(true)
    const negated = Object.fromEntries(
      Object.entries(Condition).map(([operator, keys]) => [
        operator === 'Bool' ? 'StringNotEquals' : operator.replace('String', 'StringNot'),
        keys,
      ]),
    )
    expect(await isAllowed(negated, operation, given)).toBe(false)
  })
})

describe('pairs of a context whose names differ in case only', () => {
  const name = 'kms:EncryptionContext:tenant'
  test.each<[boolean, object]>([
    [false, { StringEquals: { [name]: 't-1' } }],
    [false, { StringEquals: { [name]: 't-2' } }],
    [true, { StringEquals: { [name]: ['t-1', 't-2'] } }],
    [true, { StringNotEquals: { [name]: 't-1' } }],
    [true, { StringNotEquals: { [name]: 't-2' } }],
    [false, { StringNotEquals: { [name]: ['t-1', 't-2'] } }],
    [false, { StringEquals: { 'kms:EncryptionContext:other': `\${${name}}` } }],
  ])('are all compared: %s for %j', async (expected, Condition) => {
    const { KeyId } = await kms.key()
    for (const [first, second] of [
      ['tenant', 'Tenant'],
      ['Tenant', 'tenant'],
    ] as const) {
      const EncryptionContext = { [first]: 't-1', [second]: 't-2', other: 't-1' }
      expect(await isAllowed(Condition, 'Encrypt', { KeyId, Plaintext, EncryptionContext })).toBe(expected)
    }
  })
})

test.each([
  [false, ''],
  [false, '0x0'],
  [false, ' 0'],
  [true, '0'],
])('a number equals 0: %s for %j', async (expected, n) => {
  const { KeyId } = await kms.key()
  const Condition = { NumericEquals: { 'kms:EncryptionContext:n': '0' } }
  expect(await isAllowed(Condition, 'Encrypt', { KeyId, Plaintext, EncryptionContext: { n } })).toBe(expected)
})

describe('a pattern', () => {
  test.each<[boolean, string, string]>([
    [true, '', ''],
    [true, '', '**'],
    [false, '', '?'],
    [true, 'abc', 'a*c'],
    [true, 'abcbc', 'a*bc'],
    [false, 'abcb', 'a*bc'],
    [false, 'ab', 'a*?*c'],
    [true, 'a\nb', 'a?b'],
    [true, '\u{1F600}', '?'],
    [true, 'a\\b', 'a\\*'],
    [false, 'abc', 'ab'],
    [false, 'ab', 'abc'],
    [true, 'a*', 'a*'],
    [false, 'axb', 'a.b'],
  ])('is matched: %s for %j and %j', (expected, value, pattern) => {
    expect(isLikePlain(value, pattern)).toBe(expected)
  })

  test('of many stars is decided without trying all ways', () => {
    expect(isLikePlain('a'.repeat(8000), `${'*a'.repeat(40)}*b`)).toBe(false)
  })
})

test('each operation is an action; ReEncrypt is two', () => {
  for (const name of Object.keys(operations))
    expect([name, isAction(`kms:${name}`)]).toEqual([name, name !== 'ReEncrypt'])
  for (const name of [
    '*',
    'kms:*',
    'KMS:reencrypt*',
    'kms:ReEncryptFrom',
    'dynamodb:GetItem',
    'kms:ImportKeyMaterial',
  ])
    expect([name, isAction(name)]).toEqual([name, true])
})
