import type { Fields, PayloadOf } from '@glassine/core'
import {
  bundleMemberOf,
  isPlainObject,
  keyHeader,
  maxSessionAge,
  maxSessionSeals,
  proofSeparator,
  proofText,
  sessionMember,
  sessionProblems,
} from '@glassine/core/internal'
import { raced } from './aborting.ts'
import { encode } from './bytes.ts'
import { fault, guarded, packageName } from './errors.ts'
import {
  type ClientFields,
  type ClientOptions,
  checkedClientOptions,
  originOf,
  policiesOf,
} from './options.ts'
import { type Init, type PreparedRequest, prepareRequest } from './request.ts'
import { jsonOf, marked, openResponse } from './response.ts'
import { sealDraft, sealValue } from './seal.ts'
import { fetchServiceKey } from './service-keys.ts'
import { sessionsOf } from './session.ts'
import { randomBytes } from './web-crypto.ts'

/** What `client.fetch` takes besides the path: a `RequestInit` with a payload as its body. */
export type ClientRequest<T> = Omit<RequestInit, 'body' | 'redirect'> &
  (
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
  /**
   * Whether the service has proved that it answers this request, with this status. `false` only for errors, which
   * gateways send in its place, and if responses are not decrypted: anyone between you and the service could have
   * written those.
   */
  readonly sealed: boolean
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
  /** The same for other fields than the client's. */
  fetch<F extends Fields, R extends Fields | false = F>(
    path: string,
    init: ClientRequest<PayloadOf<F>> & { readonly fields: ClientFields<F, R> },
  ): Promise<DecryptedResponse<Decrypted<R>>>
  /** Discards the session and the service's keys, for example when the user signs out. */
  forget(): void
}

/**
 * Creates a `fetch` for one service. Declared fields of request bodies leave the device as JWE (RFC 7516), and those of
 * responses come back decrypted. The first request that needs a session creates its keys and encrypts them to the
 * service's published key (RFC 7517, RFC 7518); nothing is fetched at construction.
 *
 * A declared field never leaves in the clear. Requests and responses are bound to the sender, the method, the path and
 * the query, and a response to its request and status. A success without that proof is an error; an error without it is
 * returned with `sealed: false`. Rejections of `fetch` (no network, an abort, a redirect) are passed on.
 *
 * @throws GlassineError at construction `ERR_OPTION_INVALID` with the option's name, `ERR_TLS_REQUIRED` (`http:`),
 * `ERR_MODEL_INVALID`; of a request, before it is sent, `ERR_OPTION_INVALID` (the path), `ERR_BODY_INVALID`,
 * `ERR_FIELD_MISSING`, `ERR_VALUE_INVALID`, `ERR_ALREADY_ENCRYPTED`, `ERR_BINDING_INVALID`, `ERR_TOO_LARGE`,
 * `ERR_KEY_UNAVAILABLE`, `ERR_KEY_REFUSED`, `ERR_ENCRYPT_FAILED`; of a response `ERR_BODY_INVALID`,
 * `ERR_FIELD_MISSING`, `ERR_FIELD_NOT_ENCRYPTED`, `ERR_DECRYPT_FAILED`, `ERR_SESSION_EXPIRED` (the device's clock)
 * @example
 * ```ts
 * import { createClient } from '@glassine/client'
 * import { defineFields } from '@glassine/core'
 *
 * const fields = defineFields<{ id: string; ssn: string }>('patient', { ssn: {} })
 * const api = createClient({ baseUrl: 'https://api.example.com', fields, bind: { tenant: 't-1' } })
 *
 * const body = { id: 'p-1', ssn: '078-05-1120' }
 * const response = await api.fetch('/patients/p-1', { method: 'PUT', body })
 * const { ssn } = await response.json()
 * ```
 */
