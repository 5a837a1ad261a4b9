import { type FieldPolicy, type Prepared, policyOf, type SealOptions } from '@glassine/core'
import { distinctModels, isGlassineError, isHarmless, isListPolicy } from '@glassine/core/internal'
import type { MiddlewareObj } from '@middy/core'
import { cleanError } from './clean-error.ts'
import {
  type EncryptResponseOptions,
  encryptResponseDefaults,
  encryptResponseSchema,
} from './encrypt-options.ts'
import { badOption, fault, packageName, sealingError } from './errors.ts'
import { answersHttp, eventSourceOf } from './event-source.ts'
import { wantsMultiValue } from './headers.ts'
import { type AnyRequest, bindingOf, invocationOf, type Sealing, stateOf } from './invocation.ts'
import { lookAtSealed, unsealedPlace } from './last-look.ts'
import { tell, tellNoMore } from './on-refused.ts'
import { checkOptions } from './options.ts'
import { isWithoutContent, responseParts, statusOf } from './response.ts'
import { spliced } from './splice.ts'
import { maxResponseBytes, withHeader, writeResponse, writeUnsealed } from './write-response.ts'

/**
 * Encrypts the declared fields of the handler's response, or of the response of an error handler further inside. Must
 * be the last `.use()`: later middlewares see the response in the clear and may prevent its encryption.
 *
 * Takes `{ statusCode, body }` with an object, JSON text or base64 of JSON, or the bare payload; behind an HTTP
 * source the result is always `{ statusCode, headers, body }` with a body of JSON text. A required field that is
 * absent is an error. A response without a body passes. Responses with a status of 400 or above may be plain text and
 * may lack fields; the fields that they have are encrypted.
 *
 * The response is removed while its fields are encrypted, so that no failure leaves it in the clear: the caller gets
 * a 500.
 *
 * @throws GlassineError at construction `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID`; in a request, before the handler
 * `ERR_OPTION_INVALID` (order), `ERR_BINDING_INVALID`; after it, all with status 500, `ERR_RESPONSE_INVALID`,
 * `ERR_FIELD_MISSING`, `ERR_VALUE_INVALID`, `ERR_ALREADY_ENCRYPTED`, `ERR_ENCRYPT_FAILED`, `ERR_TOO_LARGE`, or 503
 * `ERR_KEY_UNAVAILABLE`
 * @example
 * ```ts
 * import { defineFields } from '@glassine/core'
 * import { keyMaterial } from '@glassine/keys'
 * import { localKeyring } from '@glassine/keys/raw-aes'
 * import { messageEnvelope } from '@glassine/message'
 * import { encryptResponse } from '@glassine/middy'
 * import middy from '@middy/core'
 *
 * const fields = defineFields<{ id: string; ssn: string }>('patient', { ssn: {} })
 * const envelope = messageEnvelope({ keys: keyMaterial({ keyring: localKeyring() }) })
 *
 * export const handler = middy()
 *   .use(encryptResponse({ fields, envelope, bind: (event) => ({ tenant: event.requestContext.accountId }) }))
 *   .handler(async () => ({ statusCode: 200, body: { id: 'p-1', ssn: '078-05-1120' } }))
 * ```
 */
