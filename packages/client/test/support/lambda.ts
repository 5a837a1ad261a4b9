/** The service side of Glassine behind a `fetch`: requests become Lambda events, results become responses. */

import { type ClientOptions, createClient } from '@glassine/client'
import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import { assertEncrypted, decryptRequest, encryptResponse, requireTls } from '@glassine/middy'
import { jwksHandler } from '@glassine/middy/jwks'
import { localRecipient, localSigner, publishedKeys, sessionEnvelope } from '@glassine/session'
import { invoke, type SampleSource, sampleEvent } from '@glassine/testing'
import middy from '@middy/core'
import httpErrorHandler from '@middy/http-error-handler'
import type { Serve } from './chromium.ts'
import { fields, type Patient, patient } from './patient.ts'

const origin = 'https://api.example.com'

export interface LambdaOptions {
  readonly shape?: 'field' | 'bundle'
  readonly ticket?: boolean
  readonly source?: SampleSource
  readonly audience?: string
  readonly privateKey?: any
  readonly signer?: any
  /** What the handler does with the payload that it sees. */
  readonly work?: (body: any, event: any) => unknown
}

/** What was on the wire, and what the handler saw. */
interface Seen {
  readonly body: any
  readonly headers: Record<string, string>
  readonly response: any
}

/** A service with one handler for patients and one for its keys. */
export const lambdaService = (options: LambdaOptions = {}) => {
  const { shape, source = 'http-api', audience = origin, work = (body) => body ?? patient() } = options
  const recipient = localRecipient(options.privateKey ? { privateKey: options.privateKey } : {})
  const ticket = options.ticket ? keyMaterial({ keyring: localKeyring() }) : undefined
  const envelope = sessionEnvelope({
    recipients: recipient,
    audience,
    shape,
    ticketKeys: ticket,
    // Not at construction: tests set the clock.
    now: () => Date.now(),
  })
  const payloads: unknown[] = []
  const seen: Seen[] = []
  const handler = middy(assertEncrypted({ fields }) as any)
    .use(httpErrorHandler({ logger: false }))
    .use(requireTls({}))
    .use(
      decryptRequest({
        fields,
        envelope,
        bind: (event: any) => ({ tenant: event.headers['x-tenant'] }),
      }),
    )
    .use(encryptResponse())
    .handler(async (event: any) => {
      payloads.push(event.body)
      const body = await work(event.body, event)
      return body === undefined ? { statusCode: 204 } : { statusCode: 200, body }
    })
  const jwks = jwksHandler({
    keySet: publishedKeys({
      recipients: recipient,
      ...(options.signer && { sign: localSigner({ privateKey: options.signer }) }),
    }),
  })

  const serve: Serve = async ({ method, path, headers, body }) => {
    const [pathname = '', search = ''] = path.split('?', 2)
    const query: Record<string, string[]> = {}
    for (const [name, value] of new URLSearchParams(search)) query[name] = [...(query[name] ?? []), value]
    const event: any = sampleEvent(source, { method, path: pathname, query, headers, ...(body && { body }) })
    const isKeys = path === '/.well-known/jwks.json'
    const response = await invoke(isKeys ? jwks : (handler as any), event)
    if (!isKeys) seen.push({ body: body && JSON.parse(body), headers, response: safely(response.body) })
    return { status: response.statusCode, headers: response.headers, body: response.body ?? '' }
  }
  /** Changes a request or response in transit. */
  const way: {
    request?: (request: Parameters<Serve>[0]) => Parameters<Serve>[0]
    response?: (body: any) => any
  } = {}

  const fetch = (async (url: string, init: any = {}): Promise<Response> => {
    const { pathname, search } = new URL(url)
    let request = {
      method: init.method ?? 'GET',
      path: pathname + search,
      headers: Object.fromEntries(new Headers(init.headers)),
      body: init.body ?? '',
    }
    const isKeys = pathname.startsWith('/.well-known')
    if (!isKeys && way.request) request = way.request(request)
    const { status, headers, body } = await serve(request)
    const changed = !isKeys && way.response ? JSON.stringify(way.response(JSON.parse(body))) : body
    return new Response(status === 204 ? null : changed, { status, headers })
  }) as typeof globalThis.fetch

  /** A client of the service, by default of the tenant `t-1`. */
  const client = (given: Partial<ClientOptions> = {}, tenant = 't-1') => {
    const api = createClient({
      baseUrl: origin,
      fields: fields as never,
      fetch,
      shape,
      bind: { tenant },
      ...given,
    })
    const init = { headers: { 'x-tenant': 't-1' } }
    return {
      api,
      put: (body: Patient = patient()) => api.fetch('/patients/7', { method: 'PUT', body, ...init }),
      get: () => api.fetch('/patients/7', init),
    }
  }
  return { client, envelope, fetch, payloads, seen, serve, way }
}

const safely = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
