// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables look like templates.
/** Key policies and policies of principals, over the wire: what is allowed, and with which reason it is refused. */
import {
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
  ListKeysCommand,
  PutKeyPolicyCommand,
  ReEncryptCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
} from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type LocalKms, type LocalKmsPrincipal, startLocalKms } from '../../src/index.ts'

const account = '111122223333'
const root = `arn:aws:iam::${account}:root`
const role = `arn:aws:iam::${account}:role/intake`
const session = `arn:aws:sts::${account}:assumed-role/intake/i-1`
const Plaintext = Buffer.from('a value')

const document = (...Statement: object[]) => ({ Version: '2012-10-17', Statement })
const statement = (more: object = {}) => ({ Effect: 'Allow', Action: 'kms:*', Resource: '*', ...more })
const forKey = (more: object = {}) => statement({ Principal: { AWS: root }, ...more })
/** Leaves others to their own policies. */
const delegating = document(forKey())

let kms: LocalKms
beforeAll(async () => {
  kms = await startLocalKms()
})
afterAll(() => kms.close())

const clients = new Map<string, KMSClient>()
const clientOf = (principal: string): KMSClient => {
  const known = clients.get(principal) ?? new KMSClient(kms.clientOptionsFor({ principal }))
  clients.set(principal, known)
  return known
}
afterAll(() => {
  for (const client of clients.values()) client.destroy()
})

/** `allowed`, or the part of AWS's message that says why not. */
const outcome = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call
    return 'allowed'
  } catch (error) {
    const { name, message } = error as Error
    if (name !== 'AccessDeniedException') return `${name}: ${message}`
    return (
      /(?:with an|because no) [\w-]+/.exec(message)![0] +
      (/(resource|identity)-based/.exec(message)?.[0] ?? '')
    )
  }
}
const [noIdentity, noResource] = [
  'because no identity-basedidentity-based',
  'because no resource-basedresource-based',
]
const [deniedByKey, deniedByOwn] = ['with an explicitresource-based', 'with an explicitidentity-based']

interface Case {
  readonly policy?: object
  readonly own?: readonly object[]
  readonly tags?: Record<string, string>
  readonly context?: Record<string, string>
  readonly as?: string
  readonly viaAlias?: string
}

const encrypt = async ({ policy = delegating, own = [], tags, context, as = role, viaAlias }: Case) => {
  const { arn } = await kms.createKey({ policy, ...(viaAlias && { alias: viaAlias }) })
  kms.setPrincipal(role, { policies: own, ...(tags && { tags }) })
  return outcome(
    clientOf(as).send(new EncryptCommand({ KeyId: viaAlias ?? arn, Plaintext, EncryptionContext: context })),
  )
}