export const encryptResponse = (options: EncryptResponseOptions = {}): MiddlewareObj<unknown, any> => {
  checkOptions(encryptResponseSchema, options)
  const { envelope, bind, maxResponseBytes: maxBytes, onRefused } = options
  const { partial = encryptResponseDefaults.partial, cacheControl = encryptResponseDefaults.cacheControl } =
    options
  const policy = options.fields && policyOf(options.fields, packageName)
  if (policy) envelope?.checkFields?.(policy)
  // The request's model, after the check that it is not another model with this id.
  let compared = policy

  // Reports what is wrong before the handler does anything that cannot be undone.
  const encryptResponseBefore = async (request: AnyRequest): Promise<void> => {
    const state = stateOf(request)
    const { opening } = state
    if (policy && opening && opening.policy !== compared) {
      distinctModels([opening.policy, policy], packageName)
      compared = opening.policy
    }
    if (state.sealing) throw badOption('encryptResponse', 'must be used only once in a handler')
    const source = opening?.source ?? state.gate?.source ?? eventSourceOf(request.event)
    state.multiValue ??= wantsMultiValue(request.event, source)
    const sealing = { policy: policy ?? opening?.policy, envelope: envelope ?? opening?.envelope }
    if (!sealing.policy || !sealing.envelope)
      throw badOption(
        sealing.policy ? 'envelope' : 'fields',
        'is needed without a decryptRequest before encryptResponse',
      )
    const binding = bind || !opening ? await bindingOf(bind, request.event, request.context) : opening.binding
    const caller = opening?.caller ?? {}
    sealing.envelope.checkFields?.(sealing.policy)
    state.sealing = { policy: sealing.policy, envelope: sealing.envelope, binding, caller, source }
  }

  const encryptResponseAfter = async (request: AnyRequest): Promise<void> => {
    const { response } = request
    // Removed first, so that hooks that see the request after a failure find nothing.
    request.response = undefined
    try {
      request.response = await sealed(request, response, false)
    } catch (error) {
      throw refusal(request, error)
    }
  }

  const encryptResponseOnError = async (request: AnyRequest): Promise<void> => {
    const { response } = request
    // Error handlers further outside may send what the error holds, and Lambda does.
    request.error = cleanError(stateOf(request), request.error) as Error
    if (response === undefined || response === null) return
    request.response = undefined
    try {
      request.response = await sealed(request, response, true)
    } catch (error) {
      // Not thrown: Middy would skip the error handlers outside, and the caller would get no response.
      request.error = refusal(request, error)
    }
  }

  const refusal = (request: AnyRequest, error: unknown): Error => {
    const refused = sealingError(error)
    const { sealing, opening } = stateOf(request)
    const { model } = (sealing ?? opening)?.policy ?? {}
    tell(onRefused, 'response', isGlassineError(error) ? error : refused, model, refused)
    return tellNoMore(refused)
  }

  const sealed = async (
    request: AnyRequest,
    response: unknown,
    isErrorResponse: boolean,
  ): Promise<unknown> => {
    const state = stateOf(request)
    const { sealing, opening } = state
    const fields = sealing?.policy ?? policy ?? opening?.policy
    // The error came before the declaration was known: nothing has been opened, and the handler has not run.
    if (!fields && isErrorResponse) return response
    if (!fields) throw fault('ERR_ENCRYPT_FAILED')
    const source = sealing?.source ?? eventSourceOf(request.event)
    const isLenient = isErrorResponse || isWithoutContent(request.event, source, response)
    const parts = responseParts(response, source, fields, isLenient)
    const isPlain =
      parts.form === 'empty' || parts.form === 'text' || (isLenient && isHarmless(fields, parts.payload))
    if (isPlain && !sealing?.envelope.proves)
      return writeUnsealed(state, parts, response, { isLenient, source })
    if (!sealing) throw fault('ERR_ENCRYPT_FAILED')
    if (!isPlain) refuseOtherRoot(fields, parts.payload)

    const reservedTime = options.reservedTime ?? state.reservedTime
    const limit = maxBytes ?? maxResponseBytes(source)
    const { multiValue } = state
    const { result, header } = await sealedPayload(sealing, isPlain ? undefined : parts.payload, {
      ...invocationOf(sealing.binding, request.context, sealing.caller, reservedTime),
      use: 'response',
      partial: partial || isLenient,
      maxBytes: limit,
      ...(answersHttp(source) && { status: statusOf(response) }),
    })
    if (isPlain) {
      const plain = writeUnsealed(state, parts, response, { isLenient, source })
      return header ? withHeader(plain, header, multiValue) : plain
    }
    const text =
      parts.form === 'http' && parts.text !== undefined
        ? spliced(parts.text, sealing.policy, result)
        : undefined
    const written = writeResponse(parts, result, {
      source,
      maxBytes: limit,
      multiValue,
      cacheControl,
      text,
      header,
    })
    const checked = lookAtSealed(state, sealing, written, result, isLenient)
    const { body } = checked as { body?: unknown }
    if (checked !== result && typeof body === 'string') state.sealedBody = body
    return checked
  }

  return {
    before: encryptResponseBefore,
    after: encryptResponseAfter,
    onError: encryptResponseOnError,
  } as MiddlewareObj<unknown, any>
}

/** A list although the model is an object, or the reverse: none of its fields could be found. */
const refuseOtherRoot = (policy: FieldPolicy, payload: unknown): void => {
  const isList = Array.isArray(payload)
  if (isList === isListPolicy(policy)) return
  throw fault('ERR_FIELD_MISSING', {
    path: '',
    reason: isList
      ? `the response is a list, and the model ${policy.model} is not: its fields are those of arrayOf`
      : `the response is no list, and the model ${policy.model} is one`,
  })
}

const sealedPayload = async (
  { policy, envelope }: Sealing,
  payload: unknown,
  options: SealOptions,
): Promise<{ readonly result: unknown; readonly header?: readonly [string, string] }> => {
  let prepared: Prepared | undefined
  try {
    prepared = await envelope.prepareSeal(payload, policy, options)
    const result = prepared.finish()
    // Checked again, independently of the envelope: what is checked here is what leaves.
    if (payload !== undefined && unsealedPlace(policy, result, [envelope]) !== undefined)
      throw fault('ERR_ENCRYPT_FAILED')
    return { result, header: prepared.header?.() }
  } finally {
    prepared?.release()
  }
}

/**
 * Checks options as {@link encryptResponse} does at construction, without making the middleware.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID`
 */
export const encryptResponseValidateOptions = (options: EncryptResponseOptions): void =>
  void encryptResponse(options)
