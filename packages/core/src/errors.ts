/**
 * Every error of Glassine: one class, a closed list of stable codes.
 *
 * The Lambda runtime logs an error's own properties, so nothing here may ever hold a value,
 * a key or a body: a code, the package that threw, and at most the template path of a field.
 */
type CodeFacts = readonly [
  /** HTTP status that `@middy/http-error-handler` answers with. */
  statusCode: number,
  /** What a caller may read. Refusals of requests of the same kind share one sentence, so they are not an oracle. */
  message: string,
]

const unopened = [400, 'The encrypted fields of the request could not be decrypted'] as const
const unsealed = [500, 'The fields could not be encrypted'] as const
const keyless = [503, 'The encryption keys are not available at the moment'] as const

const facts = {
  // construction
  ERR_OPTION_INVALID: [500, 'An option is not valid'],
  ERR_MODEL_INVALID: [500, 'The declaration of fields is not valid'],
  // transport
  ERR_TLS_REQUIRED: [403, 'The request must be made over https'],
  ERR_ORIGIN_REFUSED: [403, 'The origin of the request is not allowed'],
  ERR_CLIENT_CERT_REFUSED: [403, 'The client certificate is missing or not allowed'],
  ERR_EVENT_UNKNOWN: [403, 'The event is of no known source'],
  // opening
  ERR_BODY_INVALID: unopened,
  ERR_BINDING_INVALID: unopened,
  ERR_FIELD_MISSING: unopened,
  ERR_FIELD_NOT_ENCRYPTED: unopened,
  ERR_DECRYPT_FAILED: unopened,
  // sessions
  ERR_SESSION_MISSING: [400, 'The request carries no keys to be answered under'],
  ERR_SESSION_EXPIRED: [400, 'The session of the request has expired'],
  ERR_RECIPIENT_UNKNOWN: [400, 'The session is encrypted to a key that is not known'],
  ERR_REPLAYED: [409, 'The request was received before'],
  ERR_BUDGET_EXCEEDED: [429, 'Too many sessions were begun; try again later'],
  // sealing
  ERR_VALUE_INVALID: unsealed,
  ERR_ALREADY_ENCRYPTED: unsealed,
  ERR_ENCRYPT_FAILED: unsealed,
  ERR_RESPONSE_INVALID: unsealed,
  ERR_TOO_LARGE: unsealed,
  // tables
  ERR_OPERATION_REFUSED: [500, 'The operation cannot be done on encrypted items'],
  ERR_UPDATE_CONFLICT: [409, 'The item was changed by others at the same time'],
  // keys
  ERR_KEY_UNAVAILABLE: keyless,
  ERR_KEY_DENIED: keyless,
  ERR_KEY_REFUSED: [500, 'The keys of the service are not those that are trusted'],
} as const satisfies Record<string, CodeFacts>

/** The stable codes; a code never changes its meaning. */
export type ErrorCode = keyof typeof facts

/** What callers read of an error that has no message of its own. */
export const sentenceOf = (code: ErrorCode, statusCode: number = facts[code][0]): string =>
  // What a caller sent is not encrypted here, whatever the code.
  (statusCode === 400 && facts[code][0] !== 400 ? unopened : facts[code])[1]

/**
 * All codes, for documentation and tests.
 *
 * @example
 * ```ts
 * // A metric for each code:
 * const refusals = new Map(errorCodes.map((code) => [code, 0]))
 * ```
 */
export const errorCodes: readonly ErrorCode[] = Object.keys(facts) as ErrorCode[]

/** Where an error came from, in the form of Middy's own errors. */
export interface ErrorCause {
  /** The package that threw, for example `@glassine/message`. */
  readonly package: string
  /** The template path of the field, for example `/address/street`; never a value. */
  readonly path?: string
  /** The name of the option at fault. */
  readonly option?: string
  /**
   * For the operator: what differed or failed, in our words or under a name that a service gave its error
   * (`ECONNREFUSED`, `AccessDeniedException`). Callers never see it.
   */
  readonly reason?: string
  /** For the operator: the refused key, as the options name it, or the table of a key store. */
  readonly keyId?: string
}

/** What {@link GlassineError} is built from, besides its code. */
export interface ErrorInit extends ErrorCause {
  /**
   * What a developer reads; default: the sentence of the code. Must consist of constants and names only. For
   * `ERR_KEY_UNAVAILABLE` and `ERR_KEY_DENIED`, which callers see with their status, it becomes the `reason`: callers
   * read one sentence for every failure.
   */
  readonly message?: string
  /** Overrides the status of the code: the same fault is 400 in a request and 500 in a response. */
  readonly statusCode?: number
}

/**
 * The one error class of Glassine.
 *
 * `code` is stable; `statusCode` and `expose` are read by `@middy/http-error-handler`; `cause` has the
 * package that threw and, if there is one, the field's template path or the option's name.
 *
 * @example
 * ```ts
 * try {
 *   await services.decrypt(body, Patient, { binding: { tenant: 't-1' } })
 * } catch (error) {
 *   if (error instanceof GlassineError && error.code === 'ERR_KEY_UNAVAILABLE') retryLater()
 *   else throw error
 * }
 * ```
 */
export class GlassineError extends Error {
  readonly code: ErrorCode
  readonly statusCode: number
  /**
   * Whether the caller may see status and message: true for 4xx, and for 503, which `@middy/http-error-handler` would
   * otherwise turn into a 500, so that the caller would not know that retrying helps.
   */
  readonly expose: boolean
  override readonly cause: ErrorCause

  constructor(code: ErrorCode, init: ErrorInit) {
    const { message, statusCode, package: packageName, path, option, keyId } = init
    const isUniform = facts[code][0] === 503
    const reason = init.reason ?? (isUniform ? message : undefined)
    super((!isUniform && message) || sentenceOf(code, statusCode))
    this.code = code
    this.statusCode = statusCode ?? facts[code][0]
    this.expose = this.statusCode < 500 || this.statusCode === 503
    // Member by member: other members of a caller's object must not reach the log.
    this.cause = Object.freeze(definedMembers({ package: packageName, path, option, reason, keyId }))
  }

  // On the prototype: an own property would be logged, and set too late for the first line of the stack.
  override get name(): 'GlassineError' {
    return 'GlassineError'
  }

  /** The headers that `@middy/http-error-handler` adds: `Retry-After` if retrying may help. */
  get headers(): { readonly 'Retry-After': string } | undefined {
    return this.code === 'ERR_KEY_UNAVAILABLE' ? { 'Retry-After': '1' } : undefined
  }
}

/**
 * The error for an invalid option; thrown at construction.
 *
 * @param expected - the end of a sentence: what the option must be
 * @example
 * ```ts
 * throw optionError('@glassine/keys', 'cacheExpiry', 'must be a number of ms') // code ERR_OPTION_INVALID
 * ```
 */
export const optionError = (packageName: string, option: string, expected: string): GlassineError =>
  new GlassineError('ERR_OPTION_INVALID', {
    message: `${packageName}: option \`${option}\` ${expected}`,
    package: packageName,
    option,
  })

/** The members of an object that are not undefined: an undefined option was not given. */
export const definedMembers = <T extends object>(members: T): T =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T
