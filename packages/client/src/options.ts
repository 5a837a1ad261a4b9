import { type Binding, type FieldPolicy, type Fields, policyOf } from '@glassine/core'
import {
  anyFunction,
  bundleMemberRule,
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
  text,
} from '@glassine/core/internal'
import { fault, packageName } from './errors.ts'
import { algorithms, type KeyOptions } from './service-keys.ts'
import type { WebCrypto } from './web-crypto.ts'

/**
 * What is sealed in requests and in responses. One declaration serves both; `response: false` leaves responses as they
 * are. A declaration that came as JSON goes through `fieldsOf` of `@glassine/core/describe` first.
 */
export type ClientFields<Req extends Fields = Fields, Res extends Fields | false = Fields | false> =
  | Req
  | { readonly request: Req; readonly response?: Res }

/** Options of `createClient`. */
export interface ClientOptions<Req extends Fields = Fields, Res extends Fields | false = Fields | false> {
  /** Where the service is, `https://api.example.com` or with a path; `http:` is refused. */
  readonly baseUrl: string
  /** Whom sessions are meant for, as the service is set up. Default: the origin of `baseUrl`. */
  readonly audience?: string
  readonly keys?: KeyOptions
  readonly fields: ClientFields<Req, Res>
  /** The binding that the service makes of its event, for example `{ tenant: 't-1' }`. Default: nothing. */
  readonly context?: Binding | (() => Binding | Promise<Binding>)
  /** `'field'`: a JWE in each field's place (the default). `'bundle'`: one JWE in a member of the root. */
  readonly shape?: 'field' | 'bundle'
  /** That member. Default `sealed`. */
  readonly bundleMember?: string
  /** Where the session's keys travel: in the body's `$jwe` (the default), or always in a header. */
  readonly carrier?: 'body' | 'header'
  readonly session?: {
    /** How long a session lasts, in seconds: 1 to 900, the default. */
    readonly ttl?: number
    /** How many values a session seals: 1 to 1,048,576, the default. */
    readonly maxSeals?: number
    /** Whether the service's ticket is sent in place of the keys. Default `true`. */
    readonly ticket?: boolean
  }
  readonly response?: {
    /**
     * `'session'`: sealed under the session's key (the default). `'forward-secret'`: to a key of this device as well,
     * so that who gets hold of the service's key later cannot open responses. `'off'`: responses are handed on as
     * they are.
     */
    readonly mode?: 'session' | 'forward-secret' | 'off'
    /** `false`: declared fields may be absent from a success; in the clear they may not. Default `true`. */
    readonly required?: boolean
  }
  /** Plaintexts are filled up to a multiple of so many bytes, 1 to 65,536, which hides their exact length. */
  readonly padding?: { readonly bucket: number }
  /** Default: the global one. */
  readonly fetch?: typeof globalThis.fetch
  /** Web Crypto. Default: the global one. */
  readonly crypto?: WebCrypto
  /** Told when a request is made once more in a new session, and why: `session-expired` or `unknown-kid`. */
  readonly onRetry?: (event: { readonly problem: string }) => void
}

/** `https`, a host, and what may stand behind it; not by `URL`, which React Native has in part only. */
const origin = /^https:\/\/[\w.[\]:-]+(?![^/?])/i

/** The origin of an https URL, as browsers write it; nothing for any other. */
export const originOf = (url: string): string | undefined =>
  origin.exec(url)?.[0].toLowerCase().replace(/:443$/, '')

const https = (option: string): Rule => [
  'must be an https URL',
  (value) => {
    if (/^http:/i.test(value)) throw fault('ERR_TLS_REQUIRED', { option })
    return typeof value === 'string' && !!originOf(value)
  },
]

const anything: Rule = ['', () => true]

const schema: OptionSchema<ClientOptions> = {
  baseUrl: required(https('baseUrl')),
  audience: text,
  keys: group<KeyOptions>(packageName, 'keys', {
    jwksUri: https('keys.jwksUri'),
    trust: ['must be a public JWK on P-256', (value) => !!value?.x],
    pins: listOf(text),
    maxAge: integer(1),
    algs: listOf(oneOf(...algorithms)),
  }),
  fields: anything,
  context: [
    'must be an object or a function',
    (value) => typeof value === 'function' || isPlainObject(value),
  ],
  shape: oneOf('field', 'bundle'),
  bundleMember: bundleMemberRule,
  carrier: oneOf('body', 'header'),
  session: group(packageName, 'session', {
    ttl: integer(1, maxSessionAge),
    maxSeals: integer(1, maxSessionSeals),
    ticket: flag,
  }),
  response: group(packageName, 'response', {
    mode: oneOf('session', 'forward-secret', 'off'),
    required: flag,
  }),
  padding: group(packageName, 'padding', { bucket: required(integer(1, 65_536)) }),
  fetch: required(anyFunction),
  crypto: ['must be Web Crypto, which browsers have on https pages only', (value) => !!value?.subtle, true],
  onRetry: anyFunction,
}

/**
 * Checks the options of a client; `fetch` and `crypto` are those of the platform where none are given.
 *
 * @throws GlassineError `ERR_OPTION_INVALID` with the option's name, `ERR_TLS_REQUIRED`
 */
export const checkedClientOptions = (options: ClientOptions) => {
  const { fetch = globalThis.fetch, crypto = globalThis.crypto } = options ?? {}
  return checkedOptions(packageName, schema, { ...options, fetch, crypto })
}

/**
 * The policies of an option `fields`; none for responses that are left as they are.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID`
 */
export const policiesOf = (fields: any): readonly [request: FieldPolicy, response?: FieldPolicy] => {
  const { request = fields, response = request } = isPlainObject(fields) ? fields : {}
  return [policyOf(request, packageName), response === false ? undefined : policyOf(response, packageName)]
}
