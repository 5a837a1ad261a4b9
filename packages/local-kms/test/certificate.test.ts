import { X509Certificate } from 'node:crypto'
import { request } from 'node:https'
import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createCertificates } from '../src/certificate.ts'
import { type LocalKms, startLocalKms } from '../src/index.ts'

describe('the certificates', () => {
  const now = Date.UTC(2026, 5, 1)
  const { ca, server } = createCertificates(['localhost', '127.0.0.1', '::1', 'kms.test', 'fe80::1:2'], now)
  const root = new X509Certificate(ca)
  const leaf = new X509Certificate(server.cert)

  test('the CA signs itself and the server', () => {
    expect(root.ca).toBe(true)
    expect(root.checkIssued(root)).toBe(true)
    expect(root.verify(root.publicKey)).toBe(true)
    expect(leaf.ca).toBe(false)
    expect(leaf.checkIssued(root)).toBe(true)
    expect(leaf.verify(root.publicKey)).toBe(true)
    expect(root.verify(leaf.publicKey)).toBe(false)
  })

  test('the certificate names the server by host and by address', () => {
    for (const host of ['localhost', 'kms.test']) expect(leaf.checkHost(host)).toBe(host)
    expect(leaf.checkHost('example.com')).toBeUndefined()
    for (const address of ['127.0.0.1', '::1', 'fe80::1:2']) expect(leaf.checkIP(address)).toBe(address)
    expect(leaf.checkIP('127.0.0.2')).toBeUndefined()
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
  })

  test('their usages are critical: a client that does not know the extension must refuse them', () => {
    const has = (certificate: X509Certificate, hex: string) =>
      certificate.raw.toString('hex').includes(hex.replaceAll(' ', ''))
    // basicConstraints: a CA with no CA below it, and no CA.
    expect(has(root, '0603 551d13 0101ff 0408 3006 0101ff 020100')).toBe(true)
    expect(has(leaf, '0603 551d13 0101ff 0402 3000')).toBe(true)
    // keyUsage: keyCertSign, and digitalSignature.
    expect(has(root, '0603 551d0f 0101ff 0404 03020204')).toBe(true)
    expect(has(leaf, '0603 551d0f 0101ff 0404 03020780')).toBe(true)
    // The others are not: subject and authority key, extended key usage, names.
    for (const id of ['0e', '23', '25', '11']) expect(has(leaf, `0603 551d${id} 04`)).toBe(true)
    const [, key] = /551d0e04160414(.{40})/.exec(root.raw.toString('hex')) ?? []
    expect(has(leaf, `551d23 0418 3016 8014 ${key}`)).toBe(true)
    expect(root.subject).toBe('CN=Local KMS CA')
    expect([leaf.subject, leaf.issuer]).toEqual(['CN=Local KMS server', 'CN=Local KMS CA'])
    for (const { raw } of [root, leaf]) expect(raw.toString('hex')).toMatch(/^3082.{4}3082.{4}a003020102/)
  })

  test('they are valid for about a year from an hour ago', () => {
    expect(new Date(leaf.validFrom).getTime()).toBe(now - 3_600_000)
    expect(new Date(leaf.validTo).getTime()).toBe(now + 397 * 86_400_000)
  })

  test('each has its own serial number and key', () => {
    const other = new X509Certificate(createCertificates(['localhost'], now).server.cert)
    expect(leaf.serialNumber).toMatch(/^01[0-9A-F]{30}$/)
    expect(other.serialNumber).not.toBe(leaf.serialNumber)
    expect(other.verify(root.publicKey)).toBe(false)
  })
})

describe('https', () => {
  let kms: LocalKms
  beforeAll(async () => {
    kms = await startLocalKms({ https: true, keys: ['alias/patients'] })
  })
  afterAll(() => kms.close())

  const get = (host: string, options: object): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const { port } = new URL(kms.endpoint)
      request({ host, port, method: 'GET', agent: false, ...options }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
        .once('error', reject)
        .end()
    })

  test('a client that trusts the CA connects, by address and by name', async () => {
    expect(kms.endpoint).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    expect(await get('127.0.0.1', { ca: kms.ca })).toBe(404)
    expect(await get('127.0.0.1', { ca: kms.ca, servername: 'localhost' })).toBe(404)
  })

  test('a client that does not trust the CA is refused', async () => {
    await expect(get('127.0.0.1', {})).rejects.toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
    const { ca } = createCertificates(['127.0.0.1'])
    await expect(get('127.0.0.1', { ca })).rejects.toHaveProperty('code')
    await expect(get('127.0.0.1', { ca: kms.ca, servername: 'example.com' })).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
  })

  test('the SDK needs nothing but `clientOptions`', async () => {
    const client = new KMSClient(kms.clientOptions)
    const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: 'alias/patients' }))
    expect(KeyMetadata?.Arn).toBe(kms.keys[0]?.arn)
    client.destroy()
  })
})
