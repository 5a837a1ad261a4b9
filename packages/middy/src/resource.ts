/*
 * The resource that a request addresses, from what each source passes on of the URL that the client requested.
 */
import { canonicalPath, canonicalQuery, isPlainObject, type Resource } from '@glassine/core/internal'
import { fault } from './errors.ts'
import { type EventSource, methodOf } from './event-source.ts'
import { getOwn, getOwnObject, getOwnString } from './event-value.ts'

/** How to take a resource from an event that does not show what the client requested. */
export interface ResourceOptions {
  /**
   * What a CDN or proxy removed from the client's path, and what it added: `{ remove: '/prod', add: '/api' }`.
   * Default: none.
   */
  readonly publicPath?: { readonly remove?: string; readonly add?: string }
  /**
   * The parameters of the query that are bound. `false`: none; a list of names: these. Default: all. For CDNs that add
   * or drop some.
   */
  readonly query?: false | readonly string[]
}

/**
 * The resource of a request; `undefined` if the source has none, as between functions.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED` for a path that two readers may read differently
 */
export const resourceOf = (
  event: unknown,
  source: EventSource,
  { publicPath, query }: ResourceOptions = {},
): Resource | undefined => {
  if (source === 'websocket-message') {
    const key = getOwnString(event, 'requestContext', 'routeKey')
    return key === undefined ? undefined : { method: 'MESSAGE', path: `/${key}`, query: [] }
  }
  if (source === 'appsync') return operationOf(event)
  const method = methodOf(event, source) ?? (source === 'websocket-connect' ? 'GET' : undefined)
  const received = pathOf(event, source)
  if (method === undefined || received === undefined) return undefined
  const path = canonicalPath(publicPath ? moved(received, publicPath) : received)
  if (path === undefined) throw fault('ERR_DECRYPT_FAILED', { reason: 'the path has no canonical form' })
  const pairs = query === false ? [] : canonicalQuery(queryOf(event, source), query)
  return { method, path, query: pairs }
}

const operationOf = (event: unknown): Resource | undefined => {
  const one = Array.isArray(event) ? event[0] : event
  const parent = getOwnString(one, 'typeName') ?? getOwnString(one, 'info', 'parentTypeName')
  const field = getOwnString(one, 'fieldName') ?? getOwnString(one, 'info', 'fieldName')
  return parent === undefined || field === undefined
    ? undefined
    : { method: parent, path: `/${field}`, query: [] }
}

/** The path as the client requested it, as far as the source passes it on. */
const pathOf = (event: unknown, source: EventSource): string | undefined => {
  switch (source) {
    case 'rest':
      // `path` lacks the stage and a custom domain's base path.
      return getOwnString(event, 'requestContext', 'path') ?? getOwnString(event, 'path')
    case 'websocket-connect':
      return getOwnString(event, 'requestContext', 'path') ?? '/'
    case 'http-api':
      return httpApiPath(event)
    case 'function-url':
      return getOwnString(event, 'rawPath')
    case 'alb':
    case 'lattice-v2':
      return getOwnString(event, 'path')?.split('?', 1)[0]
    case 'lattice-v1':
      return getOwnString(event, 'raw_path')?.split('?', 1)[0]
    default:
      return undefined
  }
}

/** Behind a custom domain clients do not see the stage, but the event has it. */
const httpApiPath = (event: unknown): string | undefined => {
  const path = getOwnString(event, 'rawPath')
  const stage = getOwnString(event, 'requestContext', 'stage')
  const domain = getOwnString(event, 'requestContext', 'domainName') ?? ''
  if (path === undefined || stage === undefined || stage === '$default' || /\.execute-api\./.test(domain))
    return path
  return path === `/${stage}` || path.startsWith(`/${stage}/`) ? path.slice(stage.length + 1) || '/' : path
}

const moved = (
  path: string,
  { remove = '', add = '' }: { readonly remove?: string; readonly add?: string },
): string =>
  add +
  (remove !== '' && (path === remove || path.startsWith(`${remove}/`)) ? path.slice(remove.length) : path)

type Pairs = [name: string, value: string][]

const queryOf = (event: unknown, source: EventSource): string | Pairs => {
  switch (source) {
    case 'http-api':
    case 'function-url': {
      const raw = getOwnString(event, 'rawQueryString')
      return raw ?? pairsOf(getOwnObject(event, 'queryStringParameters'))
    }
    case 'rest':
    case 'websocket-connect':
      return pairsOf(multiOrSingle(event))
    case 'alb':
      // Passed on as it was sent: encoded.
      return encodedPairs(pairsOf(multiOrSingle(event)))
    case 'lattice-v2':
      return pairsOf(getOwnObject(event, 'queryStringParameters'))
    case 'lattice-v1':
      return getOwnString(event, 'raw_path')?.split('?').slice(1).join('?') ?? ''
    default:
      return ''
  }
}

const multiOrSingle = (event: unknown): Record<string, unknown> | undefined =>
  getOwnObject(event, 'multiValueQueryStringParameters') ?? getOwnObject(event, 'queryStringParameters')

const pairsOf = (holder: Record<string, unknown> | undefined): Pairs => {
  if (!isPlainObject(holder)) return []
  const pairs: Pairs = []
  for (const name of Object.keys(holder)) {
    const value = getOwn(holder, name)
    for (const one of Array.isArray(value) ? value : [value])
      if (typeof one === 'string') pairs.push([name, one])
  }
  return pairs
}

/** As a query text, which is then read by the same rules as any other. */
const encodedPairs = (pairs: Pairs): string => pairs.map(([name, value]) => `${name}=${value}`).join('&')
