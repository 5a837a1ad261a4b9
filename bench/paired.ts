/** A piece of work to be timed; sync or async. */
export type Work = () => unknown

/** What a comparison found: medians over all rounds. */
export interface Comparison {
  /** Median over the rounds of (time of `a`) / (time of `b`). */
  readonly ratio: number
  /** Median time of one `a`, in microseconds. */
  readonly a: number
  readonly b: number
}

/** Calls of each piece of work before anything is counted, unless one call takes long. */
const warmUp = 8_000

export const median = (values: readonly number[]): number =>
  values.toSorted((x, y) => x - y)[values.length >> 1]!

const microseconds = async (work: Work, times: number): Promise<number> => {
  const start = process.hrtime.bigint()
  for (let at = 0; at < times; at++) {
    const result = work()
    if (result instanceof Promise) await result
  }
  return Number(process.hrtime.bigint() - start) / 1000 / times
}

/** Work of which few repetitions fill a round is long: it is warm after those. */
const warm = (times: number): number => (times < 50 ? times * 4 : Math.max(times, warmUp / 4))

/** How many repetitions take about `ms` milliseconds. */
const repetitions = async (work: Work, ms: number): Promise<number> => {
  let times = 1
  for (;;) {
    const each = await microseconds(work, times)
    if (each * times > ms * 500) return Math.max(1, Math.round((ms * 1000) / each))
    times *= 2
  }
}

/**
 * Times two pieces of work in one process, in turn, so that what slows the machine slows both: the ratio of each
 * round is taken, and the median of the ratios quoted.
 */
export const compare = async (a: Work, b: Work, { rounds = 31, ms = 20 } = {}): Promise<Comparison> => {
  const [timesA, timesB] = [await repetitions(a, ms), await repetitions(b, ms)]
  // The optimising compiler must have seen both before the first round counts; it takes its time over long paths.
  for (let round = 0; round < 4; round++) {
    await microseconds(a, warm(timesA))
    await microseconds(b, warm(timesB))
  }
  const seen: { a: number; b: number }[] = []
  for (let round = 0; round < rounds; round++) {
    // Who goes first alternates, so that neither always pays for the other's garbage.
    if (round % 2 === 0) {
      const timeA = await microseconds(a, timesA)
      seen.push({ a: timeA, b: await microseconds(b, timesB) })
    } else {
      const timeB = await microseconds(b, timesB)
      seen.push({ a: await microseconds(a, timesA), b: timeB })
    }
  }
  return {
    ratio: median(seen.map(({ a, b }) => a / b)),
    a: median(seen.map(({ a }) => a)),
    b: median(seen.map(({ b }) => b)),
  }
}
