import {
  anyInvoker,
  certificateSubject,
  decryptRequest,
  type EnvelopeOption,
  iamRole,
  jwtClaim,
} from '@glassine/middy'
import { thrown } from '@glassine/test-support'
import { sampleContext } from '@glassine/testing'
import { describe, expect, it } from '@jest/globals'
import middy from '@middy/core'
import { fakeEnvelope } from './support/fake-envelope.ts'
import { bind, patientFields as fields, patient, requestOf, sealedBy } from './support/stack.ts'

const context = sampleContext()
const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => 'answered',
    (error: any) => [error.code, error.statusCode],
  )
const quiet = { onRefused: () => {} }
const devices = fakeEnvelope('devices')
const services = fakeEnvelope('services')
const role = 'arn:aws:iam::111122223333:role/Orders'

const stack = (envelope: EnvelopeOption) =>
  middy()
    .use(decryptRequest({ fields, envelope, bind, clearResponse: true, ...quiet }))
    .handler(async (event: any) => event as any)

const signedBy = (userArn: string, body: unknown): any => {
  const event: any = requestOf('http-api', body)
  event.requestContext.authorizer = { iam: { userArn } }
  return event
}

describe('a list of envelopes', () => {
  const several: EnvelopeOption = [{ envelope: devices }, { envelope: services, from: iamRole(role) }]
  const ofRole = 'arn:aws:sts::111122223333:assumed-role/Orders/session-1'

  it('decrypts a request in the envelope of its sender, as verified by AWS', async () => {
    const fromService = signedBy(ofRole, await sealedBy(services))
    expect((await stack(several)(fromService, context)).body).toEqual(patient)
    expect((await stack(several)(requestOf('http-api', await sealedBy(devices)), context)).body).toEqual(
      patient,
    )
  })

  it('never decrypts with the envelope of other senders, and requests no key', async () => {
    const before = services.calls.length + devices.calls.length
    const captured = requestOf('http-api', await sealedBy(services))
    expect(await outcome(stack(several)(captured, context))).toEqual(['ERR_FIELD_NOT_ENCRYPTED', 400])
    const other = signedBy(ofRole, await sealedBy(devices))
    expect(await outcome(stack(several)(other, context))).toEqual(['ERR_FIELD_NOT_ENCRYPTED', 400])
    const opened = [...services.calls, ...devices.calls]
      .slice(before)
      .filter(({ direction }) => direction === 'open')
    expect(opened.length).toBeLessThanOrEqual(2)
  })

  it.each([
    ['it is not said whose requests come in which', [{ envelope: devices }, { envelope: services }]],
    ['nothing is left for all others', [{ envelope: devices, from: anyInvoker }]],
    ['the list is empty', []],
    ['it is a list of envelopes, as it was once', [devices, services]],
    ['an option is misspelt', [{ envelope: devices }, { envelope: services, form: anyInvoker }]],
  ])('is refused at construction if %s', (_, envelope) => {
    expect(thrown(() => decryptRequest({ fields, envelope: envelope as never })).cause.option).toBe(
      'envelope',
    )
  })

  it.each([['yes'], [1], [{}], [undefined]])('treats %p from `from` as no', async (response) => {
    const list: EnvelopeOption = [
      { envelope: devices },
      { envelope: services, from: () => response as never },
    ]
    expect((await stack(list)(requestOf('rest', await sealedBy(devices)), context)).body).toEqual(patient)
  })

  it('answers 503 if `from` fails, since the sender is not at fault', async () => {
    const list: EnvelopeOption = [
      { envelope: devices },
      { envelope: services, from: () => Promise.reject(new Error('MARK-secret')) },
    ]
    const request = requestOf('rest', await sealedBy(devices))
    expect(await outcome(stack(list)(request, context))).toEqual(['ERR_KEY_UNAVAILABLE', 503])
  })
})

describe('the sender of a request is recognised', () => {
  const http = (authorizer: object) => ({ requestContext: { authorizer } })
  const asked = (from: ReturnType<typeof iamRole>, event: unknown) => from(event, context)

  it.each([
    [
      'a session of the role',
      http({ iam: { userArn: 'arn:aws:sts::111122223333:assumed-role/Orders/s' } }),
      true,
    ],
    [
      'REST with IAM',
      { requestContext: { identity: { userArn: 'arn:aws:sts::111122223333:assumed-role/Orders/s' } } },
      true,
    ],
    ['AppSync with IAM', { identity: { userArn: 'arn:aws:sts::111122223333:assumed-role/Orders/s' } }, true],
    ['another role', http({ iam: { userArn: 'arn:aws:sts::111122223333:assumed-role/Orders2/s' } }), false],
    ['another account', http({ iam: { userArn: 'arn:aws:sts::999922223333:assumed-role/Orders/s' } }), false],
    ['a user of the same name', http({ iam: { userArn: 'arn:aws:iam::111122223333:user/Orders' } }), false],
    [
      'a name with more behind it',
      http({ iam: { userArn: 'arn:aws:sts::111122223333:assumed-role/Orders/s/x' } }),
      false,
    ],
    [
      'an inherited ARN',
      Object.create(http({ iam: { userArn: 'arn:aws:sts::111122223333:assumed-role/Orders/s' } })),
      false,
    ],
    ['no caller', {}, false],
    ['a header', { headers: { 'x-user-arn': role } }, false],
  ])('by IAM: %s', async (_, event, is) => {
    expect(await asked(iamRole(role), event)).toBe(is)
  })

  it('by a role with a path, whose sessions lack it', async () => {
    const from = iamRole('arn:aws:iam::111122223333:role/service/deep/Orders')
    expect(
      await asked(from, http({ iam: { userArn: 'arn:aws:sts::111122223333:assumed-role/Orders/s' } })),
    ).toBe(true)
  })

  it('by a claim of the token', async () => {
    const from = jwtClaim('client_id', 'orders', 'billing')
    expect(await asked(from, http({ jwt: { claims: { client_id: 'billing' } } }))).toBe(true)
    expect(await asked(from, http({ claims: { client_id: 'orders' } }))).toBe(true)
    expect(await asked(from, http({ claims: { client_id: 'app' } }))).toBe(false)
    expect(await asked(from, http({ claims: { client_id: ['orders'] } }))).toBe(false)
    expect(await asked(from, { headers: { client_id: 'orders' } })).toBe(false)
  })

  it('by the subject of a client certificate', async () => {
    const from = certificateSubject('CN=orders')
    expect(
      await asked(from, { requestContext: { authentication: { clientCert: { subjectDN: 'CN=orders' } } } }),
    ).toBe(true)
    expect(await asked(from, { requestContext: { identity: { clientCert: { subjectDN: 'CN=x' } } } })).toBe(
      false,
    )
  })

  it('never by an empty rule', () => {
    for (const make of [
      () => iamRole(),
      () => iamRole('*'),
      () => jwtClaim('a'),
      () => jwtClaim('', 'x'),
      () => certificateSubject(),
    ])
      expect(thrown(make as () => unknown).code).toBe('ERR_OPTION_INVALID')
  })
})
