// Runs mutants: each is put into a copy of the repository, and the suites that reach it are run until one fails.
import { transformSync } from 'esbuild'
import type { Baseline } from './baseline.ts'
import { write } from './copy.ts'
import { type Mutant, mutated } from './mutant.ts'
import type { Reach } from './reach.ts'
import type { Repository, Suite } from './repository.ts'
import type { Worker } from './worker.ts'

export interface Result {
  readonly mutant: Mutant
  /** `invalid` when it is no TypeScript: it does not count. */
  readonly fate: 'killed' | 'survived' | 'invalid'
  /** The suite that failed, and its first test that did. */
  readonly by?: { readonly suite: string; readonly failure: string }
  /** The suites that were run. */
  readonly suites: readonly string[]
  readonly ms: number
}

export interface RunOptions {
  readonly repository: Repository
  readonly reach: Reach
  readonly baseline: Baseline
  readonly workers: readonly Worker[]
  /** No mutant is begun after it, in ms since the epoch. */
  readonly until: number
  /** Limits are so many times as long. */
  readonly patience: number
  /** Only suites of the mutant's own package are run. */
  readonly ownOnly: boolean
  readonly onResult: (result: Result) => void
}

/** So long may the suites of one mutant take together, in ms: a survivor in the middle of everything has many. */
const budget = 30_000

const parses = (mutant: Mutant): boolean => {
  try {
    transformSync(mutated(mutant).toString('utf8'), { loader: 'ts', sourcefile: mutant.source.file })
    return true
  } catch {
    return false
  }
}

/** How often a suite has killed mutants of a file: it will be asked early about the next. */
const memory = () => {
  const kills = new Map<string, number>()
  const key = (mutant: Mutant, suite: string) => `${mutant.source.file} ${suite}`
  return {
    note: (mutant: Mutant, suite: string) =>
      void kills.set(key(mutant, suite), (kills.get(key(mutant, suite)) ?? 0) + 1),
    of: (mutant: Mutant, suite: string) => kills.get(key(mutant, suite)) ?? 0,
  }
}

/** Runs one mutant in a worker's copy against suites: those of its own package first, and of them the cheapest. */
const tryOne = async (
  mutant: Mutant,
  suites: readonly Suite[],
  worker: Worker,
  { baseline, patience }: RunOptions,
  killed: ReturnType<typeof memory>,
): Promise<Result> => {
  const from = performance.now()
  const ms = () => performance.now() - from
  const isAbove = ({ workspace }: Suite) => Number(workspace !== `packages/${mutant.source.package}`)
  const expected = (suite: Suite) => baseline.of(suite)!.ms / (1 + 3 * killed.of(mutant, suite.file))
  const run: string[] = []
  write(worker.copy, mutant.source.file, mutated(mutant))
  try {
    for (const suite of suites.toSorted((a, b) => isAbove(a) - isAbove(b) || expected(a) - expected(b))) {
      if (ms() > budget * patience) break
      const limit = (10_000 + 8 * baseline.of(suite)!.ms) * patience
      const outcome = await worker.run({ suite: suite.file, limit })
      run.push(suite.file)
      if (outcome.passed) continue
      killed.note(mutant, suite.file)
      const by = { suite: suite.file, failure: outcome.failure ?? '' }
      return { mutant, fate: 'killed', by, suites: run, ms: ms() }
    }
    return { mutant, fate: 'survived', suites: run, ms: ms() }
  } finally {
    write(worker.copy, mutant.source.file, mutant.source.bytes)
  }
}

/** The suites that matter for a package: its own, and unless only those are wanted those of packages above. */
export const suitesFor = (repository: Repository, packageName: string, ownOnly: boolean): readonly Suite[] =>
  repository.suites.filter(
    ({ workspace }) =>
      workspace === `packages/${packageName}` || (!ownOnly && repository.uses(workspace, packageName)),
  )

/** Runs mutants. Those that there was no time for are not in the result. */
export const run = async (mutants: readonly Mutant[], options: RunOptions): Promise<readonly Result[]> => {
  const { repository, reach, baseline, workers, until, ownOnly, onResult } = options
  const results: Result[] = []
  const killed = memory()
  const queue = [...mutants]
  const next = (): Mutant | undefined => (Date.now() < until ? queue.shift() : undefined)
  await Promise.all(
    workers.map(async (worker) => {
      for (let mutant = next(); mutant; mutant = next()) {
        const point = reach.pointOf(mutant)
        const suites = suitesFor(repository, mutant.source.package, ownOnly).filter((suite) => {
          const known = baseline.of(suite)
          return known !== undefined && !known.slow && known.reached.has(point)
        })
        const result: Result = parses(mutant)
          ? await tryOne(mutant, suites, worker, options, killed)
          : { mutant, fate: 'invalid', suites: [], ms: 0 }
        results.push(result)
        onResult(result)
      }
    }),
  )
  return results
}
