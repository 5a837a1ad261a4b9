// A bundle of the quick start, invoked as Lambda does: a value goes in and comes back encrypted.
import assert from 'node:assert/strict'
import { pathToFileURL } from 'node:url'
import { invoke, sampleEvent, startLocalKms } from '@glassine/testing'

const kms = await startLocalKms({ keys: ['alias/patients'] })
Object.assign(process.env, kms.env)
const bundle = await import(pathToFileURL(process.argv[2]))
const { envelope, handler, Patient } = bundle.handler ? bundle : bundle.default

const scope = { binding: { tenant: 't-1' } }
const patient = { id: 'p-1', ssn: '078-05-1120' }
const body = await envelope.encrypt(patient, Patient, { ...scope, use: 'request' })
const event = sampleEvent('http-api', { body, tenant: 't-1', origin: 'https://app.example.com' })
const response = await invoke(handler, event)
assert.equal(response.statusCode, 200)
assert.deepEqual(
  await envelope.decrypt(JSON.parse(response.body), Patient, { ...scope, use: 'response' }),
  patient,
)
