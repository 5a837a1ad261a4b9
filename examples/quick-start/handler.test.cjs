const assert = require('node:assert/strict')
const { before, test } = require('node:test')
const { invoke, sampleEvent, startLocalKms } = require('@glassine/testing')

let service
before(async () => {
  const kms = await startLocalKms({ keys: ['alias/patients'] })
  Object.assign(process.env, kms.env)
  service = require('./handler.cjs')
})

for (const source of ['http-api', 'rest'])
  test(`a field comes in encrypted, and leaves encrypted: ${source}`, async () => {
    const { envelope, handler, Patient } = service
    const scope = { binding: { tenant: 't-1' } }
    const patient = { id: 'p-1', ssn: '078-05-1120' }
    const body = await envelope.encrypt(patient, Patient, { ...scope, use: 'request' })
    const event = sampleEvent(source, { body, tenant: 't-1', origin: 'https://app.example.com' })
    const response = await invoke(handler, event)
    assert.equal(response.statusCode, 200)
    assert(!response.body.includes(patient.ssn))
    const opened = await envelope.decrypt(JSON.parse(response.body), Patient, { ...scope, use: 'response' })
    assert.deepEqual(opened, patient)
  })
