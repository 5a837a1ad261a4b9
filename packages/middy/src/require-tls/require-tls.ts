import type { ErrorCode } from '@glassine/core'
import { isPlainObject } from '@glassine/core/internal'
import type { MiddlewareObj } from '@middy/core'
import { badOption, fault } from '../errors.ts'
import {
  answersHttp,
  type EventSource,
  eventSourceOf,
  isEdge,
  isHttpSource,
  methodOf,
} from '../event-source.ts'
import {
  addHeader,
  listValues,
  oneValue,
  type RequestHeaders,
  requestHeaders,
  wantsMultiValue,
} from '../headers.ts'
import { type AnyRequest, stateOf } from '../invocation.ts'
import { tell } from '../on-refused.ts'
import { certificateAllowed, distributionGate, isLocal, versionAllowed } from './connection.ts'
import { type CheckedOptions, checkedOptions, type RequireTlsOptions } from './options.ts'
import { originAllowed, originGate } from './origins.ts'
import { redirectLocation, refusalResponse } from './refusal.ts'

/**
 * The decision about an event. `allow`: AWS says that the client's connection is encrypted. `local`: it is not, but
 * does not leave this machine. `skip`: the event has no client connection.
 */
type Decision = 'allow' | 'local' | 'skip' | Refusal

/** Why an event is refused. */
interface Refusal {
  readonly code: ErrorCode
  /** For the operator; of headers it says only whether they were there. */
  readonly reason: string
  /** Only plain http was wrong: the same request over https may be allowed. */
  readonly wasPlain?: boolean
}

/** Decides about an event of a source. */
type Judge = (event: unknown, source: EventSource) => Decision

const refused = (reason: string): Refusal => ({ code: 'ERR_TLS_REQUIRED', reason })
const viewerNotHttps = refused('CloudFront-Forwarded-Proto is absent or not https')
const viewerPlain: Refusal = { ...viewerNotHttps, wasPlain: true }
const plain: Refusal = { ...refused('the request came over plain http'), wasPlain: true }

/**
 * Compiles the options into the decision function.
 *
 * @throws GlassineError `ERR_OPTION_INVALID` for an origin that no browser can send
 */
const judgeOf = (options: CheckedOptions): Judge => {
  const { listener, direct, edge, local, cloudFront, origins, missingOrigin } = options
  const distribution = cloudFront && distributionGate(cloudFront)
  const gate = origins && originGate(origins, local !== undefined)

  /** The last hop that AWS terminated. */
  const hop = (event: unknown, source: EventSource, headers: RequestHeaders): Decision => {
    if (source === 'lattice-v1' || source === 'lattice-v2')
      return listener === 'https' ? 'allow' : refused('`listener` does not say that the listener is HTTPS')
    const proto = listValues(headers, 'x-forwarded-proto')
    // TLS-only services omit it on private endpoints; a load balancer always sends it.
    if (proto === undefined)
      return source === 'alb' ? refused('the load balancer sent no X-Forwarded-Proto') : 'allow'
    if (proto.every((value) => value === 'https')) return 'allow'
    return local && isLocal(event, headers, local) ? 'local' : plain
  }

  const edgeHop = (source: EventSource, headers: RequestHeaders): Decision => {
    if (source === 'edge-viewer')
      return edge ? 'allow' : refused('`edge` does not say what the viewer protocol policy is')
    const proto = listValues(headers, 'cloudfront-forwarded-proto')
    return proto?.every((value) => value === 'https') ? 'allow' : viewerNotHttps
  }

  const request = (event: unknown, source: EventSource): Decision => {
    const byEdge = isEdge(source)
    const headers = requestHeaders(event, source)
    if (source === 'alb' && isHealthCheck(headers)) return 'skip'
    const decision = byEdge ? edgeHop(source, headers) : hop(event, source, headers)
    if (decision !== 'allow' && decision !== 'local') return decision
    if (distribution && !byEdge) {
      if (!distribution.isFrom(headers)) return refused('the secret of the distribution is absent or another')
      if (!distribution.isHttps(headers)) return viewerPlain
    }
    if (!versionAllowed(source, headers, options))
      return refused('the TLS version is below `minVersion`, or not known')
    if (!certificateAllowed(event, source, headers, options))
      return {
        code: 'ERR_CLIENT_CERT_REFUSED',
        reason: 'the client certificate is absent, not verified, or refused by `clientCert`',
      }
    if (gate && !originAllowed(gate, missingOrigin, headers, methodOf(event, source)))
      return { code: 'ERR_ORIGIN_REFUSED', reason: originReason(headers) }
    return decision
  }

  return (event, source) => {
    if (isHttpSource(source) || isEdge(source) || source === 'appsync') return request(event, source)
    // A WebSocket's messages were checked when it connected; AWS services call without a client.
    const isRefused = source === 'unknown' || (source === 'direct' && direct !== 'allow')
    return isRefused ? { code: 'ERR_EVENT_UNKNOWN', reason: `an event of the source ${source}` } : 'skip'
  }
}

