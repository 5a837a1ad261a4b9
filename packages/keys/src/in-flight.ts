import type { GlassineError } from '@glassine/core'
import type { RefCounted } from './lease.ts'

/** What a caller will do with the value. */
export interface Demand {
  /** Uses, counted against the bound. */
  readonly uses: number
  /** Bytes, counted against the bound. */
  readonly bytes: number
  /** When the caller gives up, in ms since the epoch. */
  readonly deadline?: number
}

interface Waiter<V> {
  readonly demand: Demand
  readonly resolve: (shared: RefCounted<V>) => void
  readonly reject: (error: GlassineError) => void
  readonly timer: NodeJS.Timeout
}

/** The maximum of `setTimeout`; a longer delay would fire at once. */
const maxTimer = 2 ** 31 - 1

/** A call in flight and its waiting callers. Uses and bytes are reserved when a caller starts to wait. */
export class InFlight<V> {
  readonly key: string
  /** When the call began, in ms since the epoch. */
  readonly startedAt: number
  /** When the last of its callers gives up; the call continues until then. */
  deadline: number
  uses = 0
  bytes = 0
  /** Whose share of the cache counts the value. */
  readonly owner: string | undefined
  /** Whether the value is cached when `admit` is called, and not before. */
  readonly isUnproven: boolean
  readonly #waiters = new Set<Waiter<V>>()
  /** The demand of the caller for whom the call is made: the first to wait. */
  #starter: Demand | undefined

  constructor(key: string, startedAt: number, deadline: number, owner?: string, isUnproven = false) {
    this.key = key
    this.startedAt = startedAt
    this.deadline = deadline
    this.owner = owner
    this.isUnproven = isUnproven
  }

  /**
   * Waits for the call to settle, but not beyond the caller's own deadline.
   *
   * @param patience - ms until that deadline
   * @param onTimeout - makes what the caller gets when the deadline passes first
   */
  wait(
    demand: Demand,
    deadline: number,
    patience: number,
    onTimeout: () => RefCounted<V> | GlassineError,
  ): Promise<RefCounted<V>> {
    this.uses += demand.uses
    this.bytes += demand.bytes
    this.#starter ??= demand
    if (deadline > this.deadline) this.deadline = deadline
    return new Promise((resolve, reject) => {
      const expire = () => {
        this.#waiters.delete(waiter)
        settle(waiter, onTimeout())
      }
      const timer = setTimeout(expire, Math.min(patience, maxTimer))
      const waiter: Waiter<V> = { demand, resolve, reject, timer }
      this.#waiters.add(waiter)
    })
  }

  /** Settles every waiter with what `resultFor` returns for it: a value acquired for it, or an error of its own. */
  settle(resultFor: (demand: Demand, isStarter: boolean) => RefCounted<V> | GlassineError): void {
    for (const waiter of this.#waiters) {
      clearTimeout(waiter.timer)
      settle(waiter, resultFor(waiter.demand, waiter.demand === this.#starter))
    }
    this.#waiters.clear()
  }
}

const settle = <V>({ resolve, reject }: Waiter<V>, result: RefCounted<V> | GlassineError): void => {
  if (result instanceof Error) reject(result)
  else resolve(result)
}
