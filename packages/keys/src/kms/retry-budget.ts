/** The most retries that can be saved up. */
const capacity = 10
/** Time that brings one more, in ms. */
const refill = 1_000

/**
 * What all calls of one service in this process share: how often they may be repeated, and the news that the service
 * answers again. So an outage costs a bounded number of calls, however many requests meet it, and those that pause when
 * it ends do not wait for their own time.
 */
export class RetryBudget {
  #left = capacity
  #countedAt = Date.now()
  readonly #paused = new Set<() => void>()

  /** Takes one retry, if one is left. */
  take(): boolean {
    const now = Date.now()
    // A clock that was set back brings nothing.
    this.#left = Math.min(capacity, this.#left + Math.max(0, now - this.#countedAt) / refill)
    this.#countedAt = now
    if (this.#left < 1) return false
    this.#left--
    return true
  }

  /** The service has answered: gives back what the call took and one more, and ends all pauses. */
  answered(retries: number): void {
    this.#left = Math.min(capacity, this.#left + retries + 1)
    for (const resume of this.#paused) resume()
  }

  /** Waits for `ms`, or until the service answers a call of another request. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const resume = () => {
        clearTimeout(timer)
        this.#paused.delete(resume)
        resolve()
      }
      const timer = setTimeout(resume, ms)
      this.#paused.add(resume)
    })
  }

  /** As it was at the start of the process. */
  reset(): void {
    this.#left = capacity
  }
}
