/** Who a policy is about: accounts, roles with paths, their sessions, and those whom a denial spares. */
import { beforeEach, describe, expect, test } from '@jest/globals'
import { createInProcess, otherRegion, root } from '../support/in-process.ts'

const account = '111122223333'
const role = `arn:aws:iam::${account}:role/intake`
const session = `arn:aws:sts::${account}:assumed-role/intake/i-1`
const withPath = `arn:aws:iam::${account}:role/service/team/intake`
const foreign = 'arn:aws:iam::444455556666:role/intake'
const Plaintext = Buffer.from('a value').toString('base64')

const document = (...Statement: object[]) => ({ Version: '2012-10-17', Statement })
const statement = (more: object = {}) => ({ Effect: 'Allow', Action: 'kms:*', Resource: '*', ...more })
const forKey = (more: object = {}) => statement({ Principal: { AWS: root }, ...more })

let kms: ReturnType<typeof createInProcess>
beforeEach(() => {
  kms = createInProcess()
})

const keyWith = async (...statements: object[]): Promise<string> => {
  const Policy = JSON.stringify(document(...statements))
  const input = { Policy, BypassPolicyLockoutSafetyCheck: true }
  return (await kms.call('CreateKey', input)).KeyMetadata.Arn
}
const reasons = /no identity|no resource|deny in a resource|deny in an identity/
const outcome = async (operation: string, input: object, principal: string): Promise<string> => {
  const [code, text = ''] = await kms.refusal(operation, input, { principal })
  return code === 'AccessDeniedException' ? (reasons.exec(text)?.[0] ?? text) : code
}
const encrypt = (KeyId: string, principal: string) => outcome('Encrypt', { KeyId, Plaintext }, principal)
const everything = { policies: [document(statement())] }

describe('a principal of another account', () => {
  test('is not one of the account that a key names', async () => {
    kms.setPrincipal(foreign, everything)
    expect(await encrypt(await keyWith(forKey()), foreign)).toBe('no resource')
    expect(await encrypt(await keyWith(forKey({ Principal: { AWS: account } })), foreign)).toBe('no resource')
  })

  test.each([foreign, '444455556666', 'arn:aws:iam::444455556666:root', '*'])(
    'needs both the key, which names %s, and its own policies',
    async (AWS) => {
      const key = await keyWith(forKey({ Principal: { AWS } }))
      expect(await encrypt(key, foreign)).toBe('no identity')
      kms.setPrincipal(foreign, everything)
      expect(await encrypt(key, foreign)).toBe('none')
    },
  )

  test('lists and makes no keys of this one', async () => {
    kms.setPrincipal(foreign, everything)
    for (const operation of ['ListKeys', 'CreateKey', 'ListAliases', 'ListRetirableGrants'])
      expect(await outcome(operation, { RetiringPrincipal: foreign }, foreign)).toBe('no identity')
  })
})

describe('a session', () => {
  test.each([role, withPath])('of %s has its permissions, tags and grants', async (arn) => {
    expect(await encrypt(await keyWith(forKey({ Principal: { AWS: arn } })), session)).toBe('none')
    const key = await keyWith(forKey())
    expect(await encrypt(key, session)).toBe('no identity')
    const operations = { GranteePrincipal: arn, RetiringPrincipal: arn, Operations: ['Encrypt'] }
    const { GrantToken } = await kms.call('CreateGrant', { KeyId: key, ...operations })
    expect(await encrypt(key, session)).toBe('none')
    expect(await outcome('RetireGrant', { GrantToken }, session)).toBe('none')
    expect(await encrypt(key, session)).toBe('no identity')
    kms.setPrincipal(arn, everything)
    expect(await encrypt(key, session)).toBe('none')
  })

  test.each([role, withPath])('of %s has the ARN of its role', async (arn) => {
    const key = await keyWith(forKey())
    kms.setPrincipal(arn, {
      policies: [document(statement({ Condition: { ArnEquals: { 'aws:PrincipalArn': arn } } }))],
    })
    expect(await encrypt(key, session)).toBe('none')
  })

  test('is none of a role whose name only ends like its own', async () => {
    for (const AWS of [`arn:aws:iam::${account}:role/re-intake`, `arn:aws:iam::${account}:user/intake`])
      expect(await encrypt(await keyWith(forKey({ Principal: { AWS } })), session)).toBe('no resource')
  })
})

