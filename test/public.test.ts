// What users can import: few paths, few values, and each value is explained where users look.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { filesUnder } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'

const root = path.join(import.meta.dirname, '..')
const read = (...parts: string[]): string => readFileSync(path.join(root, ...parts), 'utf8')

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly exports: Readonly<Record<string, unknown>>
}

const packages = readdirSync(path.join(root, 'packages')).map((folder) => ({
  folder,
  manifest: JSON.parse(read('packages', folder, 'package.json')) as Manifest,
}))
const pathsOf = ({ name, exports }: Manifest): string[] =>
  Object.keys(exports)
    .filter((one) => one !== './package.json' && one !== './internal')
    .map((one) => (one === '.' ? name : `${name}${one.slice(1)}`))

const paths = packages.flatMap(({ folder, manifest }) => pathsOf(manifest).map((from) => ({ folder, from })))
/** A separate product, useful without the rest. */
const ours = paths.filter(({ folder }) => folder !== 'local-kms')

const valuesOf = async (from: string): Promise<string[]> =>
  Object.keys((await import(from)) as object).filter((name) => name !== 'default')

/** The declarations of a package's sources, each with the comment above it; overloads have several. */
const declarationsOf = (folder: string): string[] =>
  filesUnder(path.join('packages', folder, 'src')).flatMap((file) => read(file).match(declaration) ?? [])
const declaration = /\/\*\*(?:[^*]|\*(?!\/))*\*\/\n(?:\/\/.*\n)*export (?:const|function|class) [\w$]+/g

/** The code blocks of a document, together. */
const codeOf = (text: string): string => (text.match(/```ts\n[\s\S]*?```/g) ?? []).join('\n')

/** What users read: READMEs and pages. */
const documents = [
  'README.md',
  ...readdirSync(path.join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  ...packages.map(({ folder }) => `packages/${folder}/README.md`),
].map((file) => read(file))

test('users see at most 20 import paths', () => {
  expect(ours.length).toBeLessThanOrEqual(20)
  expect(ours.length).toBeGreaterThan(10)
})

test('users see at most 82 values', async () => {
  const values = new Set<string>()
  // One after the other, so that modules that import each other load once.
  for (const { from } of ours) for (const name of await valuesOf(from)) values.add(name)
  expect(values.size).toBeLessThanOrEqual(82)
  expect(values.size).toBeGreaterThan(50)
})

describe('each value is explained in a README or a page', () => {
  test.each(paths.map(({ from }) => [from]))('%s', async (from) => {
    const unexplained = (await valuesOf(from)).filter(
      (name) => !documents.some((text) => new RegExp(`\\b${name}\\b`).test(text)),
    )
    expect(unexplained).toEqual([])
  })
})

describe('each value has an example, in its docstring or in the README of its package', () => {
  test.each(paths)('$from', async ({ folder, from }) => {
    const declarations = declarationsOf(folder)
    const code = codeOf(read('packages', folder, 'README.md'))
    const without = (await valuesOf(from)).filter(
      (name) =>
        !new RegExp(`\\b${name}\\b`).test(code) &&
        !declarations.some((text) => text.endsWith(` ${name}`) && text.includes('@example')),
    )
    expect(without).toEqual([])
  })
})
