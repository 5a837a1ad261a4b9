import type { GlassineError } from '@glassine/core'

/**
 * Remembers definite refusals for a short while, so that a message with a forged encrypted data key, sent again and
 * again, costs one KMS call in that time and not one each. The oldest goes first when it is full.
 */
export class Refusals {
  readonly #known = new Map<string, { error: GlassineError; from: number }>()
  readonly #age: number
  readonly #maxEntries: number

  /** @param age - how long a refusal is remembered, in ms; 0 remembers none */
  constructor(age: number, maxEntries: number) {
    this.#age = age
    this.#maxEntries = maxEntries
  }

  get(key: string, now: number): GlassineError | undefined {
    const known = this.#known.get(key)
    if (known === undefined) return undefined
    const age = now - known.from
    // A clock that was set back would keep a refusal alive for longer than declared.
    if (age >= 0 && age < this.#age) return known.error
    this.#known.delete(key)
    return undefined
  }

  add(key: string, error: GlassineError, now: number): void {
    if (this.#age === 0) return
    this.#known.delete(key)
    if (this.#known.size >= this.#maxEntries)
      for (const oldest of this.#known.keys()) if (this.#known.delete(oldest)) break
    this.#known.set(key, { error, from: now })
  }

  delete(key: string): void {
    this.#known.delete(key)
  }

  clear(): void {
    this.#known.clear()
  }
}
