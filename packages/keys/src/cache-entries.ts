import { type Owned, Shares } from './bounded-map.ts'
import type { InFlight } from './in-flight.ts'
import type { RefCounted } from './lease.ts'

/** A cached value, and what was done with it. */
export interface Entry<V> extends Owned {
  readonly key: string
  readonly shared: RefCounted<V>
  readonly born: number
  uses: number
  bytes: number
  /** No refresh before this time, so that a failed refresh is not repeated at every use. */
  retryAt: number
  /** Whether the last call failed without a definite response; if so, the stale entry is returned without waiting. */
  failed: boolean
  /** Whether a refresh was refused: such an entry never outlives its expiry. */
  refused: boolean
}

/** What an entry is made of, beside its value: a call, or what is like one. */
type Fetched = Pick<InFlight<unknown>, 'key' | 'owner' | 'uses' | 'bytes' | 'startedAt'>

/** The entries of a cache: by key and last use, by age, and by owner. */
export class CacheEntries<V> {
  readonly #maxEntries: number
  /** The least recently used first. */
  readonly #byUse = new Map<string, Entry<V>>()
  /** The oldest first, so that those that have expired are found without a walk. */
  readonly #byAge = new Set<Entry<V>>()
  readonly #shares: Shares<Entry<V>>
  #lastTrim = 0
  /** Skips re-inserting the entry that is already the newest. */
  #newest: Entry<V> | undefined

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
    this.#shares = new Shares(maxEntries)
  }

  get size(): number {
    return this.#byUse.size
  }

  get(key: string): Entry<V> | undefined {
    return this.#byUse.get(key)
  }

  /**
   * Adds an entry in place of the one of its key. The age counts from the start of the call: that is when the source
   * allowed the key.
   */
  store({ key, owner, uses, bytes, startedAt: born }: Fetched, shared: RefCounted<V>): void {
    const old = this.#byUse.get(key)
    if (old) this.drop(old)
    const entry = { key, owner, shared, born, uses, bytes, retryAt: 0, failed: false, refused: false }
    this.#byUse.set(key, entry)
    this.#byAge.add(entry)
    this.#shares.add(entry)
    this.#newest = entry
  }

  /** Makes an entry the most recently used one. */
  touch(entry: Entry<V>): void {
    if (entry === this.#newest) return
    this.#byUse.delete(entry.key)
    this.#byUse.set(entry.key, entry)
    this.#shares.touch(entry)
    this.#newest = entry
  }

  /** Removes an entry, and gives back its reference. */
  drop(entry: Entry<V>): void {
    this.#byUse.delete(entry.key)
    this.#byAge.delete(entry)
    this.#shares.delete(entry)
    if (this.#newest === entry) this.#newest = undefined
    entry.shared.release()
  }

  clear(): void {
    for (const entry of this.#byUse.values()) this.drop(entry)
  }

  /**
   * Drops entries that can no longer be used, then those over the limit, and returns how many.
   *
   * @param lives - how long an entry may be used, in ms
   * @param owner - who has added an entry
   */
  trim(now: number, lives: (entry: Entry<V>) => number, owner: string | undefined): number {
    const before = this.size
    // After the clock was set back, the youngest may be as old as can be.
    const isBack = now < this.#lastTrim
    this.#lastTrim = now
    for (const entry of this.#byAge) {
      const age = now - entry.born
      if (age < 0 || age >= lives(entry)) this.drop(entry)
      else if (!isBack) break
    }
    while (this.size > this.#maxEntries)
      this.drop(this.#shares.excess(owner) ?? this.#byUse.values().next().value!)
    return before - this.size
  }
}