export const createClient = <Req extends Fields, Res extends Fields | false = Req>(
  options: ClientOptions<Req, Res>,
): Client<Req, Res> => {
  const { baseUrl, fields, bind, sender, query, retry, onRetry, ...given } = checkedClientOptions(
    options as ClientOptions,
  )
  const crypto = given.crypto!
  // A local variable: called as a method of another object, a browser's `fetch` throws.
  const fetch = given.fetch!
  const origin = originOf(baseUrl)!
  const { audience = origin, serviceKeys = {}, keysIn, padding } = given
  const { maxAge = maxSessionAge, maxSeals = maxSessionSeals, tickets = true } = given.session ?? {}
  const { mode, required: isRequired = true } = given.response ?? {}
  const { jwksUri = `${origin}/.well-known/jwks.json` } = serviceKeys
  const bundleMember = bundleMemberOf(packageName, given, sessionMember)
  const base = baseUrl.replace(/\/$/, '')
  const declared = policiesOf(fields)
  const isOff = mode === 'off'
  const requestRules = { crypto, base, declared, bundleMember, isOff, bind, sender, query, retry }
  const responseRules = { crypto, bundleMember, isRequired, tickets }
  const sessions = sessionsOf(crypto, audience, maxAge, maxSeals, mode === 'forward-secret', (reload) =>
    fetchServiceKey(jwksUri, serviceKeys, crypto, fetch, reload),
  )

  /** Encrypts the body under the current session and sends it; a request without a value to encrypt has a proof. */
  const send = async ({ url, init, draft, policy, rid, contextOf }: PreparedRequest) => {
    const { items: { length: count } = [], members = [] } = draft ?? {}
    const headers = new Headers(init.headers)
    const jti = encode(randomBytes(crypto, 16))
    const session = await guarded(sessions.take(count || 1), encryptFailed)
    const token = sessions.token(session)
    const seal = async (): Promise<void> => {
      const ctx = await contextOf({ direction: 'request', count, model: policy.model, members })
      const common = { ctx, jti, rid }
      if (count) await sealDraft(crypto, draft!, session, common, padding?.bucket ?? 1)
      const proof = count ? '' : proofSeparator + (await sealValue(crypto, session, '', common, proofText))
      // A list has no member for the keys.
      if (count && keysIn !== 'header' && isPlainObject(draft!.copy)) draft!.copy[sessionMember] = token
      else headers.set(keyHeader, token + proof)
    }
    await guarded(seal(), encryptFailed)
    if (draft && !headers.has('content-type')) headers.set('content-type', 'application/json')
    const response = await fetch(url, { ...init, headers, body: draft && written(draft.copy) })
    return { response, session, jti }
  }

  const exchange = async (path: string, init: Init): Promise<Response> => {
    const request = await prepareRequest(requestRules, path, init)
    for (let retried = false; ; retried = true) {
      const { response, session, jti } = await send(request)
      if (response.ok && !request.responsePolicy) return marked(response, false)
      const text = await response.clone().text()
      const { type } = ((response.ok ? undefined : jsonOf(text)) ?? {}) as { type?: unknown }
      const problem = sessionProblems.find((known) => known === type)
      if (problem) {
        sessions.end(session, problem, response.headers.get('date'))
        // A third party can forge this response: the request may have been carried out.
        if (!retried && request.isRepeatable) {
          onRetry?.({ problem })
          continue
        }
      }
      // A third party can exchange a ticket. After a refusal, the next request brings the keys themselves.
      if (response.status === 400) session.ticket = undefined
      return openResponse(responseRules, response, text, request, session, jti)
    }
  }

  return {
    fetch: ((path: string, init: Init = {}) => raced(exchange(path, init), init.signal)) as Client<
      Req,
      Res
    >['fetch'],
    forget: sessions.forget,
  }
}

const encryptFailed = 'ERR_ENCRYPT_FAILED'

/** A payload as JSON, without calling `toJSON` of a plain object: it could bring back what was just sealed. */
const written = (payload: object): string => {
  try {
    return JSON.stringify(payload, function (this: Record<string, unknown>, key, value) {
      return isPlainObject(this[key]) ? this[key] : value
    })
  } catch {
    throw fault('ERR_BODY_INVALID', { message: 'The body cannot be written as JSON' })
  }
}
