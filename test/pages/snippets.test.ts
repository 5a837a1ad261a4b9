// Every block of code in a page or a README: TypeScript compiles against the packages, the rest parses.
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from '@jest/globals'
import { transform } from 'esbuild'
import { parseDocument } from 'yaml'
import { type Block, blocksOf, isTested, pages, root, writeModules } from './blocks.ts'

const run = promisify(execFile)
// Inside the repository, so that imports find its packages.
const folder = path.join(root, '.jest', `blocks-${process.pid}`)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const failure = async (command: string, args: readonly string[]): Promise<string> =>
  run(command, [...args]).then(
    () => '',
    ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
  )

test('every block of TypeScript compiles', async () => {
  expect(writeModules(folder, pages).length).toBeGreaterThan(50)
  const config = { extends: path.join(root, 'tsconfig.json'), include: ['*.ts'] }
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config))
  const tsc = path.join(root, 'node_modules/.bin/tsc')
  expect(await failure(tsc, ['-p', folder, '--pretty', 'false'])).toBe('')
}, 120_000)

const bash = ['/bin/bash', '/usr/bin/bash'].find(existsSync)
const python = ['/usr/bin/python3', '/usr/local/bin/python3'].find(existsSync)

/** What is wrong with a block, by its language; what is in none of these is not known here. */
const faults: Readonly<Record<string, (text: string) => unknown>> = {
  ts: () => '', // compiled above
  js: async (text) => {
    await transform(text, { loader: 'js' })
  },
  json: (text) => {
    JSON.parse(text)
  },
  // The first line names the file.
  jsonc: (text) => {
    JSON.parse(text.replace(/^\/\/ .*\n/, ''))
  },
  yaml: (text) => parseDocument(text).errors.join('\n'),
  sh: (text) => bash && failure(bash, ['-n', '-c', text]),
  python: (text) => python && failure(python, ['-c', 'import ast, sys; ast.parse(sys.argv[1])', text]),
  // Shown only.
  mermaid: () => '',
  java: () => '',
  '': (text) => (/^(?:import|export|const) /m.test(text) ? 'code without a language' : ''),
}

const faultOf = async ({ page, line, language, text }: Block): Promise<string> => {
  const at = `${page}:${line}: `
  const check = faults[language]
  if (check === undefined) return `${at}${language} is not checked`
  try {
    const fault = await check(text)
    return fault ? `${at}${fault}` : ''
  } catch (error) {
    return `${at}${error}`
  }
}

test('every other block parses, in a language that is known here', async () => {
  const found = await Promise.all(pages.flatMap(blocksOf).map(faultOf))
  expect(found.filter((fault) => fault !== '')).toEqual([])
})

/** Pages, from a heading on, whose blocks are lines of tests. */
const shown: readonly (readonly [page: string, from: string])[] = [
  ['docs/test-locally.md', '## With devices'],
  ['docs/tables-in-practice.md', '# Tables in practice'],
]

test.each(shown)('the blocks of %s, from "%s", are lines of tests', (page, from) => {
  const text = readFileSync(path.join(root, page), 'utf8')
  const first = text.slice(0, text.indexOf(from)).split('\n').length
  const rest = text.slice(text.indexOf(from) + from.length)
  const end = rest.indexOf(from.startsWith('## ') ? '\n## ' : '\n# ')
  const last = end < 0 ? Number.POSITIVE_INFINITY : first + rest.slice(0, end).split('\n').length
  const blocks = blocksOf(page).filter(
    ({ language, line }) => language === 'ts' && line > first && line < last,
  )
  expect(blocks.length).toBeGreaterThan(0)
  expect(blocks.filter((block) => !isTested(block))).toEqual([])
})
