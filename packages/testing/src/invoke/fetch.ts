import { isUtf8 } from 'node:buffer'
import { checkedOptions, isPlainObject, type OptionSchema, oneOf } from '@glassine/core/internal'
import {
  type ClaimsOverrides,
  claimsOptions,
  type HttpOverrides,
  httpOptions,
} from '../events/http-request.ts'
import { sampleEvent } from '../events/index.ts'
import { badOption, packageName } from '../options.ts'
import { type ContextOptions, contextOptions } from './context.ts'
import { type HttpResponse, invoke, type LambdaHandler } from './index.ts'

const sources = ['rest', 'http-api', 'function-url', 'alb', 'lattice'] as const

/** Options of {@link handlerFetch}; `claims` only for `rest` and `http-api`. */
export interface HandlerFetchOptions
  extends ContextOptions,
    ClaimsOverrides,
    Pick<HttpOverrides, 'origin' | 'tenant'> {
  /** What stands between the client and the handler. Default `http-api`. */
  readonly source?: (typeof sources)[number]
}

const { origin, tenant } = httpOptions

const schema: OptionSchema<HandlerFetchOptions> = {
  ...contextOptions,
  ...claimsOptions,
  origin,
  tenant,
  source: oneOf(...sources),
}

/** Handlers by path, of which the first that fits is taken; `*` at the end of a path stands for anything. */
export type HandlersByPath = Readonly<Record<string, LambdaHandler>>

/**
 * A `fetch` that invokes a handler on this machine: a request becomes the event of a source, and the result becomes a
 * response. It opens no connection. Give it to the device client to test both ends together.
 *
 * What a handler throws is thrown by the `fetch`, unchanged, where a gateway would answer 500 or 502. A path without a
 * handler is answered 404.
 *
 * @param handlers - one handler for all paths, or several by path
 * @throws GlassineError `ERR_OPTION_INVALID`
 * @example
 * ```ts
 * import { handlerFetch } from '@glassine/testing'
 *
 * const handler = async (event: { rawPath: string }) => ({ statusCode: 200, body: event.rawPath })
 *
 * const fetch = handlerFetch(handler, { tenant: 't-1' })
 * const response = await fetch('https://api.example.com/patients/7')
 * await response.text() // '/patients/7'
 * ```
 */
export const handlerFetch = (
  handlers: LambdaHandler | HandlersByPath,
  options: HandlerFetchOptions = {},
): typeof globalThis.fetch => {
  const {
    source = 'http-api',
    origin,
    tenant,
    claims,
    ...context
  } = checkedOptions(packageName, schema, options)
  const handlerOf = routed(handlers)
  // Not every source has claims.
  const overrides = { origin, tenant, ...(claims && { claims }) }
  return async (input, init) => {
    const request = new Request(input, init)
    const { method, signal } = request
    signal.throwIfAborted()
    const { pathname, searchParams, hostname } = new URL(request.url)
    const handler = handlerOf(pathname)
    if (handler === undefined) return Response.json({ message: 'Not Found' }, { status: 404 })
    const { cookie, ...headers } = Object.fromEntries(request.headers)
    const query: Record<string, string[]> = {}
    for (const [name, value] of searchParams) query[name] = [...(query[name] ?? []), value]
    const event = sampleEvent(source, {
      ...overrides,
      method,
      path: pathname,
      query,
      headers,
      cookies: cookie?.split('; '),
      body: request.body === null ? undefined : textOrBytes(Buffer.from(await request.arrayBuffer())),
    } as object)
    const result = await invoke<unknown>(handler, behindDomain(event, pathname, hostname), context)
    signal.throwIfAborted()
    return responseOf(result)
  }
}

/** A REST API says which path its client requested: behind a custom domain, the one without the stage. */
const behindDomain = (event: object, path: string, domainName: string): object =>
  'resource' in event && 'requestContext' in event
    ? { ...event, requestContext: { ...(event.requestContext as object), path, domainName } }
    : event

const routed = (handlers: LambdaHandler | HandlersByPath): ((path: string) => LambdaHandler | undefined) => {
  if (typeof handlers === 'function') return () => handlers
  if (!isPlainObject(handlers) || !Object.values(handlers).every((value) => typeof value === 'function'))
    throw badOption('handlers', 'must be a handler, or handlers by path')
  const routes = Object.entries(handlers)
  return (path) =>
    routes.find(([route]) =>
      route.endsWith('*') ? path.startsWith(route.slice(0, -1)) : path === route,
    )?.[1]
}

/** API Gateway passes text as it is, and bytes in base64. */
const textOrBytes = (bytes: Buffer): string | Buffer => (isUtf8(bytes) ? bytes.toString('utf8') : bytes)

/** Statuses whose responses have no body: `Response` refuses one. */
const bodiless = new Set([204, 205, 304])

const responseOf = (result: unknown): Response => {
  // HTTP APIs and function URLs answer so for a handler that returns its payload alone.
  if (!isPlainObject(result) || typeof result.statusCode !== 'number') return Response.json(result ?? null)
  const { statusCode, headers, multiValueHeaders, cookies, body, isBase64Encoded } =
    result as unknown as HttpResponse
  const all = new Headers()
  for (const [name, value] of Object.entries(headers ?? {})) all.set(name, String(value))
  for (const [name, values] of Object.entries(multiValueHeaders ?? {})) {
    all.delete(name)
    for (const value of values) all.append(name, value)
  }
  for (const cookie of cookies ?? []) all.append('set-cookie', cookie)
  const content = isBase64Encoded ? Buffer.from(body, 'base64') : body
  return new Response(bodiless.has(statusCode) ? null : content, { status: statusCode, headers: all })
}
