import type { GlassineError } from '@glassine/core'
import type { RefCounted } from './ref-counted.ts'

/** What a caller is about to do with the value. */
export interface Demand {
  /** Uses to count against the bound. */
  readonly uses: number
  /** Bytes to count against the bound. */
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

/** The most that `setTimeout` takes; a longer wait would fire at once. */
const maxTimer = 2 ** 31 - 1

/** One call under way and those who wait for it. Uses and bytes are reserved when a caller joins. */
export class Flight<V> {
  readonly key: string
  /** When the call began, in ms since the epoch. */
  readonly departed: number
  /** When the last of its callers gives up: the call itself goes on until then. */
  deadline: number
  uses = 0
  bytes = 0
  readonly #waiters = new Set<Waiter<V>>()

  constructor(key: string, departed: number, deadline: number) {
    this.key = key
    this.departed = departed
    this.deadline = deadline
  }

  /**
   * Waits for the end of the flight, but no longer than to the caller's own deadline.
   *
   * @param patience - ms until that deadline
   * @param late - what the caller gets when it passes first
   */
  join(
    demand: Demand,
    deadline: number,
    patience: number,
    late: () => RefCounted<V> | GlassineError,
  ): Promise<RefCounted<V>> {
    this.uses += demand.uses
    this.bytes += demand.bytes
    if (deadline > this.deadline) this.deadline = deadline
    return new Promise((resolve, reject) => {
      const expire = () => {
        this.#waiters.delete(waiter)
        settle(waiter, late())
      }
      const timer = setTimeout(expire, Math.min(patience, maxTimer))
      const waiter: Waiter<V> = { demand, resolve, reject, timer }
      this.#waiters.add(waiter)
    })
  }

  /** Gives every waiter what `answer` makes for it: a value that is already held for it, or its own error. */
  settle(answer: (demand: Demand) => RefCounted<V> | GlassineError): void {
    for (const waiter of this.#waiters) {
      clearTimeout(waiter.timer)
      settle(waiter, answer(waiter.demand))
    }
    this.#waiters.clear()
  }
}

const settle = <V>({ resolve, reject }: Waiter<V>, answer: RefCounted<V> | GlassineError): void => {
  if (answer instanceof Error) reject(answer)
  else resolve(answer)
}
