// What `npm run bench` does with groups of figures: selects, measures, prints, checks.
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import pc from 'picocolors'
import { against } from './against.ts'
import { type BenchOptions, type Figure, type Kind, kinds } from './figure.ts'
import { missed, table } from './table.ts'

/** Figures that are measured together. */
export interface Group {
  readonly measure: (options: BenchOptions) => Promise<readonly Figure[]>
  /** The kinds of its figures. */
  readonly kinds: readonly Kind[]
  /** The group needs more than Node, and runs only if it is named. */
  readonly optIn?: boolean
  /** Notes on its figures, printed below them. */
  readonly note?: string
}

const usage = `npm run bench -- [options] [KINDS]

  KINDS             only figures of these kinds, with commas between them: ${kinds.map((kind) => `${kind}s`).join(', ')}
  --only GROUPS     only these groups, with commas between them
  --quick           fewer and shorter rounds, for a first look
  --check           exit 1 when a bar is missed
  --json FILE       write the figures to a file
  --against FOLDER  compare with another checkout, built, in rounds that alternate; its groups are message, item and
                    session unless --only names others; with --check, exit 1 when a ratio (or a figure of KINDS) is worse by more than 1.05
  --rounds N        rounds of that comparison; 9 unless given`

class Misuse extends Error {}

const parse = (args: readonly string[], groups: Readonly<Record<string, Group>>) => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      json: { type: 'string' },
      against: { type: 'string' },
      rounds: { type: 'string', default: '9' },
      help: { type: 'boolean', default: false },
    },
  })
  const words = (texts: readonly string[]) => texts.flatMap((text) => text.split(','))
  const chosenKinds = words(positionals).map((word) => {
    const kind = kinds.find((each) => word === `${each}s`)
    if (!kind) throw new Misuse(`no such kind of figure: ${word}`)
    return kind
  })
  const only = values.only === undefined ? undefined : words([values.only])
  const unknown = only?.find((name) => !Object.hasOwn(groups, name))
  if (unknown !== undefined)
    throw new Misuse(`no such group: ${unknown}; there are: ${Object.keys(groups).join(', ')}`)
  const rounds = Number(values.rounds)
  if (!(Number.isInteger(rounds) && rounds > 0)) throw new Misuse('--rounds must be a positive integer')
  return { ...values, rounds, only, kinds: chosenKinds.length > 0 ? chosenKinds : undefined }
}

/** Measures what the arguments select, prints it, and returns the exit code. */
export const bench = async (
  args: readonly string[],
  groups: Readonly<Record<string, Group>>,
): Promise<number> => {
  let options: ReturnType<typeof parse>
  try {
    options = parse(args, groups)
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`)
    return 2
  }
  if (options.help) {
    console.log(usage)
    return 0
  }
  if (options.against !== undefined) return against({ ...options, against: options.against })
  const wantedKinds = options.kinds ?? kinds
  const chosen = Object.entries(groups).filter(
    ([name, group]) =>
      (options.only?.includes(name) ?? !group.optIn) &&
      group.kinds.some((kind) => wantedKinds.includes(kind)),
  )
  const howLong = options.quick ? { rounds: 9, ms: 8 } : { rounds: 41, ms: 25 }
  const figures: Figure[] = []
  for (const [at, [name, { measure }]] of chosen.entries()) {
    console.error(pc.dim(`measuring ${name} (${at + 1} of ${chosen.length})`))
    figures.push(...(await measure({ ...howLong, kinds: wantedKinds, named: options.only !== undefined })))
  }
  const wanted = figures.filter(({ kind }) => wantedKinds.includes(kind))
  console.log(
    pc.dim(`\nNode ${process.version} on ${cpus()[0]?.model ?? process.arch}, ${cpus().length} cores\n`),
  )
  console.log(table(wanted))
  for (const note of new Set(chosen.flatMap(([, group]) => group.note ?? [])))
    console.log(pc.dim(`\n${note}`))
  if (options.json) writeFileSync(options.json, `${JSON.stringify({ figures: wanted }, null, 2)}\n`)
  return options.check ? check(wanted) : 0
}

/** Reports which bars are missed. No bar at all is a failure too: a check of nothing must not pass. */
const check = (figures: readonly Figure[]): number => {
  const bars = figures.filter(({ bar }) => bar !== undefined)
  const failures = bars.filter(({ holds }) => !holds)
  if (bars.length === 0) console.log(pc.red('\nno bar was checked'))
  else if (failures.length === 0) console.log(pc.green(`\n${bars.length} of ${bars.length} bars hold`))
  else console.log(pc.red(`\n${failures.length} of ${bars.length} bars missed: ${missed(failures)}`))
  return bars.length > 0 && failures.length === 0 ? 0 : 1
}
