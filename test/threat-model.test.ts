// The tests that the threat model names exist.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from '@jest/globals'

const root = path.join(import.meta.dirname, '..')
const page = readFileSync(path.join(root, 'docs/threat-model.md'), 'utf8')

/** A line that names a file below `packages/` and tests in it: `message/test/abuse`: "another tenant". */
const named = [...page.matchAll(/^(?:-|\d+\.) (.*`[a-z-]+\/test\/[^`]+`.*)$/gm)].flatMap(([, line]) => {
  const files = [...line!.matchAll(/`([a-z-]+\/test\/[^`]+)`/g)].map(([, file]) => file!)
  const names = [...line!.matchAll(/"([^"]+)"/g)].map(([, name]) => name!)
  return files.map((file) => ({ file, names: files.length === 1 ? names : [] }))
})

test('the threat model names tests', () => {
  expect(named.length).toBeGreaterThan(40)
})

test('each name of a test is on one line, so that none is passed over', () => {
  const broken = page.split('\n').filter((line) => (line.match(/"/g) ?? []).length % 2 !== 0)
  expect(broken).toEqual([])
})

test.each(named.map(({ file, names }) => [file, names] as const))(
  '%s has the tests that it names',
  (file, names) => {
    const files = ['.test.ts', '.ts'].map((end) => path.join(root, 'packages', file + end))
    const suite = files.find((one) => existsSync(one))
    if (suite === undefined) throw new Error('There is no such file')
    // Names in sources have their quotes escaped, and may be broken into lines.
    const text = readFileSync(suite, 'utf8').replaceAll(/\\(['"`])/g, '$1')
    expect(names.filter((name) => !text.includes(name))).toEqual([])
  },
)
