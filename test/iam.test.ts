// The permissions that docs/deploy.md names are those of the calls that each feature makes, on a local KMS: a role with
// them alone can do it, and one that lacks any of them cannot.
import { readFileSync } from 'node:fs'
import { createClient } from '@glassine/client'
import { defineFields } from '@glassine/core'
import { keyMaterial, kmsKeyring } from '@glassine/keys'
import { type LocalKms, startLocalKms } from '@glassine/local-kms'
import { messageEnvelope } from '@glassine/message'
import { decryptRequest, encryptResponse } from '@glassine/middy'
import { jwksHandler } from '@glassine/middy/jwks'
import {
  kmsAgreementRecipient,
  kmsRsaRecipient,
  kmsSigner,
  publishedKeys,
  type Recipient,
  sessionEnvelope,
} from '@glassine/session'
import { handlerFetch } from '@glassine/testing'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import middy from '@middy/core'

const rows = readFileSync('docs/deploy.md', 'utf8')
  .split('## What my function needs')[1]!
  .split('\n## ')[0]!
  .split('\n')
  .filter((line) => line.startsWith('| '))
/** The actions of KMS in the row that begins so. */
const actionsOf = (feature: string): string[] => {
  const row = rows.find((line) => line.startsWith(`| ${feature}`))
  if (row === undefined) throw new Error(`The page has no row for ${feature}`)
  return (row.split('|')[2]!.match(/kms:\w+/g) ?? []).sort()
}

const fields = defineFields<{ id: string; ssn: string }>('patient', { ssn: {} })
const patient = { id: 'p-1', ssn: '078-05-1120' }
const scope = { binding: { tenant: 't-1' }, use: 'request' }
let kms: LocalKms
beforeAll(async () => {
  kms = await startLocalKms({
    keys: [
      'alias/patients',
      'alias/further',
      'alias/devices:ECC_NIST_P256:KEY_AGREEMENT',
      'alias/rsa:RSA_2048:ENCRYPT_DECRYPT',
      'alias/signer:ECC_NIST_P256:SIGN_VERIFY',
    ],
  })
}, 60_000)
afterAll(() => kms.close())

const role = 'arn:aws:iam::111122223333:role/intake'
const allow = (Action: readonly string[]): void =>
  kms.setPrincipal(role, {
    policies: [{ Version: '2012-10-17', Statement: { Effect: 'Allow', Action, Resource: '*' } }],
  })
const reach = () => ({
  awsClientOptions: kms.clientOptionsFor({ principal: role }),
  insecureEndpoint: kms.endpoint,
})
const keysOf = (more: object = {}) =>
  keyMaterial({ keyring: kmsKeyring({ keyId: 'alias/patients', ...reach(), ...more }) })

/** The actions of the calls that a feature makes. */
const called = async (run: () => Promise<unknown>): Promise<string[]> => {
  allow(['kms:*'])
  kms.resetCalls()
  await run()
  return [...new Set(kms.calls.map(({ operation }) => `kms:${operation}`))].sort()
}

/** A role with these permissions can do it; without any one of them it cannot. */
const expectNeeded = async (actions: readonly string[], run: () => Promise<unknown>): Promise<void> => {
  allow(actions)
  await run()
  for (const missing of actions) {
    allow(actions.filter((action) => action !== missing).concat('kms:ListKeys'))
    const outcome = await run().then(
      () => 'done',
      () => 'refused',
    )
    expect([missing, outcome]).toEqual([missing, 'refused'])
  }
}

test('messages', async () => {
  allow(['kms:*'])
  const message = await messageEnvelope({ keys: keysOf() }).encrypt(patient, fields, scope)
  const writing = () => messageEnvelope({ keys: keysOf() }).encrypt(patient, fields, scope)
  const reading = () => messageEnvelope({ keys: keysOf() }).decrypt(message, fields, scope)
  const further = () =>
    messageEnvelope({ keys: keysOf({ keyIds: ['alias/further'] }) }).encrypt(patient, fields, scope)
  expect(await called(writing)).toEqual(actionsOf('`encryptResponse`'))
  expect(await called(reading)).toEqual(actionsOf('`decryptRequest`'))
  const both = [...actionsOf('`keyIds`'), ...actionsOf('`encryptResponse`')].sort()
  expect(await called(further)).toEqual(both)
  await expectNeeded(actionsOf('`encryptResponse`'), writing)
  await expectNeeded(actionsOf('`decryptRequest`'), reading)
  await expectNeeded(both, further)
})

const request = async (recipients: Recipient, more: object = {}): Promise<void> => {
  const devices = sessionEnvelope({ recipients, audience: 'https://api.example.com', ...more })
  const handler = middy()
    .use(decryptRequest({ fields, envelope: devices }))
    .use(encryptResponse())
    .handler(async (event) => ({ statusCode: 200, body: event.body }))
  const jwks = jwksHandler({ keySet: publishedKeys({ recipients }) })
  const fetch = handlerFetch({ '/.well-known/jwks.json': jwks, '*': handler })
  const api = createClient({ baseUrl: 'https://api.example.com', fields, fetch })
  const response = await api.fetch('/patients', { method: 'POST', body: patient })
  expect(await response.json()).toEqual(patient)
}

test('sessions and tickets', async () => {
  const agreement = () => kmsAgreementRecipient({ keyId: 'alias/devices', ...reach() })
  const rsa = () => kmsRsaRecipient({ keyId: 'alias/rsa', ...reach() })
  const own = actionsOf('sessions, `kmsAgreementRecipient`')
  expect(await called(() => request(agreement()))).toEqual(own)
  expect(await called(() => request(rsa()))).toEqual(actionsOf('sessions, `kmsRsaRecipient`'))
  const ticketed = await called(() => request(agreement(), { ticketKeys: keysOf() }))
  const tickets = actionsOf('`ticketKeys`')
  await expectNeeded(own, () => request(agreement()))
  await expectNeeded(actionsOf('sessions, `kmsRsaRecipient`'), () => request(rsa()))
  // A ticket is read by another instance, which this process is not.
  expect(ticketed).toEqual([...own, ...tickets].filter((action) => action !== 'kms:Decrypt').sort())
  expect(tickets).toContain('kms:Decrypt')
}, 60_000)

test('published keys', async () => {
  const publish = (more: object) =>
    publishedKeys({ recipients: kmsAgreementRecipient({ keyId: 'alias/devices', ...reach() }), ...more })
  const sign = () => kmsSigner({ keyId: 'alias/signer', ...reach() })
  expect(await called(() => publish({ sign: sign() }).jwt!())).toEqual(actionsOf('`jwksHandler`'))
  expect(await called(() => publish({}).json())).toEqual(['kms:GetPublicKey'])
  await expectNeeded(actionsOf('`jwksHandler`'), () => publish({ sign: sign() }).jwt!())
})
