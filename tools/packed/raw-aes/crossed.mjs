// node crossed.mjs BUNDLE...: what each bundle encrypts, the handler of every other one decrypts, whatever their
// minifiers have made of the names of classes.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { invoke, sampleEvent } from '@glassine/testing'

process.env.RAW_KEY = randomBytes(32).toString('base64')
const patient = { id: 'p-1', ssn: '078-05-1120' }
const binding = { tenant: 't-1' }
const post = ({ handler }, body) => invoke(handler, sampleEvent('http-api', { body, tenant: 't-1' }))

const files = process.argv.slice(2)
const bundles = await Promise.all(
  files.map(async (file) => {
    const bundle = await import(pathToFileURL(path.resolve(file)))
    return bundle.handler ? bundle : bundle.default
  }),
)
// The bundles do differ in what this is about.
assert.deepEqual(
  bundles.map(({ Unnamed }) => Unnamed.name === 'Unnamed'),
  files.map((file) => file.includes('--keep-names')),
)
for (const { envelope, Patient, Unnamed } of bundles) {
  for (const other of bundles) {
    const response = await post(other, await envelope.encrypt(patient, Patient, { binding, use: 'request' }))
    assert.equal(response.statusCode, 200)
    assert.ok(!response.body.includes(patient.ssn))
    const answer = JSON.parse(response.body)
    assert.deepEqual(await envelope.decrypt(answer, Patient, { binding, use: 'response' }), patient)
    await assert.rejects(post(other, patient), { code: 'ERR_FIELD_NOT_ENCRYPTED' })
  }
  await assert.rejects(envelope.encrypt(patient, Unnamed, { binding, use: 'request' }), {
    code: 'ERR_MODEL_INVALID',
    message: /carries no @Model of its own/,
  })
}
