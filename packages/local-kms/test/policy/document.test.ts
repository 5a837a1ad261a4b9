// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables look like templates.
/** Documents that are refused: a statement that merely never applied would pass a test that it should fail. */
import { describe, expect, test } from '@jest/globals'
import { startLocalKms } from '../../src/index.ts'
import { policyOf } from '../../src/policy/document.ts'

const statement = { Effect: 'Allow', Action: 'kms:Decrypt', Resource: '*' }
const document = (...Statement: unknown[]) => ({ Version: '2012-10-17', Statement })
const without = (name: string) =>
  Object.fromEntries(Object.entries(statement).filter(([one]) => one !== name))
const when = (Condition: unknown) => document({ ...statement, Condition })

describe('a policy is refused', () => {
  test.each<[string, unknown, RegExp]>([
    ['that is no JSON', '{', /must be JSON/],
    ['that is a list', [], /must be an object/],
    ['without a version', { Statement: statement }, /Version must be 2012-10-17/],
    ['of the old version', { ...document(statement), Version: '2008-10-17' }, /Version must be/],
    ['without a statement', document(), /must have a statement/],
    ['with another element', { ...document(statement), Statements: [] }, /unknown element: Statements/],
    ['with a statement that is a text', document('x'), /must be an object/],
    ['with a misspelt element', document({ ...statement, Conditions: {} }), /unknown element: Conditions/],
    ['with another effect', document({ ...statement, Effect: 'allow' }), /Effect must be/],
    ['with an id that is a number', document({ ...statement, Sid: 1 }), /Sid must be/],
    ['without an action', document(without('Action')), /Action or NotAction/],
    ['with both forms of an action', document({ ...statement, NotAction: 'x' }), /Action or NotAction/],
    ['with no actions', document({ ...statement, Action: [] }), /Action must be a text/],
    ['without a resource', document(without('Resource')), /Resource or NotResource/],
    [
      'with a principal, of a principal',
      document({ ...statement, Principal: '*' }),
      /unknown element: Principal/,
    ],
    ['with a condition that is a list', when([]), /Condition must be an object/],
    ['with a misspelt operator', when({ StringEqual: { 'kms:ViaService': 'x' } }), /operator StringEqual/],
    [
      'with an operator that is not evaluated',
      when({ IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }),
      /operator IpAddress/,
    ],
    ['with an operator of Object', when({ toString: { 'kms:ViaService': 'x' } }), /operator toString/],
    [
      'with a set of Null',
      when({ 'ForAllValues:Null': { 'kms:ViaService': 'x' } }),
      /operator ForAllValues:Null/,
    ],
    [
      'with a misspelt key',
      when({ StringEquals: { 'kms:EncryptionContexts:a': 'x' } }),
      /key kms:EncryptionContexts:a/,
    ],
    ['with a key that is not evaluated', when({ StringEquals: { 'aws:SourceIp': 'x' } }), /key aws:SourceIp/],
    ['with a key without a name', when({ StringEquals: { 'kms:EncryptionContext:': 'x' } }), /condition key/],
    ['with an action without a service', document({ ...statement, Action: 'Decrypt' }), /Action must be/],
    ['with a misspelt action', document({ ...statement, Action: ['kms:Decrpyt'] }), /and is kms:Decrpyt/],
    ['with an action that is two', document({ ...statement, Action: 'kms:ReEncrypt' }), /kms:ReEncrypt/],
    ['with a resource that is no ARN', document({ ...statement, Resource: 'alias/a' }), /Resource must be/],
    [
      'with a misspelt variable in a resource',
      document({ ...statement, Resource: 'arn:aws:kms:*:*:key/${aws:PrincipalTags/key}' }),
      /known policy variables/,
    ],
    ['with a misspelt variable', when({ StringEquals: { 'kms:ViaService': '${aws:Tag/a}' } }), /variables/],
    [
      'with half a variable',
      when({ StringEquals: { 'kms:ViaService': '${aws:PrincipalTag/a' } }),
      /variables/,
    ],
    [
      'with another truth value',
      when({ Bool: { 'aws:SecureTransport': 'yes' } }),
      /Bool.aws:SecureTransport/,
    ],
    ['with another existence', when({ Null: { 'kms:ViaService': 'no' } }), /Null.kms:ViaService/],
    ['with a number that is none', when({ NumericLessThan: { 'aws:EpochTime': '' } }), /NumericLessThan/],
    ['with a date that is none', when({ DateLessThan: { 'aws:CurrentTime': 'soon' } }), /DateLessThan/],
    ['with an operator of all objects', when(JSON.parse('{"__proto__":{}}')), /operator __proto__/],
    [
      'with a key of all objects',
      when({ StringEquals: JSON.parse('{"__proto__":"x"}') }),
      /condition key __proto__/,
    ],
    ['with a value that is an object', when({ StringEquals: { 'kms:ViaService': {} } }), /must be a text/],
  ])('%s', (_what, policy, message) => {
    expect(() => policyOf(policy, 'identity')).toThrow(message)
    expect(() => policyOf(policy, 'identity')).toThrow(
      expect.objectContaining({ type: 'MalformedPolicyDocumentException' }),
    )
  })

  test.each<[string, unknown, RegExp]>([
    ['without a principal', undefined, /Principal or NotPrincipal/],
    ['with a text for a principal', 'arn:aws:iam::1:root', /must be "\*" or an object/],
    ['with another kind of principal', { Aws: '*' }, /unknown element: Aws/],
    ['with no principal', {}, /must name a principal/],
    ['with a pattern of principals', { AWS: 'arn:aws:iam::111122223333:role/*' }, /without wildcards/],
    ['with a name for a principal', { AWS: ['*', 'intake'] }, /and is intake/],
    ['with a variable for a principal', { AWS: '${aws:PrincipalArn}' }, /without wildcards/],
  ])('of a key, %s', (_what, Principal, message) => {
    expect(() => policyOf(document({ ...statement, Principal }), 'key')).toThrow(message)
  })
})

test('NotPrincipal is refused in a statement that allows', () => {
  const others = { ...statement, NotPrincipal: { AWS: '111122223333' } }
  expect(() => policyOf(document(others), 'key')).toThrow(/must be used with Deny/)
  expect(policyOf(document({ ...others, Effect: 'Deny' }), 'key')).toHaveLength(1)
})

describe('the option principals', () => {
  const arn = 'arn:aws:iam::111122223333:role/intake'
  test.each<[string, unknown]>([
    ['a list', []],
    ['a name', { intake: {} }],
    ['the root, which has no policies', { 'arn:aws:iam::111122223333:root': {} }],
    ['a prototype', JSON.parse('{"__proto__":{}}')],
    ['nothing for a principal', { [arn]: null }],
    ['a misspelt member', { [arn]: { policy: [] } }],
    ['a policy that is a number', { [arn]: { policies: [1] } }],
    ['a malformed policy', { [arn]: { policies: [{ ...document(statement), Version: '1' }] } }],
    ['a tag that is a number', { [arn]: { tags: { a: 1 } } }],
  ])('refuses %s', async (_what, principals) => {
    await expect(startLocalKms({ principals } as never)).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
      option: expect.stringMatching(/^principals/),
    })
  })

  test('is taken by setPrincipal too', async () => {
    await using kms = await startLocalKms({ principals: { [arn]: { policies: [document(statement)] } } })
    expect(() => kms.setPrincipal(arn, { policies: ['{'] })).toThrow(/malformed policy for .*intake: .*JSON/)
  })
})
