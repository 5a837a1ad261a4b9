import { isRefusal, ownError, unavailable } from './errors.ts'
import { type Demand, Flight } from './flight.ts'
import type { RefCounted } from './ref-counted.ts'
import { Refusals } from './refusals.ts'

/** The bounds of a {@link Cache}; times in ms. */
export interface CacheOptions {
  readonly expiry: number
  readonly maxUses: number
  readonly maxBytes: number
  readonly maxEntries: number
  /** How long past its expiry an entry may stand in while its source is unavailable. */
  readonly staleIfError: number
  /** How long a definite refusal is remembered. */
  readonly refusals: number
  /** The longest that a caller waits, and that a call takes for which nobody waits. */
  readonly timeout: number
  /** ms since the epoch. */
  readonly now: () => number
  /** `false`: an entry is not fetched again before it expires, for values that never change. Default `true`. */
  readonly refreshAhead?: boolean
}

/** What a {@link Cache} counted since it was made. */
export interface CacheCounts {
  hits: number
  misses: number
  joined: number
  refreshes: number
  stale: number
  evictions: number
  refused: number
  errors: number
}

export const noCounts = (): CacheCounts => ({
  hits: 0,
  misses: 0,
  joined: 0,
  refreshes: 0,
  stale: 0,
  evictions: 0,
  refused: 0,
  errors: 0,
})

interface Entry<V> {
  readonly shared: RefCounted<V>
  readonly born: number
  uses: number
  bytes: number
  /** No refresh before this time: one that failed is not repeated at every use. */
  retryAt: number
  /** Whether the last call failed without a definite answer: the stale entry then serves without a wait. */
  failed: boolean
  /** Whether a refresh was refused: such an entry never outlives its expiry. */
  refused: boolean
}

/** Refresh when this share of the age, uses or bytes is gone. */
const refreshShare = 0.8

/** Pause after a refresh that failed, in ms. */
const refreshPause = 1_000

/**
 * A cache of values that are fetched: bounded by age, uses, bytes and entries (least recently used goes first),
 * with one call at a time for each key. `R` is what a call needs to know; `V` is disposed of when neither the
 * cache nor anybody it was lent to holds it.
 *
 * The clock is read when the cache is used. There is no timer in it, since a Lambda environment is frozen between
 * invocations; expired entries are dropped at the next miss.
 */
export class Cache<R, V> {
  readonly counts: CacheCounts
  readonly #options: CacheOptions
  readonly #load: (request: R, deadline: () => number) => Promise<RefCounted<V>>
  readonly #entries = new Map<string, Entry<V>>()
  readonly #flights = new Map<string, Flight<V>>()
  readonly #refusals: Refusals
  /** Spares moving the entry that is used all the time to where it stands already. */
  #newest: Entry<V> | undefined

  /**
   * @param load - fetches a value; the cache takes over the hold that its maker has on it
   * @param counts - may be shared by caches that are counted as one
   */
  constructor(
    options: CacheOptions,
    load: (request: R, deadline: () => number) => Promise<RefCounted<V>>,
    counts = noCounts(),
  ) {
    this.counts = counts
    this.#options = options
    this.#load = load
    this.#refusals = new Refusals(options.refusals, options.maxEntries)
  }

  get size(): number {
    return this.#entries.size
  }

