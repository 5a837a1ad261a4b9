/** A clock that moves only when it is told to. Times are ms since the epoch. */
export const standingClock = (start = 1_700_000_000_000) => {
  let time = start
  return {
    now: () => time,
    advance: (ms: number) => {
      time += ms
    },
  }
}

/** Resolves when all microtasks that are ready have run, and those that they queue. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve))
