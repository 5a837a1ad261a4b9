/**
 * Two kinds of errors: those of the wire, with the codes, sentences and status that AWS sends, and one for options
 * that cannot be used.
 */

/** An option, a fault or a state file that cannot be used. */
export class LocalKmsOptionError extends TypeError {
  readonly code = 'ERR_OPTION_INVALID'
  /** The name of the option. */
  readonly option: string

  constructor(option: string, expected: string) {
    super(`option \`${option}\` ${expected}`)
    this.name = 'LocalKmsOptionError'
    this.option = option
  }
}

/** Codes that AWS answers with a 5xx status; every other error of KMS is a 400. */
const serverFaults: ReadonlySet<string> = new Set([
  'KMSInternalException',
  'DependencyTimeoutException',
  'KeyUnavailableException',
])

/** An error to be answered over the wire as `{"__type", "message"}`. */
export class KmsError extends Error {
  /** The code, for example `NotFoundException`. */
  readonly type: string
  /** HTTP status. */
  readonly status: number
  /** Absent where AWS leaves the member out of the body (`InvalidCiphertextException`, ...). */
  readonly text: string | undefined

  constructor(type: string, text?: string, status = serverFaults.has(type) ? 500 : 400) {
    super(text ?? '')
    this.name = type
    this.type = type
    this.text = text
    this.status = status
  }
}

/** A reference to nothing, or one that cannot be read. */
export const notFound = (message: string): KmsError => new KmsError('NotFoundException', message)

/** An input that no key could make right. Not in the service's model, so SDKs have no class for it. */
export const invalid = (message?: string): KmsError => new KmsError('ValidationException', message)

/** A key in the wrong state, other than disabled, which has a code of its own. */
export const invalidState = (message: string): KmsError => new KmsError('KMSInvalidStateException', message)

/** A key of the wrong kind for the operation, or something that is not offered here. */
export const unsupported = (message?: string): KmsError =>
  new KmsError('UnsupportedOperationException', message)

/** One answer for a wrong context, a damaged blob and a blob of another service: no oracle, as in AWS. */
export const invalidCiphertext = (): KmsError => new KmsError('InvalidCiphertextException')

/** `CMK` is AWS's old word; its sentence still has it. */
export const incorrectKey = (): KmsError =>
  new KmsError(
    'IncorrectKeyException',
    'The key ID in the request does not identify a CMK that can perform this operation.',
  )

/** The key has the right usage, but not that algorithm. */
export const incompatible = (algorithm: string, spec: string): KmsError =>
  new KmsError('InvalidKeyUsageException', `Algorithm ${algorithm} is incompatible with key spec ${spec}.`)
