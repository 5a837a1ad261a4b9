// The bundle that CDK's synthesis made, under Lambda's own runtime client and with Lambda's Node flag: encrypted in,
// encrypted out, in the clear refused. `tsx runtime.ts CDK_OUT`, with GLASSINE_LAMBDA_RUNTIME.
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { localFunction } from '@glassine/lambda-runtime'
import { sampleEvent, startLocalKms } from '@glassine/testing'

const [out] = process.argv.slice(2)
const folder = readdirSync(out!)
  .map((name) => path.join(out!, name))
  .find((asset) => existsSync(path.join(asset, 'index.mjs')))!
const kms = await startLocalKms({ keys: ['alias/patients'] })
Object.assign(process.env, kms.env)
const { envelope, Patient } = await import(pathToFileURL(path.join(folder, 'index.mjs')).href)

const scope = { binding: { tenant: 't-1' } }
const patient = { id: 'p-1', ssn: '078-05-1120' }
const encrypted = await envelope.encrypt(patient, Patient, { ...scope, use: 'request' })
const eventOf = (body: unknown) =>
  sampleEvent('http-api', { body, tenant: 't-1', origin: 'https://app.example.com' })

for (const node of [process.execPath, ...(process.env.GLASSINE_NODES?.split(':') ?? [])]) {
  const lambda = await localFunction({
    folder,
    handler: 'index.handler',
    env: kms.env,
    timeout: 20_000,
    node,
    nodeOptions: ['--no-experimental-require-module'],
  })
  for (const _ of ['cold', 'warm']) {
    const { body, error } = await lambda.invoke(eventOf(encrypted))
    assert.equal(error, undefined, lambda.log())
    const response = JSON.parse(body!)
    assert.equal(response.statusCode, 200, lambda.log())
    assert.ok(!response.body.includes(patient.ssn))
    const answer = await envelope.decrypt(JSON.parse(response.body), Patient, { ...scope, use: 'response' })
    assert.deepEqual(answer, patient)
  }
  const refused = await lambda.invoke(eventOf(patient))
  assert.equal(JSON.parse(refused.body!).statusCode, 400)
  assert.match(lambda.log(), /ERR_FIELD_NOT_ENCRYPTED/)
  assert.ok(!lambda.log().includes(patient.ssn))
  await lambda.close()
}
process.exit()
