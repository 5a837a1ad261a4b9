import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as core from '@glassine/core'
import * as internal from '@glassine/core/internal'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { typeCheck } from './support/compilers.ts'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'glassine-examples-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const patient = `
@Model('patient')
class Patient {
  @Encrypted() ssn!: Encrypted<string>
}`

/** An example as a module: with its imports, and with declarations for what it uses undeclared. */
const moduleOf = (example: string): string => {
  if (example.includes('import ')) return example
  const text =
    example.includes('Patient') && !example.includes('class Patient') ? `${patient}\n${example}` : example
  // Types are not values, so the names of types are listed here.
  const usedOf = (names: string[]) => names.filter((name) => new RegExp(`\\b${name}\\b`).test(text))
  const imports = usedOf([...Object.keys(core), 'Sealed']).map((name) =>
    name in core ? name : `type ${name}`,
  )
  return `import { ${imports.join(', ')} } from '@glassine/core'
import { ${usedOf(Object.keys(internal)).join(', ')} } from '@glassine/core/internal'
declare const services: { decrypt(...args: unknown[]): Promise<unknown> }
declare const body: unknown
declare const retryLater: () => void
${text}
export {}`
}

const examplesIn = (text: string): string[] =>
  [...text.replaceAll(/^ ?\* ?/gm, '').matchAll(/```ts\n(.*?)```/gs)].map(([, example]) => example!)

test('every example of the sources and the README compiles, in both kinds of decorators', async () => {
  const sources = (await readdir(at('../src'))).map((name) => at(`../src/${name}`))
  const texts = await Promise.all([...sources, at('../README.md')].map((file) => readFile(file, 'utf8')))
  const examples = texts.flatMap(examplesIn)
  expect(examples.length).toBeGreaterThan(12)
  const modules = Object.fromEntries(
    examples.map((example, index) => [`example-${index}.ts`, moduleOf(example)]),
  )
  for (const experimentalDecorators of [false, true])
    expect(await typeCheck(folder, modules, { experimentalDecorators })).toBe('')
})
