import { stripVTControlCharacters } from 'node:util'
import Table from 'cli-table3'
import { type Format, formats } from './attacks.ts'
import type { Outcome } from './callers.ts'
import type { Report, Row } from './report.ts'
import type { Terminal } from './terminal.ts'

const parts = [
  ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
  ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'],
]
const lineless = Object.fromEntries(parts.map((part) => [part, '']))
const gap = '  '

const leaves = (value: unknown, open: unknown, path = ''): string[] => {
  const both = [value, open].filter((one) => typeof one === 'object' && one !== null) as object[]
  if (both.length < 2) return [path]
  return Object.keys(both[0]!).flatMap((key) =>
    leaves(at(value, key), at(open, key), path === '' ? key : `${path}.${key}`),
  )
}

/** A table has no order of attributes: its key first, then the format's own. */
const rank = (name: string): number => ['clinic', 'aws_dbe_head', 'aws_dbe_foot'].indexOf(name)

const at = (value: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value)

const isBytes = (value: unknown): value is { B: string } =>
  typeof value === 'object' && value !== null && typeof (value as { B?: unknown }).B === 'string'

const cut = (text: string, width: number): string =>
  text.length > width ? `${text.slice(0, width - 1)}…` : text

/** The report as text for a terminal. */
export const print = (
  report: Report,
  faults: readonly string[],
  { columns, colours: pc }: Terminal,
): string => {
  /** A table whose columns have these widths; a width of 0 is that of the widest cell. */
  const table = (
    head: readonly string[],
    rows: readonly (readonly string[])[],
    widths: readonly number[] = [],
  ) => {
    const drawn = new Table({
      head: head.map((text) => pc.dim(text)),
      chars: { ...lineless, middle: gap },
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
      colWidths: widths.map((width) => (width === 0 ? null : width)),
      wordWrap: true,
    })
    drawn.push(...rows.map((row) => [...row]))
    return drawn
      .toString()
      .split('\n')
      .map((line) => line.trimEnd())
      .join('\n')
  }
  const section = (title: string, text: string): string => `\n${pc.bold(title)}\n${text}`

  /** Base64, shortened, and how long it is. */
  const sealed = (text: string, bytes: number, width: number): string => {
    const size = `${bytes} B`
    return pc.magenta(`${text.slice(0, Math.min(10, width - size.length - 2))}… ${pc.dim(size)}`)
  }

  const shown = (value: unknown, width: number): string => {
    if (value === undefined) return ''
    if (isBytes(value)) return sealed(value.B, Buffer.byteLength(value.B, 'base64'), width)
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    return /^A[gQ][RV]/.test(text) && text.length > 100 ? sealed(text, text.length, width) : cut(text, width)
  }

  const views = ({ views: { sent, seen, stored, answered } }: Report): string => {
    const paths = leaves(sent, seen)
    const named = Math.max(...paths.map((path) => path.length))
    const width = Math.min(31, Math.floor((columns - named) / 4) - gap.length)
    /** What the row has for a path: an attribute is encrypted as a whole, and shown where it begins. */
    const inRow = (path: string, index: number): string => {
      const [attribute, ...inside] = path.split('.')
      const value = stored?.[attribute!]
      if (inside.length === 0 || !isBytes(value)) return shown(value, width)
      return paths[index - 1]?.startsWith(`${attribute}.`) ? pc.dim('〃') : shown(value, width)
    }
    const rows = paths.map((path, index) => [
      pc.cyan(path),
      shown(at(sent, path), width),
      shown(at(seen, path), width),
      inRow(path, index),
      shown(at(answered, path), width),
    ])
    // What only the row has: its key, and the header and footer of the format.
    const only = Object.entries(stored ?? {})
      .filter(([name]) => at(seen, name) === undefined)
      .sort(([one], [other]) => rank(one) - rank(other))
    return table(
      ['', 'the gateway', 'the handler', 'the table', 'the caller'],
      [...rows, ...only.map(([name, value]) => [pc.cyan(name), '', '', shown(value, width), ''])],
      [0, width, width, width, width],
    )
  }

  const log = ({ views }: Report): string => {
    const line = views.log.split('\n').find((text) => text.includes('"intake"')) ?? views.log
    // Between two members where there are some, and anywhere in what is longer.
    const lines = line.trim().match(new RegExp(`.{1,${columns - 1}}(?:[,{]|$)|.{1,${columns}}`, 'gu')) ?? []
    return lines.map((text) => pc.dim(text)).join('\n')
  }

  const invocations = (report: Report): string =>
    table(
      ['event source', 'answer', 'KMS calls'],
      report.invocations.map(({ source, status, kmsCalls, warm }) => [
        `${source} ${pc.dim(warm ? 'warm' : 'cold')}`,
        status === 201 ? pc.green(String(status)) : pc.red(String(status)),
        kmsCalls.length === 0 ? '0' : `${kmsCalls.length}  ${pc.dim(kmsCalls.join(', '))}`,
      ]),
    )

  const isWide = columns >= 130

  /** How it went, with the code where there is room for it. */
  const cell = (outcome: Outcome | undefined, isAttack: boolean): string => {
    if (!outcome) return pc.dim('-')
    const { status, code, succeeded } = outcome
    const text = `${status}${isWide && code ? ` ${code}` : ''}`
    if (isAttack) return succeeded ? pc.red(`✗ ${text}`) : pc.green(`✓ ${text}`)
    return status < 300 ? pc.green(text) : pc.red(text)
  }

  const attacks = ({ honest, attacks }: Report): string => {
    const cells = ({ outcomes }: Row, isAttack: boolean) =>
      formats.map((format: Format) => cell(outcomes[format], isAttack))
    const rows = [
      [honest.name, honest.what, ...cells(honest, false)],
      ...attacks.map((row) => [row.name, row.what, ...cells(row, true)]),
    ]
    const widths = [0, 2, 3, 4].map((column) =>
      Math.max(
        formats[column - 2]?.length ?? 0,
        ...rows.map((row) => stripVTControlCharacters(row[column]!).length),
      ),
    )
    const taken = widths.reduce((sum, width) => sum + width + gap.length, 0)
    const [name, ...rest] = widths
    return table(
      ['', '', ...formats],
      rows.map(([name, what, ...cells]) => [pc.cyan(name!), pc.dim(what!), ...cells]),
      [name!, Math.min(columns - taken, Math.max(...rows.map(([, what]) => what!.length))), ...rest],
    )
  }

  return [
    section('One request, as four parties have it', views(report)),
    section('What the log holds', log(report)),
    section('KMS calls: ten sealed values in, a row stored, ten sealed values out', invocations(report)),
    section('Attacks: ✓ refused, ✗ successful, - not in this format', attacks(report)),
    faults.length === 0
      ? pc.green(
          `\n✓ all as it must be; the handler's bundle has ${Math.round(report.bundleBytes / 1000)} kB with the AWS SDK\n`,
        )
      : pc.red(`\n${faults.map((fault) => `✗ ${fault}`).join('\n')}\n`),
  ].join('\n')
}
