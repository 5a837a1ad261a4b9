// node bundled.mjs FILE [HANDLER]: a bundle of the quick start, invoked as Lambda does. A value goes in and comes back
// encrypted, and is refused in the clear. HANDLER is a file of its own that leads to the handler of the first.
import assert from 'node:assert/strict'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { invoke, sampleEvent, startLocalKms } from '@glassine/testing'

// What the error handler logs: one refusal is on purpose, so it is printed only after a failure.
const logged = []
console.error = (...line) => logged.push(line)
process.on('exit', (code) => {
  if (code !== 0) for (const line of logged) console.log(...line)
})

const kms = await startLocalKms({ keys: ['alias/patients'] })
Object.assign(process.env, kms.env)
const load = async (file) => {
  const module = await import(pathToFileURL(path.resolve(file)))
  return module.handler ? module : module.default
}
const [file, led = file] = process.argv.slice(2)
const { envelope, Patient } = await load(file)
const { handler } = await load(led)

const scope = { binding: { tenant: 't-1' } }
const patient = { id: 'p-1', ssn: '078-05-1120' }
const post = (body) =>
  invoke(handler, sampleEvent('http-api', { body, tenant: 't-1', origin: 'https://app.example.com' }))
const response = await post(await envelope.encrypt(patient, Patient, { ...scope, use: 'request' }))
assert.equal(response.statusCode, 200)
assert.ok(!response.body.includes(patient.ssn))
assert.deepEqual(
  await envelope.decrypt(JSON.parse(response.body), Patient, { ...scope, use: 'response' }),
  patient,
)
assert.equal((await post(patient)).statusCode, 400)
