import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FieldPolicy } from '@glassine/core'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { compilers, evaluate, type Mode, modes, secondCopy } from './support/compilers.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'glassine-core-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const compiled = new Map<string, Promise<string>>()

/** Each compiler runs once per mode, for any number of tests. */
const modelsBy = (name: string, mode: Mode): Promise<string> => {
  const key = `${name} ${mode}`
  if (!compiled.has(key)) compiled.set(key, compilers[name]!(mode, folder))
  return compiled.get(key)!
}

// Written by hand from the fixture, so that no compiler is measured by another.
const person = [
  { kind: 'encrypted', path: '/ssn', label: 'phi' },
  { kind: 'encrypted', path: '/memo' },
  { kind: 'masked', path: '/phone', keepLast: 4 },
]
const expected = [
  { model: 'person', fields: person },
  {
    model: 'patient',
    fields: [
      { kind: 'encrypted', path: '/ssn', label: 'phi' },
      { kind: 'masked', path: '/memo', keepFirst: 1 },
      { kind: 'masked', path: '/phone', keepLast: 4 },
      { kind: 'encrypted', path: '/policyNumber', label: 'insurance' },
      { kind: 'encrypted', path: '/notes', optional: true },
      { kind: 'encrypted', path: '/address/street' },
      { kind: 'encrypted', path: '/address/floor', optional: true },
      { kind: 'encrypted', path: '/billing/street' },
      { kind: 'encrypted', path: '/billing/floor', optional: true },
      { kind: 'encrypted', path: '/visits/*/reason' },
      { kind: 'encrypted', path: '/visits/*/notes/*/text' },
      { kind: 'encrypted', path: '/byDay/*/reason' },
      { kind: 'encrypted', path: '/byDay/*/notes/*/text' },
    ],
  },
  { model: 'veteran', fields: person },
]

/** The optional places in a tree, as `path` strings. */
const optionalPaths = (policy: FieldPolicy): string[] => {
  const found: string[] = []
  const walk = (node: FieldPolicy['encrypted']): void => {
    if (node.optional) found.push(node.path)
    for (const [, child] of node.members ?? []) walk(child)
    if (node.each) walk(node.each.node)
  }
  walk(policy.encrypted)
  return found
}

describe.each(Object.keys(compilers))('%s', (name) => {
  test.each(modes)('%s: compiles to the declared policies', async (mode) => {
    const models = await modelsBy(name, mode)
    const policies: FieldPolicy[] = await evaluate({ models }, 'models.policies')
    expect(policies.map(({ model, fields }) => ({ model, fields }))).toEqual(expected)
    expect(optionalPaths(policies[1]!)).toEqual([
      '/notes',
      '/address/floor',
      '/billing',
      '/billing/floor',
      '/byDay',
    ])
  })

  test.each(modes)('%s: a second copy of the library reads its models and policies', async (mode) => {
    const models = await modelsBy(name, mode)
    const other = await secondCopy(folder)
    const { classes, policies, same } = await evaluate(
      { models, other },
      `{
        classes: models.models.map((model) => other.policyOf(model)),
        policies: models.policies.map((policy) => other.policyOf(policy)),
        same: models.policies.every((policy) => other.policyOf(policy) === policy),
      }`,
    )
    expect(classes).toEqual(policies)
    expect(same).toBe(true)
  })
})

test('the minified bundle has renamed the classes, so that the test above means something', async () => {
  const file = await modelsBy('esbuild, minified', 'tc39')
  expect(await readFile(file, 'utf8')).not.toMatch(/class (Person|Patient|Insured|Visit)\b/)
})

test('swc still omits the parent from the metadata, so the chain of constructors is walked', async () => {
  const models = await modelsBy('swc', 'tc39')
  const inherits = await evaluate(
    { models },
    `(() => {
      const [Person, Patient] = models.models
      const parents = new Set()
      for (let at = Patient[Symbol.metadata]; at; at = Object.getPrototypeOf(at)) parents.add(at)
      return parents.has(Person[Symbol.metadata])
    })()`,
  )
  // If this fails, swc is fixed: keep the walk, and expect `true`.
  expect(inherits).toBe(false)
})
