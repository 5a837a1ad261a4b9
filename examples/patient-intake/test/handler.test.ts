// How a team tests its own handler: real AWS SDK client, local KMS, sample events, matchers.

import { GetCommand } from '@aws-sdk/lib-dynamodb'
import { createClient } from '@glassine/client'
import type { Sealed } from '@glassine/core'
import { withEncryption } from '@glassine/dynamodb'
import { type MessageEnvelope, messageEnvelope } from '@glassine/message'
import { invoke, type LocalKms, sampleEvent } from '@glassine/testing'
import { glassineMatchers } from '@glassine/testing/jest'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { patient, secrets } from '../demo/patient.ts'
import { type Services, startServices } from '../demo/services.ts'
import { Patient } from '../src/model.ts'

expect.extend(glassineMatchers)

const origin = 'https://app.example.com'
const tenant = 'clinic-a'
/** What the user pool says of a service's token. */
const claims = { client_id: 'orders-service' }
let services: Services
let kms: LocalKms
let caller: MessageEnvelope
let sealed: Sealed<Patient>
let handler: (event: unknown, context: any) => Promise<any>
let jwks: typeof handler

beforeAll(async () => {
  // Before the handler is loaded, which reads its environment then.
  services = await startServices()
  kms = services.kms
  ;({ handler, jwks } = (await import('../src/handler.ts')) as any)
  caller = messageEnvelope({ keys: services.newKeys() })
  sealed = await caller.encrypt(patient, Patient, { binding: { tenant }, use: 'request' })
})
afterAll(() => services.close())
beforeEach(() => kms.faults.clear())

describe.each(['http-api', 'rest'] as const)('a request through %s', (source) => {
  test('is opened, and its response is sealed for the same tenant', async () => {
    const response = await invoke(
      handler,
      sampleEvent(source, { method: 'POST', body: sealed, origin, tenant, claims }),
    )
    expect(response.statusCode).toBe(201)
    expect(response).toHaveEncrypted(Patient)
    const answer = await caller.decrypt(JSON.parse(response.body!), Patient, {
      binding: { tenant },
      use: 'response',
    })
    expect(answer).toEqual({ ...patient, medications: patient.medications.toSorted() })
  })

  test('is refused in the clear', async () => {
    const response = await invoke(
      handler,
      sampleEvent(source, { method: 'POST', body: patient, origin, tenant, claims }),
    )
    expect(response.statusCode).toBe(400)
  })
})

describe('a device', () => {
  /** What an app has, with the handlers in place of the network. */
  const device = (binding: { tenant: string }) =>
    createClient({
      baseUrl: 'https://api.example.com',
      fields: Patient,
      bind: binding,
      fetch: async (url, { method, headers, body } = {}) => {
        const { pathname: path } = new URL(String(url))
        const lambda = path.startsWith('/.well-known/') ? jwks : handler
        const sent = { ...Object.fromEntries(new Headers(headers)), origin }
        const event = sampleEvent('http-api', {
          method,
          path,
          headers: sent,
          body: body ?? undefined,
          tenant,
        })
        const response = await invoke(lambda, event)
        return new Response(response.body, { status: response.statusCode, headers: response.headers })
      },
    })

  test('stores a patient and reads it back', async () => {
    const app = device({ tenant })
    const stored = await app.fetch('/patients', { method: 'POST', body: { ...patient, id: 'p-7' } })
    expect(stored.status).toBe(201)
    const read = await app.fetch('/patients/p-7')
    expect(await read.json()).toMatchObject({ ssn: patient.ssn, visits: patient.visits })
    expect(await services.row(tenant, 'p-7')).toLeakNothing(secrets)
  })

  test('that seals for another clinic than it is signed in for is refused', async () => {
    const response = await device({ tenant: 'clinic-b' }).fetch('/patients', {
      method: 'POST',
      body: patient,
    })
    expect(response.status).toBe(400)
  })

  test('hears 404 of a patient that is not stored', async () => {
    expect((await device({ tenant }).fetch('/patients/p-0')).status).toBe(404)
  })
})

test('another service reads a patient back', async () => {
  await invoke(handler, sampleEvent('http-api', { method: 'POST', body: sealed, origin, tenant, claims }))
  const event = sampleEvent('http-api', { path: `/patients/${patient.id}`, origin, tenant, claims })
  const response = await invoke(handler, event)
  expect(response).toHaveEncrypted(Patient)
  const answer = await caller.decrypt(JSON.parse(response.body), Patient, {
    binding: { tenant },
    use: 'response',
  })
  expect(answer.ssn).toBe(patient.ssn)
})

describe('the row', () => {
  const key = { clinic: tenant, id: patient.id }

  test('holds nothing declared in the clear, and what is masked and undeclared readable', async () => {
    await invoke(handler, sampleEvent('http-api', { method: 'POST', body: sealed, origin, tenant, claims }))
    const row = await services.row(tenant, patient.id)
    expect(row).toMatchObject({ ...key, phone: patient.phone, aws_dbe_foot: expect.any(Uint8Array) })
    expect(row).toLeakNothing(secrets)
  })

  test('opens for another service that has the keys, and for no other clinic', async () => {
    const tables = {
      Patients: { fields: Patient, keys: services.newKeys(), partitionKey: 'clinic', sortKey: 'id' },
    }
    const open = async (invocation: { tenant: string }) =>
      (
        await withEncryption(services.table, { tables, invocation }).send(
          new GetCommand({ TableName: 'Patients', Key: key }),
        )
      ).Item
    expect(await open({ tenant })).toEqual({
      clinic: tenant,
      ...patient,
      medications: patient.medications.toSorted(),
    })
    await expect(open({ tenant: 'clinic-b' })).rejects.toMatchObject({ code: 'ERR_DECRYPT_FAILED' })
  })
})

test('makes no KMS call when warm', async () => {
  const warm = await caller.encrypt(patient, Patient, { binding: { tenant }, use: 'request' })
  await invoke(handler, sampleEvent('http-api', { method: 'POST', body: warm, origin, tenant, claims }))
  kms.resetCalls()
  await invoke(handler, sampleEvent('http-api', { method: 'POST', body: warm, origin, tenant, claims }))
  expect(kms.callCount()).toBe(0)
})

test('answers 503 and nothing else when KMS is down', async () => {
  const other = await caller.encrypt(patient, Patient, { binding: { tenant: 'clinic-c' }, use: 'request' })
  kms.faults.set('Decrypt', { kind: 'internal' })
  const event = sampleEvent('http-api', { method: 'POST', body: other, origin, tenant: 'clinic-c', claims })
  const response = await invoke(handler, event, { timeoutMs: 1_500 })
  expect(response.statusCode).toBe(503)
  expect(response).toLeakNothing([patient.ssn])
})
