/** A piece of work to be timed; sync or async. */
export type Work = () => unknown

/** The result of a comparison: medians over all rounds. */
export interface Comparison {
  /** Median over the rounds of (time of `a`) / (time of `b`). */
  readonly ratio: number
  /** Median time of one `a`, in microseconds. */
  readonly a: number
  readonly b: number
}

export const median = (values: readonly number[]): number =>
  values.toSorted((x, y) => x - y)[values.length >> 1]!

/** A clock, in microseconds. */
type Clock = () => number

const wall: Clock = () => Number(process.hrtime.bigint()) / 1000

/** Stops while other processes have the processor, and while the work waits. */
const cpu: Clock = () => {
  const { user, system } = process.cpuUsage()
  return user + system
}

const microseconds = async (work: Work, times: number, clock: Clock): Promise<number> => {
  const start = clock()
  for (let at = 0; at < times; at++) {
    const result = work()
    if (result instanceof Promise) await result
  }
  return (clock() - start) / times
}

/** The warm-up is done in so many parts, each of at most so many calls and so many microseconds. */
const warmUp = { parts: 4, calls: 2_000, us: 400_000 }

const warm = async (work: Work): Promise<void> => {
  const end = wall() + warmUp.us
  for (let call = 0; call < warmUp.calls && wall() < end; call++) await work()
}

/** How many repetitions take about `ms` milliseconds. */
const repetitions = async (work: Work, ms: number, clock: Clock): Promise<number> => {
  let times = 1
  for (;;) {
    const each = await microseconds(work, times, clock)
    if (each * times > ms * 500) return Math.max(1, Math.round((ms * 1000) / each))
    times *= 2
  }
}

/** How long a comparison takes, and what it counts. */
export interface CompareOptions {
  readonly rounds?: number
  /** Of one side in one round. */
  readonly ms?: number
  /** `'cpu'`: counts only time on the processor, for work that waits for nothing. Default `'wall'`. */
  readonly clock?: 'wall' | 'cpu'
}

/**
 * Times two pieces of work in one process, in turn, so that anything that slows the machine slows both. Takes the ratio
 * of each round and returns the median of the ratios.
 */
export const compare = async (
  a: Work,
  b: Work,
  { rounds = 31, ms = 20, clock: name = 'wall' }: CompareOptions = {},
): Promise<Comparison> => {
  const clock = name === 'cpu' ? cpu : wall
  // The optimising compiler must have seen both before the first round counts; it takes its time over long paths.
  for (let part = 0; part < warmUp.parts; part++) {
    await warm(a)
    await warm(b)
  }
  const [timesA, timesB] = [await repetitions(a, ms, clock), await repetitions(b, ms, clock)]
  const seen: { a: number; b: number }[] = []
  for (let round = 0; round < rounds; round++) {
    // The order alternates, so that neither always pays for the other's garbage.
    if (round % 2 === 0) {
      const timeA = await microseconds(a, timesA, clock)
      seen.push({ a: timeA, b: await microseconds(b, timesB, clock) })
    } else {
      const timeB = await microseconds(b, timesB, clock)
      seen.push({ a: await microseconds(a, timesA, clock), b: timeB })
    }
  }
  return {
    ratio: median(seen.map(({ a, b }) => a / b)),
    a: median(seen.map(({ a }) => a)),
    b: median(seen.map(({ b }) => b)),
  }
}
