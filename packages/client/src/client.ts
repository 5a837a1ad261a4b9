import {
  checkedBinding,
  decodeValue,
  encodeValue,
  type FieldPolicy,
  type Fields,
  type PayloadOf,
} from '@glassine/core'
import {
  contextBytes,
  defaultBundleMember,
  isPlainObject,
  itemsToOpen,
  keyHeader,
  keyMember,
  maxSessionAge,
  maxSessionSeals,
  numberMark,
  sessionProblems,
  ticketType,
} from '@glassine/core/internal'
import { encode } from './bytes.ts'
import { badOption, fault, guarded, packageName, replaceForeign } from './errors.ts'
import { parseJwe } from './jwe.ts'
import { openItems } from './open.ts'
import {
  type ClientFields,
  type ClientOptions,
  checkedClientOptions,
  originOf,
  policiesOf,
} from './options.ts'
import { draftOf, sealDraft } from './seal.ts'
import { fetchRecipient } from './service-keys.ts'
import { sessionsOf } from './session.ts'
import { randomBytes, sha256 } from './web-crypto.ts'

/** What `client.fetch` takes beside the path: the members of a `RequestInit`, and those that are ours. */
export type ClientRequest<T> = Omit<RequestInit, 'body' | 'redirect'> & {
  /** The route template as the service routes it, `/patients/{id}`; it is bound. Default: the path, without a query. */
  readonly route?: string
} & (
    | {
        /** The payload in the clear, a plain object; it is left as it is. */
        readonly body?: T
        readonly partial?: false
      }
    | {
        readonly body?: Partial<T>
        /** `true`: declared fields may be absent, as in a PATCH. Default `false`. */
        readonly partial: true
      }
  )

/** A `Response` whose body is in the clear. */
export interface OpenedResponse<T> extends Response {
  json(): Promise<T>
}

type Opened<Res> = Res extends Fields ? PayloadOf<Res> : any

/** What {@link createClient} returns. */
export interface Client<Req extends Fields = Fields, Res extends Fields | false = Req> {
  /**
   * Like the global `fetch`: seals the declared fields of the body, sends it as JSON, and opens those of the response.
   *
   * @param path - behind `baseUrl`; begins with a slash
   */
  fetch(path: string, init?: ClientRequest<PayloadOf<Req>>): Promise<OpenedResponse<Opened<Res>>>
  /** The same with other fields than the client's. */
  fetch<F extends Fields, R extends Fields | false = F>(
    path: string,
    init: ClientRequest<PayloadOf<F>> & { readonly fields: ClientFields<F, R> },
  ): Promise<OpenedResponse<Opened<R>>>
  /** Gives up session and service keys, for example when the user signs out. */
  forget(): void
}

/** Of a response, what describes the bytes that came and not those that are handed on. */
const stale = 'content-length content-encoding content-md5 content-digest repr-digest digest etag'.split(' ')

/**
 * Makes a `fetch` for one service: declared fields of bodies leave the device as JWE (RFC 7516), and those of responses
 * come back open. The keys of a session are made here and encrypted to the service's published key (RFC 7517, RFC 7518)
 * when the first request needs them; nothing is fetched at construction.
 *
 * A declared field never leaves in the clear, and a success whose declared fields are absent, in the clear, or not
 * sealed for this request is not handed on. What `fetch` rejects with (no network, an abort, a redirect) is passed on.
 *
 * @throws GlassineError at construction `ERR_OPTION_INVALID` with the option's name, `ERR_TLS_REQUIRED` (`http:`),
 * `ERR_MODEL_INVALID`; of a request, before it is sent, `ERR_OPTION_INVALID` (the path), `ERR_BODY_INVALID`,
 * `ERR_FIELD_MISSING`, `ERR_VALUE_INVALID`, `ERR_ALREADY_ENCRYPTED`, `ERR_BINDING_INVALID`, `ERR_TOO_LARGE`,
 * `ERR_KEY_UNAVAILABLE`, `ERR_KEY_REFUSED`, `ERR_ENCRYPT_FAILED`; of a response `ERR_BODY_INVALID`,
 * `ERR_FIELD_MISSING`, `ERR_FIELD_NOT_ENCRYPTED`, `ERR_DECRYPT_FAILED`
 * @example
 * ```ts
 * import { createClient } from '@glassine/client'
 * import { defineFields } from '@glassine/core'
 *
 * const fields = defineFields<{ id: string; ssn: string }>('patient', { ssn: {} })
 * const api = createClient({ baseUrl: 'https://api.example.com', fields, context: { tenant: 't-1' } })
 *
 * const body = { id: 'p-1', ssn: '078-05-1120' }
 * const response = await api.fetch('/patients/p-1', { method: 'PUT', body, route: '/patients/{id}' })
 * const { ssn } = await response.json()
 * ```
 */
