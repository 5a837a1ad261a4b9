import { randomFillSync } from 'node:crypto'
import { type ItemSigner, newSigner } from '../format/signature.ts'

/** Where an item's fresh values come from. Replaced by the tests that compare bytes, and by nothing else. */
export interface Randomness {
  /** Fills with random bytes. */
  readonly fill: (bytes: Buffer) => void
  readonly newSigner: () => ItemSigner
}

/** The operating system's randomness, and a signing key for each item. */
export const systemRandomness: Randomness = { fill: (bytes) => void randomFillSync(bytes), newSigner }
