/** Faults: failures of KMS that happen in production, on demand. */
import { checkedOptions, type OptionRules, oneOf, required } from './checked-options.ts'
import { LocalKmsOptionError } from './errors.ts'

/**
 * What goes wrong:
 *
 * - `throttle`: `ThrottlingException`, HTTP 400
 * - `internal`: `KMSInternalException`, HTTP 500
 * - `html`: HTTP 503 with an HTML page, as a load balancer answers
 * - `latency`: the right response after `ms`
 * - `hang`: no response
 * - `reset`: the connection is reset
 * - `truncated`: HTTP 200 with the first half of the JSON
 * - `no-plaintext`: the right response without its plaintext or shared secret
 * - `wrong-key`: the right response with the ARN of another key
 * - `wrong-length`: the right response with a plaintext or shared secret one byte short
 * - `expired-token`: `ExpiredTokenException`, HTTP 400
 * - `access-denied`: `AccessDeniedException`, HTTP 400
 */
export type KmsFaultKind =
  | 'throttle'
  | 'internal'
  | 'html'
  | 'latency'
  | 'hang'
  | 'reset'
  | 'truncated'
  | 'no-plaintext'
  | 'wrong-key'
  | 'wrong-length'
  | 'expired-token'
  | 'access-denied'

/**
 * All kinds of faults, for tests that go through every one.
 *
 * @example
 * ```ts
 * import { kmsFaultKinds, startLocalKms } from '@glassine/local-kms'
 *
 * const kms = await startLocalKms()
 * for (const kind of kmsFaultKinds) kms.faults.set('Decrypt', { kind, times: 1 }) // then decrypt something
 * ```
 */
export const kmsFaultKinds: readonly KmsFaultKind[] = [
  'throttle',
  'internal',
  'html',
  'latency',
  'hang',
  'reset',
  'truncated',
  'no-plaintext',
  'wrong-key',
  'wrong-length',
  'expired-token',
  'access-denied',
]

/** A fault to inject. */
export interface KmsFault {
  readonly kind: KmsFaultKind
  /** How many calls it hits; default: every call until it is cleared. */
  readonly times?: number
  /** Milliseconds that `latency` waits; default 1000. */
  readonly ms?: number
}

/** Sets and clears faults. */
export interface KmsFaults {
  /**
   * Injects a fault into one operation, or with `'*'` into every operation without a fault. A second fault for
   * the same operation replaces the first.
   *
   * @throws LocalKmsOptionError for an unknown operation or kind, and for `times` or `ms` out of range
   * @example
   * ```ts
   * kms.faults.set('Decrypt', { kind: 'throttle', times: 2 })   // the SDK's third attempt gets through
   * ```
   */
  set(operation: string, fault: KmsFault): void
  /** Ends the fault of one operation, or all of them. */
  clear(operation?: string): void
}

/** The faults as the dispatcher reads them. */
export interface FaultSource extends KmsFaults {
  /** The fault for this call; each call uses up one of its `times`. */
  take(operation: string): KmsFault | undefined
}

/** Milliseconds. */
export const defaultLatency = 1000

const faultRules: OptionRules<KmsFault> = {
  kind: required(oneOf(...kmsFaultKinds)),
  times: ['must be 1 or more', (value) => typeof value === 'number' && value >= 1],
  ms: ['must be 0 or more', (value) => typeof value === 'number' && value >= 0],
}

/** @param operations - the names that {@link KmsFaults.set} takes: a misspelt one would never be hit */
export const createFaults = (operations: readonly string[]): FaultSource => {
  const active = new Map<string, { fault: KmsFault; left: number }>()
  return {
    set(operation, fault) {
      if (operation !== '*' && !operations.includes(operation))
        throw new LocalKmsOptionError('operation', 'must be an operation of the local KMS, or *')
      const { times = Number.POSITIVE_INFINITY } = checkedOptions(faultRules, fault)
      active.set(operation, { fault, left: times })
    },
    clear(operation) {
      if (operation === undefined) active.clear()
      else active.delete(operation)
    },
    take(operation) {
      const name = active.has(operation) ? operation : '*'
      const entry = active.get(name)
      if (entry === undefined) return undefined
      if (--entry.left <= 0) active.delete(name)
      return entry.fault
    },
  }
}
