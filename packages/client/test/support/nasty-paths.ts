/**
 * Paths and queries that are rewritten on the way: `fetch` normalises them, and each source hands on
 * something else. Both ends must make the same of them.
 */
import { defineFields } from '@glassine/core'
import { decryptRequest, encryptResponse } from '@glassine/middy'
import { localRecipient, sessionEnvelope } from '@glassine/session'
import { invoke, type SampleSource, sampleEvent } from '@glassine/testing'
import middy from '@middy/core'
import httpErrorHandler from '@middy/http-error-handler'

export const paths = [
  ...['/', '/a', '/a/', '//a//b///', '/A/a', '/a%2Fb', '/a%2fb%2Fc', '/a\\b', '/a%5Cb', '/a/..b', '/a.../.b'],
  ...['/a b', '/a%20b', '/a+b', '/a%2Bb', '/a%25b', '/a%2541', '/a%252Fb', '/a%25252Fb'],
  ...['/ä', '/%C3%A4', '/%c3%a4', '/e\u0301', '/\u00e9', '/日本', '/\u{1f600}', '/%E2%80%8B'],
  ...[
    '/a;b=c',
    '/a:b@c',
    '/a,b',
    "/a'b",
    '/a(b)*!',
    '/a~b',
    '/%7Eb',
    '/a|b',
    '/a^b',
    '/{id}',
    '/a"b',
    '/a`b',
  ],
  ...['/a<b>', '/a[b]', '/a&b=c', '/a$b', '/%61%62'],
]
export const queries = [
  ...['', '?', '?a=1', '?a=1&b=2', '?b=2&a=1', '?a=1&b=3&a=2', '?a', '?a=', '?a=1#f', '?&&a=1&', '?a=1=2'],
  ...[
    '?a=x y',
    '?a=x+y',
    '?a=x%20y',
    '?a=x%2By',
    '?a=%26%3D',
    '?ä=ö',
    '?%C3%A4=%c3%b6',
    "?a='",
    '?a=%25',
    '?a=100%',
  ],
  ...['?a[]=1&a[]=2', '?a=/b?c', '?a=%2F'],
]

type Pairs = Record<string, string[]>
const gathered = (pairs: Iterable<readonly [string, string]>): Pairs => {
  const found: Pairs = {}
  for (const [name, value] of pairs) found[name] = [...(found[name] ?? []), value]
  return found
}

/** Name and value as they are in the URL. */
const rawPairs = (search: string): (readonly [string, string])[] =>
  search
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const at = part.indexOf('=')
      return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)]
    })

/** What each source makes of a URL, and what it puts in front of the path. */
const sources: Readonly<
  Record<string, readonly [SampleSource, (search: string) => object, object?, string?]>
> = {
  rest: ['rest', () => ({}), {}, '/prod'],
  'http-api': ['http-api', (rawQueryString) => ({ rawQueryString })],
  'function-url': ['function-url', (rawQueryString) => ({ rawQueryString })],
  alb: [
    'alb',
    (search) => ({ multiValueQueryStringParameters: gathered(rawPairs(search)) }),
    { multiValue: true },
  ],
  lattice: ['lattice', () => ({})],
}

export const fields = defineFields<{ ssn: string }>('patient', { ssn: {} })
export const body = { ssn: '078-05-1120' }
const recipient = localRecipient()
export const keys = JSON.stringify({ keys: await recipient.jwks({ deadline: () => Date.now() + 1_000 }) })
export const origin = 'https://api.example.com'

/** Names of the sources, each with the prefix of the device's paths. */
export const stages: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(sources).map(([name, [, , , stage = '']]) => [name, stage]),
)

/** A request as it came over the wire. */
interface WireRequest {
  readonly method: string
  /** As the platform's own `fetch` wrote it. */
  readonly pathname: string
  readonly search: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** A handler behind one source. */
export const answering = (name: string) => {
  const [source, change, options = {}, stage = ''] = sources[name]!
  const handler = middy()
    .use(httpErrorHandler({ logger: false }))
    .use(decryptRequest({ fields, envelope: sessionEnvelope({ recipients: recipient, audience: origin }) }))
    .use(encryptResponse())
    .handler(async (): Promise<any> => ({ statusCode: 200, body }))
  return async ({ method, pathname, search, headers, body: sent }: WireRequest): Promise<any> => {
    const event = sampleEvent(source, {
      ...options,
      method,
      path: pathname.slice(stage.length),
      query: gathered(new URLSearchParams(search)),
      headers,
      ...(sent && { body: sent }),
    } as never)
    return invoke(handler as any, { ...(event as object), ...change(search.slice(1)) } as never)
  }
}
