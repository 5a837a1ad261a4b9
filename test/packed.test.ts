// The projects of tools/packed/projects.mjs take their settings from docs/runners-and-bundlers.md. That the page has
// them is seen here, before they are installed and run.
import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'

interface Project {
  readonly name: string
  readonly settings?: Readonly<Record<string, string>>
  readonly fails?: string
}

// Without types: it runs before anything is installed.
const load = async (file: string) => import(`../tools/packed/${file}.mjs`)
const { projects } = (await load('projects')) as { projects: readonly Project[] }
const { blocks } = (await load('page')) as {
  blocks: (page: string, heading: string) => readonly { language: string; file?: string }[]
}
const file = 'docs/runners-and-bundlers.md'
const page = readFileSync(file, 'utf8')
const manifest = JSON.parse(readFileSync('tools/packed/projects/package.json', 'utf8'))

test.each(projects)('$name: the page has its settings, and says how it fails', ({ settings = {}, fails }) => {
  for (const [name, heading] of Object.entries(settings))
    expect(blocks(file, heading).map((block) => block.file)).toContain(name)
  if (fails !== undefined) expect(page).toContain(fails)
})

test('every file that the page shows for a tool is of a project', () => {
  const shown = [...page.matchAll(/^### .*$/gm)].flatMap(([heading]) =>
    blocks(file, heading).flatMap((block) => (block.file === undefined ? [] : [`${heading}: ${block.file}`])),
  )
  const used = projects.flatMap(({ settings = {} }) =>
    Object.entries(settings).map(([name, heading]) => `${heading}: ${name}`),
  )
  // The CommonJS quick start has a test of its own.
  expect(shown.filter((one) => !used.includes(one))).toEqual(['### The quick start: handler.cjs'])
})

test('the page names the versions that are tried', () => {
  const [, sentence] = /in these versions: ([\s\S]*?)\n\n/.exec(page) ?? []
  const named = [...sentence!.matchAll(/([A-Za-z-]+) (\d+\.\d+)/g)].map(([, tool, version]) => [
    tool,
    version,
  ])
  const short = (name: string) => manifest.devDependencies[name].replace(/\.\d+$/, '')
  expect(named).toEqual([
    ['Jest', short('jest')],
    ['ts-jest', short('ts-jest')],
    ['TypeScript', short('typescript')],
    ['Vitest', short('vitest')],
    ['Vite', short('vite')],
    ['swc', short('@swc/core')],
    ['esbuild', short('esbuild')],
  ])
})

test('versions are exact', () => {
  for (const version of Object.values<string>(manifest.devDependencies))
    expect(version).toMatch(/^(?:npm:[a-z]+@)?\d+\.\d+\.\d+$/)
})
