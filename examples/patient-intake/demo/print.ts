import Table from 'cli-table3'
import pc from 'picocolors'
import type { Report } from './report.ts'

const lineless = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
  ].map((part) => [part, '']),
)

const newTable = (head: readonly string[]) =>
  new Table({
    head: head.map((text) => pc.dim(text)),
    chars: { ...lineless, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })

/** The leaves of a payload by their path; a sealed value and an open one stand at the same path. */
const leaves = (value: unknown, open: unknown, path = ''): string[] => {
  const both = [value, open].filter((one) => typeof one === 'object' && one !== null) as object[]
  if (both.length < 2) return [path]
  return Object.keys(both[0]!).flatMap((key) =>
    leaves(at(value, key), at(open, key), path === '' ? key : `${path}.${key}`),
  )
}

const at = (value: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value)

const shown = (value: unknown): string => {
  if (value === undefined) return ''
  if (isBytes(value)) return sealed(value.B, Buffer.byteLength(value.B, 'base64'))
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /^A[gQ][RV]/.test(text) && text.length > 100 ? sealed(text, text.length) : text
}

/** Base64, shortened. */
const sealed = (text: string, bytes: number): string =>
  pc.magenta(`${text.slice(0, 10)}… ${pc.dim(`${bytes} B`)}`)

const isBytes = (value: unknown): value is { B: string } =>
  typeof value === 'object' && value !== null && typeof (value as { B?: unknown }).B === 'string'

/** What the row has for a path: an attribute is encrypted as a whole, and shown where it begins. */
const inRow = (
  row: Report['views']['stored'],
  path: string,
  at: number,
  paths: readonly string[],
): string => {
  const [attribute, ...inside] = path.split('.')
  const value = row?.[attribute!]
  if (inside.length === 0 || !isBytes(value)) return shown(value)
  return paths[at - 1]?.startsWith(`${attribute}.`) ? pc.dim('〃') : shown(value)
}

const title = (text: string): string => `\n${pc.bold(text)}\n`

const views = ({ views: { sent, seen, stored, answered } }: Report): string => {
  const rows = newTable([
    '',
    'the gateway sees',
    'the handler sees',
    'the table holds',
    'the caller gets back',
  ])
  const paths = leaves(sent, seen)
  for (const [index, path] of paths.entries())
    rows.push([
      pc.cyan(path),
      shown(at(sent, path)),
      shown(at(seen, path)),
      inRow(stored, path, index, paths),
      shown(at(answered, path)),
    ])
  // What only the row has: its key, and the header and footer of the format.
  for (const [name, value] of Object.entries(stored ?? {}))
    if (at(seen, name) === undefined) rows.push([pc.cyan(name), '', '', shown(value), ''])
  return title('One request, from four sides') + rows.toString()
}

const log = ({ views }: Report): string => {
  const line = views.log.split('\n').find((text) => text.includes('"intake"')) ?? views.log
  return `${title('What the log holds')}${pc.dim(line.trim())}`
}

const invocations = (report: Report): string => {
  const rows = newTable(['event source', 'answer', 'KMS calls'])
  for (const { source, status, kmsCalls, warm } of report.invocations)
    rows.push([
      `${source} ${pc.dim(warm ? 'warm' : 'cold')}`,
      status === 201 ? pc.green(String(status)) : pc.red(String(status)),
      kmsCalls.length === 0 ? '0' : `${kmsCalls.length}  ${pc.dim(kmsCalls.join(', '))}`,
    ])
  return title('KMS calls: ten sealed values in, a row stored, ten sealed values out') + rows.toString()
}

const attacks = (report: Report): string => {
  const rows = newTable(['attack', '', 'answer', 'code', 'handler'])
  for (const { name, what, status, code, handlerRan } of report.attacks)
    rows.push([
      pc.cyan(name),
      pc.dim(what),
      status >= 400 ? pc.green(String(status)) : pc.red(String(status)),
      code ?? '',
      handlerRan ? pc.red('ran') : pc.green('did not run'),
    ])
  return title('Attacks') + rows.toString()
}

/** The report as text for a terminal. */
export const print = (report: Report, faults: readonly string[]): string =>
  [
    views(report),
    log(report),
    invocations(report),
    attacks(report),
    faults.length === 0
      ? pc.green(
          `\n✓ all as it must be; the handler's bundle has ${Math.round(report.bundleBytes / 1000)} kB with the AWS SDK\n`,
        )
      : pc.red(`\n${faults.map((fault) => `✗ ${fault}`).join('\n')}\n`),
  ].join('\n')
