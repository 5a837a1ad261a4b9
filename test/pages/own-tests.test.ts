// The tests that docs/test-locally.md and the README of testing show, run here as they stand there.
import { rmSync } from 'node:fs'
import path from 'node:path'
import type { Binding } from '@glassine/core'
import type { Bind } from '@glassine/middy'
import { explain, sampleEvent } from '@glassine/testing'
import { afterAll, expect, test } from '@jest/globals'
import { blocksOf, root, runner } from './blocks.ts'
import { Patient, patient, services } from './given.ts'

const folder = path.join(root, '.jest', `own-${process.pid}`)
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const block = runner(folder)

// Registers the page's test in this file, and starts the KMS of both.
await block('docs/test-locally.md', 0)
await block('packages/testing/README.md', 2)

test('what `explain` prints is what the pages show', async () => {
  const explained = async (binding: Binding, bind: Bind): Promise<string> => {
    const body = await services.encrypt(patient, Patient, { binding, use: 'request' })
    const event = sampleEvent('http-api', { body, tenant: 't-1' })
    return String(await explain(event, { fields: Patient, envelope: services, bind }))
  }
  const [shown] = blocksOf('docs/test-locally.md').filter(({ text }) => text.includes('does not open'))
  expect(`${await explained({}, () => ({ tenant: 't-1' }))}\n`).toBe(shown!.text)

  const [inReadme] = blocksOf('packages/testing/README.md').filter(({ text }) =>
    text.includes('does not open'),
  )
  const lines = [...inReadme!.text.matchAll(/^\/\/ (.*)$/gm)].map(([, line]) => line)
  expect(lines.pop()).toBe('  ...')
  const printed = (await explained({ tenant: 't-1' }, () => ({ tenant: 't-2' }))).split('\n')
  expect(printed.slice(0, lines.length)).toEqual(lines)
})
