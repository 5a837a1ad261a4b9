// The snippets of pages are lines of files that are compiled and tested.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from '@jest/globals'

/** A page, where on it, and the files that its snippets are taken from. */
const pages: readonly (readonly [page: string, from: string])[] = [
  ['test-locally.md', '## With devices'],
  ['keys-and-kms.md', '## Rotation'],
  ['tables-in-practice.md', '# Tables in practice'],
]

/** Without what the formatter changes: line breaks, indentation, last commas. */
const bare = (text: string): string => text.replace(/\s+/g, '').replace(/,([}\])])/g, '$1')

const folder = import.meta.dirname
const files = [
  ...readdirSync(folder).map((name) => path.join(folder, name)),
  ...readdirSync('tools/packed').map((name) => path.join('tools/packed', name)),
]
  .filter((file) => /\.m?ts$/.test(file) && !file.endsWith('snippets.test.ts'))
  .map((file) => bare(readFileSync(file, 'utf8')))

test.each(pages)('%s, from "%s"', (page, from) => {
  const text = readFileSync(path.join('docs', page), 'utf8')
  const [, rest] = text.split(from)
  const section = rest!.split(from.startsWith('## ') ? '\n## ' : '\n# ')[0]!
  const snippets = [...section.matchAll(/^ *```ts\n([\s\S]*?)^ *```/gm)].map(([, snippet]) => bare(snippet!))
  expect(snippets.length).toBeGreaterThan(0)
  const untested = snippets.filter((snippet) => !files.some((file) => file.includes(snippet)))
  expect(untested).toEqual([])
})
