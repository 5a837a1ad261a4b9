import { isGlassineError } from '@glassine/core/internal'
import { ownError, unavailable } from '../errors.ts'
import { keyArnOf } from './arn.ts'
import { RetryBudget } from './retry-budget.ts'

/**
 * What a failed call means. `refused`: a definite refusal, which a retry would meet again. `retry`: a temporary
 * failure. `unavailable`: needs a configuration change (credentials); do not retry in this invocation.
 */
export type Verdict = 'refused' | 'retry' | 'unavailable'

/** The key, the permissions or the blob are wrong: a retry fails in the same way. */
const refusal =
  /^(AccessDenied|Disabled|DryRunOperation|IncorrectKey|InvalidArn|InvalidCiphertext|InvalidGrantToken|InvalidKeyUsage|KMSInvalidState|NotFound|UnsupportedOperation|Validation)Exception$|^Other(Key|Length)$/

const credentials =
  /^(CredentialsProviderError|TokenProviderError|InvalidClientTokenId|(ExpiredToken|UnrecognizedClient|IncompleteSignature|InvalidSignature|MissingAuthenticationToken)(Exception)?)$/

/** An error with nothing but a name. */
export const named = (name: string): Error => Object.assign(new Error(), { name })

/**
 * A response that is complete but wrong, and that the sender of what is decrypted cannot have caused: another key than
 * was asked for by its ARN, or another length of what KMS made itself. KMS does not respond so, so something else does:
 * it counts as an outage.
 */
export const wrongResponse = (): Error => named('WrongResponse')

/**
 * Responses that the sender can have caused, by a key ARN that he forged or a key of another length that he wrapped:
 * his message is refused.
 */
export const otherResponse = (part: 'Key' | 'Length'): Error => named(`Other${part}`)

/** A response of KMS with a part missing: a fault in transit, so the call is retried. */
export const incompleteResponse = (): Error => named('IncompleteResponse')

/** No response within the time for one attempt. */
const late = 'TimeoutError'

/** The name of an error, if it is safe to show. */
export const nameOf = (thrown: unknown): string => {
  const name = (thrown as { name?: unknown } | null | undefined)?.name
  return typeof name === 'string' && /^[A-Za-z]{1,60}$/.test(name) ? name : 'Error'
}

/** What the SDK says where neither options nor environment name a Region, or name none that can be. */
const noRegion = /^Region (is missing|not accepted)/

/** Codes in the message of an error of the SDK that wraps one of the system and drops its members. */
const quotedCode =
  /\b(ECONN(?:ABORTED|REFUSED|RESET)|EAI_AGAIN|ENOTFOUND|EPIPE|ETIMEDOUT|E(?:HOST|NET)UNREACH)\b|socket hang up/

/** The code of a system error, `ECONNREFUSED`, also of one that another wraps. */
const systemCode = (thrown: unknown): string | undefined => {
  const { code, cause, message } = (thrown ?? {}) as SdkError
  const found = code ?? cause?.code
  if (typeof found === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(found)) return found
  const quoted = typeof message === 'string' ? quotedCode.exec(message) : null
  return quoted ? (quoted[1] ?? 'ECONNRESET') : undefined
}

