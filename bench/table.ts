import Table from 'cli-table3'
import pc from 'picocolors'
import type { Figure } from './figure.ts'

const plain = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '' }
const noLines = { 'bottom-left': '', 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '' }

/** Rows as aligned text, for a terminal. */
export const aligned = (
  head: readonly string[],
  aligns: readonly ('left' | 'right')[],
  rows: readonly (readonly string[])[],
): string => {
  const lines = new Table({
    head: head.map((text) => pc.dim(text)),
    chars: { ...plain, ...noLines, right: '', 'right-mid': '', middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: [...aligns],
  })
  for (const row of rows) lines.push([...row])
  return lines.toString().replaceAll(/ +$/gm, '')
}

/** The figures, their bars and whether they are met. */
export const table = (figures: readonly Figure[]): string =>
  aligned(
    ['figure', 'value', 'unit', 'kind', 'bar', 'goal', ''],
    ['left', 'right', 'left', 'left', 'left', 'left', 'left'],
    figures.map(({ name, value, unit, kind, bar, goal, holds }) => [
      name,
      pc.bold(String(value)),
      unit,
      pc.dim(kind),
      bar ?? '',
      pc.dim(goal ?? ''),
      verdict(holds),
    ]),
  )

const verdict = (holds: boolean | undefined): string => {
  if (holds === undefined) return ''
  return holds ? pc.green('holds') : pc.red('missed')
}

/** Figures that miss their bars, in one line. */
export const missed = (figures: readonly Figure[]): string =>
  figures.map(({ name, value, unit, bar }) => `${name} is ${value} ${unit}, not ${bar}`).join('; ')
