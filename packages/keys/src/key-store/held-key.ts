import type { BranchKey } from '../branch-key.ts'

/** A branch key whose bytes stand behind a getter: neither `util.inspect` nor `JSON.stringify` finds them. */
export class HeldKey implements BranchKey {
  readonly branchKeyId: string
  readonly version: string | undefined
  readonly #bytes: Buffer

  constructor(branchKeyId: string, version: string | undefined, bytes: Buffer) {
    this.branchKeyId = branchKeyId
    this.version = version
    this.#bytes = bytes
  }

  get bytes(): Buffer {
    return this.#bytes
  }
}
