/**
 * Two kinds of errors: those of the wire, with AWS's codes, messages and status, and one for invalid
 * options.
 */

/**
 * An invalid option, fault or state file.
 *
 * @example
 * ```ts
 * import { LocalKmsOptionError, startLocalKms } from '@glassine/local-kms'
 *
 * try {
 *   await startLocalKms({ port: Number(process.env.KMS_PORT) })
 * } catch (error) {
 *   if (error instanceof LocalKmsOptionError) console.error(error.message) // which option, and what it must be
 *   else throw error
 * }
 * ```
 */
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

/** An error that the wire answers as `{"__type", "message"}`. */
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

/** For a reference that is malformed or matches nothing. */
export const notFound = (message: string): KmsError => new KmsError('NotFoundException', message)

/** For an input that is wrong for every key. Not in the service's model, so SDKs have no class for it. */
export const invalid = (message?: string): KmsError => new KmsError('ValidationException', message)

/** For a key in the wrong state, except disabled, which has its own code. */
export const invalidState = (message: string): KmsError => new KmsError('KMSInvalidStateException', message)

/** For a key of the wrong kind, or something that is not offered here. */
export const unsupported = (message?: string): KmsError =>
  new KmsError('UnsupportedOperationException', message)

/** The same response for a wrong context, a damaged blob and a foreign blob, so that it is no oracle, as in AWS. */
export const invalidCiphertext = (): KmsError => new KmsError('InvalidCiphertextException')

/** AWS's message still uses its old word `CMK`. */
export const incorrectKey = (): KmsError =>
  new KmsError(
    'IncorrectKeyException',
    'The key ID in the request does not identify a CMK that can perform this operation.',
  )

/** The key has the right usage, but not that algorithm. */
export const incompatible = (algorithm: string, spec: string): KmsError =>
  new KmsError('InvalidKeyUsageException', `Algorithm ${algorithm} is incompatible with key spec ${spec}.`)
