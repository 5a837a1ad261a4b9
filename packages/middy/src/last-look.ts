// The last look at a response: nothing declared and nothing opened may leave in the clear.
import type { Envelope, FieldPolicy } from '@glassine/core'
import { clearPlace, elementPolicy, endOpenedValues, isPlainObject } from '@glassine/core/internal'
import { cleanError } from './clean-error.ts'
import { fault, sealingError, uniformError } from './errors.ts'
import { eventSourceOf } from './event-source.ts'
import type { HttpResponse } from './headers.ts'
import { type AnyRequest, mayLeaveClear, type Sealing, type State, stateOf } from './invocation.ts'
import { refuseOpened, watchOf, wouldLeave } from './leave-check.ts'
import { type OnRefused, tell } from './on-refused.ts'
import { redacted } from './redact.ts'
import { hasFieldBesideBody, type ResponseParts, responseParts } from './response.ts'
import { byStructure } from './sealed-structure.ts'
import { carries } from './senders.ts'

/**
 * Refuses a response that has a declared place or an opened value in the clear. Changes nothing. If `encryptResponse`
 * has written and checked the body, only the rest of the response is checked.
 *
 * @param policies - the declarations whose places must be sealed
 * @param known - the formats that count as sealed. Default: those of the invocation, or by their structure
 * @throws GlassineError `ERR_FIELD_NOT_ENCRYPTED` with the place, `ERR_RESPONSE_INVALID`, both 500
 */
export const lastLook = (
  request: AnyRequest,
  policies: readonly FieldPolicy[],
  known?: readonly Envelope[],
): void => {
  const state = stateOf(request)
  const { response } = request
  if (response === undefined || response === null) return
  const { opening, sealing, gate, sealedBody } = state
  const isSealed =
    isPlainObject(response) &&
    !hasToJson(response) &&
    sealedBody !== undefined &&
    response.body === sealedBody &&
    policies.every((policy) => policy === sealing?.policy && !hasFieldBesideBody(response, policy))
  if (isSealed) {
    refuseOpened(state, { response: { ...response, body: undefined }, envelopes: [] })
    return
  }
  const source = sealing?.source ?? opening?.source ?? gate?.source ?? eventSourceOf(request.event)
  const envelopes = known ?? [...(sealing ? [sealing.envelope] : []), ...(opening?.envelopes ?? [])]
  for (const policy of policies) {
    const parts = responseParts(response, source, policy, true)
    refuseUnsealed(policy, parts, envelopes)
  }
  if (mayLeaveClear(state)) return
  const isHttp = isPlainObject(response) && ('body' in response || 'headers' in response)
  // Whatever was opened by now: a stream that reads a table does so when it is read itself.
  if (opening || state.tables)
    for (const one of isHttp ? [response, response.body] : [response]) refuseStream(one)
  if (!watchOf(state)) return
  refuseOpened(state, {
    ...(isHttp ? { response: response as HttpResponse } : { payload: response }),
    envelopes: envelopes.length > 0 ? envelopes : [byStructure(undefined)],
  })
}

const refuseUnsealed = (policy: FieldPolicy, parts: ResponseParts, envelopes: readonly Envelope[]): void => {
  const payload = 'payload' in parts ? parts.payload : undefined
  const one = elementPolicy(policy)
  for (const element of Array.isArray(payload) ? payload : [payload]) {
    if (typeof element !== 'object' || element === null) continue
    const path = unsealedPlace(one, element, envelopes.length > 0 ? envelopes : [byStructure(element)])
    if (path !== undefined) throw wouldLeave('A declared field', path)
  }
}

const hasToJson = (value: object): boolean => typeof (value as { toJSON?: unknown }).toJSON === 'function'

/** A value that JSON does not show, such as a stream, cannot be searched; what it makes of itself may change. */
const refuseStream = (content: unknown): void => {
  if (typeof content !== 'object' || content === null) return
  if ((Array.isArray(content) || isPlainObject(content)) && !hasToJson(content)) return
  throw fault('ERR_RESPONSE_INVALID', {
    message: 'The response is not JSON, so it cannot be searched for decrypted values',
  })
}

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

/**
 * The last look of `encryptResponse` at what it has sealed: a response as it may leave.
 *
 * @throws GlassineError `ERR_FIELD_NOT_ENCRYPTED`, 500
 */
export const lookAtSealed = (
  state: State,
  { policy, envelope }: Sealing,
  written: unknown,
  payload: unknown,
  isLenient: boolean,
): unknown => {
  const http = written !== payload ? (written as HttpResponse) : undefined
  if (isLenient) return redacted(state, written)
  // The request's declaration counts too, if the response has another.
  const { opening } = state
  if (opening && opening.policy !== policy) {
    const path = unsealedPlace(opening.policy, payload, [envelope])
    if (path !== undefined && !Array.isArray(payload))
      throw wouldLeave('A field that the request declares', path)
  }
  refuseOpened(state, { ...(http ? { response: http } : { payload: written }), envelopes: [envelope] })
  return written
}

// How middlewares that decrypt let responses and errors out.

interface ExitOptions {
  /** The declarations whose places must be sealed in a response. */
  readonly policies: readonly FieldPolicy[]
  readonly onRefused: OnRefused | undefined
}

/**
 * The hooks `after` and `onError`: a response that was not sealed, or that an inner hook has changed since, is looked
 * at before others see it. Opened values are taken out of errors and of their responses.
 */
export const exitHooks = ({ policies, onRefused }: ExitOptions) => {
  /** Refuses a response that would leave in the clear; it is removed from the request. */
  const look = (request: AnyRequest): void => {
    try {
      if (!mayLeaveClear(stateOf(request))) lastLook(request, policies)
    } catch (error) {
      request.response = undefined
      tell(onRefused, 'response', error, policies[0]?.model)
      throw sealingError(error)
    }
  }

  const end = (request: AnyRequest): void => {
    const { opened } = stateOf(request)
    if (opened) endOpenedValues(opened)
  }

  const after = (request: AnyRequest): void => {
    try {
      look(request)
    } finally {
      end(request)
    }
  }

  const onError = (request: AnyRequest): void => {
    const state = stateOf(request)
    request.error = uniformError(cleanError(state, request.error)) as Error
    if (request.response !== undefined) {
      try {
        request.response = redacted(state, request.response)
        look(request)
      } catch (error) {
        // Not thrown: Middy would skip the error handlers outside, and the caller would get no response at all.
        request.response = undefined
        request.error = error as Error
      }
    }
    end(request)
  }

  return { after, onError }
}
