import { type Binding, type FieldPolicy, type Fields, policyOf } from '@glassine/core'
import {
  anyFunction,
  anything,
  checkedOptions,
  flag,
  group,
  integer,
  isPlainObject,
  listOf,
  maxSessionAge,
  maxSessionSeals,
  type OptionSchema,
  oneOf,
  type Rule,
  required,
  shapeOptions,
  text,
} from '@glassine/core/internal'
import { fault, packageName } from './errors.ts'
import { algorithms, type ServiceKeyOptions } from './service-keys.ts'
import type { WebCrypto } from './web-crypto.ts'

/**
 * The fields that are encrypted in requests and in responses. One declaration covers both; with `response: false`,
 * responses are not decrypted. For a declaration in JSON, use `fieldsOf` of `@glassine/core/describe`.
 */
export type ClientFields<Req extends Fields = Fields, Res extends Fields | false = Fields | false> =
  | Req
  | { readonly request: Req; readonly response?: Res }

/** Options of `createClient`. */
export interface ClientOptions<Req extends Fields = Fields, Res extends Fields | false = Fields | false> {
  /** The service's URL, for example `https://api.example.com/v1`; `http:` is refused but for `insecureOrigin`. */
  readonly baseUrl: string
  /**
   * For development: the only plain `http:` origin that may be called. It must be on this machine, for example
   * `http://localhost:3000`. Default: none.
   */
  readonly insecureOrigin?: string
  /** The audience of sessions, equal to the service's `audience`. Default: the origin of `baseUrl`. */
  readonly audience?: string
  /** Which of the service's published keys are trusted. Default: those of the key set at the service's origin. */
  readonly serviceKeys?: ServiceKeyOptions
  /** What is encrypted in requests and in responses: one declaration, or `{ request, response }`. */
  readonly fields: ClientFields<Req, Res>
  /** The binding, equal to what the service's `bind` returns, for example `{ tenant: 't-1' }`. Default: none. */
  readonly bind?: Binding | (() => Binding | Promise<Binding>)
  /**
   * The user as the service knows them, for example a subject; requests are refused for any other. `false`: not bound.
   * Default: the token of the request's own `Authorization` header with the scheme `Bearer`; without one, nothing is
   * bound.
   */
  readonly sender?: false | (() => string | undefined | Promise<string | undefined>)
  /**
   * The parameters of the query that are bound, as set at the service. `false`: none; a list of names: these;
   * `'single'`: all, and none may occur twice, for load balancers without multi-value headers. Default: all.
   */
  readonly query?: false | 'single' | readonly string[]
  /**
   * Which requests are sent again if the service says that it does not know their session or key: `'idempotent'`
   * (default), methods that are idempotent by RFC 9110; `'all'`, for services with a replay store, which never carry
   * one out twice.
   */
  readonly retry?: 'idempotent' | 'all'
  /** `'field'` (default): a JWE in place of each field. `'bundle'`: one JWE for all fields, in a member of the root. */
  readonly shape?: 'field' | 'bundle'
  /** That member. Default `sealed`. */
  readonly bundleMember?: string
  /** Where the session's keys travel: `'body'` (default), in its member `$jwe`, or always in a header. */
  readonly keysIn?: 'body' | 'header'
  /** How long a session lasts, and how its keys travel. Default: 15 minutes, with tickets. */
  readonly session?: {
    /** How long a session lasts, in ms, from 1,000 on, rounded down to seconds. Default 900,000, the maximum. */
    readonly maxAge?: number
    /** How many values one session encrypts, from 1 on. Default 1,048,576, the maximum. */
    readonly maxSeals?: number
    /** Whether the service's ticket is sent instead of the keys. Default `true`. */
    readonly tickets?: boolean
  }
  /** How responses are encrypted, and what they must hold. Default: under the session's key, with all fields. */
  readonly response?: {
    /**
     * `'session'` (default): encrypted under the session's key. `'forward-secret'`: also to a key of this device, so
     * that a later leak of the service's key does not open old responses. `'off'`: responses are returned undecrypted.
     */
    readonly mode?: 'session' | 'forward-secret' | 'off'
    /** `false`: declared fields may be absent from a success, but never in the clear. Default `true`. */
    readonly required?: boolean
  }
  /** Pads plaintexts to a multiple of `bucket` bytes, 1 to 65,536, which hides their exact length. Default: none. */
  readonly padding?: { readonly bucket: number }
  /** What sends requests. Default: the global one. */
  readonly fetch?: typeof globalThis.fetch
  /** An implementation of Web Crypto. Default: the global one. */
  readonly crypto?: WebCrypto
  /**
   * Called when a request is sent again in a new session, with the reason: `session-expired` or `unknown-kid`.
   * Default: none.
   */
  readonly onRetry?: (event: { readonly problem: string }) => void
}

