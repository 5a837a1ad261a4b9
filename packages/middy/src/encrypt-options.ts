import type { Envelope, Fields } from '@glassine/core'
import type { Bind } from './invocation.ts'
import type { OnRefused } from './on-refused.ts'
import {
  anyFunction,
  byteCount,
  fieldsRule,
  flag,
  isHeaderValue,
  type OptionSchema,
  oneEnvelope,
  type ReservedTimeOption,
  reservedTimeSchema,
} from './options.ts'

/** Options of `encryptResponse`. Without `decryptRequest` before it, `fields` and `envelope` are needed. */
export interface EncryptResponseOptions extends ReservedTimeOption {
  /** The fields to encrypt. Default: the fields of the request. */
  readonly fields?: Fields
  /** The format of the response. Default: the request's. */
  readonly envelope?: Envelope
  /** The binding of ciphertexts; called before the handler. Default: the request's binding. */
  readonly bind?: Bind
  /** `true`: declared fields may be absent from all responses, not only from errors. Default `false`. */
  readonly partial?: boolean
  /** `Cache-Control` of responses with encrypted fields, unless they have one; `false` for none. Default `no-store`. */
  readonly cacheControl?: string | false
  /** The largest response, in bytes of JSON. Default 6,291,556, Lambda's limit; behind an ALB 1,048,576. */
  readonly maxResponseBytes?: number
  /** Called for every refused response. Default: one line of JSON on stderr. */
  readonly onRefused?: OnRefused
}

export const encryptResponseDefaults = { partial: false, cacheControl: 'no-store' } as const

export const encryptResponseSchema: OptionSchema<EncryptResponseOptions> = {
  fields: fieldsRule,
  envelope: oneEnvelope,
  bind: anyFunction,
  partial: flag,
  cacheControl: [
    'must be false or the value of a header',
    (value) => value === false || isHeaderValue(value),
  ],
  maxResponseBytes: byteCount,
  ...reservedTimeSchema,
  onRefused: anyFunction,
}
