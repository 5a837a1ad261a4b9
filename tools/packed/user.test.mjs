// A user's own Jest test, as the README of @glassine/testing shows it.

import { defineFields } from '@glassine/core'
import { keyMaterial, kmsKeyring } from '@glassine/keys'
import { messageEnvelope } from '@glassine/message'
import { decryptRequest, encryptResponse } from '@glassine/middy'
import { invoke, sampleEvent, startLocalKms } from '@glassine/testing'
import { glassineMatchers } from '@glassine/testing/jest'
import { afterAll, expect, test } from '@jest/globals'
import middy from '@middy/core'

expect.extend(glassineMatchers)

const kms = await startLocalKms()
afterAll(() => kms.close())

test('the response is encrypted', async () => {
  await kms.createKey({ alias: 'alias/cards' })
  const fields = defineFields('card', { number: {} })
  const keyring = kmsKeyring({
    keyId: 'alias/cards',
    awsClientOptions: kms.clientOptions,
    insecureEndpoint: kms.endpoint,
  })
  const envelope = messageEnvelope({ keys: keyMaterial({ keyring }) })
  const handler = middy()
    .use(decryptRequest({ fields, envelope }))
    .use(encryptResponse({ fields }))
    .handler(async (event) => ({ statusCode: 200, body: event.body }))
  const body = await envelope.encrypt({ number: '4000 0000 0000 0002' }, fields, {
    binding: {},
    use: 'request',
  })
  const response = await invoke(handler, sampleEvent('http-api', { body }))
  expect(response).toHaveEncrypted(fields)
  expect({ statusCode: 200, body: '{"number":"4000 0000 0000 0002"}' }).not.toHaveEncrypted(fields)
})
