/**
 * The call log: what CloudTrail would show of the calls. It never holds plaintext, key material, blobs or
 * signatures; an encryption context is not secret in KMS, and CloudTrail shows it too.
 */

/** One call, as it was answered. */
export interface KmsCall {
  /** For example `Decrypt`. */
  readonly operation: string
  /** ISO 8601, when the request was read. */
  readonly time: string
  readonly region: string
  /** The id that the event would have in CloudTrail, which GetKeyLastUsage names. */
  readonly eventId: string
  /** Also in the `x-amzn-requestid` header of the answer. */
  readonly requestId: string
  /** ARN of the caller; the account's root unless the client came from `clientOptionsFor({ principal })`. */
  readonly principal: string
  /** The key that served the call, as far as the call got. */
  readonly keyArn?: string
  /** ReEncrypt only: the key of the new blob. */
  readonly destinationKeyArn?: string
  readonly encryptionContext?: Readonly<Record<string, string>>
  /** AWS's code when the call failed. */
  readonly errorCode?: string
  /** The injected fault that decided the answer, if one did. */
  readonly fault?: string
}

/** A call that is still being served. */
export type OpenCall = { -readonly [K in keyof KmsCall]: KmsCall[K] }

/** A command that runs for days must not grow without end; counters go on. */
const maxEntries = 10_000

/** The log as the server writes it and `LocalKms` shows it. */
export interface CallLog {
  readonly calls: readonly KmsCall[]
  /** How often the operation was called since the start or the last reset; all operations without a name. */
  count(operation?: string): number
  reset(): void
  add(call: KmsCall): void
}

/** A log that starts empty; `onCall` hears of every entry after it is in. */
export const createCallLog = (onCall?: (call: KmsCall) => void): CallLog => {
  const calls: KmsCall[] = []
  const counts = new Map<string, number>()
  let total = 0
  return {
    calls,
    count: (operation) => (operation === undefined ? total : (counts.get(operation) ?? 0)),
    reset() {
      calls.length = 0
      counts.clear()
      total = 0
    },
    add(call) {
      calls.push(Object.freeze(call))
      if (calls.length > maxEntries) calls.shift()
      counts.set(call.operation, (counts.get(call.operation) ?? 0) + 1)
      total++
      onCall?.(call)
    },
  }
}
