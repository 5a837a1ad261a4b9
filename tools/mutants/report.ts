// The output of a run on a terminal.
import pc from 'picocolors'
import { diff, place } from './mutant.ts'
import type { Result } from './run.ts'

/** The least score, in per cent. */
export const bar = 92

export interface Score {
  readonly killed: number
  readonly total: number
  readonly percent: number
}

export const scoreOf = (results: readonly Result[]): Score => {
  const counted = results.filter(({ fate }) => fate !== 'invalid')
  const killed = counted.filter(({ fate }) => fate === 'killed').length
  return {
    killed,
    total: counted.length,
    percent: counted.length === 0 ? 0 : (100 * killed) / counted.length,
  }
}

const percentOf = ({ percent }: Score): string => `${percent.toFixed(1)} %`

/** Lines of cells, each column as wide as its widest; all but the first are numbers. */
const columns = (rows: readonly (readonly string[])[]): string => {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)))
  return rows
    .map((row) =>
      row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join('  '),
    )
    .join('\n')
}

/** Scores grouped by `by`, in alphabetical order. */
export const scores = (results: readonly Result[], title: string, by: (result: Result) => string): string => {
  const names = [...new Set(results.map(by))].sort()
  return columns([
    [title, 'killed', 'total', ''],
    ...names.map((name) => {
      const score = scoreOf(results.filter((result) => by(result) === name))
      return [name, String(score.killed), String(score.total), percentOf(score)]
    }),
  ])
}

/** The beginning of a long text: for an omitted function, its first lines. */
const beginning = (text: string): readonly string[] => {
  const lines = text.split('\n')
  return lines.length > 4 ? [...lines.slice(0, 3), '...'] : lines
}

/** A survivor: where it is, what it changes, and which suites did not notice. */
export const survivor = ({ mutant, suites }: Result): string => {
  const { before, after } = diff(mutant)
  return [
    `${pc.bold(place(mutant))}  ${pc.dim(mutant.kind)}${mutant.why ? pc.dim(`: ${mutant.why}`) : ''}`,
    ...beginning(before).map((line) => pc.red(`  - ${line.trimEnd()}`)),
    ...beginning(after).map((line) => pc.green(`  + ${line.trimEnd()}`)),
    pc.dim(suites.length === 0 ? '  no suite reaches it' : `  not noticed by ${suites.join(', ')}`),
  ].join('\n')
}

/** The last line of a run. */
export const lastLine = (results: readonly Result[]): string => {
  const score = scoreOf(results)
  return `${score.killed} killed of ${score.total} (${percentOf(score)})`
}

const minutes = (ms: number): string => {
  const seconds = Math.max(0, Math.round(ms / 1000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** A line that replaces itself on a terminal; elsewhere a line every ten seconds. */
export const progress = () => {
  const from = Date.now()
  let last = 0
  const isTerminal = process.stderr.isTTY === true
  return {
    show(what: string, done: number, total: number, most?: number): void {
      const now = Date.now()
      if (!isTerminal && now - last < 10_000 && done < total) return
      last = now
      const left = Math.min(((now - from) / done) * (total - done), most ?? Number.POSITIVE_INFINITY)
      const line = pc.dim(
        `${what} ${String(done).padStart(String(total).length)} of ${total}, ${minutes(left)} left`,
      )
      process.stderr.write(isTerminal ? `\r\x1b[K${line}` : `${line}\n`)
    },
    clear: () => void (isTerminal && process.stderr.write('\r\x1b[K')),
  }
}
