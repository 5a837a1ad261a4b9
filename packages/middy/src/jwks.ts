// The sub-path `@glassine/middy/jwks`: a handler without Middy, which publishes keys.
import { createHash } from 'node:crypto'
import type { PublishedKeys } from '@glassine/core'
import {
  checkedOptions,
  deadlineOf,
  methods,
  type OptionSchema,
  type RemainingTime,
  required,
} from '@glassine/core/internal'
import { fault, packageName } from './errors.ts'
import { eventSourceOf, isHttpSource, methodOf } from './event-source.ts'
import { requestHeaders, wantsMultiValue } from './headers.ts'
import { httpResponse, type PlainHttpResponse } from './problem.ts'

/** Options of {@link jwksHandler}. */
export interface JwksHandlerOptions {
  /** The keys: `publishedKeys` of `@glassine/session`. */
  readonly keySet: PublishedKeys
}

const schema: OptionSchema<JwksHandlerOptions> = { keySet: required(methods('json')) }

/** A Lambda handler of HTTP events. */
export type JwksHandler = (event: unknown, context?: RemainingTime) => Promise<PlainHttpResponse>

const jsonType = 'application/jwk-set+json'
const jwtType = 'application/jwk-set+jwt'

/**
 * Makes a Lambda handler that publishes keys as a JWK Set, for a route such as `GET /.well-known/jwks.json`, behind API
 * Gateway, a Function URL, an ALB or VPC Lattice. Responses carry `Cache-Control` and `ETag`. Clients that ask for
 * `application/jwk-set+jwt` get the signed set, if there is one.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`; in a request `ERR_EVENT_UNKNOWN` (403), `ERR_KEY_UNAVAILABLE` (503)
 * @example
 * ```ts
 * import { jwksHandler } from '@glassine/middy/jwks'
 * import { kmsAgreementRecipient, publishedKeys } from '@glassine/session'
 *
 * const recipients = kmsAgreementRecipient({ keyId: 'alias/devices' })
 * export const handler = jwksHandler({ keySet: publishedKeys({ recipients }) })
 * ```
 */
export const jwksHandler = (options: JwksHandlerOptions): JwksHandler => {
  const { keySet } = checkedOptions(packageName, schema, options)

  return async (event, context) => {
    const source = eventSourceOf(event)
    const method = isHttpSource(source) ? methodOf(event, source) : undefined
    if (method === undefined) throw fault('ERR_EVENT_UNKNOWN')
    const multiValue = wantsMultiValue(event, source)
    if (method !== 'GET' && method !== 'HEAD')
      return httpResponse(405, { Allow: 'GET, HEAD', 'Cache-Control': 'no-store' }, '', multiValue)

    const requested = requestHeaders(event, source)
    const isSigned =
      keySet.jwt !== undefined && requested.get('accept')?.some((value) => value.includes(jwtType))
    const deadline = deadlineOf(context)
    const body = isSigned ? await keySet.jwt!(deadline) : await keySet.json(deadline)
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
    const headers = {
      'Cache-Control': `public, max-age=${Math.floor(keySet.maxAge / 1_000)}`,
      ETag: etag,
      // Browsers on other origins fetch the keys, all of which are public.
      'Access-Control-Allow-Origin': '*',
      ...(keySet.jwt && { Vary: 'Accept' }),
    }
    if (requested.get('if-none-match')?.some((value) => matches(value, etag)))
      return httpResponse(304, headers, '', multiValue)
    return httpResponse(
      200,
      { 'Content-Type': isSigned ? jwtType : jsonType, ...headers },
      method === 'HEAD' ? '' : body,
      multiValue,
    )
  }
}

/** RFC 9110, section 13.1.2: weak comparison. */
const matches = (header: string, etag: string): boolean =>
  header === '*' || header.split(',').some((one) => one.trim().replace(/^W\//, '') === etag)