describe('NotPrincipal', () => {
  const all = forKey({ Principal: '*' })
  const others = (...AWS: string[]) => statement({ Effect: 'Deny', NotPrincipal: { AWS } })
  test.each<[string, string, string[]]>([
    ['none', role, [root, role]],
    ['none', role, [account, role]],
    ['deny in a resource', role, [role]],
    ['deny in a resource', role, [root]],
    ['none', session, [root, role, session]],
    ['none', session, [root, withPath, session]],
    ['deny in a resource', session, [root, role]],
    ['deny in a resource', session, [root, session]],
    ['none', root, [root]],
    ['none', role, ['*']],
  ])('is %s for %s, of %j', async (expected, principal, list) => {
    expect(await encrypt(await keyWith(all, others(...list)), principal)).toBe(expected)
  })
})

describe('an alias', () => {
  const alias = 'alias/a'
  test('is moved and deleted only where its key allows that', async () => {
    kms.setPrincipal(role, everything)
    const deny = (Action: string) => forKey({ Effect: 'Deny', Principal: { AWS: role }, Action })
    const kept = await keyWith(forKey(), deny('kms:*Alias'))
    await kms.call('CreateAlias', { AliasName: alias, TargetKeyId: kept })
    const move = { AliasName: alias, TargetKeyId: await keyWith(forKey()) }
    expect(await outcome('UpdateAlias', move, role)).toBe('deny in a resource')
    expect(await outcome('DeleteAlias', { AliasName: alias }, role)).toBe('deny in a resource')
    await kms.call('UpdateAlias', move)
    expect(await outcome('DeleteAlias', { AliasName: alias }, role)).toBe('none')
  })

  test('is listed by those whose own policies allow it', async () => {
    const KeyId = await keyWith(forKey(), forKey({ Principal: { AWS: role } }))
    expect(await outcome('ListAliases', { KeyId }, role)).toBe('no identity')
    kms.setPrincipal(role, everything)
    expect(await outcome('ListAliases', { KeyId }, role)).toBe('none')
  })
})

describe('a grant', () => {
  test('is listed and not retired as policies say', async () => {
    const KeyId = await keyWith(forKey())
    const input = { KeyId, GranteePrincipal: role, RetiringPrincipal: role, Operations: ['Encrypt'] }
    const { GrantToken } = await kms.call('CreateGrant', input)
    const list = { RetiringPrincipal: root }
    expect(await outcome('ListRetirableGrants', list, role)).toBe('no identity')
    const deny = statement({ Effect: 'Deny', Action: 'kms:RetireGrant' })
    kms.setPrincipal(role, { policies: [document(statement(), deny)] })
    expect(await outcome('ListRetirableGrants', list, role)).toBe('none')
    expect(await outcome('RetireGrant', { GrantToken }, role)).toBe('deny in an identity')
    kms.setPrincipal(role, {})
    expect(await outcome('RetireGrant', { GrantToken }, role)).toBe('none')
  })
})

describe('a new key', () => {
  const Tags = [{ TagKey: 'team', TagValue: 'a' }]
  const deny = (Action: string, more: object = {}) => {
    const denial = statement({ Effect: 'Deny', Action, ...more })
    kms.setPrincipal(role, { policies: [document(statement(), denial)] })
  }

  test('has tags only where its maker may tag', async () => {
    deny('kms:TagResource')
    expect(await outcome('CreateKey', { Tags }, role)).toBe('deny in an identity')
    expect(await outcome('CreateKey', {}, role)).toBe('none')
  })

  test('is a replica only where its maker may make keys in that Region', async () => {
    const { KeyId } = (await kms.call('CreateKey', { MultiRegion: true })).KeyMetadata
    const replicate = (more: object = {}) =>
      outcome('ReplicateKey', { KeyId, ReplicaRegion: otherRegion, ...more }, role)
    const inRegion = (region: string) => ({ Condition: { StringEquals: { 'aws:RequestedRegion': region } } })
    deny('kms:CreateKey', inRegion(otherRegion))
    expect(await replicate()).toBe('deny in an identity')
    deny('kms:TagResource')
    expect(await replicate({ Tags })).toBe('deny in an identity')
    deny('kms:CreateKey', inRegion('eu-west-1'))
    expect(await replicate({ Tags })).toBe('none')
  })
})
