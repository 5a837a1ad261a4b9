// The snippets of pages are lines of files that are compiled and tested.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from '@jest/globals'

/** A page, where on it, and the files that its snippets are taken from. */
const pages: readonly (readonly [page: string, from: string])[] = [['keys-and-kms.md', '## Rotation']]

/** Lines without their indentation, which differs, and without empty ones. */
const linesOf = (text: string): string[] =>
  text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]))

const folder = import.meta.dirname
const files = [
  ...readdirSync(folder).map((name) => path.join(folder, name)),
  ...readdirSync('tools/packed').map((name) => path.join('tools/packed', name)),
]
  .filter((file) => /\.m?ts$/.test(file) && !file.endsWith('snippets.test.ts'))
  .map((file) => linesOf(readFileSync(file, 'utf8')).join('\n'))

test.each(pages)('%s, from "%s"', (page, from) => {
  const text = readFileSync(path.join('docs', page), 'utf8')
  const [, rest] = text.split(from)
  const section = rest!.split('\n## Which keys may decrypt')[0]!
  const snippets = [...section.matchAll(/^ *```ts\n([\s\S]*?)^ *```/gm)].map(([, snippet]) =>
    linesOf(snippet!),
  )
  expect(snippets.length).toBeGreaterThan(0)
  const untested = snippets.filter((lines) => !files.some((file) => file.includes(lines.join('\n'))))
  expect(untested).toEqual([])
})
