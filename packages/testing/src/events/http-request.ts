import { anything, flag, listOf, type OptionSchema, oneOf } from '@glassine/core/internal'
import { badOption, headerValue, recordOf, string, stringOrStrings } from '../options.ts'
import { sourceIp, traceId, userAgent } from './facts.ts'

/** What differs from the default in an event that carries an HTTP request. */
export interface HttpOverrides {
  /**
   * A string or bytes as they are, bytes in base64; anything else as JSON, with `content-type: application/json`.
   * Default: no body.
   */
  readonly body?: unknown
  /** Any case; `undefined` removes a header that the event has, an array makes several of one name. Default: none. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>
  /** The HTTP method. Default: `POST` with a body and `GET` without one. */
  readonly method?: string
  /** As in the URL, percent-encoded; an HTTP API decodes it. Default `/patients`. */
  readonly path?: string
  /** Values are not encoded; the event encodes them where the source does. Default: none. */
  readonly query?: Readonly<Record<string, string | readonly string[]>>
  /** `name=value` each; the source decides where they go. Default: none. */
  readonly cookies?: readonly string[]
  /** `true`: a text body arrives in base64, as with a binary media type. Default `false`; bytes always do. */
  readonly base64?: boolean
  /** Sets the `Origin` header. Default: none. */
  readonly origin?: string
  /** `http`: the client did not use TLS; a Function URL then has no TLS headers. Default `https`. */
  readonly proto?: 'http' | 'https'
  /**
   * The tenant: the authorizer's claim `custom:tenant` behind an API Gateway, the header `x-tenant`
   * where a source has no authorizer. Default: none.
   */
  readonly tenant?: string
}

export const httpOptions: OptionSchema<HttpOverrides> = {
  body: anything,
  headers: recordOf(headerValue(stringOrStrings)),
  method: string,
  path: string,
  query: recordOf(stringOrStrings),
  cookies: listOf(string),
  base64: flag,
  origin: string,
  proto: oneOf('http', 'https'),
  tenant: string,
}

/** For the sources whose authorizer verifies a token. */
export interface ClaimsOverrides {
  /** Claims of the caller's token, beside `sub`. Default: none. */
  readonly claims?: Readonly<Record<string, string>>
}

export const claimsOptions: OptionSchema<ClaimsOverrides> = { claims: recordOf(string) }

/** A request before it takes the shape of a source. */
export interface HttpRequest {
  readonly body: string | undefined
  readonly isBase64Encoded: boolean
  readonly method: string
  readonly path: string
  readonly proto: 'http' | 'https'
  readonly query: readonly (readonly [name: string, values: readonly string[]])[]
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  /** The caller's spelling of its headers, by their lower-case names. */
  readonly spelling: ReadonlyMap<string, string>
  readonly cookies: readonly string[]
}

/** The claim and header that {@link HttpOverrides.tenant} sets. */
export const tenantClaim = 'custom:tenant'
const tenantHeader = 'x-tenant'

const valuesOf = (value: string | readonly string[]): readonly string[] =>
  typeof value === 'string' ? [value] : value

const encodedBody = ({ body, base64 }: HttpOverrides): Pick<HttpRequest, 'body' | 'isBase64Encoded'> => {
  if (body === undefined) return { body: undefined, isBase64Encoded: false }
  if (body instanceof Uint8Array) return { body: Buffer.from(body).toString('base64'), isBase64Encoded: true }
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  if (text === undefined) throw badOption('body', 'must be a string, bytes or a value that JSON can hold')
  return base64
    ? { body: Buffer.from(text).toString('base64'), isBase64Encoded: true }
    : { body: text, isBase64Encoded: false }
}

/** Fills in the defaults; `ownHeaders` are those of the source, lower-case. */
export const httpRequest = (
  overrides: HttpOverrides,
  host: string,
  ownHeaders: Readonly<Record<string, string>> = {},
  withTenantHeader = false,
): HttpRequest => {
  const { body: value, method, path = '/patients', query = {}, cookies = [], proto = 'https' } = overrides
  const isJson = value !== undefined && typeof value !== 'string' && !(value instanceof Uint8Array)
  const headers = new Map<string, readonly string[]>()
  const put = (name: string, value: string | undefined) => value !== undefined && headers.set(name, [value])
  put('accept', 'application/json')
  if (isJson) put('content-type', 'application/json')
  put('host', host)
  put('origin', overrides.origin)
  put('user-agent', userAgent)
  put('x-amzn-trace-id', traceId)
  put('x-forwarded-for', sourceIp)
  put('x-forwarded-port', proto === 'https' ? '443' : '80')
  put('x-forwarded-proto', proto)
  for (const [name, value] of Object.entries(ownHeaders)) put(name, value)
  if (withTenantHeader) put(tenantHeader, overrides.tenant)
  const spelling = new Map<string, string>()
  for (const [name, value] of Object.entries(overrides.headers ?? {})) {
    spelling.set(name.toLowerCase(), name)
    if (value === undefined) headers.delete(name.toLowerCase())
    else headers.set(name.toLowerCase(), valuesOf(value))
  }
  return {
    ...encodedBody(overrides),
    method: method ?? (value === undefined ? 'GET' : 'POST'),
    path,
    proto,
    query: Object.entries(query).map(([name, value]) => [name, valuesOf(value)] as const),
    headers,
    spelling,
    cookies,
  }
}

/** One string per header, several values joined: HTTP API, Function URL. */
export const joined = (values: Iterable<readonly [string, readonly string[]]>): Record<string, string> =>
  Object.fromEntries([...values].map(([name, list]) => [name, list.join(',')]))

/** One string per name, the last of several: REST and ALB. */
export const last = (values: Iterable<readonly [string, readonly string[]]>): Record<string, string> =>
  Object.fromEntries([...values].map(([name, list]) => [name, list.at(-1) ?? '']))

/** Every value of every name. */
export const lists = (values: Iterable<readonly [string, readonly string[]]>): Record<string, string[]> =>
  Object.fromEntries([...values].map(([name, list]) => [name, [...list]]))

/** The query as in the URL. */
export const rawQuery = (query: HttpRequest['query']): string =>
  new URLSearchParams(
    query.flatMap(([name, values]) => values.map((value) => [name, value] as [string, string])),
  ).toString()