  /**
   * Lends the value of a key and counts the uses and bytes. At once when it is there: no promise is made then.
   * Whoever gets it must release it.
   *
   * @throws GlassineError as the promise's rejection: that of `load`, or `ERR_KEY_UNAVAILABLE` when the caller's
   * deadline passes first. The caller has checked that the demand alone does not exceed the bounds.
   */
  take(key: string, request: R, demand: Demand): RefCounted<V> | Promise<RefCounted<V>> {
    const options = this.#options
    const now = options.now()
    const entry = this.#entries.get(key)
    if (entry === undefined) return this.#miss(key, request, demand, undefined, now)
    const age = now - entry.born
    // A clock that was set back says nothing of the age, so the entry counts as expired.
    if (age < 0 || age >= options.expiry || !this.#fits(entry, demand))
      return this.#miss(key, request, demand, entry, now)
    this.counts.hits++
    entry.uses += demand.uses
    entry.bytes += demand.bytes
    if (entry !== this.#newest) this.#touch(key, entry)
    if (
      options.refreshAhead !== false &&
      (age >= refreshShare * options.expiry ||
        entry.uses >= refreshShare * options.maxUses ||
        entry.bytes >= refreshShare * options.maxBytes)
    )
      this.#refresh(key, request, entry, now)
    return entry.shared.acquire()
  }

  /** Whether `take` most likely makes no call of its own: the value is there, or under way. */
  knows(key: string): boolean {
    const { now, expiry } = this.#options
    const at = now()
    const entry = this.#entries.get(key)
    const age = entry === undefined ? -1 : at - entry.born
    if (age >= 0 && age < expiry) return true
    const flight = this.#flights.get(key)
    return flight !== undefined && this.#joinable(flight, { uses: 0, bytes: 0 }, at)
  }

  /** Adds a value that was had on another way. Holds it on its own, beside whoever else does. */
  put(key: string, shared: RefCounted<V>): void {
    const now = this.#options.now()
    this.#store(key, shared.acquire(), 0, 0, now)
    this.#trim(now)
  }

  /** Drops everything. Calls that are under way serve those who wait for them, and are not kept. */
  clear(): void {
    for (const [key, entry] of this.#entries) this.#drop(key, entry)
    this.#flights.clear()
    this.#refusals.clear()
  }

  #miss(
    key: string,
    request: R,
    demand: Demand,
    entry: Entry<V> | undefined,
    now: number,
  ): RefCounted<V> | Promise<RefCounted<V>> {
    this.counts.misses++
    if (entry?.failed) {
      const stale = this.#stale(key, demand, now)
      if (stale) {
        this.#refresh(key, request, entry, now)
        return stale
      }
    }
    const refusal = this.#refusals.get(key, now)
    if (refusal) {
      this.counts.refused++
      return Promise.reject(ownError(refusal))
    }
    const deadline = Math.min(demand.deadline ?? Infinity, now + this.#options.timeout)
    if (!(deadline > now)) return Promise.reject(unavailable())
    let flight = this.#flights.get(key)
    if (flight && this.#joinable(flight, demand, now)) this.counts.joined++
    else flight = this.#depart(key, request, deadline, now)
    const late = () => this.#stale(key, demand, this.#options.now()) ?? unavailable()
    return flight.join(demand, deadline, deadline - now, late)
  }

  /**
   * A call that is overdue may have died while the environment was frozen, and one that has all it can serve
   * must not be asked for more: in both cases the next caller begins a call of its own.
   */
  #joinable(flight: Flight<V>, demand: Demand, now: number): boolean {
    const age = now - flight.departed
    return age >= 0 && age < this.#options.timeout && now < flight.deadline && this.#fits(flight, demand)
  }

  #fits(counted: { uses: number; bytes: number }, { uses, bytes }: Demand): boolean {
    return counted.uses + uses <= this.#options.maxUses && counted.bytes + bytes <= this.#options.maxBytes
  }

  #depart(key: string, request: R, deadline: number, now: number): Flight<V> {
    this.#trim(now)
    const flight = new Flight<V>(key, now, deadline)
    this.#flights.set(key, flight)
    this.#load(request, () => flight.deadline).then(
      (shared) => this.#land(flight, shared),
      (thrown) => this.#fail(flight, thrown),
    )
    return flight
  }

  #refresh(key: string, request: R, entry: Entry<V>, now: number): void {
    if (now < entry.retryAt || this.#flights.has(key)) return
    this.counts.refreshes++
    this.#depart(key, request, now + this.#options.timeout, now)
  }

  #land(flight: Flight<V>, shared: RefCounted<V>): void {
    // A flight that was replaced or cleared serves those who wait for it and leaves nothing behind.
    if (this.#flights.get(flight.key) === flight) {
      this.#flights.delete(flight.key)
      this.#refusals.delete(flight.key)
      // The age counts from the departure: what the source allowed then is what is known.
      this.#store(flight.key, shared.acquire(), flight.uses, flight.bytes, flight.departed)
    }
    flight.settle(() => shared.acquire())
    shared.release()
    this.#trim(this.#options.now())
  }

  #fail(flight: Flight<V>, thrown: unknown): void {
    const now = this.#options.now()
    const error = ownError(thrown)
    const refused = isRefusal(error)
    this.counts.errors++
    if (this.#flights.get(flight.key) === flight) {
      this.#flights.delete(flight.key)
      if (refused) this.#refusals.add(flight.key, error, now)
      const entry = this.#entries.get(flight.key)
      if (entry) {
        entry.failed = !refused
        entry.refused = refused
        entry.retryAt = refused ? Infinity : now + refreshPause
      }
    }
    flight.settle((demand) => (refused ? undefined : this.#stale(flight.key, demand, now)) ?? ownError(error))
    this.#trim(now)
  }

  /** The entry when it may stand in for an answer that could not be had; the limits of its key hold as ever. */
  #stale(key: string, demand: Demand, now: number): RefCounted<V> | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.refused || !this.#fits(entry, demand)) return undefined
    const age = now - entry.born
    if (age < 0 || age >= this.#options.expiry + this.#options.staleIfError) return undefined
    entry.uses += demand.uses
    entry.bytes += demand.bytes
    this.counts.stale++
    return entry.shared.acquire()
  }

  #store(key: string, shared: RefCounted<V>, uses: number, bytes: number, born: number): void {
    const old = this.#entries.get(key)
    if (old) this.#drop(key, old)
    const entry = { shared, born, uses, bytes, retryAt: 0, failed: false, refused: false }
    this.#entries.set(key, entry)
    this.#newest = entry
  }

  #touch(key: string, entry: Entry<V>): void {
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    this.#newest = entry
  }

  /** Drops what is past all use, and then the least recently used of what is too much. */
  #trim(now: number): void {
    const { expiry, staleIfError, maxEntries } = this.#options
    for (const [key, entry] of this.#entries) {
      const age = now - entry.born
      if (age < 0 || age >= expiry + (entry.refused ? 0 : staleIfError)) this.#evict(key, entry)
    }
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= maxEntries) break
      this.#evict(key, entry)
    }
  }

  #evict(key: string, entry: Entry<V>): void {
    this.counts.evictions++
    this.#drop(key, entry)
  }

  #drop(key: string, entry: Entry<V>): void {
    this.#entries.delete(key)
    if (this.#newest === entry) this.#newest = undefined
    entry.shared.release()
  }
}
