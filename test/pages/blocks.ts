// The code blocks of pages and READMEs, and the modules that they are compiled and run as.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import * as given from './given.ts'

export const root = path.join(import.meta.dirname, '../..')

export interface Block {
  readonly page: string
  /** Where it is on the page, from 0. */
  readonly at: number
  readonly line: number
  /** What follows the three backticks; empty where nothing does. */
  readonly language: string
  readonly text: string
}

const markdownIn = (folder: string): string[] =>
  readdirSync(path.join(root, folder)).flatMap((name) => (name.endsWith('.md') ? [`${folder}/${name}`] : []))
const readmesIn = (folder: string): string[] =>
  readdirSync(path.join(root, folder)).flatMap((name) => markdownIn(`${folder}/${name}`))

/** Every document with code. The reference has the examples of docstrings, which have a test of their own. */
export const pages: readonly string[] = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...markdownIn('docs'),
  ...readmesIn('packages'),
  ...readmesIn('examples'),
]

const fence = /^( *)```([^\n]*)\n([\s\S]*?)^\1```$/gm

export const blocksOf = (page: string): Block[] => {
  const text = readFileSync(path.join(root, page), 'utf8')
  return [...text.matchAll(fence)].map(([, indent, language, block], at, all) => ({
    page,
    at,
    line: text.slice(0, all[at]!.index).split('\n').length,
    language: language!,
    text: block!.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }))
}

/** Without what the formatter changes, and without imports, which stand at the top of a file. */
const bare = (text: string): string =>
  text
    .replaceAll(/^import [^']*'[^']*'$/gm, '')
    .replaceAll(/\s+/g, '')
    .replaceAll(/,([}\])])/g, '$1')

const linesOf = (file: string): string => bare(readFileSync(path.join(root, file), 'utf8'))
/** It runs beside packages that are not installed here. */
const orms = linesOf('tools/packed/orms.ts')
const tests = ['devices', 'rotation', 'tables'].map((name) => linesOf(`test/pages/${name}.test.ts`))

/** Whether a block is lines of a test. */
export const isTested = ({ text }: Block): boolean =>
  [orms, ...tests].some((file) => file.includes(bare(text)))

const isTypeScript = ({ language, text }: Block): boolean => language === 'ts' && !orms.includes(bare(text))

const importedBy = /^import [^'\n]*?(?:\{[^}]*\})?[^'\n]*? from '[^']+'$/gm
const declared =
  /^(?:export )?(?:declare )?(?:const|let|class|function|async function|interface|type) (?:(\w+)|\{([^}=]*)\} =)/gm

/** What a block declares at its top level; of `const { Item: item = 1 } = ...` the name is `item`. */
const declaredBy = (text: string): string[] =>
  [...text.matchAll(declared)].flatMap(([, name, names]) =>
    name === undefined ? names!.split(',').map((one) => /(\w+)\s*(?:=|$)/.exec(one)![1]!) : [name],
  )
const isType = (text: string, name: string): boolean =>
  new RegExp(`^(?:export )?(?:interface|type) ${name}\\b`, 'm').test(text)
const exportedBy = (text: string): string[] =>
  [...text.matchAll(/^export (?:const|let|class|function|async function|interface|type) (\w+)/gm)].map(
    ([, name]) => name!,
  )

/** The names that an import statement brings, each with the statement that brings it alone. */
const importsOf = (text: string): Map<string, string> => {
  const found = new Map<string, string>()
  for (const [statement] of text.matchAll(importedBy)) {
    const [, from] = /from ('[^']+')/.exec(statement)!
    const [, all] = /\* as (\w+)/.exec(statement) ?? []
    if (all !== undefined) found.set(all, statement)
    const [, whole] = /^import (?:type )?(\w+)(?:,| from)/.exec(statement) ?? []
    if (whole !== undefined) found.set(whole, `import ${whole} from ${from}`)
    const [, names = ''] = /\{([^}]*)\}/.exec(statement) ?? []
    for (const one of names.split(',').map((name) => name.trim()))
      if (one !== '')
        found.set(one.replace(/^type /, '').replace(/^.* as /, ''), `import { ${one} } from ${from}`)
  }
  return found
}

