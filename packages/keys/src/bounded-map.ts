import { type Owned, Shares } from './shares.ts'

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
