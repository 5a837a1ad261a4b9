import type { RequireTlsOptions } from '@glassine/middy'
import { sampleEvent } from '@glassine/testing'
import { describe, expect, jest, test } from '@jest/globals'
import { majors, outcomeOf } from './support/outcome.ts'

const refusedOrigin = 'ERR_ORIGIN_REFUSED'
const refusedCert = 'ERR_CLIENT_CERT_REFUSED'

describe.each(majors)('Middy %s', (_, middy) => {
  const outcome = (event: unknown, options?: RequireTlsOptions) => outcomeOf(event, options, middy)

  describe('the origin gate', () => {
    const origins = ['https://app.example.com', 'https://b.example.com:8443', 'https://*.example.org']
    const from = (headers: Record<string, string | readonly string[]>, method = 'POST') =>
      sampleEvent('http-api', { method, headers })

    test.each([
      ['https://app.example.com', 'https'],
      ['HTTPS://App.Example.COM', 'https'],
      ['https://b.example.com:8443', 'https'],
      ['https://a.example.org', 'https'],
      ['null', refusedOrigin],
      ['', refusedOrigin],
      ['*', refusedOrigin],
      ['http://app.example.com', refusedOrigin],
      ['https://app.example.com/', refusedOrigin],
      ['https://app.example.com:443', refusedOrigin],
      ['https://app.example.com:8443', refusedOrigin],
      ['https://b.example.com', refusedOrigin],
      ['https://app.example.com.', refusedOrigin],
      [' https://app.example.com', refusedOrigin],
      ['https://app.example.com.evil.test', refusedOrigin],
      ['https://app.example.com@evil.test', refusedOrigin],
      ['https://evil-app.example.com', refusedOrigin],
      ['https://example.org', refusedOrigin],
      ['https://.example.org', refusedOrigin],
      ['https://a.b.example.org', refusedOrigin],
      ['https://a.example.org:8443', refusedOrigin],
      ['https://evilexample.org', refusedOrigin],
      ['https://a.example.org.evil.test', refusedOrigin],
      ['https://evil.test/.example.org', refusedOrigin],
      ['https://evil.test?.example.org', refusedOrigin],
      ['https://app.example.com, https://evil.test', refusedOrigin],
    ] as const)('Origin: %p is %s, for every method', async (origin, expected) => {
      for (const method of ['POST', 'GET'])
        expect(await outcome(from({ origin }, method), { origins })).toBe(expected)
    })

    test('accepts a wildcard with a port', async () => {
      const options = { origins: ['https://*.example.org:8443'] }
      expect(await outcome(from({ origin: 'https://a.example.org:8443' }), options)).toBe('https')
      expect(await outcome(from({ origin: 'https://a.example.org' }), options)).toBe(refusedOrigin)
    })

    test('refuses two Origin headers', async () => {
      const event = sampleEvent('rest', {
        headers: { origin: ['https://evil.test', 'https://app.example.com'] },
      })
      expect(await outcome(event, { origins })).toBe(refusedOrigin)
    })

    test.each([
      [{ referer: 'https://app.example.com/page?x=1' }, 'https'],
      [{ referer: 'https://a.example.org/' }, 'https'],
      [{ referer: 'https://evil.test/https://app.example.com' }, refusedOrigin],
      [{ referer: 'http://app.example.com/page' }, refusedOrigin],
      [{ referer: 'https://app.example.com@evil.test/' }, refusedOrigin],
      [{ referer: 'no url' }, refusedOrigin],
      [{ 'sec-fetch-site': 'same-origin' }, 'https'],
      [{ 'sec-fetch-site': 'same-site' }, refusedOrigin],
      [{ 'sec-fetch-site': 'cross-site' }, refusedOrigin],
      [{ 'sec-fetch-site': 'none' }, refusedOrigin],
      [{ 'sec-fetch-site': 'same-origin, cross-site' }, refusedOrigin],
      // The first that is there decides.
      [{ referer: 'https://evil.test/', 'sec-fetch-site': 'same-origin' }, refusedOrigin],
      [{ origin: 'null', referer: 'https://app.example.com/' }, refusedOrigin],
    ] as const)('an unsafe method with %j is %s', async (headers, expected) => {
      expect(await outcome(from(headers), { origins })).toBe(expected)
      // What is there and wrong stays wrong: the option is about callers that send nothing.
      expect(await outcome(from(headers), { origins, missingOrigin: 'allow' })).toBe(expected)
    })

    test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'X-OWN'])('%s without any', async (method) => {
      expect(await outcome(from({}, method), { origins })).toBe(refusedOrigin)
      expect(await outcome(from({}, method), { origins, missingOrigin: 'allow' })).toBe('https')
    })

    test.each(['GET', 'HEAD', 'OPTIONS'])('%s without any', async (method) => {
      expect(await outcome(from({}, method), { origins })).toBe('https')
    })

    test.each(['rest', 'http-api', 'function-url', 'alb', 'lattice'] as const)('of %s', async (source) => {
      const options: RequireTlsOptions = { origins, listener: 'https' }
      const event = (origin?: string) => sampleEvent(source, { method: 'POST', origin })
      expect(await outcome(event('https://app.example.com'), options)).toBe('https')
      expect(await outcome(event('https://evil.test'), options)).toBe(refusedOrigin)
      expect(await outcome(event(), options)).toBe(refusedOrigin)
    })

    test('of a WebSocket, whose handshake no browser subjects to CORS', async () => {
      const event = (origin?: string) => sampleEvent('websocket', { eventType: 'CONNECT', origin })
      expect(await outcome(event('https://app.example.com'), { origins })).toBe('https')
      expect(await outcome(event('https://evil.test'), { origins })).toBe(refusedOrigin)
      expect(await outcome(event(), { origins })).toBe(refusedOrigin)
    })

    test('checks nothing without origins', async () => {
      expect(await outcome(from({ origin: 'null' }))).toBe('https')
    })
  })

  describe('mutual TLS', () => {
    const clientCert = { clientCertPem: 'pem', subjectDN: 'CN=a', issuerDN: 'CN=ca', serialNumber: '1' }
    const rest = (cert?: object) => {
      const event = sampleEvent('rest', { headers: { 'x-amzn-mtls-clientcert-subject': 'CN=forged' } })
      const { requestContext } = event
      const identity = { ...requestContext.identity, clientCert: cert ?? null }
      return { ...event, requestContext: { ...requestContext, identity } }
    }
    const httpApi = (cert?: object) => {
      const event = sampleEvent('http-api')
      return { ...event, requestContext: { ...event.requestContext, authentication: { clientCert: cert } } }
    }

    test.each([
      ['REST API', rest],
      ['HTTP API', httpApi],
    ])('%s', async (_, make) => {
      const check = jest.fn(({ subject }: { subject?: string }) => subject === 'CN=a')
      expect(await outcome(make(), { clientCert: 'ignore' })).toBe('https')
      expect(await outcome(make(), { clientCert: 'require' })).toBe(refusedCert)
      expect(await outcome(make(), { clientCert: check })).toBe(refusedCert)
      expect(check).not.toHaveBeenCalled()
      expect(await outcome(make(clientCert), { clientCert: 'require' })).toBe('https')
      expect(await outcome(make(clientCert), { clientCert: check })).toBe('https')
      expect(check).toHaveBeenCalledWith(
        expect.objectContaining({ isVerified: true, pem: 'pem', issuer: 'CN=ca', serialNumber: '1' }),
      )
      expect(await outcome(make({ ...clientCert, subjectDN: 'CN=b' }), { clientCert: check })).toBe(
        refusedCert,
      )
    })

    test('only true allows a request, and a check that throws does not', async () => {
      const promised = (async () => true) as unknown as () => boolean
      expect(await outcome(rest(clientCert), { clientCert: promised })).toBe(refusedCert)
      const fails = () => {
        throw Object.assign(new Error('no'), { code: 'ERR_OWN' })
      }
      expect(await outcome(rest(clientCert), { clientCert: fails })).toBe('ERR_OWN')
    })

    test.each(['lattice', 'function-url', 'websocket'] as const)(
      '%s has no certificate to show, whatever its headers say',
      async (source) => {
        const headers = { 'X-Amzn-Mtls-Clientcert-Subject': 'CN=a', 'X-Amzn-Mtls-Clientcert': 'pem' }
        const event = sampleEvent(source, {
          headers,
          ...(source === 'websocket' && { eventType: 'CONNECT' }),
        })
        expect(await outcome(event, { listener: 'https' })).toBe('https')
        for (const mode of ['verify', 'passthrough'] as const) {
          const options = { listener: 'https', clientCert: () => true, alb: { clientCert: mode } } as const
          expect(await outcome(event, options)).toBe(refusedCert)
        }
      },
    )

    test('a certificate with wrong percent-encoding counts as absent', async () => {
      const event = sampleEvent('alb', { headers: { 'X-Amzn-Mtls-Clientcert': 'a%zzpem' } })
      const options = { clientCert: () => true, alb: { clientCert: 'passthrough' } } as const
      expect(await outcome(event, options)).toBe(refusedCert)
    })

    const verified = sampleEvent('alb', { headers: { 'X-Amzn-Mtls-Clientcert-Subject': 'CN=a' } })
    const passed = sampleEvent('alb', { headers: { 'X-Amzn-Mtls-Clientcert': 'a%20pem' } })
    const check = ({ isVerified, subject, pem }: { isVerified: boolean; subject?: string; pem?: string }) =>
      isVerified ? subject === 'CN=a' : pem === 'a pem'
    test.each([
      ['verified, undeclared', verified, { clientCert: 'require' }, refusedCert],
      ['verified', verified, { clientCert: 'require', alb: { clientCert: 'verify' } }, 'https'],
      ['verified, with a check', verified, { clientCert: check, alb: { clientCert: 'verify' } }, 'https'],
      ['passed through, undeclared', passed, { clientCert: check }, refusedCert],
      ['passed through', passed, { clientCert: check, alb: { clientCert: 'passthrough' } }, 'https'],
      // A client could write the headers of the other mode itself.
      ['the other mode', passed, { clientCert: 'require', alb: { clientCert: 'verify' } }, refusedCert],
      ['the other mode', verified, { clientCert: check, alb: { clientCert: 'passthrough' } }, refusedCert],
    ] as const)('ALB: %s', async (_, event, options, expected) => {
      expect(await outcome(event, options as RequireTlsOptions)).toBe(expected)
    })
  })
})