export const createClient = <Req extends Fields, Res extends Fields | false = Req>(
  options: ClientOptions<Req, Res>,
): Client<Req, Res> => {
  const { baseUrl, fields, context = {}, onRetry, ...given } = checkedClientOptions(options as ClientOptions)
  const crypto = given.crypto!
  // A variable of its own: as a method of something else, a browser's does not work.
  const fetch = given.fetch!
  const origin = originOf(baseUrl)!
  const base = baseUrl.replace(/\/$/, '')
  const { audience = origin, keys = {}, carrier, padding } = given
  const { ttl = maxSessionAge, maxSeals = maxSessionSeals, ticket = true } = given.session ?? {}
  const { mode = 'session', required = true } = given.response ?? {}
  const { jwksUri = `${origin}/.well-known/jwks.json` } = keys
  const bundleMember = given.shape === 'bundle' ? (given.bundleMember ?? defaultBundleMember) : undefined
  const declared = policiesOf(fields)
  const sessions = sessionsOf(crypto, audience, ttl, maxSeals, mode === 'forward-secret', (reload) =>
    fetchRecipient(jwksUri, keys, crypto, fetch, reload),
  )

  const sealedFetch = async (
    path: string,
    init: ClientRequest<unknown> & { readonly fields?: ClientFields } = {},
  ): Promise<Response> => {
    const { body, partial, route = path.split(/[?#]/)[0], fields: others, ...rest } = init
    const method = (rest.method ?? 'GET').toUpperCase()
    const [policy, answered] = others ? policiesOf(others) : declared
    const response = mode === 'off' ? undefined : answered
    if (path[0] !== '/') throw badOption('path', 'must begin with a slash')
    const draft =
      body === undefined ? undefined : draftOf(body, policy, { packageName, bundleMember, partial })
    const { length } = draft?.items ?? []
    // As the service does: what may come without a body, and what may not.
    if (draft ? /^(GET|HEAD)$/.test(method) : !partial && !/^(GET|HEAD|DELETE|OPTIONS)$/.test(method))
      throw fault('ERR_BODY_INVALID', { message: `${draft ? 'No' : 'A'} body is due for this method` })
    const binding = checkedBinding(typeof context === 'function' ? await context() : context, packageName)
    const contextOf = async ({ model }: FieldPolicy): Promise<string> =>
      encode((await sha256(crypto, contextBytes(`${method} ${route}`, model, binding))).slice(0, 16))

    for (let retried = false; ; retried = true) {
      const headers = new Headers(rest.headers)
      const jti = encode(randomBytes(crypto, 16))
      const session = length || response ? await guarded(sessions.take(length), encryptFailed) : undefined
      if (session) {
        const carried = sessions.carrier(session)
        // Without a sealed field the number has no other place than the header.
        if (length && carrier !== 'header') draft!.copy[keyMember] = carried
        else headers.set(keyHeader, carried + numberMark + jti)
        if (draft)
          await guarded(
            contextOf(policy).then((ctx) =>
              sealDraft(crypto, draft, session, ctx, jti, padding?.bucket ?? 1),
            ),
            encryptFailed,
          )
      }
      if (draft && !headers.has('content-type')) headers.set('content-type', 'application/json')
      const sent = { cache: 'no-store', ...rest, redirect: 'error', method, headers } as const
      const answer = await fetch(base + path, { ...sent, body: draft && written(draft.copy) })
      if (!session || (answer.ok && !response)) return answer

      const text = await answer.clone().text()
      const payload = jsonOf(text)
      const problem = sessionProblems.find((type) => !answer.ok && type === payload?.type)
      if (problem) {
        sessions.end(session, problem, answer.headers.get('date'))
        if (!retried) {
          onRetry?.({ problem })
          continue
        }
      }
      // It may have been the ticket, which anybody on the way can exchange: the next request brings the keys themselves.
      if (answer.status === 400) session.ticket = undefined
      const lenient = !answer.ok || !required
      if (!response || (!payload && (lenient || !text))) return answer
      try {
        if (!payload) throw fault('ERR_BODY_INVALID')
        const { [keyMember]: carried, ...sealed } = payload
        const { items, put } = itemsToOpen(response, sealed, { packageName, bundleMember, partial: lenient })
        const values = await openItems(crypto, items, session, await contextOf(response), jti)
        const opened = new Response(encodeValue(put(values), '', packageName), answer)
        for (const name of stale) opened.headers.delete(name)
        const { typ, exp } = (ticket && parseJwe(carried)?.[1]) || {}
        if (typ === ticketType) session.ticket = [carried as string, (exp as number) * 1000]
        return opened
      } catch (error) {
        const { code, cause } = replaceForeign(error, 'ERR_DECRYPT_FAILED')
        throw fault(code, {
          path: cause.path,
          message: 'The encrypted fields of the response could not be opened',
        })
      }
    }
  }

  return { fetch: sealedFetch as Client<Req, Res>['fetch'], forget: sessions.forget }
}

const encryptFailed = 'ERR_ENCRYPT_FAILED'

/** A payload as JSON, without a `toJSON` of a plain object: it could bring back what was just sealed. */
const written = (payload: object): string => {
  try {
    return JSON.stringify(payload, function (this: Record<string, unknown>, key, value) {
      return isPlainObject(this[key]) ? this[key] : value
    })
  } catch {
    throw fault('ERR_BODY_INVALID', { message: 'The body cannot be written as JSON' })
  }
}

const jsonOf = (text: string): Record<string, unknown> | undefined => {
  try {
    const value = decodeValue(text)
    return isPlainObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
