// The quick start under Jest, with the configuration of docs/runners-and-bundlers.md.

import { invoke, sampleEvent, startLocalKms } from '@glassine/testing'
import { glassineMatchers } from '@glassine/testing/jest'
import { afterAll, expect, test } from '@jest/globals'

expect.extend(glassineMatchers)

const kms = await startLocalKms({ keys: ['alias/patients'] })
Object.assign(process.env, kms.env)
const { envelope, handler, Patient } = await import('./handler.js')
afterAll(() => kms.close())

test('the response is encrypted', async () => {
  const patient = { id: 'p-1', ssn: '078-05-1120' }
  const body = await envelope.encrypt(patient, Patient, { binding: { tenant: 't-1' }, use: 'request' })
  const event = sampleEvent('http-api', { body, tenant: 't-1', origin: 'https://app.example.com' })
  expect(await invoke(handler, event)).toHaveEncrypted(Patient)
})
