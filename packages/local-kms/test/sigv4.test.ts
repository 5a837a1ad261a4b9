import { DecryptCommand, GenerateDataKeyCommand, KMSClient, ListKeysCommand } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type LocalKms, startLocalKms } from '../src/index.ts'
import {
  call,
  kmsHeaders,
  type Signing,
  send,
  sign,
  usualSigning,
  type WireResponse,
} from './support/signed-request.ts'

const minute = 60_000
const mismatch =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key ' +
  'and signing method. Consult the service documentation for details.'
const unknown = 'The security token included in the request is invalid.'

const error = ({ status, body }: WireResponse) => ({ status, ...JSON.parse(body) })

describe('signatures of requests', () => {
  let kms: LocalKms
  beforeAll(async () => {
    kms = await startLocalKms({
      keys: ['alias/patients'],
      credentials: [
        { accessKeyId: 'test', secretAccessKey: 'test' },
        {
          accessKeyId: 'ASIATEMPORARY',
          secretAccessKey: 'temporary secret',
          sessionToken: 'session token',
          principal: 'arn:aws:sts::111122223333:assumed-role/intake/1',
        },
      ],
    })
  })
  afterAll(() => kms.close())

  const sdk = (credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }) =>
    new KMSClient({ ...kms.clientOptions, credentials })

  test('a request that was signed by hand is served', async () => {
    const response = await call(kms, 'ListKeys', '{}')
    expect(response.status).toBe(200)
    expect(JSON.parse(response.body).Keys).toHaveLength(1)
  })

  test('the SDK is served with the printed access key, and with one of the option', async () => {
    for (const credentials of [kms.credentials, { accessKeyId: 'test', secretAccessKey: 'test' }]) {
      const client = sdk(credentials)
      const { CiphertextBlob } = await client.send(
        new GenerateDataKeyCommand({ KeyId: 'alias/patients', KeySpec: 'AES_256' }),
      )
      await client.send(new DecryptCommand({ CiphertextBlob }))
      expect(kms.calls.at(-1)?.principal).toBe('arn:aws:iam::111122223333:root')
      client.destroy()
    }
  })

  test('the SDK with a wrong secret, or an unknown access key, is refused', async () => {
    const before = kms.callCount()
    const wrong = sdk({ ...kms.credentials, secretAccessKey: 'wrong' })
    await expect(wrong.send(new ListKeysCommand({}))).rejects.toMatchObject({
      name: 'InvalidSignatureException',
      message: mismatch,
      $metadata: { httpStatusCode: 400 },
    })
    const stranger = sdk({ accessKeyId: 'AKIASTRANGER', secretAccessKey: kms.credentials.secretAccessKey })
    await expect(stranger.send(new ListKeysCommand({}))).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
      message: unknown,
      $metadata: { httpStatusCode: 400 },
    })
    expect(kms.callCount()).toBe(before)
    wrong.destroy()
    stranger.destroy()
  })

  test('every principal has its own constant secret', async () => {
    const one = kms.clientOptionsFor({ principal: 'arn:aws:iam::111122223333:role/one' }).credentials
    const two = kms.clientOptionsFor({ principal: 'arn:aws:iam::111122223333:role/two' }).credentials
    expect(kms.clientOptionsFor({ principal: 'arn:aws:iam::111122223333:role/one' }).credentials).toEqual(one)
    expect(new Set([one.accessKeyId, two.accessKeyId, kms.credentials.accessKeyId]).size).toBe(3)
    expect(new Set([one.secretAccessKey, two.secretAccessKey, kms.credentials.secretAccessKey]).size).toBe(3)
    const mixed = sdk({ ...one, secretAccessKey: two.secretAccessKey })
    await expect(mixed.send(new ListKeysCommand({}))).rejects.toMatchObject({
      name: 'InvalidSignatureException',
    })
    mixed.destroy()
  })

  test('an access key with a principal calls as that principal, and only with its session token', async () => {
    const { credentials } = kms.clientOptionsFor({
      principal: 'arn:aws:sts::111122223333:assumed-role/intake/1',
    })
    expect(credentials).toEqual({
      accessKeyId: 'ASIATEMPORARY',
      secretAccessKey: 'temporary secret',
      sessionToken: 'session token',
    })
    const client = sdk(credentials)
    await expect(client.send(new ListKeysCommand({}))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(
        'User: arn:aws:sts::111122223333:assumed-role/intake/1 is not authorized',
      ),
    })
    client.destroy()
    const temporary = { accessKeyId: 'ASIATEMPORARY', secretAccessKey: 'temporary secret' }
    for (const signing of [
      temporary,
      { ...temporary, sessionToken: 'another' },
      { ...kms.credentials, sessionToken: 'session token' },
    ]) {
      expect(error(await call(kms, 'ListKeys', '{}', signing))).toEqual({
        status: 400,
        __type: 'UnrecognizedClientException',
        message: unknown,
      })
    }
  })

  const at = Date.UTC(2026, 0, 30, 12)
  test.each<[string, string, Partial<Signing>, string, string]>([
    ['another secret', '{}', { secretAccessKey: 'x' }, 'InvalidSignatureException', mismatch],
    [
      'a date of long ago',
      '{}',
      { at },
      'InvalidSignatureException',
      'Signature expired: 20260130T120000Z is now',
    ],
    [
      'an unsigned host',
      '{}',
      { unsigned: ['host'] },
      'InvalidSignatureException',
      "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    ],
    [
      'an unsigned target',
      '{}',
      { unsigned: ['x-amz-target'] },
      'InvalidSignatureException',
      "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.",
    ],
    [
      'an unsigned date',
      '{}',
      { unsigned: ['x-amz-date'] },
      'InvalidSignatureException',
      "'x-amz-date' must be a 'SignedHeader' in the AWS Authorization.",
    ],
    [
      'another service',
      '{}',
      { service: 's3' },
      'InvalidSignatureException',
      "Credential should be scoped to correct service: 'kms'. ",
    ],
    [
      'what is not the name of a Region',
      '{}',
      { region: 'Europe' },
      'InvalidSignatureException',
      "Credential should be scoped to a valid region, not 'Europe'. ",
    ],
    [
      'another terminator',
      '{}',
      { terminator: 'aws5_request' },
      'InvalidSignatureException',
      "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. ",
    ],
    [
      'another algorithm',
      '{}',
      { algorithm: 'AWS4-ECDSA-P256-SHA256' },
      'IncompleteSignatureException',
      "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256' (only AWS4-HMAC-SHA256 for now). ",
    ],
    [
      'a credential of six parts',
      '{}',
      { region: 'eu-west-1/x' },
      'IncompleteSignatureException',
      'Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got ',
    ],
  ])('a request signed with %s is refused', async (_what, body, signing, type, message) => {
    const response = error(await call(kms, 'ListKeys', body, signing))
    expect(response).toEqual({ status: 400, __type: type, message: expect.stringContaining(message) })
  })

  test('clocks may differ by five minutes and no more', async () => {
    for (const [difference, status, message] of [
      [-4.9 * minute, 200],
      [4.9 * minute, 200],
      [
        -5.1 * minute,
        400,
        /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)$/,
      ],
      [
        5.1 * minute,
        400,
        /^Signature not yet current: \d{8}T\d{6}Z is still later than \d{8}T\d{6}Z \(\d{8}T\d{6}Z \+ 5 min\.\)$/,
      ],
    ] as const) {
      const response = error(await call(kms, 'ListKeys', '{}', { at: Date.now() + difference }))
      expect(response.status).toBe(status)
      if (status === 400) expect(response.message).toMatch(message)
    }
  })

  test('a client whose clock is wrong learns the time from the refusal, as the SDK does', async () => {
    const client = new KMSClient({ ...kms.clientOptions, systemClockOffset: -10 * minute })
    await client.send(new ListKeysCommand({}))
    client.destroy()
  })

  const spoilt: readonly (readonly [string, (headers: Record<string, string>) => void, string, string?])[] = [
    ['a body that was changed', () => {}, 'InvalidSignatureException', '{ }'],
    [
      'an operation that was changed',
      (headers) => {
        headers['x-amz-target'] = 'TrentService.ListAliases'
      },
      'InvalidSignatureException',
    ],
    [
      'a signed header that was changed',
      (headers) => {
        headers['content-type'] = 'application/json'
      },
      'InvalidSignatureException',
    ],
    [
      'a signed header that was taken away',
      (headers) => {
        delete headers['content-type']
      },
      'InvalidSignatureException',
    ],
    [
      'a header for AWS that was added',
      (headers) => {
        headers['x-amz-more'] = '1'
      },
      'InvalidSignatureException',
    ],
    [
      'another host than the one signed for',
      (headers) => {
        headers.host = 'localhost:1'
      },
      'InvalidSignatureException',
    ],
    [
      'another Region than the one signed for',
      (headers) => {
        headers.authorization = headers.authorization?.replace('eu-west-1', 'eu-west-2') ?? ''
      },
      'InvalidSignatureException',
    ],
    [
      'a later date than the one signed for',
      (headers) => {
        headers['x-amz-date'] = `${headers['x-amz-date']?.slice(0, -3)}59Z`.replace(/5959Z$/, '5958Z')
      },
      'InvalidSignatureException',
    ],
    [
      'a signature in capitals',
      (headers) => {
        headers.authorization = headers.authorization?.replace(/[0-9a-f]+$/, (hex) => hex.toUpperCase()) ?? ''
      },
      'InvalidSignatureException',
    ],
    [
      'a signature that is cut short',
      (headers) => {
        headers.authorization = headers.authorization?.slice(0, -1) ?? ''
      },
      'InvalidSignatureException',
    ],
  ]
  test.each(spoilt)('%s is refused', async (_what, spoil, type, body = '{}') => {
    const headers = sign(kmsHeaders(kms, 'ListKeys'), '{}', { ...usualSigning(kms), region: 'eu-west-1' })
    spoil(headers)
    const response = error(await send(kms.endpoint, headers, body))
    expect([response.status, response.__type]).toEqual([400, type])
  })

  test('header values are compared as SigV4 writes them: trimmed, spaces collapsed, lines joined, byte by byte', async () => {
    const headers = kmsHeaders(kms, 'ListKeys')
    const spaced = sign({ ...headers, 'x-amz-note': '  two   words é ' }, '{}', usualSigning(kms))
    expect((await send(kms.endpoint, spaced, '{}')).status).toBe(200)
    const joined = sign({ ...headers, 'x-amz-note': 'one,two' }, '{}', usualSigning(kms))
    expect((await send(kms.endpoint, { ...joined, 'x-amz-note': ['one', 'two'] }, '{}')).status).toBe(200)
  })

  test.each<[string, Record<string, string | undefined>, string, string]>([
    [
      'none',
      { authorization: undefined },
      'MissingAuthenticationTokenException',
      'Missing Authentication Token',
    ],
    [
      'another scheme',
      { authorization: 'Basic eA==' },
      'MissingAuthenticationTokenException',
      'Missing Authentication Token',
    ],
    [
      'half of it',
      { authorization: 'AWS4-HMAC-SHA256 Signature=00' },
      'IncompleteSignatureException',
      "Authorization header requires 'Credential' parameter. Authorization header requires 'SignedHeaders' parameter. " +
        'Authorization=AWS4-HMAC-SHA256',
    ],
    [
      'no date',
      { 'x-amz-date': undefined },
      'IncompleteSignatureException',
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256",
    ],
    [
      'a date in words',
      { 'x-amz-date': 'yesterday' },
      'IncompleteSignatureException',
      "Date must be in ISO-8601 'basic format'. Got 'yesterday'. See http://en.wikipedia.org/wiki/ISO_8601",
    ],
    [
      'a date with something before it',
      { 'x-amz-date': 'x20260130T120000Z' },
      'IncompleteSignatureException',
      "Date must be in ISO-8601 'basic format'. Got 'x20260130T120000Z'. See http://en.wikipedia.org/wiki/ISO_8601",
    ],
    [
      'a date with something behind it',
      { 'x-amz-date': '20260130T120000Zx' },
      'IncompleteSignatureException',
      "Date must be in ISO-8601 'basic format'. Got '20260130T120000Zx'. See http://en.wikipedia.org/wiki/ISO_8601",
    ],
    [
      'a date of no day',
      { 'x-amz-date': '20260231T250000Z' },
      'IncompleteSignatureException',
      "Date must be in ISO-8601 'basic format'. Got '20260231T250000Z'. See http://en.wikipedia.org/wiki/ISO_8601",
    ],
    [
      'a part without a value',
      { authorization: 'AWS4-HMAC-SHA256 Credential, Signature=00' },
      'IncompleteSignatureException',
      "'Credential' not a valid key=value pair (missing equal-sign) in Authorization header.",
    ],
  ])('a request with %s for a signature is refused', async (_what, changed, type, message) => {
    const headers = sign(kmsHeaders(kms, 'ListKeys'), '{}', usualSigning(kms))
    const response = error(await send(kms.endpoint, { ...headers, ...changed }, '{}'))
    expect(response).toEqual({ status: 400, __type: type, message })
  })

  test('the day of the scope is the day of the request', async () => {
    const headers = sign(kmsHeaders(kms, 'ListKeys'), '{}', usualSigning(kms))
    const day = headers['x-amz-date']?.slice(0, 8) ?? ''
    const authorization = headers.authorization?.replace(`/${day}/`, '/20260101/')
    const response = error(await send(kms.endpoint, { ...headers, authorization }, '{}'))
    expect(response).toMatchObject({
      __type: 'InvalidSignatureException',
      message: `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260101' != '${day}', from '${headers['x-amz-date']}'. `,
    })
  })

  test('a `Date` header in basic format replaces `X-Amz-Date`', async () => {
    const { 'x-amz-date': date, ...headers } = sign(kmsHeaders(kms, 'ListKeys'), '{}', {
      ...usualSigning(kms),
      unsigned: ['x-amz-date'],
    })
    expect((await send(kms.endpoint, { ...headers, date }, '{}')).status).toBe(200)
  })

  test('the Region is the one that a request is signed for', async () => {
    const response = await call(kms, 'ListKeys', '{}', { region: 'ap-south-1' })
    expect(JSON.parse(response.body).Keys).toEqual([])
    expect(kms.calls.at(-1)?.region).toBe('ap-south-1')
  })

  test('the option now does not make signatures stale', async () => {
    await using stepped = await startLocalKms({ now: () => Date.UTC(2040, 0, 1) })
    expect((await call(stepped, 'ListKeys', '{}')).status).toBe(200)
  })
})

