import {
  type Envelope,
  type Fields,
  type OpenOptions,
  type PayloadOf,
  type Prepared,
  policyOf,
  type Resource,
} from '@glassine/core'
import {
  bearerToken,
  group,
  isGlassineError,
  isListPolicy,
  isPlainObject,
  required,
} from '@glassine/core/internal'
import type { MiddlewareObj } from '@middy/core'
import type { DecryptedBody } from './decrypted-event.ts'
import { badOption, fault, packageName, replaceForeign, uniformError } from './errors.ts'
import { type EventSource, methodOf, wiredSourceOf } from './event-source.ts'
import { oneValue, requestHeaders, wantsMultiValue } from './headers.ts'
import {
  type AnyRequest,
  type Bind,
  bindingOf,
  type Caller,
  type Context,
  invocationOf,
  stateOf,
} from './invocation.ts'
import { exitHooks } from './last-look.ts'
import { rememberOpened } from './leave-check.ts'
import { type OnRefused, tell } from './on-refused.ts'
import {
  anyFunction,
  byteCount,
  checkOptions,
  envelopeEntries,
  fieldsRule,
  flag,
  type OptionSchema,
  oneOf,
  pathPrefix,
  type ReservedTimeOption,
  reservedTimeSchema,
  sourcesRule,
} from './options.ts'
import { mayLackBody, payloadPlace } from './payload.ts'
import { sessionProblem } from './problem.ts'
import { type ResourceOptions, resourceOf } from './resource.ts'
import { type EnvelopeOption, envelopeChoices, sessionHeaderOf, verifiedSender } from './senders.ts'

/** Options of {@link decryptRequest}. */
export interface DecryptRequestOptions<F extends Fields = Fields>
  extends ResourceOptions,
    ReservedTimeOption {
  /** The encrypted fields: a class with `@Model`, or the result of `defineFields` or `arrayOf`. */
  readonly fields: F
  /**
   * The format of requests; or a list of formats, all but one with `from`, which says whose requests may have it. A
   * request is decrypted and answered only in the format of its sender's class.
   */
  readonly envelope: EnvelopeOption
  /** The binding of ciphertexts, besides the model and their place. Default: none. */
  readonly bind?: Bind
  /** The event sources that the function is behind; events from others are refused. Default: all known sources. */
  readonly sources?: readonly EventSource[]
  /** What the request addresses, if neither the event nor `publicPath` shows it. Default: by the event's source. */
  readonly resource?: (event: any) => Resource
  /**
   * The sender as both ends know them, for formats that bind the sender. `false`: not bound. Default: the token of the
   * request's `Authorization` header with the scheme `Bearer`; without one, nothing is bound.
   */
  readonly sender?: false | ((event: any) => string)
  /**
   * Requests that may arrive without keys although the format proves every request: public routes. Default: only those
   * with the method OPTIONS.
   */
  readonly unsealed?: (event: any) => boolean
  /**
   * Who sends the request, for formats that limit the work of each sender. Default: whom AWS has verified, if anybody:
   * an identity of a Cognito identity pool, an IAM role or user, the issuer and subject of a token, `principalId` and
   * `sub` of a Lambda authorizer, or the subject of a client certificate.
   */
  readonly principal?: (event: any, context: Context) => string | undefined
  /** `true`: declared fields may be absent, as in a PATCH; those present must be encrypted. Default `false`. */
  readonly partial?: boolean
  /** Where the payload is: in the body, or the event itself. Default: by the event's source. */
  readonly payload?: 'body' | 'event'
  /** The largest body that is parsed, in bytes. Default 6,291,456, Lambda's own limit. */
  readonly maxBodyBytes?: number
  /**
   * `true`: decrypted values may leave in the clear, because a trusted caller needs them. Otherwise a response that
   * contains some, or a declared field, is refused unless `encryptResponse` has encrypted it. Default `false`.
   */
  readonly clearResponse?: boolean
  /** Called for every refused request. Default: one line of JSON on stderr. */
  readonly onRefused?: OnRefused
}

const defaults = { partial: false, maxBodyBytes: 6 * 1024 * 1024 } as const

export const decryptRequestSchema: OptionSchema<DecryptRequestOptions> = {
  fields: fieldsRule,
  envelope: required(envelopeEntries),
  bind: anyFunction,
  sources: sourcesRule,
  resource: anyFunction,
  publicPath: group(packageName, 'publicPath', { remove: pathPrefix, add: pathPrefix }),
  query: [
    'must be false or a list of names',
    (value) => value === false || (Array.isArray(value) && value.every((name) => typeof name === 'string')),
  ],
  sender: ['must be false or a function', (value) => value === false || typeof value === 'function'],
  unsealed: anyFunction,
  principal: anyFunction,
  partial: flag,
  payload: oneOf('body', 'event'),
  maxBodyBytes: byteCount,
  clearResponse: flag,
  ...reservedTimeSchema,
  onRefused: anyFunction,
}

