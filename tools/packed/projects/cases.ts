// What every project asserts, whatever compiles and runs it: the quick start decrypts what comes in, encrypts what
// leaves, and refuses a field in the clear.
import assert from 'node:assert/strict'
import { invoke, sampleEvent } from '@glassine/testing'
import type * as Service from './handler.js'

const patient = { id: 'p-1', ssn: '078-05-1120' }
const binding = { tenant: 't-1' }

/** @returns the encrypted response, for a matcher */
export const cases = async ({ envelope, handler, Patient }: typeof Service) => {
  const post = (body: unknown) =>
    invoke(handler, sampleEvent('http-api', { body, tenant: 't-1', origin: 'https://app.example.com' }))
  const body = await envelope.encrypt(patient, Patient, { binding, use: 'request' })
  assert.notEqual(body.ssn, patient.ssn)
  const response = await post(body)
  assert.equal(response.statusCode, 200)
  assert.ok(!response.body.includes(patient.ssn))
  const opened = await envelope.decrypt(JSON.parse(response.body), Patient, { binding, use: 'response' })
  assert.deepEqual({ ...opened }, patient)
  assert.equal((await post(patient)).statusCode, 400)
  return response
}
