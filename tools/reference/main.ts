// npm run reference: writes a page of Markdown for each public import path, from its docstrings. With `--check` it
// writes nothing, and says which pages are not up to date.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { indexPage, pageOf } from './page.ts'
import { loadEntries } from './project.ts'

const folder = 'docs/reference'
const entries = await loadEntries()
const pages = new Map([
  ['README.md', indexPage(entries)],
  ...entries.map((entry) => [entry.page, pageOf(entry, entries)] as const),
])

mkdirSync(folder, { recursive: true })
const old = new Map(
  readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name), 'utf8')] as const),
)
const changed = [...new Set([...pages.keys(), ...old.keys()])].filter(
  (name) => pages.get(name) !== old.get(name),
)
if (process.argv.includes('--check')) {
  for (const name of changed) console.log(`${folder}/${name} is not up to date: run \`npm run reference\``)
  process.exitCode = changed.length === 0 ? 0 : 1
} else {
  for (const name of changed) {
    const text = pages.get(name)
    if (text === undefined) rmSync(path.join(folder, name))
    else writeFileSync(path.join(folder, name), text)
  }
  console.log(`${pages.size} pages in ${folder}, ${changed.length} changed`)
}
