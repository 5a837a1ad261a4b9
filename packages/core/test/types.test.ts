import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { coreSource, type Mode, modes, repository, tsc } from './support/compilers.ts'

const typeTests = fileURLToPath(new URL('./types.test-d.ts', import.meta.url))

let folder: string
let source: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'glassine-types-'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  source = await readFile(typeTests, 'utf8')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Type-checks texts in a folder outside the repository, as the sources of a user stand. */
const check = async (texts: Readonly<Record<string, string>>, compilerOptions: object): Promise<string> => {
  const files = Object.keys(texts)
  for (const file of files) await writeFile(join(folder, file), texts[file]!)
  const config = join(folder, `${files[0]}.json`)
  await writeFile(
    config,
    JSON.stringify({
      extends: join(repository, 'tsconfig.base.json'),
      compilerOptions: {
        noEmit: true,
        rewriteRelativeImportExtensions: false,
        allowImportingTsExtensions: true,
        types: [],
        paths: {
          '@glassine/core': [coreSource],
          'expect-type': [join(repository, 'node_modules/expect-type/dist/index.d.ts')],
        },
        ...compilerOptions,
      },
      files,
    }),
  )
  return tsc(['-p', config, '--pretty', 'false'])
}

/** The numbers of the lines of a file that the compiler finds fault with, ascending. */
const faultyLines = (said: string, file: string): number[] => {
  const lines = [...said.matchAll(/^\S*?([^/\s]+)\((\d+),\d+\): error TS/gm)].flatMap(([, name, line]) =>
    name === file ? [Number(line)] : [],
  )
  return [...new Set(lines)].sort((a, b) => a - b)
}

test.each<Mode>([...modes])(
  '%s: the type tests hold, and without @ts-expect-error each refusal is one',
  async (mode) => {
    const lines = source.split('\n')
    const refused = lines.flatMap((line, at) => (line.includes('@ts-expect-error') ? [at + 2] : []))
    const holds = `holds-${mode}.ts`
    const bare = `bare-${mode}.ts`
    const said = await check(
      { [holds]: source, [bare]: source.replaceAll('@ts-expect-error', '') },
      { experimentalDecorators: mode === 'legacy' },
    )
    expect(faultyLines(said, holds)).toEqual([])
    expect(faultyLines(said, bare)).toEqual(refused)
    // What the compiler says is a sentence of ours.
    expect(said).toContain('the field must be declared with the type Encrypted<...>')
    expect(said).toContain('a field that may be absent needs { optional: true }')
  },
)

test('without strictNullChecks, where everything may be undefined, nothing is taken for optional', async () => {
  const text = `
    import { Encrypted, Model, Nested } from '@glassine/core'
    class Visit {
      @Encrypted() note!: Encrypted<string>
    }
    @Model('patient')
    export class Patient {
      @Encrypted() ssn!: Encrypted<string>
      @Nested(() => Visit) visit!: Visit
    }`
  expect(await check({ 'loose.ts': text }, { experimentalDecorators: true, strict: false })).toBe('')
})
