import type { Envelope, FieldPolicy } from '@glassine/core'
import { elementPolicy, endOpenedValues, isPlainObject } from '@glassine/core/internal'
import { cleanError } from './clean-error.ts'
import { fault, sealingError, uniformError } from './errors.ts'
import { eventSourceOf } from './event-source.ts'
import type { HttpResponse } from './headers.ts'
import { type AnyRequest, mayLeaveClear, stateOf } from './invocation.ts'
import { redacted, refuseOpened, watchOf } from './leave-check.ts'
import { unsealedPlace } from './leaving.ts'
import { type OnRefused, tell } from './on-refused.ts'
import { hasFieldBesideBody, type ResponseParts, responseParts } from './response.ts'
import { byStructure } from './sealed-structure.ts'

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
  if (opening || state.tables) refuseStream(isHttp ? response.body : response)
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
    if (path !== undefined)
      throw fault('ERR_FIELD_NOT_ENCRYPTED', {
        path,
        statusCode: 500,
        message: 'A declared field would have left in the clear',
      })
  }
}

/** A value that JSON does not show, such as a stream, cannot be searched. */
const refuseStream = (content: unknown): void => {
  if (typeof content !== 'object' || content === null || Array.isArray(content) || isPlainObject(content))
    return
  throw fault('ERR_RESPONSE_INVALID', {
    message: 'The response is not JSON, so it cannot be searched for decrypted values',
  })
}

// How middlewares that open handle answers and errors on their way out.

interface PassingOptions {
  /** The declarations whose places must be sealed in an answer. */
  readonly policies: readonly FieldPolicy[]
  readonly onRefused: OnRefused | undefined
}

/**
 * The hooks `after` and `onError`: an answer that was not sealed, or that an inner hook has changed since, is looked at
 * before others see it, and opened values are taken out of errors and of their answers.
 */
export const passing = ({ policies, onRefused }: PassingOptions) => {
  /** Refuses an answer that would leave in the clear; it is removed from the request. */
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
        // Not thrown: Middy would skip the error handlers outside, and the caller would get no answer at all.
        request.response = undefined
        request.error = error as Error
      }
    }
    end(request)
  }

  return { after, onError }
}
