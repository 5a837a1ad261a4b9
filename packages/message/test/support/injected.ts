// What the library draws from node:crypto here comes from the test. Import the library by `await import()`:
// static imports are linked before this module runs. This package draws only message ids and signing keys; the tests
// supply the data keys.
import * as crypto from 'node:crypto'
import { afterAll, beforeAll, jest } from '@jest/globals'

let drawn: Iterator<number>
let signingKey: crypto.KeyPairKeyObjectResult

jest.unstable_mockModule('node:crypto', () => ({
  ...crypto,
  randomFillSync: (out: Uint8Array) => {
    for (let at = 0; at < out.length; at++) out[at] = drawn.next().value
    return out
  },
  generateKeyPairSync: () => signingKey,
}))

let now = 1_700_000_000_000
const allocate = Buffer.allocUnsafe

beforeAll(() => {
  jest.spyOn(Date, 'now').mockImplementation(() => now)
  // A byte that is not written shows: memory is never zero by chance.
  jest.spyOn(Buffer, 'allocUnsafe').mockImplementation((size) => allocate(size).fill(0xa5))
})
afterAll(() => {
  jest.restoreAllMocks()
})

/** One block after another; the last one repeats. */
function* endless(blocks: readonly Buffer[]): Generator<number> {
  for (const block of blocks) yield* block
  for (;;) yield* blocks.at(-1)!
}

/** Injects the next message ids. Earlier ones are too old by then, as are signing keys. */
export const injectIds = (...ids: readonly Buffer[]): void => {
  drawn = endless(ids)
  now += 1_000_000
}

/** Injects the next signing key. */
export const injectSigningKey = (pair: crypto.KeyPairKeyObjectResult): void => {
  signingKey = pair
}
