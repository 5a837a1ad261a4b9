import { isGlassineError } from '@glassine/core/internal'
import { ownError } from '../errors.ts'

/**
 * What a failed call means: `refused` will be refused again, `retry` may pass by itself, `unavailable` needs
 * somebody's hand (credentials), so that trying again within this invocation is in vain.
 */
export type Verdict = 'refused' | 'retry' | 'unavailable'

/** The key, the caller's rights or the blob: asking again gives the same answer. */
const refusal =
  /^(AccessDenied|Disabled|DryRunOperation|IncorrectKey|InvalidArn|InvalidCiphertext|InvalidGrantToken|InvalidKeyUsage|KMSInvalidState|NotFound|UnsupportedOperation|Validation)Exception$|^WrongAnswer$/

const credentials =
  /^(CredentialsProviderError|TokenProviderError|InvalidClientTokenId|(ExpiredToken|UnrecognizedClient|IncompleteSignature|InvalidSignature|MissingAuthenticationToken)(Exception)?)$/

/** An error of which only the name matters. */
export const named = (name: string): Error => Object.assign(new Error(), { name })

/** An answer of KMS that is whole and wrong: another key, or a plaintext of another length. */
export const wrongAnswer = (): Error => named('WrongAnswer')

/** An answer of KMS with something missing: a fault on the way, so it is asked again. */
export const incompleteAnswer = (): Error => named('IncompleteAnswer')

/** No answer within the time of one attempt. */
export const lateAnswer = (): Error => named('TimeoutError')

/** The bare name of an error, when it is fit to be shown; nothing else of it ever leaves this file. */
export const nameOf = (thrown: unknown): string => {
  const name = (thrown as { name?: unknown } | null | undefined)?.name
  return typeof name === 'string' && /^[A-Za-z]{1,60}$/.test(name) ? name : 'Error'
}

/**
 * Judges by `name`: AccessDenied and Throttling have no class in the SDK, and two copies of the SDK would have
 * two classes. An HTML or truncated answer surfaces as `SyntaxError`, which is a passing fault like any other
 * that is not known.
 *
 * @throws GlassineError when the failure is one of ours, such as a refused endpoint
 */
export const verdictOf = (thrown: unknown): Verdict => {
  if (isGlassineError(thrown)) throw ownError(thrown)
  const name = nameOf(thrown)
  if (refusal.test(name)) return 'refused'
  if (credentials.test(name)) return 'unavailable'
  const status = (thrown as { $metadata?: { httpStatusCode?: unknown } } | null)?.$metadata?.httpStatusCode
  const throttled = /Throttl|LimitExceeded|TooManyRequests|Slow|Timeout|Unavailable/.test(name)
  // KMS answers a fault of the caller's by 400, with a name; throttling comes as 400 too.
  return status === 400 && name.endsWith('Exception') && !throttled ? 'refused' : 'retry'
}
