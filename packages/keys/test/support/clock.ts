/** A clock that stands still until it is moved. */
export const standingClock = (start = 1_700_000_000_000) => {
  let time = start
  return {
    now: () => time,
    advance: (ms: number) => {
      time += ms
    },
  }
}

/** Lets everything that is ready to run, run: microtasks and what they cause. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve))
