/**
 * A value that several hold at once: cache entries and loans. When the last of them lets go it is disposed of,
 * so a key is zeroed neither too early, in the hands of an invocation that is still sealing, nor never.
 *
 * The value stands in a private field: formats hang their own work on this object (`DataKey.identity`), and
 * neither `util.inspect` nor a log may find the key in it.
 */
export class Shared<V> {
  readonly #value: V
  readonly #dispose: (value: V) => void
  #holders = 1

  /** Whoever makes it holds it. */
  constructor(value: V, dispose: (value: V) => void) {
    this.#value = value
    this.#dispose = dispose
  }

  get value(): V {
    return this.#value
  }

  /** One more holder; returns itself. */
  retain(): this {
    this.#holders++
    return this
  }

  /** One holder less; each must call it exactly once. */
  release(): void {
    if (--this.#holders === 0) this.#dispose(this.#value)
  }
}