/** Scheme and host, then a path or nothing. A pattern, because React Native implements `URL` only partly. */
const origin = /^https?:\/\/[\w.[\]:-]+(?![^/?])/i

/** The origin of a URL, https as browsers write it; `undefined` for any other than https and http. */
export const originOf = (url: string): string | undefined =>
  origin.exec(url)?.[0].toLowerCase().replace(/:443$/, '')

const https = (option: string, insecureOrigin?: string): Rule => [
  'must be an https URL',
  (value) => {
    const origin = text[1](value) && originOf(value)
    if (/^http:/.test(origin || '') && origin !== insecureOrigin) throw fault('ERR_TLS_REQUIRED', { option })
    return !!origin
  },
]

const schemaOf = (insecureOrigin?: string): OptionSchema<ClientOptions> => ({
  baseUrl: required(https('baseUrl', insecureOrigin)),
  insecureOrigin: [
    'must be an http origin on this machine',
    (value) => /^http:\/\/(localhost|127\.0\.0\.1|\[::1])(:\d+)?$/.test(value),
  ],
  audience: text,
  serviceKeys: group<ServiceKeyOptions>(packageName, 'serviceKeys', {
    jwksUri: https('serviceKeys.jwksUri', insecureOrigin),
    trust: ['must be a public JWK on P-256', (value) => !!value?.x],
    pins: listOf(text),
    timeout: integer(1),
    maxAge: integer(1),
    algs: listOf(oneOf(...algorithms)),
  }),
  fields: anything,
  bind: ['must be an object or a function', (value) => typeof value === 'function' || isPlainObject(value)],
  sender: ['must be false or a function', (value) => value === false || typeof value === 'function'],
  query: [
    'must be false, `single`, or a list of names',
    (value) => value === false || value === 'single' || listOf(text)[1](value),
  ],
  retry: oneOf('idempotent', 'all'),
  ...shapeOptions,
  keysIn: oneOf('body', 'header'),
  session: group(packageName, 'session', {
    maxAge: integer(1_000, maxSessionAge),
    maxSeals: integer(1, maxSessionSeals),
    tickets: flag,
  }),
  response: group(packageName, 'response', {
    mode: oneOf('session', 'forward-secret', 'off'),
    required: flag,
  }),
  padding: group(packageName, 'padding', { bucket: required(integer(1, 65_536)) }),
  fetch: required(anyFunction),
  crypto: ['must be Web Crypto, which browsers have on https pages only', (value) => !!value?.subtle, true],
  onRetry: anyFunction,
})

/**
 * Checks the options of a client. `fetch` and `crypto` default to those of the platform.
 *
 * @throws GlassineError `ERR_OPTION_INVALID` with the option's name, `ERR_TLS_REQUIRED`
 */
export const checkedClientOptions = (options: ClientOptions) => {
  const { fetch = globalThis.fetch, crypto = globalThis.crypto, insecureOrigin } = options ?? {}
  // Anything other than a plain object stays unchanged, and is refused.
  return checkedOptions(
    packageName,
    schemaOf(insecureOrigin),
    isPlainObject(options) ? { ...options, fetch, crypto } : options,
  )
}

/**
 * The policies of the option `fields`; `undefined` for responses that are not decrypted.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID`
 */
export const policiesOf = (fields: any): readonly [request: FieldPolicy, response?: FieldPolicy] => {
  const { request = fields, response = request } = isPlainObject(fields) ? fields : {}
  return [policyOf(request, packageName), response === false ? undefined : policyOf(response, packageName)]
}
