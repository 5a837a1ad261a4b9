import Table from 'cli-table3'
import pc from 'picocolors'
import type { Figure } from './figure.ts'

const plain = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '' }
const noLines = { 'bottom-left': '', 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '' }

/** The figures as aligned text, for a reader at a terminal. */
export const table = (figures: readonly Figure[]): string => {
  const rows = new Table({
    head: ['figure', 'value', 'unit', 'bar', ''].map((text) => pc.dim(text)),
    chars: { ...plain, ...noLines, right: '', 'right-mid': '', middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: ['left', 'right', 'left', 'left', 'left'],
  })
  for (const { name, value, unit, bar, holds } of figures)
    rows.push([name, pc.bold(String(value)), unit, bar ?? '', verdict(holds)])
  return rows.toString()
}

const verdict = (holds: boolean | undefined): string => {
  if (holds === undefined) return ''
  return holds ? pc.green('holds') : pc.red('missed')
}
