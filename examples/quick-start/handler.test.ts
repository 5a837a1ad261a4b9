import assert from 'node:assert/strict'
import { test } from 'node:test'
import { invoke, sampleEvent, startLocalKms } from '@glassine/testing'

const kms = await startLocalKms({ keys: ['alias/patients'] }) // AWS KMS over http, on this machine
Object.assign(process.env, kms.env)
const { envelope, handler, Patient } = await import('./handler.js')

const scope = { binding: { tenant: 't-1' } }
const patient = { id: 'p-1', ssn: '078-05-1120' }
const post = (body: unknown, tenant = 't-1') =>
  invoke(handler, sampleEvent('http-api', { body, tenant, origin: 'https://app.example.com' }))

test('a field comes in encrypted, and leaves encrypted', async () => {
  const body = await envelope.encrypt(patient, Patient, { ...scope, use: 'request' })
  const response = await post(body)
  assert.equal(response.statusCode, 200)
  assert(!response.body.includes(patient.ssn))
  const opened = await envelope.decrypt(JSON.parse(response.body), Patient, { ...scope, use: 'response' })
  assert.deepEqual(opened, patient)
})

test('a field in the clear is refused, and so is the field of another tenant', async () => {
  assert.equal((await post(patient)).statusCode, 400)
  const body = await envelope.encrypt(patient, Patient, { ...scope, use: 'request' })
  assert.equal((await post(body, 't-2')).statusCode, 400)
})
