import { KMSClient, ListKeysCommand } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type LocalKms, startLocalKms } from '../src/index.ts'
import { call, kmsHeaders, send, sign, usualSigning, type WireResponse } from './support/signed-request.ts'

describe('the wire', () => {
  let kms: LocalKms
  let named: LocalKms
  beforeAll(async () => {
    kms = await startLocalKms({ keys: ['alias/patients'] })
    named = await startLocalKms({ allowedHosts: ['kms.example.com'] })
  })
  afterAll(async () => {
    await kms.close()
    await named.close()
  })

  const post = (operation: string, body: string | Buffer): Promise<WireResponse> => call(kms, operation, body)
  const type = ({ body }: WireResponse): string => JSON.parse(body).__type

  test('a response has its content type and its request id', async () => {
    const response = await post('ListKeys', '{}')
    expect(response.status).toBe(200)
    expect(response.headers['content-type']).toBe('application/x-amz-json-1.1')
    expect(response.headers['x-amzn-requestid']).toBe(kms.calls.at(-1)?.requestId)
    expect(JSON.parse(response.body)).toEqual({
      Keys: [{ KeyId: kms.keys[0]?.keyId, KeyArn: kms.keys[0]?.arn }],
      Truncated: false,
    })
  })

  test('operations without a response have no body', async () => {
    const { keyId } = await kms.createKey()
    expect(await post('DisableKey', JSON.stringify({ KeyId: keyId }))).toMatchObject({
      status: 200,
      body: '',
    })
  })

  test('dates are seconds, bytes are base64', async () => {
    const { keyId } = await kms.createKey()
    const { KeyMetadata } = JSON.parse((await post('DescribeKey', JSON.stringify({ KeyId: keyId }))).body)
    expect(Math.abs(KeyMetadata.CreationDate - Date.now() / 1000)).toBeLessThan(3600)
    const { Plaintext } = JSON.parse((await post('GenerateRandom', '{"NumberOfBytes":3}')).body)
    expect(Plaintext).toMatch(/^[A-Za-z0-9+/]{4}$/)
  })

  test.each([
    'GetParametersForImport',
    'CreateCustomKeyStore',
    'Nonsense',
    '__proto__',
    'constructor',
    'toString',
  ])('the operation %s is unknown', async (operation) => {
    const response = await post(operation, '{}')
    expect([response.status, type(response)]).toEqual([400, 'UnknownOperationException'])
  })

  test('a request that is not a call of KMS is answered before its signature is checked', async () => {
    const headers = kmsHeaders(kms, 'ListKeys')
    for (const response of [
      await send(kms.endpoint, { ...headers, 'x-amz-target': undefined }, '{}'),
      await send(kms.endpoint, { ...headers, 'x-amz-target': 'DynamoDB_20120810.GetItem' }, '{}'),
      await send(kms.endpoint, headers, '', 'GET'),
      await send(kms.endpoint, headers, '', 'GET', '/ping/'),
      await send(kms.endpoint, headers, '{}', 'POST', '/kms'),
      await send(kms.endpoint, headers, '{}', 'POST', '/?x=1'),
    ]) {
      expect([response.status, type(response)]).toEqual([404, 'UnknownOperationException'])
    }
  })

  test('GET /ping answers healthy', async () => {
    expect(await send(kms.endpoint, {}, '', 'GET', '/ping')).toMatchObject({ status: 200, body: 'healthy' })
  })

  test.each([
    ['localhost:1'],
    ['127.0.0.1'],
    ['[::1]:8080'],
    ['10.1.2.3:8080'],
    ['local-kms:8080'],
    ['host.docker.internal:8080'],
    ['kms.test'],
    ['KMS.Example.com:443'],
  ])('a request to %s is served: no public domain, or one that is allowed', async (host) => {
    expect((await send(named.endpoint, { host }, '', 'GET', '/ping')).status).toBe(200)
  })

  test.each([
    ['evil.example'],
    ['evil.example:8080'],
    ['kms.example.com.evil.example'],
    ['localhost.evil.example'],
    ['127.0.0.1.evil.example'],
    ['test.com'],
    ['example.com'],
    ['evil.example:80x'],
    ['evil.example:8080:'],
    ['evil[::1].example'],
    ['[::1]x.example'],
    ['evil.exampletest'],
    ['kms.test.'],
  ])('a request to %s is refused: a page of that domain may have sent it', async (host) => {
    for (const response of [
      await send(named.endpoint, { host }, '', 'GET', '/ping'),
      await send(
        named.endpoint,
        sign({ ...kmsHeaders(named, 'ListKeys'), host }, '{}', usualSigning(named)),
        '{}',
      ),
    ]) {
      expect([response.status, type(response)]).toEqual([421, 'MisdirectedRequestException'])
      expect(JSON.parse(response.body).message).toContain('allowedHosts')
    }
    expect(named.callCount()).toBe(0)
  })

  test.each([
    ['evil.example:8080', 'evil.example'],
    ['Evil.Example', 'evil.example'],
    ['evil.example:80x', 'evil.example:80x'],
    ['[evil.example]', 'evil.example'],
    ['x[evil.example]', 'x[evil.example]'],
    ['[evil.example]x', '[evil.example]x'],
  ])('the refusal of %s names %s', async (host, name) => {
    const { body } = await send(named.endpoint, { host }, '', 'GET', '/ping')
    expect(JSON.parse(body).message).toBe(
      `The local KMS is not called ${name}. Allow the name with allowedHosts or --allow-host.`,
    )
  })

  test.each(['', '{', 'null', '[]', '"x"', '1', '\u0000'])('the body %p is refused', async (body) => {
    const response = await post('ListKeys', body)
    expect([response.status, type(response)]).toEqual([400, 'SerializationException'])
  })

  test.each([
    ['Encrypt', { KeyId: 1, Plaintext: 'eA==' }, 'NUMBER_VALUE can not be converted to a String'],
    ['Encrypt', { KeyId: 'x', Plaintext: 1 }, 'NUMBER_VALUE can not be converted to a Blob'],
    ['Encrypt', { KeyId: 'x', Plaintext: 'not base64!' }, 'STRING_VALUE can not be converted to a Blob'],
    [
      'Encrypt',
      { KeyId: 'x', Plaintext: 'eA==', DryRun: 'yes' },
      'STRING_VALUE can not be converted to a Boolean',
    ],
    ['Encrypt', { KeyId: 'x', EncryptionContext: { a: 1 } }, 'NUMBER_VALUE can not be converted to a String'],
    ['ListKeys', { Limit: '1' }, 'STRING_VALUE can not be converted to an Integer'],
    ['Encrypt', { KeyId: true }, 'TRUE_VALUE can not be converted to a String'],
    ['Encrypt', { KeyId: ['x'] }, 'Start of list found where not expected'],
    ['Encrypt', { KeyId: 'x', EncryptionContext: [] }, 'Start of list found where not expected'],
    ['CreateGrant', { KeyId: 'x', Constraints: [] }, 'Start of list found where not expected'],
    ['CreateKey', { Tags: ['x'] }, 'STRING_VALUE can not be converted to a Structure'],
    ['CreateKey', { KeySpec: 256 }, 'NUMBER_VALUE can not be converted to a String'],
    ['TagResource', { KeyId: 'x', Tags: {} }, 'Start of structure or map found where not expected.'],
  ])('%s refuses a member of the wrong type', async (operation, body, message) => {
    const response = await post(operation, JSON.stringify(body))
    expect(JSON.parse(response.body)).toEqual({ __type: 'SerializationException', message })
  })

  test('every violation is named at once', async () => {
    const response = await post('Encrypt', JSON.stringify({ KeyId: '' }))
    expect(JSON.parse(response.body).message).toBe(
      "2 validation errors detected: Value '' at 'keyId' failed to satisfy constraint: Member must have length " +
        "greater than or equal to 1; Value null at 'plaintext' failed to satisfy constraint: Member must not be null",
    )
  })

  test('members are read from the body itself, not from its prototype', async () => {
    const response = await post('DescribeKey', '{"__proto__":{"KeyId":"alias/patients"}}')
    expect(type(response)).toBe('ValidationException')
    const context = await post(
      'Encrypt',
      '{"KeyId":"alias/patients","Plaintext":"eA==","EncryptionContext":{"__proto__":"x"}}',
    )
    expect(context.status).toBe(200)
    expect(Object.keys(kms.calls.at(-1)?.encryptionContext ?? {})).toEqual(['__proto__'])
  })

  test('a body over a mebibyte is refused', async () => {
    const response = await post('ListKeys', Buffer.alloc(1024 * 1024 + 1, ' ')).catch(() => undefined)
    // The server may close before all of it is written, which some systems report as a reset.
    if (response !== undefined)
      expect([response.status, type(response)]).toEqual([413, 'RequestEntityTooLargeException'])
    expect((await post('ListKeys', '{}')).status).toBe(200)
  })

  test('lists are paged', async () => {
    const client = new KMSClient(kms.clientOptionsFor({ region: 'eu-north-1' }))
    const made: string[] = []
    for (let count = 0; count < 5; count++) made.push((await kms.createKey({ region: 'eu-north-1' })).keyId)
    const pages: (string | undefined)[][] = []
    let Marker: string | undefined
    do {
      const page = await client.send(new ListKeysCommand({ Limit: 2, Marker }))
      pages.push((page.Keys ?? []).map(({ KeyId }) => KeyId))
      expect(page.Truncated).toBe(page.NextMarker !== undefined)
      Marker = page.NextMarker
    } while (Marker !== undefined)
    expect(pages.map(({ length }) => length)).toEqual([2, 2, 1])
    expect(pages.flat()).toEqual(made)
    await expect(client.send(new ListKeysCommand({ Marker: 'nonsense' }))).rejects.toMatchObject({
      name: 'InvalidMarkerException',
    })
    client.destroy()
  })
})
