// Figures of this checkout against those of another one, each measured by its own benchmark.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pc from 'picocolors'
import { type Figure, type Kind, moreIsBetter } from './figure.ts'
import { median } from './paired.ts'
import { aligned } from './table.ts'

/** How much worse a figure may become. */
const limit = 1.05

export interface AgainstOptions {
  readonly against: string
  readonly rounds: number
  readonly only: readonly string[] | undefined
  /** What is printed, and checked; by default all is printed and ratios are checked. */
  readonly kinds: readonly Kind[] | undefined
  readonly check: boolean
  readonly json?: string | undefined
}

/** A figure of both checkouts, over all rounds. */
export interface Pair {
  readonly name: string
  readonly kind: Kind
  readonly unit: string
  readonly before: number
  readonly after: number
  /** Median over the rounds of how much worse it became: above 1 is worse, for any unit. */
  readonly worse: number
}

/** What one round measured in both checkouts. */
export interface Round {
  readonly before: readonly Figure[]
  readonly after: readonly Figure[]
}

/** Figures that both checkouts have, by name. */
export const pairs = (rounds: readonly Round[]): readonly Pair[] =>
  (rounds[0]?.after ?? []).flatMap(({ name, kind, unit }) => {
    const values = rounds.flatMap(({ before, after }) => {
      const of = (figures: readonly Figure[]) =>
        figures.find((figure) => figure.name === name && figure.unit === unit)?.value
      const [one, other] = [of(before), of(after)]
      return one === undefined || other === undefined ? [] : [{ before: one, after: other }]
    })
    if (values.length === 0) return []
    const worse = values.map(({ before, after }) => {
      // Zero that stays zero is no worse; a figure that was 0 and no longer is has no factor.
      if (before === after) return 1
      return moreIsBetter(unit) ? before / after : after / before
    })
    return {
      name,
      kind,
      unit,
      before: median(values.map((value) => value.before)),
      after: median(values.map((value) => value.after)),
      worse: Number(median(worse).toFixed(3)),
    }
  })

/** Figures of one checkout's groups, measured by its own benchmark in a separate process. */
const figuresOf = (folder: string, groups: readonly string[], scratch: string): readonly Figure[] =>
  groups.flatMap((group) => {
    const file = path.join(scratch, 'figures.json')
    const { status, stderr } = spawnSync(
      process.execPath,
      ['tools/ts.mjs', 'bench/main.ts', '--quick', '--only', group, '--json', file],
      { cwd: folder, encoding: 'utf8' },
    )
    if (status !== 0) throw new Error(`${folder}: the group ${group} cannot be measured\n${stderr}`)
    return (JSON.parse(readFileSync(file, 'utf8')) as { figures: Figure[] }).figures
  })

/** Measures both in turn, prints how they compare, and returns the exit code. */
export const against = (options: AgainstOptions): number => {
  const here = process.cwd()
  const there = path.resolve(options.against)
  const groups = options.only ?? ['message', 'item', 'session']
  const scratch = mkdtempSync(path.join(tmpdir(), 'glassine-bench-'))
  try {
    const rounds: Round[] = []
    for (let round = 0; round < options.rounds; round++) {
      console.error(pc.dim(`round ${round + 1} of ${options.rounds}`))
      // The order alternates.
      if (round % 2 === 0) {
        const before = figuresOf(there, groups, scratch)
        rounds.push({ before, after: figuresOf(here, groups, scratch) })
      } else {
        const after = figuresOf(here, groups, scratch)
        rounds.push({ before: figuresOf(there, groups, scratch), after })
      }
    }
    const all = pairs(rounds).filter(({ kind }) => options.kinds?.includes(kind) ?? true)
    console.log(`\n${pc.dim(`before: ${there}\nafter:  ${here}`)}\n\n${compared(all)}`)
    if (options.json) writeFileSync(options.json, `${JSON.stringify({ pairs: all, rounds }, null, 2)}\n`)
    const checked = options.kinds ?? ['ratio']
    return options.check ? check(all.filter(({ kind }) => checked.includes(kind))) : 0
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

const compared = (all: readonly Pair[]): string =>
  aligned(
    ['figure', 'before', 'after', 'unit', 'kind', 'times worse', ''],
    ['left', 'right', 'right', 'left', 'left', 'right', 'left'],
    all.map(({ name, before, after, unit, kind, worse }) => [
      name,
      String(before),
      pc.bold(String(after)),
      unit,
      pc.dim(kind),
      worse.toFixed(3),
      verdict(worse),
    ]),
  )

const verdict = (worse: number): string => {
  if (worse > limit) return pc.red('worse')
  return worse < 1 / limit ? pc.green('better') : ''
}

/** Reports which figures became worse. No figure at all is a failure too. */
const check = (all: readonly Pair[]): number => {
  const worse = all.filter((pair) => !(pair.worse <= limit))
  if (all.length === 0) console.log(pc.red('\nnothing was compared'))
  else if (worse.length === 0) console.log(pc.green(`\nnone of ${all.length} figures is worse than ${limit}`))
  else
    console.log(
      pc.red(
        `\n${worse.length} of ${all.length} figures are worse: ${worse.map(({ name }) => name).join(', ')}`,
      ),
    )
  return all.length > 0 && worse.length === 0 ? 0 : 1
}
