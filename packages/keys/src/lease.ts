import { unavailable } from './errors.ts'
import type { EncryptedDataKey } from './keyring.ts'
import type { Material } from './material.ts'
import type { RefCounted } from './ref-counted.ts'

/**
 * A lease of a cached key. The bytes stay valid until `release`, even when the cache evicts the entry meanwhile; the
 * last release after eviction zeroes them. Release exactly once, when the synchronous work is done.
 */
export interface KeyLease {
  /** The key. Never log it, copy it or keep it beyond `release`. Not enumerable. */
  readonly bytes: Buffer
  /** The same object for every lease of one cached key: for work that is done once per key. */
  readonly identity: object
  release(): void
}

/** A lease of a data key. */
export interface DataKey extends KeyLease {
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
}

/** A reference to a key, of any kind. */
type HeldKey = Pick<RefCounted<{ readonly bytes: Buffer }>, 'value' | 'release'>

/**
 * Its members are getters on the prototype over private fields: neither `Object.keys`, `JSON.stringify`, `util.inspect`
 * nor a structured clone finds the key.
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
    // The bytes may be zeros by now, and zeros are a key that anybody can guess.
    if (this.#released) throw unavailable(`The ${this.#what} was released`)
    return this.#held.value.bytes
  }

  get identity(): object {
    return this.#held
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    this.#held.release()
  }
}

class DataKeyLease extends Lease implements DataKey {
  readonly #encryptedDataKeys: readonly EncryptedDataKey[]

  constructor(held: RefCounted<Material>) {
    super(held, 'data key')
    this.#encryptedDataKeys = held.value.encryptedDataKeys
  }

  get encryptedDataKeys(): readonly EncryptedDataKey[] {
    return this.#encryptedDataKeys
  }
}

/**
 * Makes a lease of a reference that was acquired, which passes to it.
 *
 * @param what - names the key where its bytes are asked for after `release`
 */
export const leaseOf = (held: HeldKey, what: string): KeyLease => new Lease(held, what)

const dataKeyLease = (held: RefCounted<Material>): DataKey => new DataKeyLease(held)

/** The same of a data key from a cache; one that is there at once costs one resolved promise and no turn of its own. */
export const dataKeyLeaseOf = (
  held: RefCounted<Material> | Promise<RefCounted<Material>>,
): Promise<DataKey> =>
  held instanceof Promise ? held.then(dataKeyLease) : Promise.resolve(dataKeyLease(held))
