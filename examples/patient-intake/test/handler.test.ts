// How a team tests its own handler: real AWS SDK client, local KMS, sample events, matchers.

import type { Sealed } from '@glassine/core'
import { keyMaterial, kmsKeyring } from '@glassine/keys'
import { type MessageEnvelope, messageEnvelope } from '@glassine/message'
import { invoke, type LocalKms, sampleEvent, startLocalKms } from '@glassine/testing'
import { glassineMatchers } from '@glassine/testing/jest'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { attacks } from '../demo/attacks.ts'
import { pointAt } from '../demo/environment.ts'
import { patient } from '../demo/patient.ts'
import { Patient } from '../src/model.ts'

expect.extend(glassineMatchers)

const origin = 'https://app.example.com'
const tenant = 'clinic-a'
let kms: LocalKms
let caller: MessageEnvelope
let sealed: Sealed<Patient>
let handler: (event: unknown, context: any) => Promise<any>

beforeAll(async () => {
  kms = await startLocalKms()
  await kms.createKey({ alias: 'alias/patients' })
  // Before the handler is loaded, which reads its environment then.
  pointAt(kms)
  handler = (await import('../src/handler.ts')).handler as never
  const keyring = kmsKeyring({
    keyId: 'alias/patients',
    awsClientOptions: kms.clientOptions,
    insecureEndpoint: kms.endpoint,
  })
  caller = messageEnvelope({ keys: keyMaterial({ keyring }) })
  sealed = await caller.encrypt(patient, Patient, { binding: { tenant } })
})
afterAll(() => kms.close())
beforeEach(() => kms.faults.clear())

describe.each(['http-api', 'rest', 'function-url', 'alb'] as const)('a request through %s', (source) => {
  test('is opened, and its answer is sealed for the same tenant', async () => {
    const response = await invoke(
      handler,
      sampleEvent(source, { method: 'POST', body: sealed, origin, tenant }),
    )
    expect(response.statusCode).toBe(201)
    expect(response).toHaveEncrypted(Patient)
    const answer = await caller.decrypt(JSON.parse(response.body!), Patient, { binding: { tenant } })
    expect(answer).toEqual({ ...patient, medications: patient.medications.toSorted() })
  })

  test('is refused in the clear', async () => {
    const response = await invoke(
      handler,
      sampleEvent(source, { method: 'POST', body: patient, origin, tenant }),
    )
    expect(response.statusCode).toBe(400)
  })
})

test.each(attacks.map((attack) => [attack.name, attack] as const))(
  'refuses: %s',
  async (_name, { change }) => {
    const { source = 'http-api', ...rest } = change(sealed)
    const event = sampleEvent(source, { method: 'POST', origin, tenant, ...rest })
    const response = await invoke(handler, event)
    expect([400, 403]).toContain(response.statusCode)
    expect(response).toLeakNothing([patient.ssn, patient.email, patient.visits[0]!.note])
  },
)

test('makes no KMS call when warm', async () => {
  const warm = await caller.encrypt(patient, Patient, { binding: { tenant } })
  await invoke(handler, sampleEvent('http-api', { method: 'POST', body: warm, origin, tenant }))
  kms.resetCalls()
  await invoke(handler, sampleEvent('http-api', { method: 'POST', body: warm, origin, tenant }))
  expect(kms.callCount()).toBe(0)
})

test('answers 503 and nothing else when KMS is down', async () => {
  const other = await caller.encrypt(patient, Patient, { binding: { tenant: 'clinic-c' } })
  kms.faults.set('Decrypt', { kind: 'internal' })
  const event = sampleEvent('http-api', { method: 'POST', body: other, origin, tenant: 'clinic-c' })
  const response = await invoke(handler, event, { timeoutMs: 1_500 })
  expect(response.statusCode).toBe(503)
  expect(response).toLeakNothing([patient.ssn])
})
