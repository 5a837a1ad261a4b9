/**
 * A value that several hold at once: cache entries and leases. It is disposed of when the last of them releases it, so
 * a key is zeroed neither too early, while an invocation still encrypts with it, nor never.
 *
 * The value is in a private field: formats attach their own work to this object (`DataKey.identity`), and neither
 * `util.inspect` nor a log may find the key in it.
 */
export class RefCounted<V> {
  readonly #value: V
  readonly #dispose: (value: V) => void
  #holders = 1

  /** The creator holds the first reference. */
  constructor(value: V, dispose: (value: V) => void) {
    this.#value = value
    this.#dispose = dispose
  }

  get value(): V {
    return this.#value
  }

  /** One holder more; returns itself. */
  acquire(): this {
    this.#holders++
    return this
  }

  /** One holder less; each must call it exactly once. */
  release(): void {
    if (--this.#holders === 0) this.#dispose(this.#value)
  }
}
