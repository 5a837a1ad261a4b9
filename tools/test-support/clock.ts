/** A clock that only `advance` moves. Times are ms since the epoch. */
export const standingClock = (start = 1_700_000_000_000) => {
  let time = start
  return {
    now: () => time,
    advance: (ms: number) => {
      time += ms
    },
  }
}

/** Resolves after all queued microtasks, and those that they queue. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Whether a promise is fulfilled without any timer or answer from outside: the load of the machine does not count. */
export const isAtOnce = (promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([promise.then(() => true), settled().then(() => false)])