/** Which header the decision about the origin was made by; its value is the sender's. */
const originReason = (headers: RequestHeaders): string => {
  if (headers.has('origin')) return 'the origin is not allowed'
  if (headers.has('referer')) return 'there is no Origin, and the Referer is not of an allowed origin'
  if (headers.has('sec-fetch-site')) return 'there is no Origin, and Sec-Fetch-Site is not same-origin'
  return 'there is neither Origin, Referer nor Sec-Fetch-Site'
}

/**
 * A load balancer's health check. It passes no listener, so it has no forwarded headers; every client's request has.
 */
const isHealthCheck = (headers: RequestHeaders): boolean => {
  if (oneValue(headers, 'user-agent') !== 'ELB-HealthChecker/2.0') return false
  for (const name of headers.keys()) if (name.startsWith('x-forwarded-')) return false
  return true
}

/**
 * Allows requests whose client connection was encrypted, as AWS reports it, and whose origin is allowed. Refuses all
 * others with 403 before another middleware works on them. Goes after the error handler and before the body parser.
 *
 * | source | allowed |
 * |---|---|
 * | API Gateway (REST, HTTP, WebSocket `CONNECT`), AppSync, Function URL | when `X-Forwarded-Proto` is `https` or absent |
 * | ALB | when it is `https`; its health checks |
 * | VPC Lattice | with `listener: 'https'` |
 * | Lambda@Edge | viewer events with `edge`, origin events when `CloudFront-Forwarded-Proto` is `https` |
 * | WebSocket messages, queues, streams and other AWS services | always: they have no client connection |
 * | direct invocation | with `direct: 'allow'` |
 * | anything else | never |
 *
 * Answers a refusal with a problem document (RFC 9457), so that outer error handlers have nothing to do. With
 * `refusal: 'throw'`, and for sources that read no HTTP response, the error is left to them.
 *
 * @throws GlassineError at construction `ERR_OPTION_INVALID`; in a request `ERR_TLS_REQUIRED`,
 * `ERR_ORIGIN_REFUSED`, `ERR_CLIENT_CERT_REFUSED`, `ERR_EVENT_UNKNOWN`, all with status 403
 * @example
 * ```ts
 * import { requireTls } from '@glassine/middy'
 * import middy from '@middy/core'
 *
 * export const handler = middy()
 *   .use(requireTls({ origins: ['https://app.example.com'] }))
 *   .handler(async () => ({ statusCode: 204 }))
 * ```
 */
export const requireTls = (options: RequireTlsOptions = {}): MiddlewareObj<unknown, any> => {
  const checked = checkedOptions(options)
  const { redirect, hsts, refusal: form, onRefused } = checked
  const judge = judgeOf(checked)

  const requireTlsBefore = (request: AnyRequest): void => {
    const state = stateOf(request)
    if (state.opening || state.sealing)
      throw badOption('requireTls', 'must come before decryptRequest and encryptResponse')
    const { event } = request
    const source = eventSourceOf(event)
    state.multiValue = wantsMultiValue(event, source)
    const decision = judge(event, source)
    if (typeof decision === 'string') {
      state.gate = { source, secure: decision === 'allow' }
      return
    }
    const refusal = fault(decision.code, { reason: decision.reason })
    tell(onRefused, 'request', refusal, undefined)
    const location =
      decision.wasPlain && redirect !== undefined ? redirectLocation(event, source, redirect) : undefined
    state.gate = { source, secure: false, refusal, location }
    throw refusal
  }

  const requireTlsAfter = (request: AnyRequest): void => {
    const { gate, multiValue } = stateOf(request)
    const { response } = request
    // A browser ignores the header over plain http, and other sources do not read it.
    if (hsts === false || !gate?.secure || !answersHttp(gate.source)) return
    if (!isPlainObject(response) || response.statusCode === undefined) return
    const secured = { ...response }
    addHeader(secured, 'Strict-Transport-Security', hsts, multiValue)
    request.response = secured
  }

  const requireTlsOnError = (request: AnyRequest): void => {
    const { gate, multiValue } = stateOf(request)
    if (gate?.refusal === undefined || gate.refusal !== request.error) {
      // An inner middleware has answered the error.
      requireTlsAfter(request)
      return
    }
    // An inner error handler has answered, or is meant to.
    if (request.response !== undefined || (form === 'throw' && gate.location === undefined)) return
    const response = refusalResponse(gate.refusal, gate.source, gate.location, multiValue)
    if (response) request.response = response
  }

  return { before: requireTlsBefore, after: requireTlsAfter, onError: requireTlsOnError } as MiddlewareObj<
    unknown,
    any
  >
}

/**
 * Checks options as {@link requireTls} does at construction, without making the middleware.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 */
export const requireTlsValidateOptions = (options: RequireTlsOptions): void => void requireTls(options)