/**
 * Decrypts the declared fields of a request. The handler receives a new event whose `body` is the parsed and decrypted
 * payload; for direct invocations, the event is the payload itself.
 *
 * Reads a JSON body as the source sent it (text or base64), and one that a body parser has parsed. A required field
 * that is absent, in the clear, or encrypted for another place, model or binding ends the request with 400 and one
 * message for all of these. A request without a body passes if its method is GET, HEAD, DELETE or OPTIONS, or with
 * `partial`; with a body, it must be encrypted for every method.
 *
 * `encryptResponse` answers in the same envelope and binding. A session that has expired, or that is encrypted to an
 * unknown key, is answered with a problem document of type `session-expired` or `unknown-kid`, which tells the client
 * to begin a new session.
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
    sources,
    onRefused,
    unsealed,
    payload: expected,
    partial = defaults.partial,
    maxBodyBytes = defaults.maxBodyBytes,
    clearResponse,
  } = options
  const policy = policyOf(options.fields, packageName)
  const isList = isListPolicy(policy)
  const envelopes = envelopeChoices(options.envelope)
  for (const envelope of envelopes.all) envelope.checkFields?.(policy)

  const decryptRequestBefore = async (request: AnyRequest): Promise<void> => {
    try {
      await open(request)
    } catch (error) {
      tell(onRefused, 'request', error, policy.model)
      throw uniformError(error)
    }
  }

  const open = async (request: AnyRequest): Promise<void> => {
    const state = stateOf(request)
    if (state.opening) throw badOption('decryptRequest', 'must be used only once in a handler')
    if (state.sealing) throw badOption('decryptRequest', 'must come before encryptResponse')
    if (state.tables) throw badOption('decryptRequest', 'must come before encryptedTables')
    const { event, context } = request
    const source = state.gate?.source ?? wiredSourceOf(event, sources)
    const place = payloadPlace(source)
    if (expected !== undefined && place.kind !== expected) throw fault('ERR_EVENT_UNKNOWN')
    const payload = place.read(event, maxBodyBytes)
    if (payload !== undefined && Array.isArray(payload) !== isList)
      throw fault('ERR_BODY_INVALID', { reason: `the model is ${isList ? 'a' : 'no'} list, unlike the body` })
    const binding = await bindingOf(bind, event, context)
    state.multiValue ??= wantsMultiValue(event, source)

    const envelope = await envelopes.of(event, context)
    const caller = callerOf(envelope, event, context, source)
    state.reservedTime = options.reservedTime
    state.clearResponse = clearResponse === true
    state.opening = { policy, envelope, envelopes: envelopes.all, binding, caller, source }
    state.received = { event, payload }
    const sessionHeader = sessionHeaderOf(envelope, event, source)
    const isEmpty = payload === undefined && (partial || mayLackBody(event, source))
    if (isEmpty && sessionHeader === undefined) {
      if (!envelope.proves || methodOf(event, source) === 'OPTIONS' || unsealed?.(event) === true) return
      throw fault('ERR_SESSION_MISSING')
    }

    const { result, reply = envelope } = await opened(envelope, payload, {
      partial,
      use: 'request',
      ...invocationOf(binding, context, caller, options.reservedTime),
      ...(sessionHeader !== undefined && { sessionHeader }),
    })
    state.opening = { ...state.opening, envelope: reply }
    if (isEmpty) return
    if (isList ? !Array.isArray(result) : !isPlainObject(result)) throw fault('ERR_DECRYPT_FAILED')
    rememberOpened(state, policy, result)
    request.event = place.write(event, result)
  }

  const callerOf = (envelope: Envelope, event: unknown, context: Context, source: EventSource): Caller => {
    const principal = options.principal
      ? options.principal(event, context)
      : // A direct invoker writes the whole event.
        source === 'direct'
        ? undefined
        : verifiedSender(event)
    const facts = principal === undefined ? {} : { principal }
    // Only formats that prove every request bind what it addresses and who sends it.
    if (!envelope.proves) return facts
    const resource = options.resource ? options.resource(event) : resourceOf(event, source, options)
    const sender = options.sender === false ? undefined : (options.sender ?? bearerOf)(event, source)
    return { ...facts, ...(resource !== undefined && { resource }), ...(sender !== undefined && { sender }) }
  }

  const opened = async (
    envelope: Envelope,
    payload: unknown,
    invocation: OpenOptions,
  ): Promise<{ readonly result: unknown; readonly reply?: Envelope }> => {
    let prepared: Prepared | undefined
    try {
      prepared = await envelope.prepareOpen(payload, policy, invocation)
      const result = prepared.finish()
      return { result, reply: prepared.reply }
    } catch (error) {
      throw replaceForeign(error, 'ERR_DECRYPT_FAILED')
    } finally {
      prepared?.release()
    }
  }

  const { after, onError } = exitHooks({ policies: [policy], onRefused })

  const decryptRequestOnError = (request: AnyRequest): void => {
    onError(request)
    const { opening, multiValue } = stateOf(request)
    const { error, response } = request
    // Only our own errors, and only if no inner middleware has answered.
    if (!opening || response !== undefined || !isGlassineError(error)) return
    const problem = sessionProblem(error, opening.source, multiValue)
    if (problem) request.response = problem
  }

  return {
    before: decryptRequestBefore,
    after,
    onError: decryptRequestOnError,
  } as MiddlewareObj<any, any>
}

/** The sender, unless an option says otherwise. */
const bearerOf = (event: unknown, source: EventSource): string | undefined =>
  bearerToken(oneValue(requestHeaders(event, source), 'authorization'))

/**
 * Checks options as {@link decryptRequest} does at construction, without making the middleware.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID`
 */
export const decryptRequestValidateOptions = (options: DecryptRequestOptions): void =>
  void decryptRequest(options)