describe('who is allowed', () => {
  test.each<[string, string, Case]>([
    ['by default only the account itself', noIdentity, {}],
    ['the root, by a policy that names it', 'allowed', { as: root }],
    [
      'not the root, by a policy that names another',
      noResource,
      { as: root, policy: document(forKey({ Principal: { AWS: role } })) },
    ],
    ['a role that the key names', 'allowed', { policy: document(forKey({ Principal: { AWS: [role] } })) }],
    [
      'a session of that role',
      'allowed',
      { as: session, policy: document(forKey({ Principal: { AWS: role } })) },
    ],
    ['everyone', 'allowed', { policy: document(forKey({ Principal: '*' })) }],
    [
      'no service',
      noResource,
      { policy: document(forKey({ Principal: { Service: 'lambda.amazonaws.com' } })) },
    ],
    [
      'a role with a policy, where the key leaves it to the account',
      'allowed',
      { own: [document(statement())] },
    ],
    ['a session of such a role', 'allowed', { as: session, own: [document(statement())] }],
    [
      'the same, where the key names the account by its number',
      'allowed',
      { policy: document(forKey({ Principal: { AWS: account } })), own: [document(statement())] },
    ],
    [
      'not a role with a policy, where the key leaves nothing to the account',
      noResource,
      { policy: document(forKey({ Principal: { AWS: `${role}-2` } })), own: [document(statement())] },
    ],
    [
      'not for another action',
      noIdentity,
      { own: [document(statement({ Action: ['kms:Decrypt', 'kms:Generate*'] }))] },
    ],
    ['for an action in any case', 'allowed', { own: [document(statement({ Action: 'KMS:en?rypt' }))] }],
    [
      'for what is not an action that is left out',
      'allowed',
      { own: [document(statement({ Action: undefined, NotAction: 'kms:Decrypt' }))] },
    ],
    [
      'not for an action that is left out',
      noIdentity,
      { own: [document(statement({ Action: undefined, NotAction: 'kms:Enc*' }))] },
    ],
    [
      'not for another key',
      noIdentity,
      { own: [document(statement({ Resource: 'arn:aws:kms:*:*:key/0*x' }))] },
    ],
    [
      'for keys that a pattern names',
      'allowed',
      { own: [document(statement({ Resource: `arn:aws:kms:eu-west-1:${account}:key/*` }))] },
    ],
    [
      'not for keys that are left out',
      noIdentity,
      { own: [document(statement({ Resource: undefined, NotResource: 'arn:*:key/*' }))] },
    ],
    [
      'not against a denial of the key',
      deniedByKey,
      {
        policy: document(forKey(), forKey({ Effect: 'Deny', Principal: { AWS: role } })),
        own: [document(statement())],
      },
    ],
    [
      'not against a denial for the account',
      deniedByKey,
      { policy: document(forKey({ Principal: '*' }), forKey({ Effect: 'Deny' })) },
    ],
    [
      'not against its own denial',
      deniedByOwn,
      { policy: document(forKey({ Principal: '*' })), own: [document(statement({ Effect: 'Deny' }))] },
    ],
    [
      'who is left out of a denial',
      'allowed',
      {
        policy: document(
          forKey({ Principal: '*' }),
          forKey({ Effect: 'Deny', Principal: undefined, NotPrincipal: { AWS: [root, role] } }),
        ),
      },
    ],
    [
      'not who is not left out of it',
      deniedByKey,
      {
        policy: document(
          forKey({ Principal: '*' }),
          forKey({ Effect: 'Deny', Principal: undefined, NotPrincipal: { AWS: root } }),
        ),
      },
    ],
  ])('%s', async (_who, expected, given) => {
    expect(await encrypt(given)).toBe(expected)
  })

  test('a grantee, but not against a denial', async () => {
    const grant = async (policy: object) => {
      const { arn } = await kms.createKey({ policy })
      kms.setPrincipal(role, {})
      await clientOf(root).send(
        new CreateGrantCommand({ KeyId: arn, GranteePrincipal: role, Operations: ['Encrypt'] }),
      )
      return outcome(clientOf(role).send(new EncryptCommand({ KeyId: arn, Plaintext })))
    }
    expect(await grant(delegating)).toBe('allowed')
    expect(await grant(document(forKey(), forKey({ Effect: 'Deny', Principal: { AWS: role } })))).toBe(
      deniedByKey,
    )
  })

  test('of operations without a key, those that its own policies allow', async () => {
    const list = () => outcome(clientOf(role).send(new ListKeysCommand({})))
    kms.setPrincipal(role, {})
    expect(await list()).toBe(noIdentity)
    kms.setPrincipal(role, { policies: [JSON.stringify(document(statement({ Action: 'kms:ListKeys' })))] })
    expect(await list()).toBe('allowed')
    expect(await outcome(clientOf(role).send(new CreateKeyCommand({})))).toBe(noIdentity)
  })

  test('of an alias, those that may use both the key and the alias', async () => {
    const { arn } = await kms.createKey()
    const create = (Resource: string | string[]) => {
      kms.setPrincipal(role, { policies: [document(statement({ Resource }))] })
      return outcome(
        clientOf(role).send(new CreateAliasCommand({ AliasName: 'alias/both', TargetKeyId: arn })),
      )
    }
    const alias = `arn:aws:kms:eu-west-1:${account}:alias/both`
    expect(await create(arn)).toBe(noIdentity)
    expect(await create(alias)).toBe(noIdentity)
    expect(await create([arn, alias])).toBe('allowed')
  })
})

