/** Who a request is from, by ARNs, claims and subjects: the whole of a text counts. */
import { anyInvoker, certificateSubject, iamRole, jwtClaim } from '@glassine/middy'
import { hasCode } from '@glassine/test-support'
import { sampleContext } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'

const context = sampleContext()
const iam = 'arn:aws:iam::111122223333'
const sts = 'arn:aws:sts::111122223333'
const places: [string, (userArn: unknown) => object][] = [
  ['an HTTP API', (userArn) => ({ requestContext: { authorizer: { iam: { userArn } } } })],
  ['a REST API', (userArn) => ({ requestContext: { identity: { userArn } } })],
  ['AppSync', (userArn) => ({ identity: { userArn } })],
]

describe.each(places)('a caller in the event of %s', (_source, event) => {
  const isFrom = (arn: string, caller: unknown) => iamRole(arn)(event(caller), context)

  test.each([
    [`${iam}:role/Orders`, `${sts}:assumed-role/Orders/session`],
    [`${iam}:role/Orders`, `${iam}:role/Orders`],
    [`${iam}:role/path/to/Orders`, `${sts}:assumed-role/Orders/session`],
    [`${iam}:role/path/Orders`, `${iam}:role/other/Orders`],
    [`${iam}:user/Anna`, `${iam}:user/Anna`],
    [`${iam}:user/path/Anna`, `${iam}:user/path/Anna`],
    ['arn:aws-cn:iam::111122223333:role/Orders', 'arn:aws-cn:sts::111122223333:assumed-role/Orders/s'],
  ])('%s is %s', async (arn, caller) => expect(await isFrom(arn, caller)).toBe(true))

  test.each([
    [`${iam}:role/Orders`, `${sts}:assumed-role/Order/session`],
    [`${iam}:role/Orders`, `${sts}:assumed-role/Orders`],
    [`${iam}:role/Orders`, `${sts}:assumed-role/Orders/`],
    [`${iam}:role/Orders`, `${sts}:assumed-role/Orders/a/b`],
    [`${iam}:role/Orders`, `x${sts}:assumed-role/Orders/session`],
    [`${iam}:role/Orders`, `x${iam}:role/Orders`],
    [`${iam}:role/Orders`, `${iam}:role/Orders x`],
    [`${iam}:role/Orders`, `${iam}:user/Orders`],
    [`${iam}:user/Orders`, `${sts}:assumed-role/Orders/session`],
    [`${iam}:role/Orders`, 'arn:aws:sts::999988887777:assumed-role/Orders/session'],
    [`${iam}:role/Orders`, 'arn:aws-cn:sts::111122223333:assumed-role/Orders/session'],
    [`${iam}:role/Orders`, 'arn:aws:sts::1111222233334:assumed-role/Orders/session'],
    [`${iam}:role/Orders`, `${sts}:federated-user/Orders`],
    [`${iam}:role/Orders`, ''],
    [`${iam}:role/Orders`, 5],
    [`${iam}:role/Orders`, undefined],
  ])('%s is not %s', async (arn, caller) => expect(await isFrom(arn, caller)).toBe(false))
})

describe('options', () => {
  const refused = (option: string) =>
    hasCode('ERR_OPTION_INVALID', { cause: { package: '@glassine/middy', option } })

  test('are ARNs of roles and users', () => {
    for (const arn of [
      `x${iam}:role/Orders`,
      `${iam}:role/Orders x`,
      `${iam}:role/`,
      `${iam}:group/Orders`,
      `${sts}:assumed-role/Orders/s`,
      'arn:aws:iam::1111:role/Orders',
      '',
    ])
      expect(() => iamRole(arn)).toThrow(refused('arns'))
    expect(() => iamRole()).toThrow(refused('arns'))
    expect(() => iamRole(`${iam}:role/Orders`, 'x')).toThrow(refused('arns'))
  })

  test('are a claim with values, and subjects', () => {
    for (const [name, values, option] of [
      ['', ['x'], 'name'],
      [5, ['x'], 'name'],
      ['client_id', [], 'values'],
      ['client_id', ['x', ''], 'values'],
      ['client_id', ['x', 5], 'values'],
    ] as [string, string[], string][])
      expect(() => jwtClaim(name, ...values)).toThrow(refused(option))
    for (const subjects of [[], [''], ['x', ''], [5]] as string[][])
      expect(() => certificateSubject(...subjects)).toThrow(refused('subjects'))
  })
})

test('a claim is one text, of any authorizer', async () => {
  const from = jwtClaim('client_id', 'orders', 'billing')
  for (const event of [
    { requestContext: { authorizer: { jwt: { claims: { client_id: 'orders' } } } } },
    { requestContext: { authorizer: { claims: { client_id: 'billing' } } } },
    { identity: { claims: { client_id: 'orders' } } },
  ])
    expect(await from(event, context)).toBe(true)
  for (const claims of [
    {},
    { client_id: 'other' },
    { client_id: ['orders'] },
    Object.create({ client_id: 'orders' }),
  ])
    expect(await from({ identity: { claims } }, context)).toBe(false)
  expect(await from({}, context)).toBe(false)
})

test('a subject is that of a verified certificate', async () => {
  const from = certificateSubject('CN=a', 'CN=b')
  for (const holder of ['authentication', 'identity'])
    for (const [subjectDN, is] of [
      ['CN=a', true],
      ['CN=b', true],
      ['CN=ab', false],
      [undefined, false],
    ] as const)
      expect(await from({ requestContext: { [holder]: { clientCert: { subjectDN } } } }, context)).toBe(is)
  expect(await anyInvoker({}, context)).toBe(true)
})
