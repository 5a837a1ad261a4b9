import { createHash } from 'node:crypto'
import {
  anyFunction,
  checkedOptions,
  integer,
  methods,
  type OptionSchema,
  required,
} from '@glassine/core/internal'
import { fault, packageName } from '../errors.ts'
import { knownKeys } from '../recipients/known-keys.ts'
import { type Recipient, recipientsOf, recipientsRule } from '../recipients/recipient.ts'
import { httpRequestOf, httpResponse, type JwksResponse } from './request.ts'
import { signedKeys } from './signed.ts'
import type { Signer } from './signer.ts'

/** Options of {@link jwksHandler}; times in ms. */
export interface JwksHandlerOptions {
  /** Whose public keys are published, in this order; devices take the first that they can use. */
  readonly recipients: Recipient | readonly Recipient[]
  /** How long an answer may be kept. Default 300,000; whole seconds. */
  readonly maxAge?: number
  /** Signs the keys for clients that ask for `application/jwk-set+jwt`. Default: nobody does. */
  readonly sign?: Signer
  /** The longest wait for keys and signatures. Default 10,000. */
  readonly timeout?: number
  /** The clock, ms since the epoch. Default `Date.now`; for tests. */
  readonly now?: () => number
}

const schema: OptionSchema<JwksHandlerOptions> = {
  recipients: required(recipientsRule),
  maxAge: integer(1_000, 31_536_000_000),
  sign: methods('jwk', 'sign'),
  timeout: integer(1),
  now: anyFunction,
}

/** A Lambda handler. */
export type JwksHandler = (
  event: unknown,
  context?: { readonly getRemainingTimeInMillis?: () => number },
) => Promise<JwksResponse>

const keySet = 'application/jwk-set+json'
const signedKeySet = 'application/jwk-set+jwt'

/** Kept free of the invocation's time, in ms: to answer. */
const margin = 250

/**
 * Makes a Lambda handler that publishes the public keys of recipients as a JWK Set (RFC 7517), for a route such as
 * `GET /.well-known/jwks.json`, behind API Gateway, a Function URL or an ALB. The keys are fetched once.
 *
 * Rotation: the next key stands at the end of the list for two `maxAge` before it moves to the front; the old one stays
 * in it, and in `sessionEnvelope`, until the longest session to it has ended.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`; in a request `ERR_EVENT_UNKNOWN` (403), `ERR_KEY_UNAVAILABLE` (503)
 * @example
 * ```ts
 * import { jwksHandler, kmsAgreementRecipient } from '@glassine/session'
 *
 * export const handler = jwksHandler({ recipients: kmsAgreementRecipient({ keyId: 'alias/devices' }) })
 * ```
 */
export const jwksHandler = (options: JwksHandlerOptions): JwksHandler => {
  const {
    recipients,
    maxAge: age = 300_000,
    sign,
    timeout = 10_000,
    now = Date.now,
  } = checkedOptions(packageName, schema, options)
  const keys = knownKeys(recipientsOf(recipients))
  const maxAge = Math.floor(age / 1_000)
  const signed = sign && signedKeys(sign, maxAge, now)

  return async (event, context) => {
    const request = httpRequestOf(event)
    if (request === undefined) throw fault('ERR_EVENT_UNKNOWN')
    const { method } = request
    if (method !== 'GET' && method !== 'HEAD')
      return httpResponse(request, 405, { Allow: 'GET, HEAD', 'Cache-Control': 'no-store' }, '')

    const left = context?.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY
    const end = now() + Math.min(timeout, Math.max(0, left - margin))
    const call = { deadline: () => end }
    const published = await keys.all(call)
    const isSigned = signed !== undefined && request.header('accept').includes(signedKeySet)
    const body = isSigned ? await signed(published, call) : JSON.stringify({ keys: published })
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
    const headers = {
      'Cache-Control': `public, max-age=${maxAge}`,
      ETag: etag,
      // Browsers on other origins fetch these; there is nothing in them that is not public.
      'Access-Control-Allow-Origin': '*',
      ...(signed !== undefined && { Vary: 'Accept' }),
    }
    if (matches(request.header('if-none-match'), etag)) return httpResponse(request, 304, headers, '')
    return httpResponse(
      request,
      200,
      { 'Content-Type': isSigned ? signedKeySet : keySet, ...headers },
      method === 'HEAD' ? '' : body,
    )
  }
}

/** RFC 9110, section 13.1.2: weak comparison. */
const matches = (header: string, etag: string): boolean =>
  header === '*' || header.split(',').some((one) => one.trim().replace(/^W\//, '') === etag)
