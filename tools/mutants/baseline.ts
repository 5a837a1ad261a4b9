// The suites without any fault: whether they pass, how long they take, and what of the sources each reaches.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { write } from './copy.ts'
import type { Reach } from './reach.ts'
import type { Repository, Suite } from './repository.ts'
import type { Outcome, Worker } from './worker.ts'

export interface Known {
  readonly ms: number
  readonly reached: ReadonlySet<number>
  /** It takes too long to be run for every mutant. */
  readonly slow: boolean
}

/** A suite that fails without any fault: nothing can be learnt from it. */
export interface Failing {
  readonly suite: Suite
  readonly outcome: Outcome
}

/** A suite that takes longer, in ms, is not run for mutants. */
const slowest = 30_000

const cacheFile = '.jest/mutants.json'

interface Stored {
  readonly hash: string
  readonly suites: Record<string, { hash: string; ms: number; slow: boolean; reached: number[] }>
}

/** What is known of suites; kept in a file for the next time, as long as sources and suites stay as they are. */
export const baselineOf = (repository: Repository, reach: Reach, patience: number) => {
  const { root, sources } = repository
  const file = path.join(root, cacheFile)
  const hash = `${repository.hash} ${process.version}`
  const stored: Stored = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { hash, suites: {} }
  const kept: Stored = stored.hash === hash ? stored : { hash, suites: {} }
  const known = new Map<string, Known>()

  const note = (suite: Suite, { ms, reached }: Outcome, slow: boolean): void => {
    known.set(suite.file, { ms, slow, reached: new Set(reached) })
    kept.suites[suite.file] = { hash: suite.hash, ms, slow, reached: [...reached] }
  }

  /** Runs suites in all workers, and gives those that fail. */
  const runAll = async (
    suites: readonly Suite[],
    workers: readonly Worker[],
    reach: boolean,
    onDone: () => void,
  ): Promise<readonly Failing[]> => {
    const queue = [...suites]
    const failures: Failing[] = []
    const limit = slowest * patience
    await Promise.all(
      workers.map(async (worker) => {
        for (let suite = queue.shift(); suite; suite = queue.shift()) {
          const outcome = await worker.run({ suite: suite.file, limit, reach })
          if (outcome.passed || outcome.ms >= limit) note(suite, outcome, !outcome.passed)
          else failures.push({ suite, outcome })
          onDone()
        }
      }),
    )
    return failures
  }

  return {
    of: (suite: Suite): Known | undefined => known.get(suite.file),
    /** Runs those suites of which nothing is known, in all workers, and gives those that fail. */
    async learn(
      suites: readonly Suite[],
      workers: readonly Worker[],
      progress: (done: number, of: number) => void,
    ): Promise<readonly Failing[]> {
      for (const suite of suites) {
        const old = kept.suites[suite.file]
        if (old?.hash === suite.hash) known.set(suite.file, { ...old, reached: new Set(old.reached) })
      }
      const queue = suites.filter((suite) => !known.has(suite.file))
      const total = queue.length
      if (total === 0) return []
      for (const { copy } of workers)
        for (const source of sources) write(copy, source.file, reach.noting(source))
      let done = 0
      const onDone = () => progress(++done, total)
      const failures = await runAll(queue, workers, true, onDone)
      for (const { copy } of workers) for (const source of sources) write(copy, source.file, source.bytes)
      // Once more, as the sources are: a suite may measure them, or fail by chance on a busy machine. It is not known
      // what those reach, so they are run for no mutant.
      const failing = await runAll(
        failures.map(({ suite }) => suite),
        workers,
        false,
        () => {},
      )
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(file, JSON.stringify(kept))
      return failing
    },
  }
}

export type Baseline = ReturnType<typeof baselineOf>
