// The suites without any fault: whether they pass, how long they take, and what of the sources each reaches.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { write } from './copy.ts'
import type { Reach } from './reach.ts'
import type { Repository, Suite } from './repository.ts'
import type { Worker } from './worker.ts'

export interface Known {
  readonly ms: number
  readonly reached: ReadonlySet<number>
  /** It takes too long to be run for every mutant. */
  readonly slow: boolean
}

/** A suite that fails without any fault: nothing can be learnt from it. */
export class SuiteFails extends Error {
  constructor(
    readonly suite: string,
    readonly failure: string,
  ) {
    super(`${suite} fails without any mutant: ${failure}`)
  }
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

  const runIn = async (worker: Worker, suite: Suite): Promise<void> => {
    const run = { suite: suite.file, limit: slowest * patience }
    let outcome = await worker.run({ ...run, reach: true })
    let slow = outcome.ms >= run.limit
    if (!outcome.passed && !slow) {
      // Once more, since a suite may fail by chance on a busy machine.
      outcome = await worker.run({ ...run, reach: true })
      slow = outcome.ms >= run.limit
      if (!outcome.passed && !slow) throw new SuiteFails(suite.file, outcome.failure ?? '')
    }
    known.set(suite.file, { ms: outcome.ms, slow, reached: new Set(outcome.reached) })
    kept.suites[suite.file] = { hash: suite.hash, ms: outcome.ms, slow, reached: [...outcome.reached] }
  }

  return {
    of: (suite: Suite): Known | undefined => known.get(suite.file),
    /**
     * Runs those suites of which nothing is known, in all workers.
     *
     * @throws SuiteFails
     */
    async learn(
      suites: readonly Suite[],
      workers: readonly Worker[],
      progress: (done: number, of: number) => void,
    ) {
      for (const suite of suites) {
        const old = kept.suites[suite.file]
        if (old?.hash === suite.hash) known.set(suite.file, { ...old, reached: new Set(old.reached) })
      }
      const queue = suites.filter((suite) => !known.has(suite.file))
      const total = queue.length
      if (total === 0) return
      for (const { copy } of workers)
        for (const source of sources) write(copy, source.file, reach.noting(source))
      let done = 0
      await Promise.all(
        workers.map(async (worker) => {
          for (let suite = queue.shift(); suite; suite = queue.shift()) {
            await runIn(worker, suite)
            progress(++done, total)
          }
        }),
      )
      for (const { copy } of workers) for (const source of sources) write(copy, source.file, source.bytes)
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(file, JSON.stringify(kept))
    },
  }
}

export type Baseline = ReturnType<typeof baselineOf>
