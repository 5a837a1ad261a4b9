import type { GlassineError } from '@glassine/core'
import { CacheEntries, type Entry } from './cache-entries.ts'
import { type CacheCounts, type CacheOptions, noCounts } from './cache-options.ts'
import { isCallersLimit, isRefusal, ownError, unavailable } from './errors.ts'
import { type Demand, InFlight } from './in-flight.ts'
import type { RefCounted } from './lease.ts'
import { NegativeCache } from './negative-cache.ts'

/** Refresh when this share of the age, uses or bytes is used up. */
const refreshShare = 0.8

/** How long a caller with a stale key waits for a new one, in ms. */
const patience = 500

/** Pause after a failed refresh, in ms. */
const refreshPause = 1_000

/**
 * A cache of fetched values, bounded by age, uses, bytes and entries, with one call at a time per key. The least
 * recently used entry is evicted first, of an owner over his share if there is one. `R` is what a call needs to know.
 * `V` is disposed of when neither the cache nor a caller holds a reference to it.
 *
 * The cache has no timers, since a Lambda environment is frozen between invocations. It reads the clock when it is
 * used, and drops expired entries at the next miss.
 */
export class Cache<R, V> {
  readonly counts: CacheCounts
  readonly #options: CacheOptions<R>
  readonly #load: (request: R, deadline: () => number) => Promise<RefCounted<V>>
  readonly #entries: CacheEntries<V>
  readonly #inFlight = new Map<string, InFlight<V>>()
  /** Values that wait for `admit`, for as long as a caller holds them. */
  #unproven = new WeakMap<RefCounted<V>, InFlight<V>>()
  readonly #negative: NegativeCache
  /** Whether the source failed, or was late, since it last answered: no expired key waits for it then. */
  #isDown = false

  /**
   * @param load - fetches a value; the first reference to it passes to the cache
   * @param counts - may be shared by several caches
   */
  constructor(
    options: CacheOptions<R>,
    load: (request: R, deadline: () => number) => Promise<RefCounted<V>>,
    counts = noCounts(),
  ) {
    this.counts = counts
    this.#options = options
    this.#load = load
    this.#negative = new NegativeCache(options.refusals, options.maxEntries)
    this.#entries = new CacheEntries(options.maxEntries)
  }

  get size(): number {
    return this.#entries.size
  }

