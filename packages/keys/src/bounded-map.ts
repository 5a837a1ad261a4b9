import type { GlassineError } from '@glassine/core'
import { type Owned, Shares } from './cache-entries.ts'
import { fixedLengthId } from './fixed-length.ts'

/** The default bound: as many entries as the key-material layer holds by default. */
const defaultEntries = 1_000

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

const hashOf = (key: string): string | undefined => {
  try {
    return fixedLengthId(key)
  } catch {
    // Not to be remembered is no failure of the request.
    return undefined
  }
}

/**
 * Remembers definite refusals for a short time, so that a forged encrypted data key that is sent repeatedly costs one
 * KMS call in that time, not one per message. Keeps a hash of 32 bytes for each, of the last 1,000 at most.
 */
export class NegativeCache {
  readonly #refusals: BoundedMap<{ error: GlassineError; from: number }>
  readonly #age: number

  /** @param age - how long a refusal is remembered, in ms; 0 remembers none */
  constructor(age: number, maxEntries: number) {
    this.#age = age
    this.#refusals = boundedMap(Math.min(maxEntries, defaultEntries))
  }

  get size(): number {
    return this.#refusals.size
  }

  get(of: string, now: number): GlassineError | undefined {
    if (this.#refusals.size === 0) return undefined
    const key = hashOf(of)
    const refusal = key === undefined ? undefined : this.#refusals.get(key)
    if (key === undefined || refusal === undefined) return undefined
    const age = now - refusal.from
    // After the clock was set back, a refusal would live longer than declared.
    if (age >= 0 && age < this.#age) return refusal.error
    this.#refusals.delete(key)
    return undefined
  }

  add(of: string, error: GlassineError, now: number): void {
    if (this.#age === 0) return
    this.sweep(now)
    const key = hashOf(of)
    if (key !== undefined) this.#refusals.set(key, { error, from: now })
  }

  /**
   * Drops entries that are too old to be used. They are in the order of their age, so this does not walk all of them.
   */
  sweep(now: number): void {
    for (const { key, value } of this.#refusals.entries()) {
      if (now - value.from >= 0 && now - value.from < this.#age) break
      this.#refusals.delete(key)
    }
  }

  delete(key: string): void {
    const hash = this.#refusals.size > 0 ? hashOf(key) : undefined
    if (hash !== undefined) this.#refusals.delete(hash)
  }

  clear(): void {
    this.#refusals.clear()
  }
}
