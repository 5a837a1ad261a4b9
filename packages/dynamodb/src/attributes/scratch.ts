/** What is kept for the next item, at most: for as many items as are usually under way at once. */
const maxSpare = 8
const maxBytes = 16_384
const freshBytes = 4_096

// No randomness and no secret at module scope: buffers are zeroed before they come here.
const spare: Buffer[] = []

/**
 * Lends a buffer to serialise an item in; give it back by {@link giveBack}. Buffers beyond Node's small ones cost an
 * allocation outside of the heap and a visit of the garbage collector each, which for an item is a tenth of all its
 * time. Not Node's own pool: that is visible through any small Buffer's `buffer`, and this is plaintext.
 */
export const takeScratch = (): Buffer => spare.pop() ?? Buffer.allocUnsafeSlow(freshBytes)

/** Zeroes what was used of a buffer, and keeps the buffer for the next item. Nothing may hold a view of it. */
export const giveBack = (buffer: Buffer, used: number): void => {
  buffer.fill(0, 0, used)
  if (buffer.length <= maxBytes && spare.length < maxSpare) spare.push(buffer)
}
