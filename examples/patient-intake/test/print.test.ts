// What the demo prints fits its terminal, in columns, and has colours only where they are wanted.
import { stripVTControlCharacters } from 'node:util'
import { expect, test } from '@jest/globals'
import { attacks, formats, honest } from '../demo/attacks.ts'
import { patient } from '../demo/patient.ts'
import { print } from '../demo/print.ts'
import type { Report, Row } from '../demo/report.ts'
import { terminal } from '../demo/terminal.ts'

const sealed = `AgR4${'x'.repeat(700)}`
const stored = {
  id: patient.id,
  ssn: { B: 'A'.repeat(400) },
  visits: { B: 'B'.repeat(300) },
  aws_dbe_foot: { B: 'C'.repeat(200) },
  clinic: 'clinic-a',
  aws_dbe_head: { B: 'D'.repeat(400) },
}
const views = {
  status: 201,
  sent: { ...patient, ssn: sealed, visits: patient.visits.map((visit) => ({ ...visit, note: sealed })) },
  seen: patient,
  stored,
  answered: { ...patient, ssn: sealed },
  kmsCalls: ['Decrypt', 'Decrypt'],
  log: JSON.stringify({ message: 'intake', patient: { ...patient, ssn: '[redacted pii]' } }),
}
const rowOf = ({ name, what }: typeof honest, status: number, code?: string): Row => ({
  name,
  what,
  outcomes: Object.fromEntries(formats.map((format) => [format, { status, code, succeeded: status < 400 }])),
})
const report: Report = {
  bundleBytes: 711_000,
  views,
  invocations: [{ source: 'http-api', status: 201, kmsCalls: ['Decrypt', 'Decrypt'], warm: false }],
  honest: rowOf(honest, 201),
  attacks: attacks.map((attack) => rowOf(attack, 400, 'ERR_FIELD_NOT_ENCRYPTED')),
}

/** Columns that a line takes: the ditto mark is as wide as two letters. */
const widthOf = (line: string): number => line.length + line.split('〃').length - 1

const colourless = (columns: number) => terminal({ stdout: { columns, isTTY: true }, env: { NO_COLOR: '1' } })

test.each([80, 100, 120, 140])(
  'fits %d columns, with every attack in a line that begins with its name',
  (columns) => {
    const lines = print(report, [], colourless(columns)).split('\n')
    expect(lines.filter((line) => widthOf(line) > columns)).toEqual([])
    const starts = attacks.map(({ name }) => lines.filter((line) => line.startsWith(`${name} `)))
    expect(starts.map((found) => found.length)).toEqual(attacks.map(() => 1))
    // The responses stand under their format.
    const head = lines.find((line) => /message +session +item/.test(line))!
    for (const [line] of starts)
      for (const format of formats) expect(line!.slice(head.indexOf(format))).toMatch(/^✓ 400/)
  },
)

test('has the codes where there is room for them', () => {
  expect(print(report, [], colourless(140))).toContain('✓ 400 ERR_FIELD_NOT_ENCRYPTED')
  expect(print(report, [], colourless(100))).not.toContain('ERR_FIELD_NOT_ENCRYPTED')
})

test('marks an attack that succeeded, and what else is not as it must be', () => {
  const [first, ...rest] = report.attacks
  const through = { ...first!, outcomes: { message: { status: 201, succeeded: true } } }
  const text = print({ ...report, attacks: [through, ...rest] }, ['something is wrong'], colourless(100))
  expect(text).toMatch(new RegExp(`^${first!.name} .* ✗ 201`, 'm'))
  expect(text).toContain('✗ something is wrong')
  expect(text).not.toContain('all as it must be')
})

test.each([80, 120])('is aligned in colours as without them, at %d columns', (columns) => {
  const coloured = print(report, [], terminal({ stdout: { columns, isTTY: true }, env: {} }))
  const plain = print(report, [], colourless(columns))
  expect(coloured).not.toBe(plain)
  expect(stripVTControlCharacters(coloured)).toBe(plain)
})

test('breaks the line of the log between members, and lists the key of the row first', () => {
  const lines = print(report, [], colourless(80)).split('\n')
  const log = lines.slice(lines.indexOf('What the log holds') + 1).slice(0, 3)
  for (const line of log) expect(line).toMatch(/[,{]$/)
  const own = lines.filter((line) => /^(clinic|aws_dbe_)/.test(line)).map((line) => line.split(' ')[0])
  expect(own).toEqual(['clinic', 'aws_dbe_head', 'aws_dbe_foot'])
})

const colour = String.fromCharCode(27)
test.each([
  ['a terminal', true, {}, true],
  ['a terminal with NO_COLOR', true, { NO_COLOR: '1' }, false],
  ['a dumb terminal', true, { TERM: 'dumb' }, false],
  ['a file, also in CI', undefined, { CI: 'true' }, false],
] as const)('to %s: a TTY: %s, %j, coloured: %s', (_, isTTY, env, coloured) => {
  expect(print(report, [], terminal({ stdout: { isTTY }, env })).includes(colour)).toBe(coloured)
})

test.each([
  [{ columns: 200 }, {}, 140],
  [{ columns: 40 }, {}, 80],
  [{}, { COLUMNS: '90' }, 90],
  [{}, {}, 100],
])('takes the width of %j and %j: %d', (stdout, env, columns) => {
  expect(terminal({ stdout, env }).columns).toBe(columns)
})