  /**
   * Acquires the value of a key for the caller, who releases it, and counts the uses and bytes. Returns a cached value
   * at once, without a promise. The caller has checked that the demand alone does not exceed the bounds.
   *
   * @throws GlassineError as the promise's rejection: that of `load`, or `ERR_KEY_UNAVAILABLE` when the caller's
   * deadline passes first
   */
  take(key: string, request: R, demand: Demand): RefCounted<V> | Promise<RefCounted<V>> {
    const options = this.#options
    const now = options.now()
    const entry = this.#entries.get(key)
    if (entry === undefined) return this.#miss(key, request, demand, undefined, now)
    const age = now - entry.born
    // After the clock was set back the age is unknown, so the entry counts as expired.
    if (age < 0 || age >= options.expiry || !this.#fits(entry, demand))
      return this.#miss(key, request, demand, entry, now)
    this.counts.hits++
    entry.uses += demand.uses
    entry.bytes += demand.bytes
    this.#entries.touch(entry)
    if (
      options.refreshAhead !== false &&
      (age >= refreshShare * options.expiry ||
        entry.uses >= refreshShare * options.maxUses ||
        entry.bytes >= refreshShare * options.maxBytes)
    )
      this.#refresh(key, request, entry, now)
    return entry.shared.acquire()
  }

  /** Whether `take` would most likely not make a call: the value is cached or being fetched. */
  knows(key: string): boolean {
    const { now, expiry } = this.#options
    const at = now()
    const entry = this.#entries.get(key)
    const age = entry === undefined ? -1 : at - entry.born
    if (age >= 0 && age < expiry) return true
    const call = this.#inFlight.get(key)
    return call !== undefined && this.#canWait(call, { uses: 0, bytes: 0 }, at)
  }

  /** Adds a value obtained elsewhere; the cache acquires a reference of its own. */
  put(key: string, shared: RefCounted<V>, owner?: string): void {
    const now = this.#options.now()
    this.#entries.store({ key, owner, uses: 0, bytes: 0, startedAt: now }, shared.acquire())
    this.#trim(now, owner)
  }

  /**
   * A function that puts a value into the cache, if `take` has fetched it and it waits for that; otherwise
   * `undefined`. It has no effect after `clear`, or when no caller holds the value any more.
   */
  admission(shared: RefCounted<V>): (() => void) | undefined {
    const unproven = this.#unproven
    if (!unproven.has(shared)) return undefined
    return () => {
      const call = unproven.get(shared)
      if (call === undefined || unproven !== this.#unproven || shared.isDisposed) return
      unproven.delete(shared)
      this.#entries.store(call, shared.acquire())
      this.#trim(this.#options.now(), call.owner)
    }
  }

  /** Drops everything. Calls in flight still serve their waiting callers, but their values are not cached. */
  clear(): void {
    this.#entries.clear()
    this.#inFlight.clear()
    this.#unproven = new WeakMap()
    this.#negative.clear()
  }

  #miss(
    key: string,
    request: R,
    demand: Demand,
    entry: Entry<V> | undefined,
    now: number,
  ): RefCounted<V> | Promise<RefCounted<V>> {
    this.counts.misses++
    // A key that may outlive its expiry is not waited for once its source is known to fail.
    if (entry && (entry.failed || this.#isDown)) {
      const stale = this.#stale(key, demand, now)
      if (stale) {
        this.#refresh(key, request, entry, now)
        return stale
      }
    }
    const refusal = this.#negative.get(key, now)
    if (refusal) {
      this.counts.refused++
      return Promise.reject(ownError(refusal))
    }
    const deadline = Math.min(demand.deadline ?? Infinity, now + this.#options.timeout)
    const late = (): RefCounted<V> | GlassineError =>
      this.#stale(key, demand, this.#options.now()) ?? unavailable('no response in time')
    if (!(deadline > now)) {
      const value = late()
      return value instanceof Error ? Promise.reject(value) : value
    }
    let call = this.#inFlight.get(key)
    if (call && this.#canWait(call, demand, now)) this.counts.joined++
    else call = this.#start(key, request, deadline, now)
    if (entry === undefined || !this.#mayOutlive(entry, now))
      return call.wait(demand, deadline, deadline - now, late)
    // Whatever the source does, a stale key serves after a moment; and at once for those who come after it.
    const onTimeout = (): RefCounted<V> | GlassineError => {
      this.#isDown = true
      return late()
    }
    return call.wait(demand, deadline, Math.min(deadline - now, patience), onTimeout)
  }

  /**
   * Whether a caller may wait for a call in flight. An overdue call may have died while the environment was frozen, and
   * a call whose reserved uses are exhausted takes no more waiters; in both cases the caller starts a new call.
   */
  #canWait(call: InFlight<V>, demand: Demand, now: number): boolean {
    const age = now - call.startedAt
    return age >= 0 && age < this.#options.timeout && now < call.deadline && this.#fits(call, demand)
  }

  #fits(counted: { uses: number; bytes: number }, { uses, bytes }: Demand): boolean {
    return counted.uses + uses <= this.#options.maxUses && counted.bytes + bytes <= this.#options.maxBytes
  }

  #start(key: string, request: R, deadline: number, now: number): InFlight<V> {
    this.#trim(now)
    const { ownerOf, isUnproven } = this.#options
    // An entry of this key was admitted once: its successor needs no proof.
    const waits = isUnproven?.(request) === true && this.#entries.get(key) === undefined
    const call = new InFlight<V>(key, now, deadline, ownerOf?.(request), waits)
    this.#inFlight.set(key, call)
    this.#load(request, () => call.deadline).then(
      (shared) => this.#resolved(call, shared),
      (thrown) => this.#rejected(call, thrown),
    )
    return call
  }

  #refresh(key: string, request: R, entry: Entry<V>, now: number): void {
    if (now < entry.retryAt || this.#inFlight.has(key)) return
    this.counts.refreshes++
    this.#start(key, request, now + this.#options.timeout, now)
  }

  #resolved(call: InFlight<V>, shared: RefCounted<V>): void {
    this.#isDown = false
    // A call that was replaced or cleared serves its waiting callers and leaves nothing in the cache.
    if (this.#inFlight.get(call.key) === call) {
      this.#inFlight.delete(call.key)
      this.#negative.delete(call.key)
      if (call.isUnproven) this.#unproven.set(shared, call)
      else this.#entries.store(call, shared.acquire())
    }
    call.settle(() => shared.acquire())
    shared.release()
    this.#trim(this.#options.now(), call.owner)
  }

  #rejected(call: InFlight<V>, thrown: unknown): void {
    const now = this.#options.now()
    const error = ownError(thrown)
    const isLimit = isCallersLimit(error)
    const refused = !isLimit && isRefusal(error)
    this.counts.errors++
    if (!refused && !isLimit) this.#isDown = true
    if (this.#inFlight.get(call.key) === call) {
      this.#inFlight.delete(call.key)
      if (refused) this.#negative.add(call.key, error, now)
      const entry = this.#entries.get(call.key)
      if (entry) {
        entry.failed = !refused && !isLimit
        entry.refused = refused
        entry.retryAt = refused ? Infinity : now + refreshPause
        // It stands among others of its age, which may live longer.
        if (refused && now - entry.born >= this.#options.expiry) this.#evict(entry)
      }
    }
    call.settle((demand, isStarter) => {
      const stale = refused ? undefined : this.#stale(call.key, demand, now)
      // A limit of the caller who began says nothing to those who waited with him.
      return (
        stale ?? (isLimit && !isStarter ? unavailable('the call of another request ended') : ownError(error))
      )
    })
    this.#trim(now)
  }

  /** Whether an expired entry may still be used while its source fails. */
  #mayOutlive(entry: Entry<V>, now: number): boolean {
    const age = now - entry.born
    return !entry.refused && age >= 0 && age < this.#options.expiry + this.#options.staleIfError
  }

  /** The expired entry, if it may be used instead of a failed call. The limits on uses and bytes still apply. */
  #stale(key: string, demand: Demand, now: number): RefCounted<V> | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || !this.#mayOutlive(entry, now) || !this.#fits(entry, demand)) return undefined
    entry.uses += demand.uses
    entry.bytes += demand.bytes
    this.counts.stale++
    return entry.shared.acquire()
  }

  /** @param owner - who has added an entry */
  #trim(now: number, owner?: string): void {
    const { expiry, staleIfError } = this.#options
    this.#negative.sweep(now)
    const lives = ({ refused }: Entry<V>): number => expiry + (refused ? 0 : staleIfError)
    this.counts.evictions += this.#entries.trim(now, lives, owner)
  }

  #evict(entry: Entry<V>): void {
    this.counts.evictions++
    this.#entries.drop(entry)
  }
}
