import type { EncryptionContext } from './encryption-context.ts'
import { fixedLengthId } from './fixed-length.ts'
import type { InFlight } from './in-flight.ts'
import type { RefCounted } from './lease.ts'

/** What {@link Shares} needs of an entry. */
export interface Owned {
  /** Whose entry it is; an entry without an owner counts against no share. */
  readonly owner: string | undefined
}

/** No share is smaller than this many entries. */
const leastShare = 16

/**
 * Who holds how much of a bounded cache. An owner's share is a quarter of the bound. When the cache is full, an owner
 * over his share loses his own entries, so that one tenant's traffic never empties the cache of another; as long as
 * there is room, he may have more.
 */
export class Shares<E extends Owned> {
  readonly #share: number
  readonly #entries = new Map<string, Set<E>>()
  readonly #over = new Set<string>()

  /** @param maxEntries - the bound of the cache */
  constructor(maxEntries: number) {
    this.#share = Math.max(leastShare, Math.floor(maxEntries / 4))
  }

  add(entry: E): void {
    const { owner } = entry
    if (owner === undefined) return
    const own = this.#entries.get(owner)
    if (own === undefined) this.#entries.set(owner, new Set([entry]))
    else if (own.add(entry).size > this.#share) this.#over.add(owner)
  }

  /** Makes it the last of its owner's to go. */
  touch(entry: E): void {
    const own = entry.owner === undefined ? undefined : this.#entries.get(entry.owner)
    if (own?.delete(entry)) own.add(entry)
  }

  delete(entry: E): void {
    const { owner } = entry
    const own = owner === undefined ? undefined : this.#entries.get(owner)
    if (!own?.delete(entry)) return
    if (own.size <= this.#share) this.#over.delete(owner!)
    if (own.size === 0) this.#entries.delete(owner!)
  }

  /**
   * The entry that has to go when the cache is full: the oldest of an owner over his share, `undefined` if no owner is.
   *
   * @param of - who made the cache full; he is the first to lose an entry
   */
  excess(of: string | undefined): E | undefined {
    const [owner] = of !== undefined && this.#over.has(of) ? [of] : this.#over
    const [oldest] = (owner === undefined ? undefined : this.#entries.get(owner)) ?? []
    return oldest
  }
}

/** Longer names of owners are hashed. */
const longestOwner = 100

const ownName = /^(?:glassine:|aws-crypto-)/

/**
 * Whose share of a cache counts what belongs to a binding or an encryption context: that of the member `tenant`, or
 * else of all members. A hash where that is long.
 *
 * @param tenant - Lambda's tenant, if there is one
 */
export const ownerOf = (pairs: EncryptionContext, tenant?: string): string => {
  const named = Object.hasOwn(pairs, 'tenant') ? pairs.tenant : undefined
  const owner =
    named ??
    Object.entries(pairs)
      .filter(([name]) => !ownName.test(name))
      .sort()
  const text = JSON.stringify([tenant ?? null, owner])
  return text.length <= longestOwner ? text : fixedLengthId(text)
}

/** A cached value, and what was done with it. */
export interface Entry<V> extends Owned {
  readonly key: string
  readonly shared: RefCounted<V>
  readonly born: number
  uses: number
  bytes: number
  /** No refresh before this time, so that a failed refresh is not repeated at every use. */
  retryAt: number
  /** Whether the last call failed without a definite answer; if so, the stale entry is returned without waiting. */
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