describe('conditions', () => {
  const when = (Condition: object, more: Case = {}) =>
    encrypt({ own: [document(statement({ Condition }))], ...more })
  const tenant = 'kms:EncryptionContext:tenant'
  const names = 'kms:EncryptionContextKeys'
  const context = { tenant: 't-1', purpose: 'p' }

  test.each<[string, boolean, object, Case?]>([
    ['equal values', true, { StringEquals: { [tenant]: 't-1' } }, { context }],
    ['one of several values', true, { StringEquals: { [tenant]: ['t-0', 't-1'] } }, { context }],
    ['another value', false, { StringEquals: { [tenant]: 't-2' } }, { context }],
    ['a value in another case', false, { StringEquals: { [tenant]: 'T-1' } }, { context }],
    [
      'a value in another case, where case is ignored',
      true,
      { StringEqualsIgnoreCase: { [tenant]: 'T-1' } },
      { context },
    ],
    [
      'a name of a condition key in another case',
      true,
      { StringEquals: { 'kms:encryptioncontext:TENANT': 't-1' } },
      { context },
    ],
    [
      'a pair that the context lacks',
      false,
      { StringEquals: { 'kms:EncryptionContext:other': 'x' } },
      { context },
    ],
    [
      'a pair that it lacks, if it exists',
      true,
      { StringEqualsIfExists: { 'kms:EncryptionContext:other': 'x' } },
      { context },
    ],
    [
      'a pair that it lacks, negated',
      true,
      { StringNotEquals: { 'kms:EncryptionContext:other': 'x' } },
      { context },
    ],
    ['an equal value, negated', false, { StringNotEquals: { [tenant]: ['x', 't-1'] } }, { context }],
    ['other values, negated', true, { StringNotEquals: { [tenant]: ['x', 'y'] } }, { context }],
    [
      'two keys, of which one does not hold',
      false,
      { StringEquals: { [tenant]: 't-1', 'kms:EncryptionContext:purpose': 'q' } },
      { context },
    ],
    [
      'two operators, of which one does not hold',
      false,
      { StringEquals: { [tenant]: 't-1' }, StringLike: { 'kms:EncryptionContext:purpose': 'q*' } },
      { context },
    ],
    ['a pattern', true, { StringLike: { [tenant]: 't-?' } }, { context }],
    ['a pattern that does not match', false, { StringLike: { [tenant]: '?-' } }, { context }],
    ['a pattern, negated', false, { StringNotLike: { [tenant]: '*' } }, { context }],
    ['a dot in a pattern, which is a dot', false, { StringLike: { [tenant]: 't.1' } }, { context }],
    [
      'names, all of them known',
      true,
      { 'ForAllValues:StringEquals': { [names]: ['tenant', 'purpose', 'x'] } },
      { context },
    ],
    [
      'names, one of them unknown',
      false,
      { 'ForAllValues:StringEquals': { [names]: ['tenant'] } },
      { context },
    ],
    ['all of no names', true, { 'ForAllValues:StringEquals': { [names]: ['tenant'] } }],
    [
      'no names, which Null forbids',
      false,
      { 'ForAllValues:StringEquals': { [names]: ['tenant'] }, Null: { [names]: 'false' } },
    ],
    ['no names, which Null asks for', true, { Null: { [names]: true } }],
    ['any of the names', true, { 'ForAnyValue:StringEquals': { [names]: ['tenant', 'x'] } }, { context }],
    ['any of no names', false, { 'ForAnyValue:StringEquals': { [names]: ['tenant'] } }],
    [
      'the tag of a principal',
      true,
      { StringEquals: { [tenant]: '${aws:PrincipalTag/tenant}' } },
      { context, tags: { tenant: 't-1' } },
    ],
    [
      'the tag of another tenant',
      false,
      { StringEquals: { [tenant]: '${aws:PrincipalTag/tenant}' } },
      { context, tags: { tenant: 't-2' } },
    ],
    ['a tag that it lacks', false, { StringEquals: { [tenant]: '${aws:PrincipalTag/tenant}' } }, { context }],
    [
      'a tag that it lacks, with a default',
      true,
      { StringEquals: { [tenant]: "${aws:PrincipalTag/tenant, 't-1'}" } },
      { context },
    ],
    [
      'a tag of wildcards, which are characters',
      false,
      { StringLike: { [tenant]: '${aws:PrincipalTag/tenant}' } },
      { context, tags: { tenant: '*' } },
    ],
    ['a star that is a character', false, { StringLike: { [tenant]: 't-${*}' } }, { context }],
    [
      'a star that is a character, and is there',
      true,
      { StringLike: { [tenant]: 't-${*}' } },
      { context: { tenant: 't-*' } },
    ],
    ['plain HTTP, where TLS is asked for', false, { Bool: { 'aws:SecureTransport': 'true' } }],
    ['plain HTTP', true, { Bool: { 'aws:SecureTransport': false } }],
    ['the Region', true, { StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } }],
    ['the caller, by a pattern', true, { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/in*' } }],
    [
      'the caller, by a pattern over a colon',
      false,
      { ArnLike: { 'aws:PrincipalArn': 'arn:aws:*:role/intake' } },
    ],
    [
      'the account',
      true,
      {
        StringEquals: {
          'kms:CallerAccount': account,
          'aws:PrincipalAccount': account,
          'aws:ResourceAccount': account,
        },
      },
    ],
    [
      'the kind of key',
      true,
      {
        StringEquals: {
          'kms:KeySpec': 'SYMMETRIC_DEFAULT',
          'kms:KeyUsage': 'ENCRYPT_DECRYPT',
          'kms:KeyOrigin': 'AWS_KMS',
        },
        Bool: { 'kms:MultiRegion': 'false' },
      },
    ],
    ['the algorithm', true, { StringEquals: { 'kms:EncryptionAlgorithm': 'SYMMETRIC_DEFAULT' } }],
    [
      'a service in between, which is none',
      false,
      { StringEquals: { 'kms:ViaService': 'dynamodb.eu-west-1.amazonaws.com' } },
    ],
    [
      'a later time',
      true,
      {
        DateGreaterThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' },
        NumericGreaterThanEquals: { 'aws:EpochTime': '1577836800' },
      },
    ],
    ['an earlier time', false, { DateLessThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' } }],
    [
      'the alias of the request',
      true,
      { StringLike: { 'kms:RequestAlias': 'alias/a-*' } },
      { viaAlias: 'alias/a-1' },
    ],
    [
      'the alias of the request, which names the key',
      false,
      { StringLike: { 'kms:RequestAlias': 'alias/*' } },
    ],
    [
      'an alias of the key',
      true,
      { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/a-2' } },
      { viaAlias: 'alias/a-2' },
    ],
  ])('on %s hold: %s', async (_what, isAllowed, Condition, ...[more]) => {
    expect(await when(Condition, more)).toBe(isAllowed ? 'allowed' : noIdentity)
  })

  test('on the tags of a key', async () => {
    const { arn } = await kms.createKey({ tags: { team: 'a' } })
    for (const [team, expected] of [
      ['a', 'allowed'],
      ['b', noIdentity],
    ]) {
      kms.setPrincipal(role, {
        policies: [document(statement({ Condition: { StringEquals: { 'aws:ResourceTag/team': team } } }))],
      })
      expect(await outcome(clientOf(role).send(new EncryptCommand({ KeyId: arn, Plaintext })))).toBe(expected)
    }
  })

  test('on a server with TLS', async () => {
    const Condition = { Bool: { 'aws:SecureTransport': 'false' } }
    await using secure = await startLocalKms({
      https: true,
      keys: [
        {
          alias: 'alias/a',
          policy: document(forKey(), forKey({ Effect: 'Deny', Principal: '*', Condition })),
        },
      ],
    })
    const client = new KMSClient(secure.clientOptions)
    expect(await outcome(client.send(new EncryptCommand({ KeyId: 'alias/a', Plaintext })))).toBe('allowed')
    client.destroy()
  })

  test('on both halves of ReEncrypt, each with its own context', async () => {
    const [from, to] = [await kms.createKey(), await kms.createKey()]
    const owner = clientOf(root)
    const EncryptionContext = { tenant: 't-1' }
    const { CiphertextBlob } = await owner.send(
      new GenerateDataKeyCommand({ KeyId: from.arn, KeySpec: 'AES_256', EncryptionContext }),
    )
    const move = (DestinationKeyId: string, ...statements: object[]) => {
      kms.setPrincipal(role, { policies: [document(...statements)] })
      return outcome(
        clientOf(role).send(
          new ReEncryptCommand({
            CiphertextBlob,
            SourceEncryptionContext: EncryptionContext,
            DestinationKeyId,
            DestinationEncryptionContext: { tenant: 't-2' },
          }),
        ),
      )
    }
    const one = (Action: string, value: string, more = {}) =>
      statement({ Action, Condition: { StringEquals: { [tenant]: value }, ...more } })
    const [source, target] = [one('kms:ReEncryptFrom', 't-1'), one('kms:ReEncryptTo', 't-2')]
    expect(await move(to.arn, source, target)).toBe('allowed')
    expect(await move(to.arn, source)).toBe(noIdentity)
    expect(await move(to.arn, target)).toBe(noIdentity)
    expect(await move(to.arn, one('kms:ReEncryptFrom', 't-2'), target)).toBe(noIdentity)
    expect(await move(to.arn, source, one('kms:ReEncryptTo', 't-1'))).toBe(noIdentity)
    const same = { Bool: { 'kms:ReEncryptOnSameKey': 'true' } }
    expect(await move(to.arn, one('kms:ReEncryptFrom', 't-1', same), target)).toBe(noIdentity)
    expect(await move(from.arn, one('kms:ReEncryptFrom', 't-1', same), target)).toBe('allowed')
  })

  test('on Decrypt, whose key the ciphertext names', async () => {
    const { arn } = await kms.createKey()
    const EncryptionContext = { tenant: 't-1' }
    const { CiphertextBlob } = await clientOf(root).send(
      new EncryptCommand({ KeyId: arn, Plaintext, EncryptionContext }),
    )
    for (const [value, expected] of [
      ['t-1', 'allowed'],
      ['t-2', noIdentity],
    ] as const) {
      kms.setPrincipal(role, {
        policies: [
          document(statement({ Action: 'kms:Decrypt', Condition: { StringEquals: { [tenant]: value } } })),
        ],
      })
      expect(
        await outcome(clientOf(role).send(new DecryptCommand({ CiphertextBlob, EncryptionContext }))),
      ).toBe(expected)
      // A condition on the context never holds for an operation without one.
      expect(await outcome(clientOf(role).send(new DescribeKeyCommand({ KeyId: arn })))).toBe(noIdentity)
    }
  })

  test.each<[string, object, (arn: string) => any, object]>([
    [
      'the algorithm of a signature',
      { StringEquals: { 'kms:SigningAlgorithm': 'ECDSA_SHA_256', 'kms:MessageType': 'RAW' } },
      (KeyId) => new SignCommand({ KeyId, Message: Plaintext, SigningAlgorithm: 'ECDSA_SHA_256' }),
      { keySpec: 'ECC_NIST_P256' },
    ],
    [
      'the period before deletion',
      { NumericEquals: { 'kms:ScheduleKeyDeletionPendingWindowInDays': '30' } },
      (KeyId) => new ScheduleKeyDeletionCommand({ KeyId }),
      {},
    ],
    [
      'what a grant allows',
      {
        'ForAllValues:StringEquals': { 'kms:GrantOperations': ['Encrypt'] },
        StringEquals: { 'kms:GranteePrincipal': role, 'kms:GrantConstraintType': 'EncryptionContextSubset' },
        Bool: { 'kms:GrantIsForAWSResource': 'false' },
      },
      (KeyId) =>
        new CreateGrantCommand({
          KeyId,
          GranteePrincipal: role,
          Operations: ['Encrypt'],
          Constraints: { EncryptionContextSubset: { a: 'b' } },
        }),
      {},
    ],
  ])('on %s', async (_what, Condition, command, key) => {
    const allow = { policies: [document(statement({ Condition }))] }
    const deny = { policies: [document(statement(), statement({ Effect: 'Deny', Condition }))] }
    const tryAs = async (principal: LocalKmsPrincipal) => {
      const { arn } = await kms.createKey(key)
      kms.setPrincipal(role, principal)
      return outcome(clientOf(role).send(command(arn)))
    }
    expect(await tryAs(deny)).toBe(deniedByOwn)
    expect(await tryAs(allow)).toBe('allowed')
  })
})

describe('a new policy of a key', () => {
  const locking = document(forKey({ Principal: { AWS: role }, Action: 'kms:Encrypt' }))

  test('must let its author put another one, unless he waives that', async () => {
    const { arn } = await kms.createKey()
    const put = (BypassPolicyLockoutSafetyCheck?: boolean) =>
      outcome(
        clientOf(root).send(
          new PutKeyPolicyCommand({
            KeyId: arn,
            Policy: JSON.stringify(locking),
            BypassPolicyLockoutSafetyCheck,
          }),
        ),
      )
    expect(await put()).toBe(
      'MalformedPolicyDocumentException: The new key policy will not allow you to update the key policy in the future.',
    )
    expect(await put(true)).toBe('allowed')
    expect(await put(true)).toBe(noResource)
  })

  test('holds at once', async () => {
    const { arn } = await kms.createKey()
    const encrypt = () => outcome(clientOf(role).send(new EncryptCommand({ KeyId: arn, Plaintext })))
    kms.setPrincipal(role, {})
    expect(await encrypt()).toBe(noIdentity)
    await clientOf(root).send(
      new PutKeyPolicyCommand({ KeyId: arn, Policy: JSON.stringify(document(forKey({ Principal: '*' }))) }),
    )
    expect(await encrypt()).toBe('allowed')
  })
})
