// npm run bench -- [--json FILE] [--only PREFIX] [--quick]
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import pc from 'picocolors'
import { bundleFigures } from './bundle.ts'
import type { Figure } from './figure.ts'
import { itemFigures } from './item.ts'
import { kmsCallFigures } from './kms-calls.ts'
import { loadFigures } from './load/index.ts'
import { messageFigures } from './message.ts'
import { sessionFigures } from './session.ts'
import { sessionCostFigures } from './session-cost/index.ts'
import { table } from './table.ts'
import { tableFigures } from './tables.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
})

/** How long the timed groups take; `--quick` is for a first look. */
export interface BenchOptions {
  readonly rounds: number
  readonly ms: number
}

const options: BenchOptions = values.quick ? { rounds: 9, ms: 8 } : { rounds: 41, ms: 25 }

const groups: Readonly<Record<string, (options: BenchOptions) => Promise<readonly Figure[]>>> = {
  message: messageFigures,
  item: itemFigures,
  session: sessionFigures,
  tables: tableFigures,
  'session-cost': () => sessionCostFigures(values.only === 'session-cost'),
  bundle: bundleFigures,
  'kms-calls': kmsCallFigures,
  load: loadFigures,
}

/** Groups that need more than Node, and run only when they are named. */
const optIn = new Set(['load'])

const chosen = Object.entries(groups).filter(([name]) =>
  values.only === undefined ? !optIn.has(name) : name.startsWith(values.only),
)
if (chosen.length === 0) {
  console.error(`no such group; there are: ${Object.keys(groups).join(', ')}`)
  process.exit(2)
}
const figures: Figure[] = []
for (const [at, [name, measure]] of chosen.entries()) {
  console.error(pc.dim(`measuring ${name} (${at + 1} of ${chosen.length})`))
  figures.push(...(await measure(options)))
}
console.log(
  pc.dim(`\nNode ${process.version} on ${cpus()[0]?.model ?? process.arch}, ${cpus().length} cores\n`),
)
console.log(table(figures))
if (values.json) writeFileSync(values.json, `${JSON.stringify({ figures }, null, 2)}\n`)
