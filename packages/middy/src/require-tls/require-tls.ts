import { isPlainObject } from '@glassine/core/internal'
import type { MiddlewareObj } from '@middy/core'
import { badOption, fault } from '../errors.ts'
import { answersHttp, eventSourceOf } from '../event-source.ts'
import { addHeader, wantsMultiValue } from '../headers.ts'
import { type AnyRequest, stateOf } from '../state.ts'
import { judgeOf } from './judge.ts'
import { checkedOptions, type RequireTlsOptions } from './options.ts'
import { redirectLocation, refusalResponse } from './refusal.ts'

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
  const { redirect, hsts, refusal: answer } = checked
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
    const refusal = fault(decision.code)
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
    const answered = { ...response }
    addHeader(answered, 'Strict-Transport-Security', hsts, multiValue)
    request.response = answered
  }

  const requireTlsOnError = (request: AnyRequest): void => {
    const { gate, multiValue } = stateOf(request)
    if (gate?.refusal === undefined || gate.refusal !== request.error) {
      // An inner middleware has answered the error.
      requireTlsAfter(request)
      return
    }
    // An inner error handler has answered, or is meant to.
    if (request.response !== undefined || (answer === 'throw' && gate.location === undefined)) return
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
