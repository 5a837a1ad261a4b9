// A user's program on the packed packages: declares, encrypts, sends through a handler, decrypts. Exits 1 on any
// difference.
import assert from 'node:assert/strict'
import { Logger } from '@aws-lambda-powertools/logger'
import { createClient } from '@glassine/client'
import { Encrypted, GlassineError, Model, type Sealed } from '@glassine/core'
import { keyMaterial, kmsKeyring } from '@glassine/keys'
import { redactor } from '@glassine/logger'
import { messageEnvelope } from '@glassine/message'
import { assertEncrypted, decryptRequest, encryptResponse, requireTls } from '@glassine/middy'
import { jwksHandler } from '@glassine/middy/jwks'
import { kmsAgreementRecipient, publishedKeys, sessionEnvelope } from '@glassine/session'
import { invoke, sampleEvent, startLocalKms } from '@glassine/testing'
import middy from '@middy/core'

@Model('card')
class Card {
  id!: string
  @Encrypted({ label: 'pci' }) number!: Encrypted<string>
}

await using kms = await startLocalKms()
await kms.createKey({ alias: 'alias/cards' })
const keyring = kmsKeyring({
  keyId: 'alias/cards',
  awsClientOptions: kms.clientOptions,
  insecureEndpoint: kms.endpoint,
})
const envelope = messageEnvelope({ keys: keyMaterial({ keyring }) })
const logger = new Logger({ serviceName: 'packed', jsonReplacerFn: redactor(Card) })

const handler = middy(assertEncrypted({ fields: Card }))
  .use(requireTls({}))
  .use(decryptRequest({ fields: Card, envelope, bind: () => ({ tenant: 'shop' }) }))
  .use(encryptResponse({ fields: Card }))
  .handler(async (event) => {
    logger.info('card', { card: event.body })
    return { statusCode: 200, body: event.body }
  })

const card: Card = { id: 'c-1', number: '4000 0000 0000 0002' }
const binding = { tenant: 'shop' }
const sealed: Sealed<Card> = await envelope.encrypt(card, Card, { binding, use: 'request' })
assert.notDeepEqual(sealed.number, card.number)

const response = await invoke(handler, sampleEvent('rest', { body: sealed }))
assert.equal(response.statusCode, 200)
assert.ok(!String(response.body).includes(card.number))
assert.deepEqual(
  await envelope.decrypt(JSON.parse(String(response.body)), Card, { binding, use: 'response' }),
  card,
)
// The use is part of the encryption context, so requests and responses have different data keys.
assert.deepEqual(
  kms.calls.map(({ operation }) => operation),
  ['GenerateDataKey', 'GenerateDataKey'],
)

await assert.rejects(invoke(handler, sampleEvent('rest', { body: card })), GlassineError)

// From a device, with a key in KMS: the same declaration, through a fetch that turns requests into events.
await kms.createKey({ alias: 'alias/devices', keySpec: 'ECC_NIST_P256', keyUsage: 'KEY_AGREEMENT' })
const recipients = kmsAgreementRecipient({
  keyId: 'alias/devices',
  awsClientOptions: kms.clientOptions,
  insecureEndpoint: kms.endpoint,
})
const devices = sessionEnvelope({ recipients, audience: 'https://api.example.com' })
const deviceHandler = middy(assertEncrypted({ fields: Card }))
  .use(decryptRequest({ fields: Card, envelope: devices }))
  .use(encryptResponse())
  .handler(async (event) => ({ statusCode: 200, body: event.body }))
const published = jwksHandler({ keySet: publishedKeys({ recipients }) })
const wire: string[] = []
const api = createClient({
  baseUrl: 'https://api.example.com',
  fields: Card,
  fetch: async (input, init) => {
    const path = new URL(String(input)).pathname
    const headers = Object.fromEntries(new Headers(init?.headers))
    const { method = 'GET', body } = init ?? {}
    wire.push(String(body))
    const event = sampleEvent('http-api', { method, path, headers, ...(body && { body }) })
    const answer = await invoke(path.startsWith('/.well-known/') ? published : deviceHandler, event)
    wire.push(answer.body)
    return new Response(answer.body, { status: answer.statusCode, headers: answer.headers })
  },
})
const answer = await api.fetch('/cards', { method: 'POST', body: card })
assert.deepEqual(await answer.json(), card)
assert.equal(wire.length, 4)
assert.ok(!wire.join().includes(card.number))
// A request without a session is refused.
await assert.rejects(
  invoke(deviceHandler, sampleEvent('rest', { body: sealed })),
  (error: unknown) => error instanceof GlassineError && error.code === 'ERR_FIELD_NOT_ENCRYPTED',
)
