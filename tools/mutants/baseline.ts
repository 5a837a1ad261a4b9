// The suites without any fault: whether they pass, how long their tests take, and which sources each reaches.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { write } from './copy.ts'
import type { Reach } from './reach.ts'
import type { Repository, Suite } from './repository.ts'
import type { Outcome, Test, Worker } from './worker.ts'

/** What a suite does with one point. */
export interface Relation {
  readonly suite: Suite
  /** How long the tests that reach the point take, with everything around them, in ms. */
  readonly ms: number
  /** The other tests. */
  readonly skipped: readonly string[]
}

/** A suite that fails without any fault: it cannot show anything. */
export interface Failing {
  readonly suite: Suite
  readonly outcome: Outcome
}

interface Known {
  readonly hash: string
  readonly ms: number
  /** It takes too long to run for every mutant. */
  readonly slow: boolean
  readonly common: readonly number[]
  readonly tests: readonly Test[]
}

/** Cached for the next time; each suite for as long as it and the sources that it uses stay unchanged. */
const cacheFile = '.jest/mutants.json'

interface Stored {
  readonly hash: string
  readonly suites: Record<string, Known>
}

/** What is known of suites. Those that take longer than `slowest`, in ms, are not run for mutants. */
export const baselineOf = (repository: Repository, reach: Reach, slowest: number) => {
  const { root, sources } = repository
  const file = path.join(root, cacheFile)
  const hash = `${repository.hash} ${process.version} ${reach.count}`
  const stored: Stored = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { hash, suites: {} }
  const kept: Stored = stored.hash === hash ? stored : { hash, suites: {} }
  const known = new Map<string, Known>()

  const note = (suite: Suite, { ms, common, tests }: Outcome, slow: boolean): void => {
    const found = { hash: suite.hash, ms, slow, common, tests }
    known.set(suite.file, found)
    kept.suites[suite.file] = found
  }

  /** Runs suites in all workers, and returns those that fail. */
  const runAll = async (
    suites: readonly Suite[],
    workers: readonly Worker[],
    points: number,
    onDone: () => void,
  ): Promise<readonly Failing[]> => {
    const queue = [...suites]
    const failures: Failing[] = []
    await Promise.all(
      workers.map(async (worker) => {
        for (let suite = queue.shift(); suite; suite = queue.shift()) {
          const outcome = await worker.run({ suite: suite.file, limit: slowest, points })
          if (outcome.passed) note(suite, outcome, false)
          else if (outcome.isLate) note(suite, { ...outcome, ms: slowest }, true)
          else failures.push({ suite, outcome })
          onDone()
        }
      }),
    )
    return failures
  }

  return {
    /** What a suite does with a point; nothing if it does not reach the point, or may not run. */
    relation(suite: Suite, point: number): Relation | undefined {
      const found = known.get(suite.file)
      if (found === undefined || found.slow) return undefined
      if (found.common.includes(point)) return { suite, ms: found.ms, skipped: [] }
      const skipped = new Map<string, number>()
      const reaching = new Set<string>()
      for (const { name, ms, reached } of found.tests)
        if (reached.includes(point)) reaching.add(name)
        else skipped.set(name, ms)
      if (reaching.size === 0) return undefined
      for (const name of reaching) skipped.delete(name)
      const spared = [...skipped.values()].reduce((sum, ms) => sum + ms, 0)
      return { suite, ms: Math.max(100, found.ms - spared), skipped: [...skipped.keys()] }
    },
    /** Runs the suites that are not known yet, in all workers, and returns those that fail. */
    async learn(
      suites: readonly Suite[],
      workers: readonly Worker[],
      progress: (done: number, of: number) => void,
    ): Promise<readonly Failing[]> {
      for (const suite of suites) {
        const old = kept.suites[suite.file]
        // A suite that was too slow may run if there is more time.
        if (old?.hash === suite.hash && !(old.slow && old.ms < slowest)) known.set(suite.file, old)
      }
      const queue = suites.filter((suite) => !known.has(suite.file))
      const total = queue.length
      if (total === 0) return []
      for (const { copy } of workers)
        for (const source of sources) write(copy, source.file, reach.noting(source))
      let done = 0
      const onDone = () => progress(++done, total)
      const again = (failures: readonly Failing[], points: number) =>
        runAll(
          failures.map(({ suite }) => suite),
          workers,
          points,
          () => {},
        )
      // A suite may fail by chance on a busy machine.
      const failures = await again(await runAll(queue, workers, reach.count, onDone), reach.count)
      for (const { copy } of workers) for (const source of sources) write(copy, source.file, source.bytes)
      // Once more, as the sources are: a suite may measure them. It is not known what those reach, so they are run for
      // no mutant.
      const failing = await again(failures, 0)
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(file, JSON.stringify(kept))
      return failing
    },
  }
}

export type Baseline = ReturnType<typeof baselineOf>
