// npm run mutants -- --help
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import pc from 'picocolors'
import { baselineOf } from './baseline.ts'
import { allMutants, inSampleOrder } from './choose.ts'
import { copiesOf } from './copy.ts'
import { diff, lineOf, type Mutant } from './mutant.ts'
import { reachOf } from './reach.ts'
import { bar, lastLine, progress, scoreOf, scores, survivor } from './report.ts'
import { repositoryAt } from './repository.ts'
import { type Result, run, suitesFor } from './run.ts'
import { Worker } from './worker.ts'

const usage = `npm run mutants -- [options]

Puts one small fault after another into the sources, in a copy, and looks whether a test fails.

  --sample        as many as there is time for in five minutes, drawn by the seed
  --count N       at most so many
  --seed TEXT     of the sample, and of the order
  --package NAMES only faults in these packages, with commas between them
  --only TEXT     only faults whose kind, place or changed lines hold this text
  --own           run only the suites of the package that has the fault, and not those of packages above
  --lenient       leave out suites that fail without any fault, and say so, in place of exit 2
  --json FILE     write what became of each
  --workers N     processes at a time; 3 unless given
  --patience N    allow so many times the usual time, on a busy machine
  --root FOLDER   another repository of workspaces
  --list          only count the faults, by package and kind

Exit 1 when fewer than ${bar} % are noticed, 2 when a suite fails without any fault.`

const { values } = parseArgs({
  options: {
    sample: { type: 'boolean', default: false },
    count: { type: 'string' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
    package: { type: 'string' },
    only: { type: 'string' },
    own: { type: 'boolean', default: false },
    lenient: { type: 'boolean', default: false },
    json: { type: 'string' },
    workers: { type: 'string', default: '3' },
    patience: { type: 'string', default: '1' },
    root: { type: 'string', default: '.' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

/** How long a sample takes, in ms, including the suites' run without mutants. */
const sampleTime = 5 * 60_000

/** Suites that take longer, in ms, are not run for mutants; in a sample they would cost more than they show. */
const slow = 30_000
const slowInSample = 10_000

const matches = (mutant: Mutant, text: string): boolean => {
  const { before, after } = diff(mutant)
  return [mutant.kind, `${mutant.source.file}:${lineOf(mutant)}`, before, after].some((part) =>
    part.includes(text),
  )
}

const asJson = ({ mutant, ...result }: Result) => ({
  file: mutant.source.file,
  line: lineOf(mutant),
  kind: mutant.kind,
  ...diff(mutant),
  why: mutant.why,
  ...result,
})

const main = async (): Promise<number> => {
  if (values.help) {
    console.log(usage)
    return 0
  }
  const from = Date.now()
  const root = path.resolve(values.root)
  const repository = repositoryAt(root)
  const packages = values.package?.split(',')
  const unknown = packages?.find((name) => !repository.sources.some((source) => source.package === name))
  if (unknown !== undefined) {
    console.error(`no such package: ${unknown}`)
    return 2
  }
  // The catalogue belongs to this repository.
  const all = allMutants(repository.sources, root === process.cwd() ? undefined : [])
  const meant = inSampleOrder(all, values.seed).filter(
    (mutant) =>
      (packages?.includes(mutant.source.package) ?? true) &&
      (values.only === undefined || matches(mutant, values.only)),
  )
  if (values.list) {
    const unrun = meant.map((mutant): Result => ({ mutant, fate: 'survived', suites: [], ms: 0 }))
    console.log(counts(unrun))
    return 0
  }
  const chosen = meant.slice(0, values.count === undefined ? undefined : Number(values.count))
  if (chosen.length === 0) {
    console.error('no mutant is like that')
    return 2
  }
  console.log(
    `seed ${values.seed}, ${chosen.length} mutants of ${all.length}${values.sample ? ', for five minutes' : ''}`,
  )

  const patience = Number(values.patience)
  const until = values.sample ? from + sampleTime * patience : Number.POSITIVE_INFINITY
  const reach = reachOf(repository.sources)
  const baseline = baselineOf(repository, reach, (values.sample ? slowInSample : slow) * patience)
  const copies = copiesOf(root, Number(values.workers))
  const workers = copies.roots.map((copy) => new Worker(copy))
  const end = () => {
    for (const worker of workers) worker.end()
    copies.remove()
  }
  // Neither copies nor processes remain.
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    process.once(signal, () => {
      end()
      process.exit(code)
    })
  try {
    const names = new Set(chosen.map(({ source }) => source.package))
    const suites = new Set([...names].flatMap((name) => suitesFor(repository, name, values.own)))
    const learning = progress()
    const failing = await baseline.learn([...suites], workers, (done, of) =>
      learning.show('suites without mutants', done, of),
    )
    learning.clear()
    for (const { suite, outcome } of failing)
      console.error(pc.red(`${suite.file} fails without any mutant: ${outcome.failure}`))
    if (failing.length > 0 && !values.lenient) return 2
    const running = progress()
    let done = 0
    const results = await run(chosen, {
      repository,
      reach,
      baseline,
      workers,
      until,
      patience,
      ownOnly: values.own,
      onResult: () => running.show('mutants', ++done, chosen.length, until - Date.now()),
    })
    running.clear()
    if (values.json) writeFileSync(values.json, `${JSON.stringify(results.map(asJson), null, 2)}\n`)
    print(results)
    return scoreOf(results).percent >= bar ? 0 : 1
  } finally {
    end()
  }
}

const counts = (results: readonly Result[]): string =>
  `${scores(results, 'package', ({ mutant }) => mutant.source.package)}\n\n${scores(results, 'kind', ({ mutant }) => mutant.kind)}`

const print = (results: readonly Result[]): void => {
  const survivors = results.filter(({ fate }) => fate === 'survived')
  if (survivors.length > 0) console.log(`\n${survivors.map(survivor).join('\n\n')}`)
  console.log(`\n${counts(results)}`)
  const mean = results.reduce((sum, { ms }) => sum + ms, 0) / Math.max(1, results.length) / 1000
  const invalid = results.filter(({ fate }) => fate === 'invalid').length
  console.log(
    `\n${mean.toFixed(1)} s for a mutant on average${invalid > 0 ? `; ${invalid} more are no TypeScript` : ''}`,
  )
  const line = lastLine(results)
  console.log(scoreOf(results).percent >= bar ? pc.green(line) : pc.red(line))
}

process.exitCode = await main()
