import type { Fields, Resource } from '@glassine/core'
import { group, required } from '@glassine/core/internal'
import { packageName } from './errors.ts'
import type { EventSource } from './event-source.ts'
import type { Bind, Context } from './invocation.ts'
import type { OnRefused } from './on-refused.ts'
import {
  anyFunction,
  byteCount,
  envelopeEntries,
  fieldsRule,
  flag,
  type OptionSchema,
  oneOf,
  pathPrefix,
  type ReservedTimeOption,
  reservedTimeSchema,
  sourcesRule,
} from './options.ts'
import type { ResourceOptions } from './resource.ts'
import type { EnvelopeOption } from './senders.ts'

/** Options of `decryptRequest`. */
export interface DecryptRequestOptions<F extends Fields = Fields>
  extends ResourceOptions,
    ReservedTimeOption {
  /** The encrypted fields: a class with `@Model`, or the result of `defineFields` or `arrayOf`. */
  readonly fields: F
  /**
   * The format of requests; or a list of formats, all but one with `from`, which says whose requests may have it. A
   * request is decrypted and answered only in the format of its sender's class.
   */
  readonly envelope: EnvelopeOption
  /** The binding of ciphertexts, besides the model and their place. Default: none. */
  readonly bind?: Bind
  /** The event sources that the function is behind; events from others are refused. Default: all known sources. */
  readonly sources?: readonly EventSource[]
  /** What the request addresses, if neither the event nor `publicPath` shows it. Default: by the event's source. */
  readonly resource?: (event: any) => Resource
  /**
   * The sender as both ends know them, for formats that bind the sender. `false`: not bound. Default: the token of the
   * request's `Authorization` header with the scheme `Bearer`; without one, nothing is bound.
   */
  readonly sender?: false | ((event: any) => string)
  /**
   * Requests that may arrive without keys although the format proves every request: public routes. Default: only those
   * with the method OPTIONS.
   */
  readonly unsealed?: (event: any) => boolean
  /**
   * Who sends the request, for formats that limit the work of each sender. Default: whom AWS has verified, if anybody:
   * an identity of a Cognito identity pool, an IAM role or user, the issuer and subject of a token, `principalId` and
   * `sub` of a Lambda authorizer, or the subject of a client certificate.
   */
  readonly principal?: (event: any, context: Context) => string | undefined
  /** `true`: declared fields may be absent, as in a PATCH; those present must be encrypted. Default `false`. */
  readonly partial?: boolean
  /** Where the payload is: in the body, or the event itself. Default: by the event's source. */
  readonly payload?: 'body' | 'event'
  /** The largest body that is parsed, in bytes. Default 6,291,456, Lambda's own limit. */
  readonly maxBodyBytes?: number
  /**
   * `true`: decrypted values may leave in the clear, because a trusted caller needs them. Otherwise a response that
   * contains some, or a declared field, is refused unless `encryptResponse` has encrypted it. Default `false`.
   */
  readonly clearResponse?: boolean
  /** Called for every refused request. Default: one line of JSON on stderr. */
  readonly onRefused?: OnRefused
}

export const decryptRequestDefaults = { partial: false, maxBodyBytes: 6 * 1024 * 1024 } as const

export const decryptRequestSchema: OptionSchema<DecryptRequestOptions> = {
  fields: fieldsRule,
  envelope: required(envelopeEntries),
  bind: anyFunction,
  sources: sourcesRule,
  resource: anyFunction,
  publicPath: group(packageName, 'publicPath', { remove: pathPrefix, add: pathPrefix }),
  query: [
    'must be false or a list of names',
    (value) => value === false || (Array.isArray(value) && value.every((name) => typeof name === 'string')),
  ],
  sender: ['must be false or a function', (value) => value === false || typeof value === 'function'],
  unsealed: anyFunction,
  principal: anyFunction,
  partial: flag,
  payload: oneOf('body', 'event'),
  maxBodyBytes: byteCount,
  clearResponse: flag,
  ...reservedTimeSchema,
  onRefused: anyFunction,
}
