/**
 * Every error of Glassine: one class, a closed list of stable codes.
 *
 * The Lambda runtime writes an error's own properties to the log, so nothing here may ever hold a value,
 * a key or a body: a code, the package that threw, and at most the template path of a field.
 */
interface CodeFacts {
  /** HTTP status that `@middy/http-error-handler` answers with. */
  readonly statusCode: number
  /** What a caller may read. Request-facing refusals of one kind share one sentence, so they are no oracle. */
  readonly message: string
}

const unopened = 'The encrypted fields of the request could not be opened'
const unsealed = 'The fields could not be encrypted'

const facts = {
  // construction
  ERR_OPTION_INVALID: { statusCode: 500, message: 'An option is not valid' },
  ERR_MODEL_INVALID: { statusCode: 500, message: 'The declaration of fields is not valid' },
  // transport
  ERR_TLS_REQUIRED: { statusCode: 403, message: 'The request must be made over https' },
  ERR_ORIGIN_REFUSED: { statusCode: 403, message: 'The origin of the request is not allowed' },
  ERR_CLIENT_CERT_REFUSED: { statusCode: 403, message: 'The client certificate is missing or not allowed' },
  ERR_EVENT_UNKNOWN: { statusCode: 403, message: 'The event is of no known source' },
  // opening
  ERR_BODY_INVALID: { statusCode: 400, message: unopened },
  ERR_BINDING_INVALID: { statusCode: 400, message: unopened },
  ERR_FIELD_MISSING: { statusCode: 400, message: unopened },
  ERR_FIELD_NOT_ENCRYPTED: { statusCode: 400, message: unopened },
  ERR_DECRYPT_FAILED: { statusCode: 400, message: unopened },
  // sealing
  ERR_VALUE_INVALID: { statusCode: 500, message: unsealed },
  ERR_ALREADY_ENCRYPTED: { statusCode: 500, message: unsealed },
  ERR_ENCRYPT_FAILED: { statusCode: 500, message: unsealed },
  ERR_RESPONSE_INVALID: { statusCode: 500, message: unsealed },
  ERR_TOO_LARGE: { statusCode: 500, message: unsealed },
  // keys
  ERR_KEY_UNAVAILABLE: { statusCode: 503, message: 'The encryption keys are not available at the moment' },
} as const satisfies Record<string, CodeFacts>

/** The stable codes; a code never changes its meaning. */
export type ErrorCode = keyof typeof facts

/** All codes, for documentation and tests. */
export const errorCodes: readonly ErrorCode[] = Object.keys(facts) as ErrorCode[]

/** Where an error came from, in the form that Middy's own errors use. */
export interface ErrorCause {
  /** The package that threw, for example `@glassine/message`. */
  readonly package: string
  /** The template path of the field, for example `/address/street`; never a value. */
  readonly path?: string
  /** The name of the option that is at fault. */
  readonly option?: string
}

/** What {@link GlassineError} is made of beside its code. */
export interface ErrorInit extends ErrorCause {
  /** What a developer reads; default: the sentence of the code. Must be made of constants and names only. */
  readonly message?: string
  /** Overrides the status of the code: the same fault is 400 in a request and 500 in a response. */
  readonly statusCode?: number
}

/**
 * The one error class of Glassine.
 *
 * `code` is stable; `statusCode` and `expose` are what `@middy/http-error-handler` reads; `cause` says which
 * package threw and, where there is one, the field's template path or the option's name.
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
  override readonly name = 'GlassineError'
  readonly code: ErrorCode
  readonly statusCode: number
  /** Whether the message may be shown to the caller: so for 4xx, not for 5xx. */
  readonly expose: boolean
  override readonly cause: ErrorCause

  constructor(code: ErrorCode, { message, statusCode, ...cause }: ErrorInit) {
    super(message ?? facts[code].message)
    this.code = code
    this.statusCode = statusCode ?? facts[code].statusCode
    this.expose = this.statusCode < 500
    this.cause = cause
  }
}

/** The error for an option that cannot be right; thrown at construction. */
export const optionError = (from: string, option: string, expected: string): GlassineError =>
  new GlassineError('ERR_OPTION_INVALID', {
    message: `${from}: option \`${option}\` ${expected}`,
    package: from,
    option,
  })
