import {
  type Envelope,
  type FieldPolicy,
  type Fields,
  type OpenOptions,
  type PayloadOf,
  type Prepared,
  policyOf,
} from '@glassine/core'
import { bearerToken, isGlassineError, isListPolicy, isPlainObject } from '@glassine/core/internal'
import type { MiddlewareObj } from '@middy/core'
import {
  type DecryptRequestOptions,
  decryptRequestDefaults,
  decryptRequestSchema,
} from './decrypt-options.ts'
import type { DecryptedBody } from './decrypted-event.ts'
import { badOption, fault, packageName, replaceForeign, uniformError } from './errors.ts'
import { type EventSource, methodOf, wiredSourceOf } from './event-source.ts'
import { oneValue, requestHeaders, wantsMultiValue } from './headers.ts'
import { type AnyRequest, bindingOf, type Caller, type Context, invocationOf, stateOf } from './invocation.ts'
import { exitHooks } from './last-look.ts'
import { rememberOpened } from './leave-check.ts'
import { tell } from './on-refused.ts'
import { checkOptions } from './options.ts'
import { mayLackBody, payloadPlace } from './payload.ts'
import { sessionProblem } from './problem.ts'
import { resourceOf } from './resource.ts'
import { envelopeChoices, sessionHeaderOf, verifiedSender } from './senders.ts'

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
    partial = decryptRequestDefaults.partial,
    maxBodyBytes = decryptRequestDefaults.maxBodyBytes,
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
    const caller = callerOf(options, envelope, event, context, source)
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

    const { result, reply = envelope } = await opened(policy, envelope, payload, {
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

/** Who sends the request, and what formats that prove every request bind besides. */
const callerOf = (
  options: DecryptRequestOptions,
  envelope: Envelope,
  event: unknown,
  context: Context,
  source: EventSource,
): Caller => {
  const principal = options.principal
    ? options.principal(event, context)
    : // A direct invoker writes the whole event.
      source === 'direct'
      ? undefined
      : verifiedSender(event)
  const facts = principal === undefined ? {} : { principal }
  if (!envelope.proves) return facts
  const resource = options.resource ? options.resource(event) : resourceOf(event, source, options)
  const sender = options.sender === false ? undefined : (options.sender ?? bearerOf)(event, source)
  return { ...facts, ...(resource !== undefined && { resource }), ...(sender !== undefined && { sender }) }
}

/** The sender, unless an option says otherwise. */
const bearerOf = (event: unknown, source: EventSource): string | undefined =>
  bearerToken(oneValue(requestHeaders(event, source), 'authorization'))

const opened = async (
  policy: FieldPolicy,
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

/**
 * Checks options as {@link decryptRequest} does at construction, without making the middleware.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID`
 */
export const decryptRequestValidateOptions = (options: DecryptRequestOptions): void =>
  void decryptRequest(options)
