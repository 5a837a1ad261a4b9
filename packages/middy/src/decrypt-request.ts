import {
  type Envelope,
  type Fields,
  type Invocation,
  type OpenOptions,
  type PayloadOf,
  type Prepared,
  policyOf,
} from '@glassine/core'
import { isGlassineError, isPlainObject } from '@glassine/core/internal'
import type { MiddlewareObj } from '@middy/core'
import { type Choice, chooseEnvelope, headerChoice, unpromptedEnvelope } from './choose-envelope.ts'
import { badOption, fault, packageName, replaceForeign } from './errors.ts'
import { type EventSource, eventSourceOf } from './event-source.ts'
import { wantsMultiValue } from './headers.ts'
import { type Bind, bindingOf, type Context, invocationOf } from './invocation.ts'
import {
  anyFunction,
  byteCount,
  checkOptions,
  envelopes as envelopesRule,
  fieldsRule,
  flag,
  listOf,
  type OptionSchema,
  oneOf,
} from './options.ts'
import { mayLackBody, payloadPlace } from './payload.ts'
import { sessionProblem } from './problem.ts'
import { routeOf } from './route.ts'
import { type AnyRequest, stateOf } from './state.ts'

/** Options of {@link decryptRequest}. */
export interface DecryptRequestOptions<F extends Fields = Fields> {
  /** The encrypted fields: a class with `@Model`, or the result of `defineFields`. */
  readonly fields: F
  /** The formats that requests may come in. A request without ciphertext is answered in the first format that can. */
  readonly envelope: Envelope | readonly Envelope[]
  /** The binding of ciphertexts, beside the model and their place. Default: none. */
  readonly bind?: Bind
  /**
   * The method and route template, for formats that bind them. Default: API Gateway's route, for example
   * `POST /patients/{id}`; for other sources the method and the path.
   */
  readonly route?: (event: any) => string
  /** The sender of the request, for formats that budget work by sender; for example an authorizer's subject. */
  readonly principal?: (event: any, context: Context) => string | undefined
  /** `true`: declared fields may be absent, as in a PATCH; those present must be encrypted. Default `false`. */
  readonly partial?: boolean
  /** Where the payload is: in the body, or the event itself. Default: as the event's source has it. */
  readonly payload?: 'body' | 'event'
  /** The largest body that is parsed, in bytes. Default 6,291,456, Lambda's own limit. */
  readonly maxBodyBytes?: number
}

const defaults = { partial: false, maxBodyBytes: 6 * 1024 * 1024 } as const

export const decryptRequestSchema: OptionSchema<DecryptRequestOptions> = {
  fields: fieldsRule,
  envelope: envelopesRule,
  bind: anyFunction,
  route: anyFunction,
  principal: anyFunction,
  partial: flag,
  payload: oneOf('body', 'event'),
  maxBodyBytes: byteCount,
}

/** The event that the handler receives when the payload is in the body. */
export interface DecryptedBody<T> {
  /** The decrypted payload. Without a body (GET, HEAD, DELETE, OPTIONS) it stays as in the event. */
  body: T
}

/**
 * Decrypts the declared fields of a request. The handler receives a new event whose `body` is the parsed and decrypted
 * payload; for direct invocations, the event is the payload itself.
 *
 * Reads a JSON body as the source sent it (text or base64), and one that a body parser has parsed. A required field that
 * is absent, in the clear, or encrypted for another place, model or binding ends the request with 400 and one message for
 * all of these. A request without a body passes if its method is GET, HEAD, DELETE or OPTIONS, or with `partial`; with a
 * body, it must be encrypted for every method.
 *
 * `encryptResponse` answers in the same envelope and binding. A session that has expired, or that is encrypted to an
 * unknown key, is answered with a problem document of type `session-expired` or `unknown-kid`, which tells the client to
 * begin a new session.
 *
 * @throws GlassineError at construction `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID`; in a request
 * `ERR_BODY_INVALID`, `ERR_BINDING_INVALID`, `ERR_FIELD_MISSING`, `ERR_FIELD_NOT_ENCRYPTED`, `ERR_DECRYPT_FAILED`
 * and those of sessions (400), `ERR_EVENT_UNKNOWN` (403), `ERR_REPLAYED` (409), `ERR_TOO_LARGE` (413),
 * `ERR_BUDGET_EXCEEDED` (429), `ERR_KEY_UNAVAILABLE` (503)
 * @example
 * ```ts
 * import { defineFields } from '@glassine/core'
 * import { keyMaterial } from '@glassine/keys'
 * import { localKeyring } from '@glassine/keys/raw-aes'
 * import { messageEnvelope } from '@glassine/message'
 * import { decryptRequest } from '@glassine/middy'
 * import middy from '@middy/core'
 *
 * const fields = defineFields<{ id: string; ssn: string }>('patient', { ssn: {} })
 * const envelope = messageEnvelope({ keys: keyMaterial({ keyring: localKeyring() }) })
 *
 * export const handler = middy()
 *   .use(decryptRequest({ fields, envelope, bind: (event) => ({ tenant: event.requestContext.accountId }) }))
 *   .handler(async (event) => ({ statusCode: 200, body: event.body.id }))
 * ```
 */
