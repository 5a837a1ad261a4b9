/** What compiles and what does not, for browsers and for Node. */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { typeCheck } from '../../core/test/support/compilers.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'glassine-client-types-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const example = `
import { createClient } from '@glassine/client'
import { defineFields, Encrypted, Model } from '@glassine/core'
import { fieldsOf } from '@glassine/core/describe'

@Model('patient')
class Patient {
  id!: string
  @Encrypted() ssn!: Encrypted<string>
}
interface Note { text: string }
const note = defineFields<Note>('note', { text: {} })
const patient: Patient = { id: 'p-1', ssn: '078-05-1120' }

const api = createClient({ baseUrl: 'https://api.example.com', fields: Patient })
const response = await api.fetch('/patients', { method: 'POST', body: patient })
const opened: Patient = await response.json()
const standard: Response = response
await api.fetch('/patients/7', { method: 'PATCH', body: { ssn: '1' }, partial: true })
// @ts-expect-error a required member is missing
await api.fetch('/patients/7', { method: 'PUT', body: { ssn: '1' } })
// @ts-expect-error bodies are objects
await api.fetch('/patients/7', { method: 'PUT', body: JSON.stringify(patient) })
// @ts-expect-error redirects are never followed
await api.fetch('/patients/7', { redirect: 'follow' })
const written: Note = await (await api.fetch('/notes', { method: 'POST', body: { text: 'x' }, fields: note })).json()

const both = createClient({ baseUrl: 'https://api.example.com', fields: { request: Patient, response: note } })
const answer: Note = await (await both.fetch('/patients', { method: 'POST', body: patient })).json()
const off = createClient({ baseUrl: 'https://api.example.com', fields: { request: Patient, response: false } })
const anything: number = await (await off.fetch('/patients', { method: 'POST', body: patient })).json()
const described = createClient({ baseUrl: 'https://api.example.com', fields: fieldsOf<Note>({ model: 'note', fields: [] }) })
await described.fetch('/notes', { method: 'POST', body: { text: 'x' } })
// @ts-expect-error a misspelt option
createClient({ baseUrl: 'https://api.example.com', fields: Patient, shap: 'bundle' })
createClient({ baseUrl: 'https://api.example.com', fields: Patient, crypto: globalThis.crypto, fetch: globalThis.fetch })
export { anything, answer, opened, standard, written }
`

/** The examples in the comments of the sources. */
const documented = readFileSync(new URL('../src/client.ts', import.meta.url), 'utf8')
  .replaceAll(/^ \* ?/gm, '')
  .matchAll(/```ts\n(.*?)```/gs)
const examples = { 'example.ts': example, 'documented.ts': [...documented][0]![1]! }

test.each([
  ['a browser', { lib: ['es2023', 'es2024.string', 'esnext.decorators', 'dom', 'dom.iterable'], types: [] }],
  [
    'Node',
    { types: ['node'], typeRoots: [fileURLToPath(new URL('../../../node_modules/@types', import.meta.url))] },
  ],
])('the types hold in %s', async (_where, compilerOptions) => {
  expect(await typeCheck(folder, examples, compilerOptions)).toBe('')
})
