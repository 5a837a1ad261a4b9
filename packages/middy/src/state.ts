import type { Binding, Envelope, FieldPolicy, GlassineError, Invocation } from '@glassine/core'
import type { Request } from '@middy/core'
import type { EventSource } from './event-source.ts'

/** The request as Middy hands it to hooks, whatever a user's types say. */
export type AnyRequest = Pick<Request, 'event' | 'context' | 'error'> & {
  response: unknown
  internal: object
}

/** What `requireTls` found. */
interface Gate {
  readonly source: EventSource
  /** The client's connection is known to be encrypted: the answer may say `Strict-Transport-Security`. */
  readonly secure: boolean
  /** The refusal that was thrown, to recognise it in `onError`, and where a redirect would lead. */
  readonly refusal?: GlassineError
  readonly location?: string
}

/** What `decryptRequest` leaves for the response. */
interface Opening {
  readonly policy: FieldPolicy
  /** The envelope of the answer: that of the request, or one that can answer where it carried nothing sealed. */
  readonly envelope: Envelope
  /** All envelopes that it might have come in. */
  readonly envelopes: readonly Envelope[]
  readonly binding: Binding
  readonly caller: Pick<Invocation, 'route' | 'principal'>
  readonly source: EventSource
}

/** With what the response will be sealed, settled before the handler runs. */
export interface Sealing {
  readonly policy: FieldPolicy
  readonly envelope: Envelope
  readonly binding: Binding
  readonly caller: Pick<Invocation, 'route' | 'principal'>
  readonly source: EventSource
}

/** What the middlewares of one invocation tell each other. Never a value, a key or a body in the clear. */
export interface State {
  /** The event had `multiValueHeaders` only, as of an ALB that reads no others in the answer. */
  multiValue?: boolean
  gate?: Gate
  opening?: Opening
  sealing?: Sealing
  /** `encryptedTables` has taken its binding. */
  tables?: true
  /** The sealed body that `encryptResponse` wrote last: the guard need not read it again. */
  sealedBody?: string
}

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
    // Not enumerable: nobody should copy, log or resolve it along with the secrets that Middy keeps there.
    Object.defineProperty(internal, stateKey, { value: states })
  }
  let state = states.get(request)
  if (!state) {
    state = {}
    states.set(request, state)
  }
  return state
}