export function decryptRequest<F extends Fields>(
  options: DecryptRequestOptions<F> & { readonly payload: 'event' },
): MiddlewareObj<PayloadOf<F>, any>
export function decryptRequest<F extends Fields>(
  options: DecryptRequestOptions<F>,
): MiddlewareObj<DecryptedBody<PayloadOf<F>>, any>
export function decryptRequest(options: DecryptRequestOptions): MiddlewareObj<any, any> {
  checkOptions(decryptRequestSchema, options)
  const {
    bind,
    payload: expected,
    partial = defaults.partial,
    maxBodyBytes = defaults.maxBodyBytes,
  } = options
  if (options.envelope === undefined) throw badOption('envelope', 'is needed')
  const policy = policyOf(options.fields, packageName)
  const envelopes = Object.freeze([...listOf(options.envelope)])

  const decryptRequestBefore = async (request: AnyRequest): Promise<void> => {
    const state = stateOf(request)
    if (state.opening) throw badOption('decryptRequest', 'must be used only once in a handler')
    if (state.sealing) throw badOption('decryptRequest', 'must come before encryptResponse')
    if (state.tables) throw badOption('decryptRequest', 'must come before encryptedTables')
    const { event, context } = request
    const source = state.gate?.source ?? eventSourceOf(event)
    const place = payloadPlace(source)
    if (expected !== undefined && place.kind !== expected) throw fault('ERR_EVENT_UNKNOWN')
    const payload = place.read(event, maxBodyBytes)
    const binding = await bindingOf(bind, event, context)
    state.multiValue ??= wantsMultiValue(event, source)

    const caller = callerOf(event, context, source)
    const isEmpty = payload === undefined && (partial || mayLackBody(event, source))
    const inHeader = headerChoice(envelopes, event, source)
    const found: Choice =
      inHeader ??
      (isEmpty
        ? { envelope: unpromptedEnvelope(envelopes) }
        : { envelope: chooseEnvelope(envelopes, payload, policy, partial) })
    const { envelope, sessionHeader } = found
    state.opening = { policy, envelope, envelopes, binding, caller, source }
    if (isEmpty && sessionHeader === undefined) return

    const { result, reply = envelope } = await opened(found, payload, {
      partial,
      ...invocationOf(binding, context, caller),
    })
    state.opening = { ...state.opening, envelope: reply }
    if (isEmpty) return
    if (!isPlainObject(result)) throw fault('ERR_DECRYPT_FAILED')
    request.event = place.write(event, result)
  }

  const callerOf = (
    event: unknown,
    context: Context,
    source: EventSource,
  ): Pick<Invocation, 'route' | 'principal'> => {
    const route = options.route ? options.route(event) : routeOf(event, source)
    const principal = options.principal?.(event, context)
    return { ...(route !== undefined && { route }), ...(principal !== undefined && { principal }) }
  }

  const opened = async (
    { envelope, sessionHeader }: Choice,
    payload: unknown,
    options: OpenOptions,
  ): Promise<{ readonly result: unknown; readonly reply?: Envelope }> => {
    let prepared: Prepared | undefined
    try {
      prepared = await envelope.prepareOpen(
        payload,
        policy,
        sessionHeader === undefined ? options : { ...options, sessionHeader },
      )
      const result = prepared.finish()
      return { result, reply: prepared.reply }
    } catch (error) {
      throw replaceForeign(error, 'ERR_DECRYPT_FAILED')
    } finally {
      prepared?.release()
    }
  }

  const decryptRequestOnError = (request: AnyRequest): void => {
    const { opening, multiValue } = stateOf(request)
    const { error, response } = request
    // Only our own errors, and only if no inner middleware has answered.
    if (!opening || response !== undefined || !isGlassineError(error)) return
    const problem = sessionProblem(error, opening.source, multiValue)
    if (problem) request.response = problem
  }

  return { before: decryptRequestBefore, onError: decryptRequestOnError } as MiddlewareObj<any, any>
}

/**
 * Checks options as {@link decryptRequest} does at construction, without making the middleware.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID`
 */
export const decryptRequestValidateOptions = (options: DecryptRequestOptions): void =>
  void decryptRequest(options)
