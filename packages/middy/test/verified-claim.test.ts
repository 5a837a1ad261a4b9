import { verifiedClaim } from '@glassine/middy'
import { thrown } from '@glassine/test-support'
import { sampleEvent } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'

const behind = (source: 'rest' | 'http-api', authorizer: object, identity?: object): unknown => {
  const event: any = sampleEvent(source)
  event.requestContext.authorizer = authorizer
  if (identity) event.requestContext.identity = { ...event.requestContext.identity, ...identity }
  return event
}
const iam = {
  accountId: '111122223333',
  callerId: 'AROAEXAMPLE:session',
  principalOrgId: 'o-example',
  userArn: 'arn:aws:sts::111122223333:assumed-role/Orders/session',
  userId: 'AROAEXAMPLE:session',
}

describe('a verified claim is found', () => {
  test.each<readonly [string, unknown, string, string]>([
    ['a JWT authorizer', sampleEvent('http-api', { tenant: 't-1' }), 'custom:tenant', 't-1'],
    ['a Cognito authorizer', sampleEvent('rest', { tenant: 't-1' }), 'custom:tenant', 't-1'],
    ['AppSync', sampleEvent('appsync', { tenant: 't-1' }), 'custom:tenant', 't-1'],
    [
      'a Lambda authorizer of an HTTP API',
      behind('http-api', { lambda: { tenant: 't-1' } }),
      'tenant',
      't-1',
    ],
    ['a number of it', behind('http-api', { lambda: { tenant: 42 } }), 'tenant', '42'],
    [
      'a Lambda authorizer of a REST API',
      behind('rest', { principalId: 'p', tenant: 't-1' }),
      'tenant',
      't-1',
    ],
    ['its principal', behind('rest', { principalId: 'p', tenant: 't-1' }), 'principalId', 'p'],
    ['a Lambda authorizer of AppSync', { identity: { resolverContext: { tenant: 't-1' } } }, 'tenant', 't-1'],
    ['IAM behind an HTTP API', behind('http-api', { iam }), 'userArn', iam.userArn],
    ['IAM behind a REST API', behind('rest', {}, { caller: iam.callerId }), 'callerId', iam.callerId],
    ['IAM behind AppSync', { identity: iam }, 'accountId', iam.accountId],
    [
      'an identity pool',
      behind('http-api', { iam: { cognitoIdentity: { identityId: 'eu-west-1:1' } } }),
      'cognitoIdentityId',
      'eu-west-1:1',
    ],
  ])('behind %s', (_authorizer, event, name, expected) => {
    expect(verifiedClaim(event, name)).toBe(expected)
  })
})

describe('what the sender writes is no claim', () => {
  const forged = {
    headers: { 'custom:tenant': 't-2', tenant: 't-2', authorization: 'Bearer x' },
    body: JSON.stringify({ tenant: 't-2', 'custom:tenant': 't-2', claims: { tenant: 't-2' } }),
    queryStringParameters: { tenant: 't-2', 'custom:tenant': 't-2' },
  }
  test.each([
    'tenant',
    'custom:tenant',
    'sourceIp',
    'userAgent',
    'user',
    'caller',
    'claims',
    '__proto__',
    'constructor',
    'toString',
  ])('%s', (name) => {
    for (const source of ['rest', 'http-api'] as const) {
      const event = Object.assign(behind(source, {}) as object, forged)
      expect(thrown(() => verifiedClaim(event, name))).toMatchObject({
        code: 'ERR_BINDING_INVALID',
        statusCode: 400,
        message: 'The encrypted fields of the request could not be decrypted',
        cause: { reason: `no authorizer has verified ${name}` },
      })
    }
  })
})

describe('a claim is refused', () => {
  test.each<readonly [string, unknown, string]>([
    ['if it is empty', sampleEvent('http-api', { tenant: '' }), 'custom:tenant'],
    ['if it is no text', behind('http-api', { lambda: { tenant: { id: 't-1' } } }), 'tenant'],
    [
      'if the token lacks it, though the context has one',
      behind('rest', { claims: { sub: 's' }, tenant: 't-1' }),
      'tenant',
    ],
    ['if there is no event', undefined, 'tenant'],
  ])('%s', (_why, event, name) => {
    expect(thrown(() => verifiedClaim(event, name))).toMatchObject({ code: 'ERR_BINDING_INVALID' })
  })

  test('if it has no name', () => {
    for (const name of ['', undefined])
      expect(thrown(() => verifiedClaim({}, name as never))).toMatchObject({ code: 'ERR_OPTION_INVALID' })
  })
})
