// A Node server that passes its requests to the handler like an HTTP API: a separate process, so that the generator of
// the load does not share its thread. Prints one line of JSON when it listens; GET /kms-calls returns the calls so far.
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { KMSClient } from '@aws-sdk/client-kms'
import { defineFields } from '@glassine/core'
import { startLocalKms } from '@glassine/local-kms'
import { decryptRequest, encryptResponse } from '@glassine/middy'
import { kmsAgreementRecipient, sessionEnvelope } from '@glassine/session'
import { sampleContext, sampleEvent } from '@glassine/testing'
import middy from '@middy/core'
import httpErrorHandler from '@middy/http-error-handler'
import { audience, fieldNames } from './payload.ts'

const kms = await startLocalKms({ keys: ['alias/devices:ECC_NIST_P256:KEY_AGREEMENT'] })
const client = new KMSClient(kms.clientOptions)
const recipient = kmsAgreementRecipient({ keyId: 'alias/devices', client, insecureEndpoint: kms.endpoint })
const fields = defineFields<any>('patient', Object.fromEntries(fieldNames.map((name) => [name, {}])))

const handler = middy()
  .use(httpErrorHandler({ logger: false }))
  .use(
    decryptRequest({
      fields,
      // One sender stands for many here, and begins more sessions than the default budget leaves one.
      envelope: sessionEnvelope({ recipients: recipient, audience, cacheMaxEntries: 10_000, budget: false }),
      bind: () => ({ tenant: 't-1' }),
    }),
  )
  .use(encryptResponse())
  .handler(async (event) => ({ statusCode: 200, body: event.body }))

const template = {
  ...sampleEvent('http-api', {
    method: 'PUT',
    path: '/patients',
    headers: { 'content-type': 'application/json' },
  }),
}
const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

const server = createServer(async (request, response) => {
  if (request.url === '/kms-calls') {
    response.end(JSON.stringify({ calls: kms.callCount('DeriveSharedSecret') }))
    return
  }
  const event: any = { ...template, body: await bodyOf(request), isBase64Encoded: false }
  const answer: any = await handler(event, sampleContext())
  response.writeHead(answer.statusCode, answer.headers).end(answer.body)
})
server.listen(0, '127.0.0.1', async () => {
  const [jwk] = await recipient.jwks({ deadline: () => Date.now() + 5_000 })
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port, jwk }))
})
// The parent closes the pipe when it ends in any way.
process.stdin.resume().on('end', () => process.exit(0))
