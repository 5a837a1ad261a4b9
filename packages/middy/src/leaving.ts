// What happens to an answer on its way out besides sealing: it must not contain opened values.
import type { Envelope, FieldPolicy } from '@glassine/core'
import { clearPlace, isPlainObject } from '@glassine/core/internal'
import { fault } from './errors.ts'
import { answersHttp, type EventSource, methodOf } from './event-source.ts'
import { addHeader, exposeHeader, type HttpResponse, oneValue, requestHeaders } from './headers.ts'
import type { Sealing, State } from './invocation.ts'
import { redacted, refuseOpened } from './leave-check.ts'
import type { ResponseParts } from './response.ts'
import { carries } from './senders.ts'

/** The template path of the first declared place of a payload with a value that no envelope recognises. */
export const unsealedPlace = (
  { encrypted }: FieldPolicy,
  payload: unknown,
  envelopes: readonly Envelope[],
): string | undefined => {
  const bundled = envelopes.some((envelope) => carries(envelope, payload))
  return clearPlace(
    encrypted,
    payload,
    (value, { path }) =>
      envelopes.some((envelope) => envelope.recognises(value)) ||
      // In a bundle, an element of a list or record becomes null to keep its place.
      (bundled && value === null && path.endsWith('/*')),
  )
}

/** The status of an answer; 200 if it has none. */
export const statusOf = (response: unknown): number => {
  const status = isPlainObject(response) ? response.statusCode : undefined
  return typeof status === 'number' ? status : 200
}

/** Whether an answer has no content by its nature: it is not a success, or it is not read. */
export const isWithoutContent = (event: unknown, source: EventSource, response: unknown): boolean => {
  if (!answersHttp(source)) return false
  const method = methodOf(event, source)
  return statusOf(response) >= 300 || method === 'HEAD' || method === 'OPTIONS' || isProbe(event, source)
}

/** A health check of a load balancer. */
const isProbe = (event: unknown, source: EventSource): boolean =>
  source === 'alb' && /^ELB-HealthChecker\//.test(oneValue(requestHeaders(event, source), 'user-agent') ?? '')

/** An answer without sealed values, as it may leave; behind an HTTP source its body is text. */
export const leaving = (
  state: State,
  parts: ResponseParts,
  response: unknown,
  { isLenient, source }: { readonly isLenient: boolean; readonly source: EventSource },
): unknown => {
  const http = 'response' in parts ? parts.response : undefined
  if (!http) return isLenient && 'payload' in parts ? redacted(state, response) : response
  if (isLenient) {
    const clean = redacted(state, http) as HttpResponse
    return typeof response === 'object' ? withTextBody(clean, source, state.multiValue) : clean.body
  }
  refuseOpened(state, { response: http, envelopes: [] })
  // What says no status is a 200, and must say so to be one.
  return withTextBody({ statusCode: 200, ...http }, source, state.multiValue)
}

/** API Gateway and its like take no object for a body. */
const withTextBody = (
  response: HttpResponse,
  source: EventSource,
  multiValue: boolean | undefined,
): HttpResponse => {
  const { body } = response
  if (!answersHttp(source) || typeof body !== 'object' || body === null) return response
  const answer: HttpResponse = { ...response, body: JSON.stringify(body) }
  addHeader(answer, 'Content-Type', 'application/json', multiValue)
  return answer
}

export const checkedLeaving = (
  state: State,
  { policy, envelope }: Sealing,
  written: unknown,
  payload: unknown,
  isLenient: boolean,
): unknown => {
  const http = written !== payload ? (written as HttpResponse) : undefined
  if (isLenient) return redacted(state, written)
  // The declaration that the request was opened by counts, too, whatever the answer's own is.
  const { opening } = state
  if (opening && opening.policy !== policy) {
    const path = unsealedPlace(opening.policy, payload, [envelope])
    if (path !== undefined && !Array.isArray(payload))
      throw fault('ERR_FIELD_NOT_ENCRYPTED', {
        path,
        statusCode: 500,
        message: 'A field that the request declares would have left in the clear',
      })
  }
  refuseOpened(state, { ...(http ? { response: http } : { payload: written }), envelopes: [envelope] })
  return written
}

export const withHeader = (
  response: unknown,
  [name, value]: readonly [string, string],
  multiValue: boolean | undefined,
): unknown => {
  const answer: HttpResponse = isPlainObject(response)
    ? { ...response }
    : { statusCode: 200, body: response ?? '' }
  exposeHeader(answer, name, value, multiValue)
  return answer
}