const uses = (text: string, name: string): boolean =>
  new RegExp(`(?<![.\\w$'"/-])${name}\\b(?!['":/-])`).test(text.replaceAll(/(?<!:)\/\/.*$/gm, ''))

const fileOf = ({ page, at }: Pick<Block, 'page' | 'at'>): string =>
  `${page.replace(/\.md$/, '').replaceAll('/', '-')}-${at}.ts`

const givenFile = path.join(import.meta.dirname, 'given.ts')
const quickStart = path.join(root, 'examples/quick-start/handler.ts')

/**
 * A block as a module. What it uses and does not have comes from an earlier block of its page, the nearest first; from
 * the imports of one; or from what every reader has of their own, in given.ts.
 */
const moduleOf = (block: Block): string => {
  const { page, at, text } = block
  const earlier = blocksOf(page)
    .filter((one) => isTypeScript(one) && one.at < at)
    .reverse()
  const own = new Set([...declaredBy(text), ...importsOf(text).keys()])
  const lines: string[] = []
  const take = (name: string, line: string): void => {
    if (own.has(name) || !uses(text, name)) return
    own.add(name)
    lines.push(line)
  }
  for (const one of earlier) {
    for (const name of declaredBy(one.text)) take(name, `import { ${name} } from './${fileOf(one)}'`)
    for (const [name, statement] of importsOf(one.text)) take(name, relativeTo(block, statement))
  }
  for (const name of Object.keys(given)) take(name, `import { ${name} } from '${givenFile}'`)
  take('PatientDto', `import type { PatientDto } from '${givenFile}'`)
  const exported = exportedBy(text)
  const values = declaredBy(text).filter((name) => !exported.includes(name) && !isType(text, name))
  return [...lines, relativeTo(block, text), `export { ${values.join(', ')} }`, ''].join('\n')
}

/** A reader's own files: the one that a block of the page begins with, or what given.ts has in its place. */
const relativeTo = ({ page }: Block, text: string): string =>
  text.replaceAll(/(from |import\()'\.[^']*\/([\w-]+)\.js'/g, (_, before: string, name: string) => {
    const there = blocksOf(page).find((one) => one.text.startsWith(`// ${name}.ts\n`))
    const others = name === 'handler' ? quickStart : givenFile
    return `${before}'${there === undefined ? others : `./${fileOf(there)}`}'`
  })

/** Writes the TypeScript of pages as modules into a folder; `change` is for what only the test's machine needs. */
export const writeModules = (
  folder: string,
  of: readonly string[],
  change: (text: string) => string = (text) => text,
): Block[] => {
  mkdirSync(folder, { recursive: true })
  const blocks = of.flatMap(blocksOf).filter(isTypeScript)
  for (const block of blocks) writeFileSync(path.join(folder, fileOf(block)), change(moduleOf(block)))
  return blocks
}

/** What this machine needs and a page does not say: a KMS and a DynamoDB that are called over plain http. */
const onThisMachine = (text: string): string =>
  text
    .replaceAll(
      /\bkeyId: 'alias\/[\w-]+'(?! *,[^}]*insecureEndpoint)/g,
      '$&, insecureEndpoint: process.env.LOCAL_KMS_ENDPOINT',
    )
    .replaceAll(
      /\bkms: \{ keyArn(?:: '[^']+')? \}/g,
      'kms: { keyArn: process.env.KEY_ARN!, insecureEndpoint: process.env.LOCAL_KMS_ENDPOINT }, dynamoDB: { insecureEndpoint: process.env.LOCAL_DYNAMODB_ENDPOINT }',
    )

/** Runs a block of a page from a folder, and those before it that it uses; resolves to what it declares. */
export const runner =
  (folder: string, change: (text: string) => string = (text) => text) =>
  async (page: string, at: number): Promise<any> => {
    writeModules(folder, [page], (text) => change(onThisMachine(text)))
    return import(path.join(folder, fileOf({ page, at })))
  }