/** Names that do not resolve, and certificates that are not trusted: no retry mends these. */
const lasting = /^(ENOTFOUND|CERT_|ERR_TLS_|ERR_INVALID_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/

/** A socket that was dead before the request: an idle connection does not outlive a frozen environment. */
const deadSocket = /^(ECONNRESET|EPIPE)$/

/** What an operator reads of a failure: words of ours, a code or a name. Nothing else of an error leaves this file. */
const reasonOf = (thrown: unknown): string => {
  const { message, $metadata, $response } = (thrown ?? {}) as SdkError
  const [region] = typeof message === 'string' ? (noRegion.exec(message) ?? []) : []
  if (region !== undefined) return region
  const name = nameOf(thrown)
  if (name === 'WrongResponse') return 'a response of another key, or of another length'
  if (name !== 'SyntaxError') return systemCode(thrown) ?? name
  const status = $metadata?.httpStatusCode ?? $response?.statusCode
  return `a response that is no JSON${typeof status === 'number' ? `, with status ${status}` : ''}`
}

/** Unchecked members of what the SDK throws. */
interface SdkError {
  readonly message?: unknown
  readonly code?: unknown
  readonly cause?: { readonly code?: unknown }
  readonly $metadata?: { readonly httpStatusCode?: unknown }
  readonly $response?: { readonly statusCode?: unknown }
}

/** The key that KMS denies, by its ARN, where it says so. */
const deniedKeyOf = (thrown: unknown): string | undefined => {
  const { message } = (thrown ?? {}) as SdkError
  const [, resource = ''] = (typeof message === 'string' && / on resource: (\S{1,2048})/.exec(message)) || []
  return keyArnOf(resource)?.arn
}

/**
 * Whether a permission of ours is missing. KMS gives the same name to a blob that names a key which does not exist, and
 * that is the sender's fault.
 */
const isDenied = (thrown: unknown): boolean => {
  const { message } = (thrown ?? {}) as SdkError
  return (
    nameOf(thrown) === 'AccessDeniedException' &&
    !(typeof message === 'string' && message.startsWith('The ciphertext refers to'))
  )
}

/**
 * Decides by `name`: the SDK has no class for AccessDenied and Throttling, and two copies of the SDK have two classes.
 * An HTML or truncated response is a `SyntaxError`, which is temporary like every unknown error.
 *
 * @throws GlassineError when the failure is one of ours, such as a refused endpoint
 */
export const verdictOf = (thrown: unknown): Verdict => {
  if (isGlassineError(thrown)) throw ownError(thrown)
  const name = nameOf(thrown)
  if (refusal.test(name)) return 'refused'
  if (
    name === 'WrongResponse' ||
    credentials.test(name) ||
    noRegion.test(reasonOf(thrown)) ||
    lasting.test(systemCode(thrown) ?? '')
  )
    return 'unavailable'
  const status = (thrown as SdkError | null)?.$metadata?.httpStatusCode
  const throttled = /Throttl|LimitExceeded|TooManyRequests|Slow|Timeout|Unavailable/.test(name)
  // KMS answers an error of the caller with status 400 and a name, but throttling has status 400 as well.
  return status === 400 && name.endsWith('Exception') && !throttled ? 'refused' : 'retry'
}

/** One way to get a response. `signal` is aborted when the response is no longer needed. */
export type Call<T> = (signal: AbortSignal) => Promise<T>

/** Maximum time for one attempt, in ms. KMS answers in about 10 ms, or 100 ms with a new connection. */
const maxAttempt = 2_000
/** With less time left than this, an attempt gets all of it instead of half, in ms. */
const minAttempt = 200
/** Mean of the first pause, in ms; it doubles with every round. */
const firstPause = 50
const maxPause = 2_000

/** A service that is called. */
export interface Service {
  readonly name: string
  /** What its failures mean. */
  readonly verdictOf: (thrown: unknown) => Verdict
  readonly budget: RetryBudget
}

export const kmsService: Service = { name: 'KMS', verdictOf, budget: new RetryBudget() }

/** Every call was definitely refused. */
export interface Refused {
  /** The names of the refusals. */
  readonly refusals: readonly string[]
  /** The first call that was refused since a permission of ours is missing: its index. */
  readonly denied?: number
  /** The ARN of its key, if KMS names it. */
  readonly deniedKey?: string
}

/**
 * Returns the first response to any of the calls. Tries them in turn, in rounds, so that a Region that hangs or
 * throttles does not use up the time of the next one. Pauses between rounds have full jitter; a dead socket is replaced
 * at once.
 *
 * @param deadline - ms since the epoch; read again each time, since it moves when other callers join
 * @throws GlassineError `ERR_KEY_UNAVAILABLE` when the deadline passes or the process has no retries left, or when at
 * least one call failed without a definite refusal
 */
export const firstResponse = async <T>(
  calls: readonly Call<T>[],
  deadline: () => number,
  { name, verdictOf, budget }: Service = kmsService,
): Promise<{ response: T } | Refused> => {
  const notAvailable = (failure: string) => unavailable(`${name}: ${failure}`)
  const refusals: string[] = []
  let denied: Pick<Refused, 'denied' | 'deniedKey'> | undefined
  let broken: string | undefined
  let retries = 0
  let last = late
  let open = calls
  for (let round = 0; ; round++) {
    const again: Call<T>[] = []
    let areDead = round === 0
    for (const call of open) {
      const left = deadline() - Date.now()
      if (!(left > 0)) throw notAvailable(last)
      try {
        const response = await attempt(call, left)
        budget.answered(retries)
        return { response }
      } catch (thrown) {
        const verdict = verdictOf(thrown)
        const reason = reasonOf(thrown)
        areDead &&= deadSocket.test(reason)
        // That the time is over says less than what happened before.
        if (reason !== late) last = reason
        if (verdict === 'retry') again.push(call)
        else if (verdict === 'unavailable') broken = reason
        else {
          refusals.push(nameOf(thrown))
          if (isDenied(thrown)) denied ??= { denied: calls.indexOf(call), deniedKey: deniedKeyOf(thrown) }
        }
      }
    }
    if (again.length === 0) {
      if (broken !== undefined) throw notAvailable(broken)
      return { refusals, ...denied }
    }
    if (!budget.take()) throw notAvailable(last)
    retries++
    open = again
    if (areDead) continue
    const pause = Math.random() * Math.min(maxPause, 2 * firstPause * 2 ** round)
    if (Date.now() + pause >= deadline()) throw notAvailable(last)
    await budget.pause(pause)
  }
}

/** Runs a call for at most half of the remaining time, so that a call that hangs leaves time for another. */
const attempt = async <T>(call: Call<T>, left: number): Promise<T> => {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    const expire = () => {
      controller.abort()
      reject(named(late))
    }
    timer = setTimeout(expire, Math.min(maxAttempt, left < minAttempt ? left : left / 2))
  })
  const response = call(controller.signal)
  // After the timeout no one handles its rejection.
  response.catch(() => {})
  try {
    return await Promise.race([response, timeout])
  } finally {
    clearTimeout(timer)
  }
}
