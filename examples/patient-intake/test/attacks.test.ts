// All attacks of the demo on the example, over HTTP: they are refused, as the README shows, and they succeed where a
// stack leaves its doors open.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { attacks, type Format, formats, honest } from '../demo/attacks.ts'
import type { Handlers } from '../demo/bundle.ts'
import { type Callers, createCallers, type Outcome } from '../demo/callers.ts'
import { type Row, tried } from '../demo/report.ts'
import { type Sandbox, startSandbox } from '../demo/sandbox.ts'

/** Starts a sandbox around a module of handlers, which is loaded anew for each endpoint. */
const sandboxOf = (load: () => Promise<Handlers>): Promise<Sandbox> =>
  startSandbox(() => {
    jest.resetModules()
    return load()
  })

const cellsOf = ({ name, outcomes }: Row): (Outcome & { cell: string })[] =>
  Object.entries(outcomes).map(([format, outcome]) => ({ cell: `${name}, ${format}`, ...outcome }))

describe('the example', () => {
  let sandbox: Sandbox
  let callers: Callers
  const rows: Row[] = []

  beforeAll(async () => {
    sandbox = await sandboxOf(() => import('../src/handler.ts') as Promise<Handlers>)
    callers = createCallers(sandbox)
  })
  afterAll(() => sandbox?.close())

  test('lets honest callers in, in every format', async () => {
    const { outcomes } = await tried(honest, callers)
    expect(Object.keys(outcomes)).toEqual(formats)
    expect(Object.values(outcomes).map(({ status }) => status)).toEqual([201, 201, 200])
  })

  test.each(attacks.map((attack) => [attack.name, attack] as const))(
    'holds against: %s',
    async (_, attack) => {
      const row = await tried(attack, callers)
      rows.push(row)
      expect(cellsOf(row)).not.toEqual([])
      expect(cellsOf(row).filter(({ succeeded }) => succeeded)).toEqual([])
    },
  )

  test('is attacked as the README says, with the responses that it prints', () => {
    const readme = readFileSync(path.resolve('README.md'), 'utf8')
    const shown = readme.split('\n').filter((line) => /^\| \*\*/.test(line))
    expect(shown).toEqual(rows.map(asMarkdown))
  })
})

/** A row as the README has it. */
const asMarkdown = ({ name, what, outcomes }: Row): string => {
  const cell = (format: Format) => outcomes[format]?.status ?? '-'
  return `| **${name}**: ${what} | ${formats.map(cell).join(' | ')} |`
}

describe('a stack that leaves doors open on purpose', () => {
  let sandbox: Sandbox

  beforeAll(async () => {
    sandbox = await sandboxOf(() => import('./fixtures/lax-handler.ts') as Promise<Handlers>)
  })
  afterAll(() => sandbox?.close())

  test('is found out by those attacks, and by no others', async () => {
    const callers = createCallers(sandbox)
    const succeeded: string[] = []
    for (const attack of attacks)
      for (const { cell, succeeded: through } of cellsOf(await tried(attack, callers)))
        if (through) succeeded.push(cell)
    expect(succeeded).toEqual([
      'other sender, message',
      'replay, session',
      'echo in an error, message',
      'echo in an error, session',
      'unlisted table, message',
      'unlisted table, session',
      'foreign origin, message',
      'foreign origin, session',
    ])
  })
})
