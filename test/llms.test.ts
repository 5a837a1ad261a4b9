// llms.txt names every page and every package's README, each in one line that says what it is for.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'

const text = readFileSync('llms.txt', 'utf8')
const lines = text.split('\n').filter((line) => line.startsWith('- '))
const named = lines.map((line) => /^- \[[^\]]+\]\(([^)]+)\): \S.*$/.exec(line)?.[1])
const reference = readdirSync('docs/reference').map((name) => `docs/reference/${name}`)
const pages = [
  ...reference,
  'README.md',
  ...readdirSync('docs').flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
  ...readdirSync('packages').map((name) => `packages/${name}/README.md`),
]

test('begins with the name and a summary', () => {
  expect(text).toMatch(/^# Glassine\n\n> /)
})

test('names each page once, and nothing else', () => {
  expect([...named].sort()).toEqual([...pages].sort())
})

test('what it names exists', () => {
  expect(named.filter((file) => file === undefined || !existsSync(file))).toEqual([])
})

test('the index of docs names every page as well', () => {
  const index = readFileSync('docs/README.md', 'utf8')
  const missing = readdirSync('docs').filter(
    // The result of long runs is for contributors.
    (name) =>
      name.endsWith('.md') && !['README.md', 'long.md'].includes(name) && !index.includes(`(${name})`),
  )
  expect(missing).toEqual([])
})

test('of each import path it names the values, as the reference does', () => {
  const index = readFileSync('docs/reference/README.md', 'utf8')
  for (const [, from, page, list] of index.matchAll(/^## \[(.+)\]\((.+)\)\n\n((?:- .*\n)+)/gm)) {
    const values = [...list!.matchAll(/^- \[(`\w+`)\]/gm)].map(([, name]) => name)
    expect(lines).toContain(`- [${from}](docs/reference/${page}): ${values.join(', ')}`)
  }
})
