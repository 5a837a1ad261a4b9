import type { Invocation } from './invocation.ts'
import type { FieldPolicy } from './policy.ts'

/** How a payload is opened or sealed. */
export interface EnvelopeOptions extends Invocation {
  /** `true`: declared fields may be absent (a PATCH, an error's body); those present are processed. Default `false`. */
  readonly partial?: boolean
  /** Refuses, before any key is fetched, to seal to more than this many bytes of text. Default: none. */
  readonly maxBytes?: number
}

/** How a payload is sealed. */
export interface SealOptions extends EnvelopeOptions {
  /** The HTTP status of the response, for formats that bind it. Default: none. */
  readonly status?: number
}

/** How a payload is opened. */
export interface OpenOptions extends EnvelopeOptions {
  /** The value of the request's {@link Envelope.sessionHeader}. Default: none. */
  readonly sessionHeader?: string
}

/**
 * A published ciphertext format for the places of a payload.
 *
 * Both directions have two phases. The first is asynchronous: it finds every wrapped key of the payload and
 * fetches each distinct one once. It resolves to the second, which is synchronous and touches every field. A batch
 * runs the first phase of all its records at once, so that they share keys, and then the second phase of each, so
 * that a record can fail alone. The second phase must be called exactly once, or `release` instead: keys
 * are held for it in between.
 */
export interface Envelope {
  /** For messages and the audit: `message`, `session`. */
  readonly name: string
  /** The member that holds the fields in the bundle shape; absent for the field shape. */
  readonly bundleMember?: string
  /**
   * The request header, in lower case, that carries the keys for the response when there is no
   * body. Such an envelope seals nothing by itself; only its {@link Prepared.reply} does.
   */
  readonly sessionHeader?: string
  /** The member of a payload's root that carries these keys in a body. */
  readonly sessionMember?: string
  /**
   * `true`: every response proves its origin, even without a sealed field. Such an envelope gets every response to
   * seal: `undefined` for one without a body, and text unchanged. Default `false`.
   */
  readonly proves?: boolean
  /**
   * Refuses a declaration of which this envelope would drop a part; the middlewares call it at construction. Default:
   * the envelope keeps every declaration.
   *
   * @throws GlassineError `ERR_OPTION_INVALID`
   */
  checkFields?(policy: FieldPolicy): void
  /** Whether a value looks like what this envelope writes. Never throws, fetches or decrypts. */
  recognises(value: unknown): boolean
  /**
   * First phase of opening. If a request has a header with keys and no body, the payload is `undefined`.
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
  prepareSeal(payload: unknown, policy: FieldPolicy, options: SealOptions): Promise<Prepared>
}

/** The second phase: holds keys until it is finished or released. */
export interface Prepared {
  /**
   * The envelope of the response, if a format ties it to what was opened; it outlives the second phase. Default: the
   * envelope itself.
   */
  readonly reply?: Envelope
  /** After `finish`: a header that the response must have, in lower case, if its payload cannot hold a proof. */
  readonly header?: () => readonly [name: string, value: string] | undefined
  /** Processes the fields and returns a new payload; the original stays unchanged. */
  finish(): unknown
  /** Releases the keys without working; safe to call twice and after `finish`. */
  release(): void
}

/** The public keys that devices encrypt to, as a server publishes them: `publishedKeys` of `@glassine/session`. */
export interface PublishedKeys {
  /** How long a copy may be cached, in ms; a multiple of 1,000. */
  readonly maxAge: number
  /**
   * The JWK Set as JSON (RFC 7517), `application/jwk-set+json`.
   *
   * @param deadline - when to give up, in ms since the epoch
   * @throws GlassineError `ERR_KEY_UNAVAILABLE`
   */
  json(deadline?: number): Promise<string>
  /** The JWK Set as a signed JWT, `application/jwk-set+jwt`, like `json`; absent if the set is not signed. */
  readonly jwt?: (deadline?: number) => Promise<string>
}
