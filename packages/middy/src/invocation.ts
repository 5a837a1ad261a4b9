import {
  type Binding,
  checkedBinding,
  type Envelope,
  type FieldPolicy,
  type GlassineError,
  type Invocation,
} from '@glassine/core'
import { deadlineOf, type OpenedValues } from '@glassine/core/internal'
import type { Request } from '@middy/core'
import { packageName } from './errors.ts'
import type { EventSource } from './event-source.ts'

/** The request as Middy hands it to hooks, whatever a user's types say. */
export type AnyRequest = Pick<Request, 'event' | 'context' | 'error'> & {
  response: unknown
  internal: object
}

/** What `requireTls` found. */
interface Gate {
  readonly source: EventSource
  /** The client's connection is known to be encrypted: the response may say `Strict-Transport-Security`. */
  readonly secure: boolean
  /** The refusal that was thrown, to recognise it in `onError`, and where a redirect would lead. */
  readonly refusal?: GlassineError
  readonly location?: string
}

/** What `decryptRequest` leaves for the response. */
interface Opening {
  readonly policy: FieldPolicy
  /** The envelope of the response: that of the request, or one that can answer where it carried nothing sealed. */
  readonly envelope: Envelope
  /** All envelopes that it might have come in. */
  readonly envelopes: readonly Envelope[]
  readonly binding: Binding
  readonly caller: Caller
  readonly source: EventSource
}

/** What is known of the request's sender, and of what it addresses. */
export type Caller = Pick<Invocation, 'principal' | 'resource' | 'sender'>

/** With what the response will be sealed, settled before the handler runs. */
export interface Sealing {
  readonly policy: FieldPolicy
  readonly envelope: Envelope
  readonly binding: Binding
  readonly caller: Caller
  readonly source: EventSource
}

/** Marks what `encryptedTables` returns. Registered, so that another copy of this package knows it. */
export const tablesMark = Symbol.for('@glassine/middy/tables')

/** What the middlewares of one invocation tell each other. */
export interface State {
  /** The event had `multiValueHeaders` only, as of an ALB that reads no others in the response. */
  multiValue?: boolean
  gate?: Gate
  opening?: Opening
  /** The option of `decryptRequest`, for all that follow. */
  reservedTime?: number | undefined
  sealing?: Sealing
  /** The event and its payload as they came: what the sender has sent in the clear may come back to him. */
  received?: { readonly event: unknown; readonly payload: unknown }
  /** The values that this invocation has opened. */
  opened?: OpenedValues
  /** Decrypted values may leave in the clear: an option of `decryptRequest` or of `encryptedTables`. */
  clearResponse?: boolean
  /** `encryptedTables` has taken its binding. */
  tables?: true
  /** The sealed body that `encryptResponse` wrote last: it need not be read again. */
  sealedBody?: string
  /** `assertEncrypted` has looked at the response. */
  isGuarded?: true
}

/** Whether decrypted values may leave in the clear: an option says so, and no `encryptResponse` seals the response. */
export const mayLeaveClear = ({ clearResponse, sealing }: State): boolean =>
  clearResponse === true && sealing === undefined

// Registered, so that two copies of this package find each other's state.
const stateKey = Symbol.for('@glassine/middy/state')

/**
 * The state of one invocation, in `request.internal`.
 *
 * It hangs on the request and not directly on `internal`: Middy 6 shares one `internal` between all invocations
 * when the plugin option of that name is set, and an interleaved invocation would then answer under another
 * tenant's binding.
 */
export const stateOf = (request: AnyRequest): State => {
  const internal = request.internal as { [stateKey]?: WeakMap<AnyRequest, State> }
  let states = internal[stateKey]
  if (!states) {
    states = new WeakMap()
    // Not enumerable, so that nothing copies, logs or resolves it along with the secrets that Middy keeps there.
    Object.defineProperty(internal, stateKey, { value: states })
  }
  let state = states.get(request)
  if (!state) {
    state = {}
    states.set(request, state)
  }
  return state
}

/** Lambda's context, as Middy types it. */
export type Context = Request['context']

/**
 * Takes from the event what ciphertexts are bound to, for example the tenant that an authorizer has verified. Never
 * from the body: the sender writes that.
 */
export type Bind = (event: any, context: Context) => Binding | Promise<Binding>

/**
 * The binding of an invocation; empty if none was configured.
 *
 * @throws GlassineError `ERR_BINDING_INVALID`, and anything that `bind` throws
 */
export const bindingOf = async (bind: Bind | undefined, event: unknown, context: Context): Promise<Binding> =>
  checkedBinding(bind ? await bind(event, context) : {}, packageName)

/** What an envelope needs to know about the invocation. Read again for each direction: time has passed in between. */
export const invocationOf = (
  binding: Binding,
  context: Context | undefined,
  caller: Caller,
  reservedTime?: number,
): Invocation => {
  const { tenantId } = (context ?? {}) as { readonly tenantId?: unknown }
  const deadline = deadlineOf(context, reservedTime)
  return {
    ...caller,
    binding,
    ...(typeof tenantId === 'string' && tenantId !== '' && { tenant: tenantId }),
    ...(deadline !== undefined && { deadline }),
  }
}
