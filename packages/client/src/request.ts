/* A request before anything is encrypted: its checked body, and what both ends bind of it. */
import { type Binding, checkedBinding, type FieldPolicy } from '@glassine/core'
import {
  bearerToken,
  canonicalPath,
  canonicalQuery,
  contextBytes,
  type Resource,
  type SessionContext,
} from '@glassine/core/internal'
import { encode } from './bytes.ts'
import { badOption, fault, packageName } from './errors.ts'
import { type ClientOptions, policiesOf } from './options.ts'
import { type Draft, draftOf } from './seal.ts'
import { randomBytes, sha256, type WebCrypto } from './web-crypto.ts'

/** The arguments of `fetch`; its types are those of the client. */
export interface Init extends Omit<RequestInit, 'body' | 'redirect'> {
  readonly body?: unknown
  readonly partial?: boolean
  readonly fields?: unknown
}

/** A request that may be sent, and sent again in another session. */
export interface PreparedRequest {
  readonly url: string
  readonly init: RequestInit
  readonly draft?: Draft
  readonly policy: FieldPolicy
  /** The policy of the response; `undefined` if it is returned undecrypted. */
  readonly responsePolicy?: FieldPolicy
  /** Whether it may be sent twice. */
  readonly isRepeatable: boolean
  /** The number that both attempts share, if carrying out the request twice would do harm. */
  readonly rid?: string
  /** `ctx` for this request or its response. */
  readonly contextOf: (context: Omit<SessionContext, 'sender' | 'resource' | 'binding'>) => Promise<string>
}

/** What requests need of their client. */
export interface RequestRules extends Pick<ClientOptions, 'bind' | 'sender' | 'query' | 'retry'> {
  readonly crypto: WebCrypto
  /** The URL before each path. */
  readonly base: string
  readonly declared: readonly [request: FieldPolicy, response?: FieldPolicy]
  readonly bundleMember?: string
  /** Whether responses are returned undecrypted. */
  readonly isOff: boolean
}

/** Methods that may be carried out twice (RFC 9110, section 9.2.2). */
const idempotent = /^(GET|HEAD|PUT|DELETE|OPTIONS|TRACE)$/

/**
 * Checks a request and writes its body as JSON. Nothing is encrypted yet.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, `ERR_BODY_INVALID`, `ERR_BINDING_INVALID`, and those of {@link draftOf}
 */
export const prepareRequest = async (
  { crypto, base, declared, bundleMember, isOff, bind = {}, sender: senderOf, query, retry }: RequestRules,
  path: string,
  { body, partial, fields, ...init }: Init,
): Promise<PreparedRequest> => {
  const method = (init.method ?? 'GET').toUpperCase()
  const [policy, responsePolicy] = fields ? policiesOf(fields) : declared
  const url = base + path
  const resource = { method, ...addressOf(path, url, query) }
  const draft = body === undefined ? undefined : draftOf(body, policy, { packageName, bundleMember, partial })
  // The service has the same rule for which methods may come without a body.
  if (draft ? /^(GET|HEAD)$/.test(method) : !partial && !/^(GET|HEAD|DELETE|OPTIONS)$/.test(method))
    throw fault('ERR_BODY_INVALID', { message: `${draft ? 'No' : 'A'} body is due for this method` })
  const given: Binding = typeof bind === 'function' ? await bind() : bind
  const binding = checkedBinding(given, packageName)
  const bearer = () => bearerToken(new Headers(init.headers).get('authorization'))
  const sender = senderOf === false ? undefined : await (senderOf ?? bearer)()
  const sent = { cache: 'no-store', ...init, redirect: 'error', method } as const
  const isIdempotent = idempotent.test(method)
  const isRepeatable = isIdempotent || retry === 'all'
  return {
    url,
    init: sent,
    draft,
    policy,
    responsePolicy: isOff ? undefined : responsePolicy,
    isRepeatable,
    rid: isRepeatable && !isIdempotent ? encode(randomBytes(crypto, 16)) : undefined,
    contextOf: async (context) => {
      const bytes = contextBytes({ ...context, sender, resource, binding })
      return encode((await sha256(crypto, bytes)).slice(0, 16))
    },
  }
}

/** The path between the host and a query or fragment, and the query. A pattern, as in `originOf`. */
const parts = /^https?:\/\/[^/?#\\]*([^?#]*)(?:\?([^#]*))?/i

// biome-ignore lint/suspicious/noControlCharactersInRegex: `fetch` silently drops them, and trailing spaces
const dropped = /[\0-\x1f]| $/

/**
 * Path and query as both ends see them.
 *
 * @throws GlassineError `ERR_OPTION_INVALID` for paths that gateways change
 */
const addressOf = (path: string, url: string, names: ClientOptions['query']): Omit<Resource, 'method'> => {
  if (path[0] !== '/') throw badOption('path', 'must begin with a slash')
  const [, text = '', search = ''] = parts.exec(url)!
  // As `fetch` sends it.
  const canonical = canonicalPath(text.replaceAll('\\', '/'))
  // An HTTP API cuts a decoded path at `?` and `#`.
  if (canonical === undefined || dropped.test(url) || /%(?![0-9a-f]{2})|%3f|%23/i.test(text))
    throw badOption(
      'path',
      'must have no `.` or `..`, no control character, and no `%` but in escapes of UTF-8',
    )
  const query =
    names === false || !search ? [] : canonicalQuery(search, names === 'single' ? undefined : names)
  if (names === 'single' && query.some(([name], at) => at > 0 && query[at - 1]![0] === name))
    throw badOption('path', 'must have no parameter twice')
  return { path: canonical, query }
}
