import {
  type Binding,
  type FieldPolicy,
  type Fields,
  GlassineError,
  isPlainObject,
  optionError,
  policyOf,
} from '@glassine/core'
import { checkedBundleMember } from '@glassine/core/bundle'
import { maxSessionAge, maxSessionSeals } from '@glassine/core/session'
import { from } from './errors.ts'
import { type Fetch, originOf, safeFetch } from './safe-fetch.ts'
import { type Algorithm, algorithms } from './service-keys.ts'
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
  /** Which keys of the service are believed. */
  readonly keys?: {
    /** Default: `/.well-known/jwks.json` at the origin of `baseUrl`. */
    readonly jwksUri?: string
    /** Public key on P-256, as a JWK: the published keys must be signed by it (`jwk-set+jwt`, ES256). */
    readonly trust?: object
    /** RFC 7638 thumbprints: no other key is taken. */
    readonly pins?: readonly string[]
    /** The longest time that keys are kept, in ms, whatever `Cache-Control` says. Default 3,600,000, an hour. */
    readonly maxAge?: number
    /** Default: ECDH-ES and RSA-OAEP-256; the first published key that is of one of them is used. */
    readonly algs?: readonly Algorithm[]
  }
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
  readonly fetch?: Fetch
  /** Web Crypto. Default: the global one. */
  readonly crypto?: WebCrypto
  /** Told when a request is made once more in a new session, and why: `session-expired` or `unknown-kid`. */
  readonly onRetry?: (event: { readonly problem: string }) => void
}

type Rule = readonly [expected: string, holds: (value: any) => unknown]
interface Schema {
  readonly [option: string]: Rule | Schema
}

const isText = (value: unknown) => typeof value === 'string' && value !== ''
const text: Rule = ['must be a text', isText]
const flag: Rule = ['must be a boolean', (value) => typeof value === 'boolean']
const anyFunction: Rule = ['must be a function', (value) => typeof value === 'function']
const https: Rule = ['must be an https URL', (value) => isText(value) && originOf(value)]
const oneOf = (...names: readonly unknown[]): Rule => [
  `must be ${names.join(' or ')}`,
  (value) => names.includes(value),
]
const integer = (max: number): Rule => [
  `must be an integer from 1 to ${max}`,
  (value) => Number.isInteger(value) && value > 0 && value <= max,
]
const listOf = ([expected, holds]: Rule): Rule => [
  `must be a list, each of which ${expected}`,
  (value) => Array.isArray(value) && value.length > 0 && value.every(holds),
]
const anything: Rule = ['', () => true]

const schema: Schema = {
  baseUrl: https,
  audience: text,
  keys: {
    jwksUri: https,
    trust: ['must be a public JWK on P-256', (value) => isText(value?.x) && isText(value.y)],
    pins: listOf(text),
    maxAge: integer(Number.MAX_SAFE_INTEGER),
    algs: listOf(oneOf(...algorithms)),
  },
  fields: anything,
  context: [
    'must be an object or a function',
    (value) => isPlainObject(value) || typeof value === 'function',
  ],
  shape: oneOf('field', 'bundle'),
  bundleMember: anything,
  carrier: oneOf('body', 'header'),
  session: { ttl: integer(maxSessionAge), maxSeals: integer(maxSessionSeals), ticket: flag },
  response: { mode: oneOf('session', 'forward-secret', 'off'), required: flag },
  padding: { bucket: integer(65_536) },
  fetch: anyFunction,
  crypto: ['must be Web Crypto, which browsers have on https pages only', (value) => value?.subtle],
  onRetry: anyFunction,
}

const check = (schema: Schema, options: unknown, prefix = ''): void => {
  if (!isPlainObject(options)) throw optionError(from, prefix || 'options', 'must be an object')
  for (const [key, value] of Object.entries(options)) {
    const name = prefix ? `${prefix}.${key}` : key
    if (!Object.hasOwn(schema, key)) throw optionError(from, name, 'is not known')
    const rule = schema[key]!
    if (value === undefined) continue
    if (!Array.isArray(rule)) check(rule as Schema, value, name)
    else if (!rule[1](value))
      throw rule === https && /^http:/i.test(value as string)
        ? new GlassineError('ERR_TLS_REQUIRED', { package: from, option: name })
        : optionError(from, name, rule[0])
  }
}

/** The policies of an option `fields`; none for responses that are left as they are. */
export const policiesOf = (
  fields: ClientFields,
): { readonly request: FieldPolicy; readonly response?: FieldPolicy } => {
  const both = isPlainObject(fields) && Object.hasOwn(fields, 'request')
  const { request, response = request } = (both ? fields : { request: fields }) as {
    readonly request: Fields
    readonly response?: Fields | false
  }
  return {
    request: policyOf(request, from),
    response: response === false ? undefined : policyOf(response, from),
  }
}

/**
 * Checks the options of a client and fills in defaults.
 *
 * @throws GlassineError `ERR_OPTION_INVALID` with the option's name, `ERR_TLS_REQUIRED`, `ERR_MODEL_INVALID`
 */
export const settingsOf = (options: ClientOptions) => {
  check(schema, options)
  const { baseUrl, crypto = globalThis.crypto, fetch = globalThis.fetch } = options
  // What must be there, and may not have been named.
  check(schema, { baseUrl: baseUrl ?? '', crypto: crypto ?? {}, fetch: fetch ?? {} })
  const { bundleMember, response = {}, session = {} } = options
  const origin = originOf(baseUrl)!
  const { mode = 'session', required = true } = response
  const { ttl = maxSessionAge, maxSeals = maxSessionSeals, ticket = true } = session
  const {
    jwksUri = `${origin}/.well-known/jwks.json`,
    maxAge = 3_600_000,
    algs = algorithms,
    trust,
    pins,
  } = options.keys ?? {}
  const { audience = origin, context = {}, onRetry } = options
  return {
    crypto,
    // Called without a receiver, as browsers insist on.
    fetch: safeFetch((input, init) => fetch(input, init)),
    base: baseUrl.replace(/\/$/, ''),
    keys: { jwksUri, maxAge, algs, trust, pins },
    policies: policiesOf(options.fields),
    context,
    bundleMember: options.shape === 'bundle' ? checkedBundleMember(bundleMember, from) : undefined,
    inHeader: options.carrier === 'header',
    session: { audience, ttl, maxSeals, forwardSecret: mode === 'forward-secret' },
    ticket,
    opens: mode !== 'off',
    required,
    bucket: options.padding?.bucket ?? 1,
    onRetry,
  }
}
