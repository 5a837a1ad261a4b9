import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** The bytes of heap that `work` leaves held. Garbage does not count, whenever this version of Node collects it. */
export const heldBytes = (work: () => void): number => {
  collect()
  const before = process.memoryUsage().heapUsed
  work()
  collect()
  return process.memoryUsage().heapUsed - before
}

/** A text of `length` characters that no other text shares its memory with, as a name from a request. */
export const longName = (name: number, length: number): string =>
  Buffer.from(String(name).padEnd(length, 'x')).toString('latin1')
