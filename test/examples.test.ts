// The examples in docstrings are what an editor shows: each compiles. Those of core have a test of their own.
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { filesUnder } from '@glassine/test-support'
import { afterAll, expect, test } from '@jest/globals'

const root = path.join(import.meta.dirname, '..')
// Inside the repository, so that imports find its packages.
const folder = path.join(root, '.jest', `examples-${process.pid}`)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const comment = /\/\*\*.*?\*\//gs
const block = /```ts\n(.*?)```/gs

const examplesIn = (source: string): string[] =>
  (source.match(comment) ?? []).flatMap((text) =>
    [...text.replaceAll(/^\s*\* ?/gm, '').matchAll(block)].map(([, example]) => example!),
  )

/** What readers of an example have by then, under the names that all of them use. */
const given: Readonly<Record<string, string>> = {
  Patient: "declare const Patient: import('@glassine/core').FieldPolicy<{ id: string; ssn: string }>",
  client: "declare const client: import('@aws-sdk/client-dynamodb').DynamoDBClient",
  context: "declare const context: import('aws-lambda').Context",
  documents: "declare const documents: import('@aws-sdk/lib-dynamodb').DynamoDBDocumentClient",
  escrowKey: 'declare const escrowKey: Uint8Array',
  expect: "import '@glassine/testing/jest'\nimport { expect } from '@jest/globals'",
  keyStore: "declare const keyStore: import('@glassine/keys/key-store').KeyStore",
  keys: "declare const keys: import('@glassine/keys').KeyMaterial",
  kms: "declare const kms: import('@glassine/local-kms').LocalKms",
  message: 'declare const message: Uint8Array',
  output: 'declare const output: string',
  patient: 'declare const patient: { id: string; ssn: string }',
  patients: "declare const patients: import('@glassine/dynamodb').ItemEncryptor",
  randomBytes: "import { randomBytes } from 'node:crypto'",
  record: "declare const record: import('aws-lambda').DynamoDBRecord",
  response: "declare const response: import('@glassine/testing').HttpResponse",
  seenByTheHandler: 'declare const seenByTheHandler: unknown',
}

const moduleOf = (example: string): string => {
  const code = example.replaceAll(/'[^'\n]*'/g, "''")
  const isGiven = (name: string) =>
    new RegExp(`(?<![.\\w])${name}\\b(?!:)`).test(code) &&
    !new RegExp(
      `(?:const|class|interface) (?:\\{ )?${name}\\b|import \\{[^}]*\\b${name}\\b|\\(${name}\\) =>`,
    ).test(code)
  const lines = Object.keys(given).flatMap((name) => (isGiven(name) ? [given[name]] : []))
  // A reader's own handler is that of the quick start.
  const own = path.join(root, 'examples/quick-start/handler.ts')
  return [...lines, example.replaceAll('./handler.js', own), 'export {}'].join('\n')
}

test('every example in a docstring compiles', async () => {
  const sources = filesUnder('packages').filter((file) =>
    /^packages\/(?!core\/)[\w-]+\/src\/.*\.ts$/.test(file),
  )
  const examples = sources.flatMap((file) => examplesIn(readFileSync(path.join(root, file), 'utf8')))
  expect(examples.length).toBeGreaterThan(50)
  mkdirSync(folder, { recursive: true })
  for (const [at, example] of examples.entries())
    writeFileSync(path.join(folder, `example-${at}.ts`), moduleOf(example))
  const config = {
    extends: path.join(root, 'tsconfig.json'),
    compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
    include: ['*.ts'],
  }
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config))
  const compile = promisify(execFile)(path.join(root, 'node_modules/.bin/tsc'), [
    '-p',
    folder,
    '--pretty',
    'false',
  ])
  const output = await compile.then(
    () => '',
    (error: { readonly stdout: string }) => error.stdout,
  )
  expect(output).toBe('')
}, 120_000)
