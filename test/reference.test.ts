// docs/reference is what `npm run reference` writes, and has every value of every public import path.
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'

const folder = 'docs/reference'

test('the pages are up to date', async () => {
  const check = promisify(execFile)(process.execPath, ['tools/ts.mjs', 'tools/reference/main.ts', '--check'])
  const output = await check.then(
    ({ stdout }) => stdout,
    ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
  )
  expect(output).toBe('')
}, 120_000)

const paths = readdirSync('packages').flatMap((name) => {
  const manifest = JSON.parse(readFileSync(`packages/${name}/package.json`, 'utf8')) as {
    readonly name: string
    readonly exports: Readonly<Record<string, unknown>>
  }
  return Object.keys(manifest.exports)
    .filter((path) => path !== './package.json' && path !== './internal')
    .map((path) => manifest.name + path.slice(1))
})
const pageOf = (from: string): string => `${from.replace('@glassine/', '').replaceAll('/', '-')}.md`

test('each public import path has a page, and no other', () => {
  expect(readdirSync(folder).sort()).toEqual(['README.md', ...paths.map(pageOf)].sort())
})

test.each(paths.map((from) => [from]))(
  '%s: each value has a section, or a link to the one it has',
  async (from) => {
    const text = readFileSync(`${folder}/${pageOf(from)}`, 'utf8')
    const [, elsewhere = ''] = /^Also exported from here: (.*)$/m.exec(text) ?? []
    const names = Object.keys((await import(from)) as object).filter((name) => name !== 'default')
    expect(names.length).toBeGreaterThan(0)
    const missing = names.filter(
      (name) => !text.includes(`\n## ${name}\n`) && !elsewhere.includes(`[\`${name}\`]`),
    )
    expect(missing).toEqual([])
  },
)

/** The rows of tables of options: name, type, default, description. */
const rowsOf = (page: string): string[][] =>
  readFileSync(`${folder}/${page}`, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.slice(2, -2).split(/(?<!\\) \| /))
    .filter((cells) => cells.length === 4)

test('each option says what it is for and what its default is', () => {
  const rows = readdirSync(folder).flatMap((page) => rowsOf(page).map((cells) => [page, ...cells]))
  expect(rows.length).toBeGreaterThan(200)
  const silent = rows.filter((cells) => cells.some((cell) => cell.trim() === ''))
  expect(silent).toEqual([])
})
