/** What a request that `requireTls` refuses tells: the caller a code, the operator what was wrong, and no header. */
import { type Refusal, type RequireTlsOptions, requireTls } from '@glassine/middy'
import { sampleContext, sampleEvent } from '@glassine/testing'
import { expect, test } from '@jest/globals'
import middy from '@middy/core'
import { edgeEvent } from './support/edge-event.ts'

const origins = ['https://app.example.com']
const secret = 'sixteen-letters-and-more'
const cloudFront = { secretHeader: 'x-secret', secret }
const rest = (headers: Record<string, string | undefined> = {}) =>
  sampleEvent('rest', { headers, method: 'POST' })
const withoutProto = { 'x-forwarded-proto': undefined }
const notAllowed = 'ERR_ORIGIN_REFUSED'

const refusals: [what: string, event: unknown, options: RequireTlsOptions, reason: string, code?: string][] =
  [
    ['plain http', sampleEvent('rest', { proto: 'http' }), {}, 'the request came over plain http'],
    [
      'a load balancer that does not say',
      sampleEvent('alb', { headers: withoutProto }),
      {},
      'the load balancer sent no X-Forwarded-Proto',
    ],
    [
      'a listener that is not declared',
      sampleEvent('lattice'),
      {},
      '`listener` does not say that the listener is HTTPS',
    ],
    [
      'a viewer whose policy is not declared',
      edgeEvent('viewer-request'),
      {},
      '`edge` does not say what the viewer protocol policy is',
    ],
    [
      'an origin request without the viewer’s protocol',
      edgeEvent('origin-request'),
      {},
      'CloudFront-Forwarded-Proto is absent or not https',
    ],
    [
      'a viewer that came over http',
      rest({ 'x-secret': secret, 'cloudfront-forwarded-proto': 'http' }),
      { cloudFront },
      'CloudFront-Forwarded-Proto is absent or not https',
    ],
    [
      'another distribution',
      rest({ 'x-secret': 'MARK-secret' }),
      { cloudFront },
      'the secret of the distribution is absent or another',
    ],
    [
      'an old version of TLS',
      sampleEvent('function-url', { headers: { 'x-amzn-tls-version': 'TLSv1.1' } }),
      { minVersion: 'TLSv1.2' },
      'the TLS version is below `minVersion`, or not known',
    ],
    [
      'no client certificate',
      rest(),
      { clientCert: 'require' },
      'the client certificate is absent, not verified, or refused by `clientCert`',
      'ERR_CLIENT_CERT_REFUSED',
    ],
    [
      'another origin',
      rest({ origin: 'https://MARK-other.example.com' }),
      { origins },
      'the origin is not allowed',
      notAllowed,
    ],
    [
      'another referer',
      rest({ referer: 'https://MARK-other.example.com/' }),
      { origins },
      'there is no Origin, and the Referer is not of an allowed origin',
      notAllowed,
    ],
    [
      'a request of another site',
      rest({ 'sec-fetch-site': 'cross-site' }),
      { origins },
      'there is no Origin, and Sec-Fetch-Site is not same-origin',
      notAllowed,
    ],
    [
      'no origin at all',
      rest(),
      { origins, missingOrigin: 'deny' },
      'there is neither Origin, Referer nor Sec-Fetch-Site',
      notAllowed,
    ],
    ['an event of no source', { MARK: 'MARK-1' }, {}, 'an event of the source direct', 'ERR_EVENT_UNKNOWN'],
  ]

test.each(refusals)('%s', async (_, event, options, reason, code = 'ERR_TLS_REQUIRED') => {
  const told: Refusal[] = []
  const handler = middy()
    .use(requireTls({ ...options, onRefused: (refusal) => void told.push(refusal) }) as any)
    .handler(async () => ({ statusCode: 204 }) as never)
  const response = await handler(event as never, sampleContext()).catch((error: unknown) => error)
  expect(told).toEqual([{ direction: 'request', code, statusCode: 403, package: '@glassine/middy', reason }])
  expect(JSON.stringify(told)).not.toContain('MARK-')
  // An error is Lambda's to log; a response is the caller's.
  if (!(response instanceof Error)) expect(JSON.stringify(response)).not.toContain(reason)
})
