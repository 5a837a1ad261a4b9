import { unavailable } from './errors.ts'
import type { EncryptedDataKey } from './keyring.ts'

/** What `util.inspect` prints in place of an object, with whatever options but `customInspect: false`. */
export const inspected: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never

/**
 * A value that cache entries and leases hold together. The last release disposes of it, so a key is not zeroed while an
 * invocation still encrypts with it, and is always zeroed in the end.
 *
 * The value is in a private field: formats use this object as a map key (`DataKey.identity`), and neither
 * `util.inspect` nor a log may show the key.
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

  [inspected](): string {
    return 'RefCounted'
  }

  /** Whether the value was disposed of. */
  get isDisposed(): boolean {
    return this.#holders === 0
  }

  /** Adds a reference; returns itself. */
  acquire(): this {
    this.#holders++
    return this
  }

  /** Drops a reference. Each holder calls it exactly once. */
  release(): void {
    if (--this.#holders === 0) this.#dispose(this.#value)
  }
}

/**
 * A lease of a cached key. The bytes stay valid until `release`, even if the cache evicts the entry meanwhile; the last
 * release after eviction zeroes them. Release it exactly once, when the synchronous work is done.
 */
export interface KeyLease {
  /** The key. Never log it, copy it or keep it beyond `release`. Not enumerable. */
  readonly bytes: Buffer
  /** The same object for every lease of one cached key, for work that is done once per key. */
  readonly identity: object
  release(): void
}

/** A lease of a data key. */
export interface DataKey extends KeyLease {
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
}

/** A reference to a data key and its wrapped forms. */
type HeldDataKey = RefCounted<Pick<DataKey, 'bytes' | 'encryptedDataKeys'>>

/** A reference to a key, of any kind. */
type HeldKey = Pick<RefCounted<{ readonly bytes: Buffer }>, 'value' | 'release'>

/**
 * The members are getters on the prototype over private fields, so that `Object.keys`, `JSON.stringify` and structured
 * clones do not find the key; `util.inspect`, which may call getters, prints the name alone.
 */
class Lease implements KeyLease {
  readonly #held: HeldKey
  readonly #what: string
  #released = false

  constructor(held: HeldKey, what: string) {
    this.#held = held
    this.#what = what
  }

  get bytes(): Buffer {
    // The bytes may be zeros by now, and everyone can guess a key of zeros.
    if (this.#released) throw unavailable(`The ${this.#what} was released`)
    return this.#held.value.bytes
  }

  get identity(): object {
    return this.#held
  }

  [inspected](): string {
    return `Lease of a ${this.#what}`
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    this.#held.release()
  }
}

class DataKeyLease extends Lease implements DataKey {
  readonly #encryptedDataKeys: readonly EncryptedDataKey[]

  constructor(held: HeldDataKey) {
    super(held, 'data key')
    this.#encryptedDataKeys = held.value.encryptedDataKeys
  }

  get encryptedDataKeys(): readonly EncryptedDataKey[] {
    return this.#encryptedDataKeys
  }
}

/**
 * Makes a lease of an acquired reference; the lease owns it from then on.
 *
 * @param what - names the key in the error when its bytes are read after `release`
 */
export const leaseOf = (held: HeldKey, what: string): KeyLease => new Lease(held, what)

const dataKeyLease = (held: HeldDataKey): DataKey => new DataKeyLease(held)

/**
 * Makes a lease of a data key from a cache. One that is cached costs one resolved promise and no extra microtask.
 *
 * @param onFetched - is called with one that was not cached, before the caller gets it
 */
export const dataKeyLeaseOf = (
  held: HeldDataKey | Promise<HeldDataKey>,
  onFetched?: (held: any) => void,
): Promise<DataKey> =>
  held instanceof Promise
    ? held.then((held) => {
        onFetched?.(held)
        return dataKeyLease(held)
      })
    : Promise.resolve(dataKeyLease(held))
