import type { EncryptionContext } from './encryption-context.ts'
import { fixedLengthId } from './fixed-length.ts'

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

/** The default bound: as many entries as the key-material layer holds by default. */
export const defaultEntries = 1_000

interface Kept<V> extends Owned {
  readonly key: string
  readonly value: V
}

/** A map that drops its oldest entry when it is full: for values that can be computed again. */
export interface BoundedMap<V> {
  get(key: string): V | undefined
  /** @param owner - whose share of the map it counts against, of `ownerOf` */
  set(key: string, value: V, owner?: string): void
  delete(key: string): void
  clear(): void
  /** The oldest first. */
  entries(): Iterable<{ readonly key: string; readonly value: V }>
  readonly size: number
}

/** Makes an empty {@link BoundedMap}. */
export const boundedMap = <V>(maxEntries = defaultEntries): BoundedMap<V> => {
  const map = new Map<string, Kept<V>>()
  let shares = new Shares<Kept<V>>(maxEntries)
  const remove = (kept: Kept<V> | undefined): void => {
    if (kept === undefined) return
    map.delete(kept.key)
    shares.delete(kept)
  }
  return {
    get: (key) => map.get(key)?.value,
    set: (key, value, owner) => {
      remove(map.get(key))
      if (map.size >= maxEntries) remove(shares.excess(owner) ?? map.values().next().value)
      const kept = { key, value, owner }
      map.set(key, kept)
      shares.add(kept)
    },
    delete: (key) => remove(map.get(key)),
    clear: () => {
      map.clear()
      shares = new Shares(maxEntries)
    },
    entries: () => map.values(),
    get size() {
      return map.size
    },
  }
}
