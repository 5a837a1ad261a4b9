import { randomFillSync } from 'node:crypto'

const idBytes = 32
const poolBytes = 64 * idBytes

/** Milliseconds after which what is left of the pool is thrown away. */
const poolAge = 100

// Made on first use, never at module scope: a bundle that is loaded and then snapshotted would carry it along.
let pool: Buffer | undefined
let used = poolBytes
let filledAt = 0

/**
 * Writes a fresh message id, 32 random bytes, to `out`.
 *
 * The ids come from a pool, since one call of the generator for 64 ids costs as much as one for a single id. Two
 * messages with the same id under one data key would share key and IV, so no id may be given out twice: bytes are
 * zeroed as they leave, and a pool that is older than a moment is not used, so that two environments restored
 * from one snapshot do not go on with the same bytes.
 */
export const writeMessageId = (out: Buffer, offset: number): void => {
  const now = Date.now()
  // Also when the clock went back: its age is not known then.
  if (pool === undefined || used === poolBytes || now - filledAt > poolAge || now < filledAt) {
    pool ??= Buffer.allocUnsafeSlow(poolBytes)
    randomFillSync(pool)
    used = 0
    filledAt = now
  }
  pool.copy(out, offset, used, used + idBytes)
  pool.fill(0, used, used + idBytes)
  used += idBytes
}
