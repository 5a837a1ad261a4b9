// Suites whose counts grow in a long run are all in its list, and the list names no others.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { filesUnder } from '@glassine/test-support'
import { expect, jest, test } from '@jest/globals'
// @ts-expect-error: plain Node, without types.
import { runLimited } from '../tools/limited.mjs'

const root = path.join(import.meta.dirname, '..')
const textOf = (file: string): string => readFileSync(path.join(root, file), 'utf8')

const [, list] = /^const suites = \[\n([\s\S]*?)^\]/m.exec(textOf('tools/long.mjs'))!
const patterns = [...list!.matchAll(/^ {2}\['[^']+', '([^']+)'\],$/gm)].map(([, pattern]) => pattern!)

test('the list can be read', () => {
  expect(patterns.length).toBe(list!.trim().split('\n').length)
  expect(patterns.length).toBeGreaterThan(3)
})

test('`npm run long` runs every suite that asks how long it may be, and no other', () => {
  const suites = ['packages', 'examples', 'tools', 'bench', 'test']
    .flatMap(filesUnder)
    .filter((file) => file.endsWith('.test.ts'))
    // The suite of `longOr` itself.
    .filter((file) => file !== 'test/test-support.test.ts' && /\blongOr\(/.test(textOf(file)))
  expect(patterns.map((pattern) => `${pattern}.test.ts`).sort()).toEqual(suites.sort())
})

test('a suite that hangs is stopped, with all that it started, and has failed', async () => {
  const hangs = `require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 9)'], { stdio: 'inherit' })`
  const said = jest.spyOn(console, 'error').mockImplementation(() => undefined)
  expect(await runLimited(['-e', hangs], { limit: 300 })).toBe(124)
  expect(String(said.mock.calls[0])).toMatch(/^did not end within 0\.005 min/)
  said.mockRestore()
  expect(await runLimited(['-e', 'process.exit(3)'], { limit: 20_000 })).toBe(3)
  expect(await runLimited(['-e', ''], { limit: 20_000 })).toBe(0)
})
