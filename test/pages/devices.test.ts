// The snippet of docs/test-locally.md about devices: the client and the service in one test, without a server.
import { createClient } from '@glassine/client'
import { defineFields } from '@glassine/core'
import { decryptRequest, encryptResponse, verifiedClaim } from '@glassine/middy'
import { jwksHandler } from '@glassine/middy/jwks'
import { kmsAgreementRecipient, publishedKeys, sessionEnvelope } from '@glassine/session'
import { handlerFetch, startLocalKms } from '@glassine/testing'
import { expect, test } from '@jest/globals'
import middy from '@middy/core'
import httpErrorHandler from '@middy/http-error-handler'

const Patient = defineFields<{ id: string; ssn: string }>('patient', { ssn: {} })
const patient = { id: 'p-1', ssn: '078-05-1120' }

test.each(['http-api', 'rest'] as const)('a device and its service, behind %s', async (source) => {
  const kms = await startLocalKms({ keys: ['alias/devices:ECC_NIST_P256:KEY_AGREEMENT'] })
  const recipients = kmsAgreementRecipient({
    keyId: 'alias/devices',
    awsClientOptions: kms.clientOptions,
    insecureEndpoint: kms.endpoint,
  })
  const devices = sessionEnvelope({ recipients, audience: 'https://api.example.com' })
  const handler = middy()
    .use(httpErrorHandler({ logger: false }))
    .use(
      decryptRequest({
        fields: Patient,
        envelope: devices,
        bind: (event) => ({ tenant: verifiedClaim(event, 'custom:tenant') }),
        onRefused: () => {},
      }),
    )
    .use(encryptResponse())
    .handler(async (event) => ({ statusCode: 200, body: event.body }))

  const fetch = handlerFetch(
    { '/.well-known/jwks.json': jwksHandler({ keySet: publishedKeys({ recipients }) }), '*': handler },
    { source, tenant: 't-1' },
  )
  const api = createClient({
    baseUrl: 'https://api.example.com',
    fields: Patient,
    fetch,
    bind: { tenant: 't-1' },
  })
  const response = await api.fetch('/patients', { method: 'POST', body: patient })
  expect(await response.json()).toEqual(patient)

  const stranger = createClient({
    baseUrl: 'https://api.example.com',
    fields: Patient,
    fetch,
    bind: { tenant: 't-2' },
  })
  const refused = await stranger.fetch('/patients', { method: 'POST', body: patient })
  expect(refused.status).toBe(400)
  await kms.close()
})
