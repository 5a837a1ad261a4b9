import type { Invocation } from './invocation.ts'
import type { FieldPolicy } from './policy.ts'

/** How a payload is opened or sealed. */
export interface EnvelopeOptions extends Invocation {
  /** `true`: declared fields may be absent (a PATCH, an error's body); those present are worked on. Default `false`. */
  readonly partial?: boolean
  /** Refuse, before any key is fetched, to seal to more than this many bytes of text. */
  readonly maxBytes?: number
}

/** How a payload is opened. */
export interface OpenOptions extends EnvelopeOptions {
  /** What the request carries in the envelope's {@link Envelope.sessionHeader}, if anything. */
  readonly sessionHeader?: string
}

/**
 * A published ciphertext format that can stand in the places of a payload.
 *
 * Both directions have two phases. The first is asynchronous: it finds every wrapped key of the payload, and
 * fetches each distinct one once. It resolves to the second, which is synchronous and touches every field. A batch
 * runs the first phase of all its records at once, so its keys are shared, and then the second one by one, so
 * that a record can fail alone. The second phase must be called exactly once, or `release` instead of it: keys
 * are held for it in between.
 */
export interface Envelope {
  /** For messages and the audit: `message`, `session`. */
  readonly name: string
  /** The member that holds the fields in the bundle shape; absent for the field shape. */
  readonly bundleMember?: string
  /**
   * Where a request brings the keys that it is answered under: the header, in lower case, that carries them when no
   * body can. Such an envelope seals nothing by itself, only its {@link Prepared.reply} does.
   */
  readonly sessionHeader?: string
  /** The member of a payload's root that carries such keys where a body does. */
  readonly sessionMember?: string
  /** Whether a value looks like what this envelope writes. Never throws, fetches or decrypts. */
  recognises(value: unknown): boolean
  /**
   * First phase of opening. Where a request has a header with keys and no body, the payload is `undefined`.
   *
   * @throws GlassineError `ERR_FIELD_MISSING`, `ERR_FIELD_NOT_ENCRYPTED`, `ERR_DECRYPT_FAILED`, `ERR_KEY_UNAVAILABLE`
   */
  prepareOpen(payload: unknown, policy: FieldPolicy, options: OpenOptions): Promise<Prepared>
  /**
   * First phase of sealing.
   *
   * @throws GlassineError `ERR_FIELD_MISSING`, `ERR_VALUE_INVALID`, `ERR_ALREADY_ENCRYPTED`, `ERR_TOO_LARGE`,
   * `ERR_KEY_UNAVAILABLE`
   */
  prepareSeal(payload: unknown, policy: FieldPolicy, options: EnvelopeOptions): Promise<Prepared>
}

/** The second phase: holds keys until it is finished or released. */
export interface Prepared {
  /**
   * The envelope of the answer, where a format ties it to what was opened; it outlives the second phase. Default: the
   * envelope itself.
   */
  readonly reply?: Envelope
  /** Works through the fields and returns a new payload; the one given is left as it was. */
  finish(): unknown
  /** Gives the keys back without working; safe to call twice and after `finish`. */
  release(): void
}
