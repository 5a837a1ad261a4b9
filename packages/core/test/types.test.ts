import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Mode, modes, typeCheck } from './support/compilers.ts'

const typeTests = fileURLToPath(new URL('./types.test-d.ts', import.meta.url))

let folder: string
let source: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'glassine-types-'))
  source = await readFile(typeTests, 'utf8')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The line numbers in a file where the compiler reports errors, ascending. */
const faultyLines = (said: string, file: string): number[] => {
  const lines = [...said.matchAll(/^\S*?([^/\s]+)\((\d+),\d+\): error TS/gm)].flatMap(([, name, line]) =>
    name === file ? [Number(line)] : [],
  )
  return [...new Set(lines)].sort((a, b) => a - b)
}

test.each<Mode>([...modes])(
  '%s: the type tests hold, and each @ts-expect-error is an error',
  async (mode) => {
    const lines = source.split('\n')
    const refused = lines.flatMap((line, at) => (line.includes('@ts-expect-error') ? [at + 2] : []))
    const holds = `holds-${mode}.ts`
    const bare = `bare-${mode}.ts`
    const said = await typeCheck(
      folder,
      { [holds]: source, [bare]: source.replaceAll('@ts-expect-error', '') },
      { experimentalDecorators: mode === 'legacy' },
    )
    expect(faultyLines(said, holds)).toEqual([])
    expect(faultyLines(said, bare)).toEqual(refused)
    // The compiler prints our own sentences.
    expect(said).toContain('the field must be declared with the type Encrypted<...>')
    expect(said).toContain('a field that may be absent needs { optional: true }')
  },
)

test('without strictNullChecks, where everything may be undefined, nothing counts as optional', async () => {
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
  expect(await typeCheck(folder, { 'loose.ts': text }, { experimentalDecorators: true, strict: false })).toBe(
    '',
  )
})
