import type { DataKey } from './data-key.ts'
import { unavailable } from './errors.ts'
import type { EncryptedDataKey } from './keyring.ts'
import type { Material } from './material.ts'
import type { Shared } from './shared.ts'

/**
 * A loan. Its members are getters on the prototype over a private field: neither `Object.keys`, `JSON.stringify`,
 * `util.inspect` nor a structured clone finds the key.
 */
class Loan implements DataKey {
  readonly #shared: Shared<Material>
  #released = false

  constructor(shared: Shared<Material>) {
    this.#shared = shared
  }

  get bytes(): Buffer {
    // The bytes may be zeros by now, and zeros are a key that anybody can guess.
    if (this.#released) throw unavailable('The data key was released')
    return this.#shared.value.bytes
  }

  get encryptedDataKeys(): readonly EncryptedDataKey[] {
    return this.#shared.value.encryptedDataKeys
  }

  get identity(): object {
    return this.#shared
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    this.#shared.release()
  }
}

const loan = (shared: Shared<Material>): DataKey => new Loan(shared)

/** Wraps what a cache lends; what it lends at once costs one resolved promise and no turn of its own. */
export const lent = (taken: Shared<Material> | Promise<Shared<Material>>): Promise<DataKey> =>
  taken instanceof Promise ? taken.then(loan) : Promise.resolve(loan(taken))
