import {
  checkedBinding,
  decodeValue,
  encodeValue,
  type FieldPolicy,
  type Fields,
  type PayloadOf,
} from '@glassine/core'
import {
  bundleMemberOf,
  ciphertextsOf,
  contextBytes,
  isPlainObject,
  jtiSeparator,
  keyHeader,
  maxSessionAge,
  maxSessionSeals,
  sessionMember,
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
import { fetchServiceKey } from './service-keys.ts'
import { type Session, sessionsOf } from './session.ts'
import { randomBytes, sha256 } from './web-crypto.ts'

/** What `client.fetch` takes beside the path: a `RequestInit` with a payload as its body. */
export type ClientRequest<T> = Omit<RequestInit, 'body' | 'redirect'> & {
  /** The service's route template, for example `/patients/{id}`, which is bound. Default: the path without its query. */
  readonly route?: string
} & (
    | {
        /** The plaintext payload, a plain object; it is not modified. */
        readonly body?: T
        readonly partial?: false
      }
    | {
        readonly body?: Partial<T>
        /** `true`: declared fields may be absent, as in a PATCH. Default `false`. */
        readonly partial: true
      }
  )

/** A `Response` whose declared fields are decrypted. */
export interface DecryptedResponse<T> extends Response {
  json(): Promise<T>
}

type Decrypted<Res> = Res extends Fields ? PayloadOf<Res> : any

/** What {@link createClient} returns. */
export interface Client<Req extends Fields = Fields, Res extends Fields | false = Req> {
  /**
   * Like the global `fetch`: encrypts the declared fields of the body, sends it as JSON, and decrypts the response's.
   *
   * @param path - appended to `baseUrl`; begins with a slash
   */
  fetch(path: string, init?: ClientRequest<PayloadOf<Req>>): Promise<DecryptedResponse<Decrypted<Res>>>
  /** The same with other fields than the client's. */
  fetch<F extends Fields, R extends Fields | false = F>(
    path: string,
    init: ClientRequest<PayloadOf<F>> & { readonly fields: ClientFields<F, R> },
  ): Promise<DecryptedResponse<Decrypted<R>>>
  /** Discards the session and the service's keys, for example when the user signs out. */
  forget(): void
}

/** Response headers that describe the encrypted bytes, not the decrypted ones. */
const stale = 'content-length content-encoding content-md5 content-digest repr-digest digest etag'.split(' ')

/**
 * Makes a `fetch` for one service. Declared fields of request bodies leave the device as JWE (RFC 7516), and those of
 * responses come back decrypted. The first request that needs a session creates its keys and encrypts them to the
 * service's published key (RFC 7517, RFC 7518); nothing is fetched at construction.
 *
 * A declared field never leaves in the clear. A success whose declared fields are absent, in the clear, or encrypted for
 * another request is an error. What `fetch` rejects with (no network, an abort, a redirect) is passed on.
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
 * const api = createClient({ baseUrl: 'https://api.example.com', fields, bind: { tenant: 't-1' } })
 *
 * const body = { id: 'p-1', ssn: '078-05-1120' }
 * const response = await api.fetch('/patients/p-1', { method: 'PUT', body, route: '/patients/{id}' })
 * const { ssn } = await response.json()
 * ```
 */
export const createClient = <Req extends Fields, Res extends Fields | false = Req>(
  options: ClientOptions<Req, Res>,
): Client<Req, Res> => {
  const { baseUrl, fields, bind = {}, onRetry, ...given } = checkedClientOptions(options as ClientOptions)
  const crypto = given.crypto!
  // A variable of its own: called as a method of another object, a browser's `fetch` throws.
  const fetch = given.fetch!
  const origin = originOf(baseUrl)!
  const base = baseUrl.replace(/\/$/, '')
  const { audience = origin, serviceKeys = {}, keysIn, padding } = given
  const { maxAge = maxSessionAge, maxSeals = maxSessionSeals, tickets = true } = given.session ?? {}
  const { mode, required = true } = given.response ?? {}
  const { jwksUri = `${origin}/.well-known/jwks.json` } = serviceKeys
  const bundleMember = bundleMemberOf(packageName, given, sessionMember)
  const declared = policiesOf(fields)
  const sessions = sessionsOf(crypto, audience, maxAge, maxSeals, mode === 'forward-secret', (reload) =>
    fetchServiceKey(jwksUri, serviceKeys, crypto, fetch, reload),
  )

  /** Checks a request and writes its body as JSON. Nothing is encrypted yet: a request may be sent twice. */
  const prepare = async (path: string, { body, partial, route, fields: others, ...init }: Init) => {
    const method = (init.method ?? 'GET').toUpperCase()
    const [policy, answered] = others ? policiesOf(others) : declared
    if (path[0] !== '/') throw badOption('path', 'must begin with a slash')
    const draft =
      body === undefined ? undefined : draftOf(body, policy, { packageName, bundleMember, partial })
    // The same rule as the service's: which methods may come without a body.
    if (draft ? /^(GET|HEAD)$/.test(method) : !partial && !/^(GET|HEAD|DELETE|OPTIONS)$/.test(method))
      throw fault('ERR_BODY_INVALID', { message: `${draft ? 'No' : 'A'} body is due for this method` })
    const binding = checkedBinding(typeof bind === 'function' ? await bind() : bind, packageName)
    const resource = `${method} ${route ?? path.split(/[?#]/)[0]}`
    return {
      url: base + path,
      init: { cache: 'no-store', ...init, redirect: 'error', method } as const,
      draft,
      policy,
      /** The policy of the response; `undefined` when it is handed on as it is. */
      answered: mode === 'off' ? undefined : answered,
      contextOf: async ({ model }: FieldPolicy): Promise<string> =>
        encode((await sha256(crypto, contextBytes(resource, model, binding))).slice(0, 16)),
    }
  }

  type Prepared = Awaited<ReturnType<typeof prepare>>

  /** Encrypts the body under the current session and sends it. A request with nothing to protect has no session. */
  const send = async ({ url, init, draft, policy, answered, contextOf }: Prepared) => {
    const { length } = draft?.items ?? []
    const headers = new Headers(init.headers)
    const jti = encode(randomBytes(crypto, 16))
    const session = length || answered ? await guarded(sessions.take(length), encryptFailed) : undefined
    if (session) {
      const token = sessions.token(session)
      // Without a sealed field, only the header can hold the number.
      if (length && keysIn !== 'header') draft!.copy[sessionMember] = token
      else headers.set(keyHeader, token + jtiSeparator + jti)
      if (draft)
        await guarded(
          contextOf(policy).then((ctx) => sealDraft(crypto, draft, session, ctx, jti, padding?.bucket ?? 1)),
          encryptFailed,
        )
    }
    if (draft && !headers.has('content-type')) headers.set('content-type', 'application/json')
    const answer = await fetch(url, { ...init, headers, body: draft && written(draft.copy) })
    return { answer, session, jti }
  }

  /** Decrypts a response, and keeps the ticket that may come with it. */
  const openAnswer = async (
    answer: Response,
    text: string,
    { answered, contextOf }: Prepared,
    session: Session,
    jti: string,
  ): Promise<Response> => {
    const payload = jsonOf(text)
    const partial = !answer.ok || !required
    if (!answered || (!payload && (partial || !text))) return answer
    try {
      if (!payload) throw fault('ERR_BODY_INVALID')
      const { [sessionMember]: token, ...sealed } = payload
      const { items, put } = ciphertextsOf(answered, sealed, { packageName, bundleMember, partial })
      const values = await openItems(crypto, items, session, await contextOf(answered), jti)
      const opened = new Response(encodeValue(put(values), '', packageName), answer)
      for (const name of stale) opened.headers.delete(name)
      const { typ, exp } = (tickets && parseJwe(token)?.[1]) || {}
      if (typ === ticketType) session.ticket = [token as string, (exp as number) * 1000]
      return opened
    } catch (error) {
      const { code, cause } = replaceForeign(error, 'ERR_DECRYPT_FAILED')
      throw fault(code, {
        path: cause.path,
        message: 'The encrypted fields of the response could not be decrypted',
      })
    }
  }

  const encryptedFetch = async (path: string, init: Init = {}): Promise<Response> => {
    const prepared = await prepare(path, init)
    for (let retried = false; ; retried = true) {
      const { answer, session, jti } = await send(prepared)
      if (!session || (answer.ok && !prepared.answered)) return answer
      const text = await answer.clone().text()
      const type = answer.ok ? undefined : jsonOf(text)?.type
      const problem = sessionProblems.find((known) => known === type)
      if (problem) {
        sessions.end(session, problem, answer.headers.get('date'))
        if (!retried) {
          onRetry?.({ problem })
          continue
        }
      }
      // Anyone on the way can exchange a ticket. After a refusal, the next request brings the keys themselves.
      if (answer.status === 400) session.ticket = undefined
      return openAnswer(answer, text, prepared, session, jti)
    }
  }

  return { fetch: encryptedFetch as Client<Req, Res>['fetch'], forget: sessions.forget }
}

type Init = ClientRequest<unknown> & { readonly fields?: ClientFields }

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
