/**
 * The call log: what CloudTrail would show. It never holds plaintext, key material, blobs or
 * signatures; an encryption context is not secret in KMS, and CloudTrail shows it too.
 */

/** One answered call. */
export interface KmsCall {
  /** For example `Decrypt`. */
  readonly operation: string
  /** ISO 8601, when the request was read. */
  readonly time: string
  readonly region: string
  /** The id that the event would have in CloudTrail, which GetKeyLastUsage names. */
  readonly eventId: string
  /** Also in the `x-amzn-requestid` header of the response. */
  readonly requestId: string
  /** ARN of the caller; the account's root unless the client came from `clientOptionsFor({ principal })`. */
  readonly principal: string
  /** The key of the call, if the call got that far. */
  readonly keyArn?: string
  /** ReEncrypt only: the key of the new blob. */
  readonly destinationKeyArn?: string
  readonly encryptionContext?: Readonly<Record<string, string>>
  /** AWS's code when the call failed. */
  readonly errorCode?: string
  /** The injected fault that affected the response, if any. */
  readonly fault?: string
}

/** A call that is still being served. */
export type OpenCall = { -readonly [K in keyof KmsCall]: KmsCall[K] }

/** Keeps a server that runs for days from growing without bound; counters continue. */
const maxEntries = 10_000

/** The log that the server writes and `LocalKms` shows. */
export interface CallLog {
  readonly calls: readonly KmsCall[]
  /** Calls of an operation since the start or the last reset; without a name, of all operations. */
  count(operation?: string): number
  reset(): void
  add(call: KmsCall): void
}

/** An empty log; `onCall` is called with every entry after it was added. */
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
