import type { GlassineError } from '@glassine/core'
import { type BoundedMap, boundedMap, defaultEntries } from './bounded-map.ts'
import { fixedLengthId } from './fixed-length.ts'

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
