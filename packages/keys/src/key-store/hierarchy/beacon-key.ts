import { unavailable } from '../../errors.ts'
import type { Shared } from '../../shared.ts'
import type { WrappingKey } from './wrap.ts'

/** A beacon key on loan from the cache of a hierarchical keyring. Release exactly once. */
export interface BeaconKey {
  /** 32 bytes, valid until `release`. Never log them, copy them or keep them beyond it. Not enumerable. */
  readonly bytes: Buffer
  /** The same object for every loan of one cached key: to hang on what is derived once per key. */
  readonly identity: object
  release(): void
}

/** Getters over a private field, so that neither `util.inspect` nor `JSON.stringify` finds the key. */
class BeaconKeyLoan implements BeaconKey {
  readonly #shared: Shared<WrappingKey>
  #released = false

  constructor(shared: Shared<WrappingKey>) {
    this.#shared = shared
  }

  get bytes(): Buffer {
    // The bytes may be zeros by now, and zeros are a key that anybody can guess.
    if (this.#released) throw unavailable('The beacon key was released')
    return this.#shared.value.bytes
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

export const beaconKeyLoan = (shared: Shared<WrappingKey>): BeaconKey => new BeaconKeyLoan(shared)
