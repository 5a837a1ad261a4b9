// Runs mutants: each is put into a copy of the repository, and the suites that reach it run until one fails.
import { transformSync } from 'esbuild'
import type { Baseline, Relation } from './baseline.ts'
import { write } from './copy.ts'
import { type Mutant, mutated } from './mutant.ts'
import type { Reach } from './reach.ts'
import type { Repository, Suite } from './repository.ts'
import { busy, type Worker } from './worker.ts'

export interface Result {
  readonly mutant: Mutant
  /** `invalid` if it is not TypeScript: it does not count. */
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
  /** No mutant is begun after this, in ms since the epoch. */
  readonly until: number
  /** All limits are multiplied by this. */
  readonly patience: number
  /** Only suites of the mutant's own package are run. */
  readonly ownOnly: boolean
  readonly onResult: (result: Result) => void
}

/** How long the suites of one mutant may take together, in ms: a survivor in central code has many. */
const budget = 30_000

/** What a suite costs besides its tests, in ms. */
const startMs = 500

const parses = (mutant: Mutant): boolean => {
  try {
    transformSync(mutated(mutant).toString('utf8'), { loader: 'ts', sourcefile: mutant.source.file })
    return true
  } catch {
    return false
  }
}

/** How often a suite has killed mutants of a file: it is then run earlier for the next. */
const memory = () => {
  const kills = new Map<string, number>()
  const key = (mutant: Mutant, suite: string) => `${mutant.source.file} ${suite}`
  return {
    note: (mutant: Mutant, suite: string) =>
      void kills.set(key(mutant, suite), (kills.get(key(mutant, suite)) ?? 0) + 1),
    of: (mutant: Mutant, suite: string) => kills.get(key(mutant, suite)) ?? 0,
  }
}

/** Runs one mutant in a worker's copy against tests: its own package first, the cheapest first. */
const tryOne = async (
  mutant: Mutant,
  relations: readonly Relation[],
  worker: Worker,
  { patience }: RunOptions,
  killed: ReturnType<typeof memory>,
): Promise<Result> => {
  const from = performance.now()
  const ms = () => performance.now() - from
  const isAbove = ({ suite }: Relation) => Number(suite.workspace !== `packages/${mutant.source.package}`)
  const expected = ({ suite, ms }: Relation) => (startMs + ms) / (1 + killed.of(mutant, suite.file))
  const run: string[] = []
  write(worker.copy, mutant.source.file, mutated(mutant))
  try {
    const ordered = relations.toSorted((a, b) => isAbove(a) - isAbove(b) || expected(a) - expected(b))
    for (const { suite, ms: usual, skipped } of ordered) {
      if (ms() > budget * patience * busy()) break
      const limit = (5_000 + 6 * usual) * patience
      const outcome = await worker.run({ suite: suite.file, limit, skipped })
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

/**
 * The suites that matter for a package: its own and, unless only those are wanted, those of packages that depend on it.
 */
export const suitesFor = (repository: Repository, packageName: string, ownOnly: boolean): readonly Suite[] =>
  repository.suites.filter(
    ({ workspace }) =>
      workspace === `packages/${packageName}` || (!ownOnly && repository.uses(workspace, packageName)),
  )

/** Runs mutants. Those for which there was no time are not in the result. */
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
        const relations = suitesFor(repository, mutant.source.package, ownOnly).flatMap((suite) => {
          const relation = baseline.relation(suite, point)
          return relation ? [relation] : []
        })
        const result: Result = parses(mutant)
          ? await tryOne(mutant, relations, worker, options, killed)
          : { mutant, fate: 'invalid', suites: [], ms: 0 }
        results.push(result)
        onResult(result)
      }
    }),
  )
  return results
}
