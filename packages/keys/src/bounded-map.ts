/** More entries than this are not remembered: as many as the key-material layer holds by default. */
const maxEntries = 1_000

/** A map that forgets its oldest entry when it is full: for what can be worked out again. */
export interface BoundedMap<V> {
  get(key: string): V | undefined
  set(key: string, value: V): void
}

/** Makes an empty {@link BoundedMap}. */
export const boundedMap = <V>(): BoundedMap<V> => {
  const map = new Map<string, V>()
  return {
    get: (key) => map.get(key),
    set: (key, value) => {
      if (map.size >= maxEntries) for (const oldest of map.keys()) if (map.delete(oldest)) break
      map.set(key, value)
    },
  }
}
