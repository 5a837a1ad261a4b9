import { type Envelope, type Fields, type Prepared, policyOf } from '@glassine/core'
import type { MiddlewareObj } from '@middy/core'
import { unsealedPlace } from './clear-place.ts'
import { badOption, fault, packageName, sealingError } from './errors.ts'
import { eventSourceOf } from './event-source.ts'
import { wantsMultiValue } from './headers.ts'
import { type Bind, bindingOf, invocationOf } from './invocation.ts'
import {
  anyFunction,
  byteCount,
  checkOptions,
  fieldsRule,
  flag,
  isHeaderValue,
  type OptionSchema,
  oneEnvelope,
} from './options.ts'
import { isHarmless, type ResponseParts, responseParts } from './response.ts'
import { routeOf } from './route.ts'
import { type AnyRequest, type Sealing, stateOf } from './state.ts'
import { maxResponseBytes, writeResponse } from './write-response.ts'

/** Options of {@link encryptResponse}. Without `decryptRequest` before it, `fields` and `envelope` are needed. */
export interface EncryptResponseOptions {
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
}

const defaults = { partial: false, cacheControl: 'no-store' } as const

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
}

/**
 * Seals the declared fields of what the handler returned, and of what an error handler further inside answered.
 * Must be the last `.use()`: whatever stands after it sees the response in the clear and may keep it from being
 * sealed.
 *
 * Takes `{ statusCode, body }` with an object, JSON text or base64 of JSON, or the bare payload; behind an HTTP
 * source the result is always `{ statusCode, headers, body }` with a body of JSON text. A required field that is
 * absent is an error. A response without a body passes. Responses with a status of 400 or above may lack fields and
 * may be plain text, and their fields are sealed where they are there.
 *
 * While it works the response is taken away, so that whatever fails leaves none in the clear: the answer is 500.
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
  const { envelope, bind, maxResponseBytes: maxBytes } = options
  const { partial = defaults.partial, cacheControl = defaults.cacheControl } = options
  const policy = options.fields && policyOf(options.fields, packageName)

  // Settles everything that can be wrong before the handler has done anything that cannot be undone.
  const encryptResponseBefore = async (request: AnyRequest): Promise<void> => {
    const state = stateOf(request)
    const { opening } = state
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
    const caller = opening?.caller ?? { route: routeOf(request.event, source) }
    state.sealing = { policy: sealing.policy, envelope: sealing.envelope, binding, caller, source }
  }

  const encryptResponseAfter = async (request: AnyRequest): Promise<void> => {
    const { response } = request
    // Taken away first: whoever looks at the request when something fails finds nothing.
    request.response = undefined
    try {
      request.response = await sealed(request, response, false)
    } catch (error) {
      throw sealingError(error)
    }
  }

  const encryptResponseOnError = async (request: AnyRequest): Promise<void> => {
    const { response } = request
    if (response === undefined || response === null) return
    request.response = undefined
    try {
      request.response = await sealed(request, response, true)
    } catch (error) {
      // Not thrown: Middy would skip the error handlers outside, and the caller would get no answer at all.
      request.error = sealingError(error)
    }
  }

  const sealed = async (
    request: AnyRequest,
    response: unknown,
    isErrorResponse: boolean,
  ): Promise<unknown> => {
    const state = stateOf(request)
    const { sealing } = state
    const fields = sealing?.policy ?? policy ?? state.opening?.policy
    // An error before it was known what is declared: nothing has been opened, and the handler has not run.
    if (!fields && isErrorResponse) return response
    if (!fields) throw fault('ERR_ENCRYPT_FAILED')
    const source = sealing?.source ?? eventSourceOf(request.event)
    const parts = responseParts(response, source, fields, isErrorResponse)
    if (parts.form === 'empty') return response
    const isLenient = parts.isError || isErrorResponse
    if (isLenient && isHarmless(fields, parts.payload)) return response
    if (!sealing) throw fault('ERR_ENCRYPT_FAILED')

    const limit = maxBytes ?? maxResponseBytes(source)
    const payload = await sealedPayload(sealing, parts, {
      ...invocationOf(sealing.binding, request.context, sealing.caller),
      partial: partial || isLenient,
      maxBytes: limit,
    })
    const { multiValue } = state
    const written = writeResponse(parts, payload, { source, maxBytes: limit, multiValue, cacheControl })
    const { body } = written as { body?: unknown }
    if (written !== payload && typeof body === 'string') state.sealedBody = body
    return written
  }

  return {
    before: encryptResponseBefore,
    after: encryptResponseAfter,
    onError: encryptResponseOnError,
  } as MiddlewareObj<unknown, any>
}

const sealedPayload = async (
  { policy, envelope }: Sealing,
  { payload }: Exclude<ResponseParts, { form: 'empty' }>,
  options: Parameters<Envelope['prepareSeal']>[2],
): Promise<unknown> => {
  let prepared: Prepared | undefined
  try {
    prepared = await envelope.prepareSeal(payload, policy, options)
    const result = prepared.finish()
    // Once more, whatever the envelope says: what is checked here is what leaves.
    if (unsealedPlace(policy, result, [envelope]) !== undefined) throw fault('ERR_ENCRYPT_FAILED')
    return result
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