describe('signatures that are not verified', () => {
  const dummy = (accessKeyId: string, service = 'kms') =>
    `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20260101/eu-west-1/${service}/aws4_request, SignedHeaders=host, Signature=00`

  test('any signature passes, and an unknown access key is the root of the account', async () => {
    await using kms = await startLocalKms({
      verifySignatures: false,
      credentials: [
        { accessKeyId: 'ROLE', secretAccessKey: 'x', principal: 'arn:aws:iam::111122223333:role/one' },
      ],
    })
    const send1 = async (authorization: string | undefined) =>
      error(await send(kms.endpoint, { ...kmsHeaders(kms, 'ListKeys'), authorization }, '{}'))
    expect((await send1(dummy('ANYBODY'))).status).toBe(200)
    expect(kms.calls.at(-1)).toMatchObject({
      principal: 'arn:aws:iam::111122223333:root',
      region: 'eu-west-1',
    })
    expect((await send1(dummy('ROLE'))).__type).toBe('AccessDeniedException')
    // The Region must be known, so there must be a signature, and it must be for KMS.
    expect((await send1(undefined)).__type).toBe('MissingAuthenticationTokenException')
    expect((await send1('AWS4-HMAC-SHA256 Signature=00')).__type).toBe('IncompleteSignatureException')
    expect((await send1(dummy('ANYBODY', 's3'))).__type).toBe('InvalidSignatureException')
  })
})
