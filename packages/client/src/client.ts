import {
  checkedBinding,
  decodeValue,
  encodeValue,
  type Fields,
  GlassineError,
  isPlainObject,
  optionError,
  type PayloadOf,
} from '@glassine/core'
import { contextBytes, keyHeader, keyMember, sessionProblems, ticketType } from '@glassine/core/session'
import { encode } from './bytes.ts'
import { fault, from, guarded } from './errors.ts'
import { headerOf } from './jwe.ts'
import { openPayload } from './open.ts'
import { type ClientFields, type ClientOptions, policiesOf, settingsOf } from './options.ts'
import { draftOf, sealDraft } from './seal.ts'
import { serviceKeys } from './service-keys.ts'
import { type Session, sessionsOf } from './session.ts'
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
const stale = [
  'accept-ranges',
  'content-digest',
  'content-encoding',
  'content-length',
  'content-md5',
  'content-range',
  'digest',
  'etag',
  'repr-digest',
  'transfer-encoding',
]

export const createClient = <Req extends Fields, Res extends Fields | false = Req>(
  options: ClientOptions<Req, Res>,
): Client<Req, Res> => {
  const settings = settingsOf(options as ClientOptions)
  const { crypto, fetch, base, context, bucket, onRetry } = settings
  const keys = serviceKeys(settings.keys, crypto, fetch)
  const sessions = sessionsOf(settings.session, crypto, keys)

  const send = async (
    path: string,
    init: ClientRequest<unknown> & { readonly fields?: ClientFields } = {},
  ): Promise<Response> => {
    const { body, partial = false, route = path.split(/[?#]/, 1)[0]!, fields, ...rest } = init
    const method = (rest.method ?? 'GET').toUpperCase()
    const policies = fields ? policiesOf(fields) : settings.policies
    const response = settings.opens ? policies.response : undefined
    if (!path.startsWith('/')) throw optionError(from, 'path', 'must begin with a slash')
    const draft = body === undefined ? undefined : draftOf(body, policies.request, partial, settings)
    const refusesBody = /^(GET|HEAD)$/.test(method)
    if (draft ? refusesBody : !refusesBody && !partial && !/^(DELETE|OPTIONS)$/.test(method))
      throw fault('ERR_BODY_INVALID', `A ${draft ? 'GET has no' : 'request must have a'} body`)

    const binding = checkedBinding(typeof context === 'function' ? await context() : context, from)
    const contextOf = async (model: string) =>
      encode((await sha256(crypto, contextBytes(`${method} ${route}`, model, binding))).subarray(0, 16))

    const attempt = async (first: boolean): Promise<Response> => {
      const headers = new Headers(rest.headers)
      const seals = draft ? draft.items.length : 0
      const jti = encode(randomBytes(crypto, 16))
      let session: Session | undefined
      if (seals || response) {
        session = await guarded('ERR_ENCRYPT_FAILED', sessions.take(seals))
        const carrier = sessions.carrier(session)
        if (draft && !settings.inHeader) draft.copy[keyMember] = carrier
        else headers.set(keyHeader, carrier)
        if (draft) {
          const ctx = await contextOf(policies.request.model)
          await guarded('ERR_ENCRYPT_FAILED', sealDraft(crypto, draft, session, { ctx, jti }, bucket))
        }
      }
      if (draft && !headers.has('content-type')) headers.set('content-type', 'application/json')
      const answer = await fetch(base + path, {
        cache: 'no-store',
        ...rest,
        method,
        headers,
        ...(draft && { body: written(draft.copy) }),
      })
      if (!session || (answer.ok && !response)) return answer

      const text = await answer.clone().text()
      const payload = jsonOf(text)
      const problem = sessionProblems.find((type) => !answer.ok && payload?.type === type)
      if (problem) {
        sessions.end(session, answer.headers.get('date'))
        if (problem === 'unknown-kid') keys.forget()
        if (first) {
          onRetry?.({ problem })
          return attempt(false)
        }
      }
      const lenient = !answer.ok || !settings.required
      if (!response || (!payload && (lenient || text === ''))) return answer
      try {
        if (!payload) throw fault('ERR_BODY_INVALID')
        const { [keyMember]: carried, ...sealed } = payload
        const expected = { ctx: await contextOf(response.model), jti: seals ? jti : undefined }
        const opened = await openPayload(crypto, sealed, response, lenient, settings, session, expected)
        if (settings.ticket) keepTicket(session, carried)
        return rebuilt(answer, encodeValue(opened, '', from))
      } catch (error) {
        const { code, cause } = error instanceof GlassineError ? error : fault('ERR_DECRYPT_FAILED')
        throw fault(code, 'The encrypted fields of the response could not be opened', cause.path)
      }
    }
    return attempt(true)
  }

  return {
    fetch: send as Client<Req, Res>['fetch'],
    forget() {
      sessions.forget()
      keys.forget()
    },
  }
}

/** A payload as JSON, without a `toJSON` of a plain object: it could bring back what was just sealed. */
const written = (payload: object): string => {
  try {
    return JSON.stringify(payload, function (this: Record<string, unknown>, key, value) {
      return isPlainObject(this[key]) ? this[key] : value
    })
  } catch {
    throw fault('ERR_BODY_INVALID', 'The body cannot be written as JSON')
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

const keepTicket = (session: Session, carried: unknown): void => {
  if (typeof carried !== 'string' || !/^[\w-]+(\.[\w-]*){4}$/.test(carried)) return
  const { typ, exp } = headerOf(carried) ?? {}
  if (typ === ticketType && typeof exp === 'number') session.ticket = { text: carried, expires: exp * 1000 }
}

const rebuilt = ({ status, statusText, headers }: Response, text: string): Response => {
  const kept = new Headers(headers)
  for (const name of stale) kept.delete(name)
  return new Response(text, { status, statusText, headers: kept })
}
