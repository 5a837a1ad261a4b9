// A user's program on the packed packages: declared, sealed, sent through a handler, opened. Exits 1 on any difference.
import assert from 'node:assert/strict'
import { Logger } from '@aws-lambda-powertools/logger'
import { Encrypted, GlassineError, Model, type Sealed } from '@glassine/core'
import { keyMaterial, kmsKeyring } from '@glassine/keys'
import { redactor } from '@glassine/logger'
import { messageEnvelope } from '@glassine/message'
import { assertEncrypted, decryptRequest, encryptResponse, requireTls } from '@glassine/middy'
import { jwksHandler, kmsAgreementRecipient, sessionEnvelope } from '@glassine/session'
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
const sealed: Sealed<Card> = await envelope.encrypt(card, Card, { binding })
assert.notDeepEqual(sealed.number, card.number)

const response = await invoke(handler, sampleEvent('rest', { body: sealed }))
assert.equal(response.statusCode, 200)
assert.ok(!String(response.body).includes(card.number))
assert.deepEqual(await envelope.decrypt(JSON.parse(String(response.body)), Card, { binding }), card)
assert.deepEqual(
  kms.calls.map(({ operation }) => operation),
  ['GenerateDataKey'],
)

await assert.rejects(invoke(handler, sampleEvent('rest', { body: card })), GlassineError)

// Sessions: the keys are published from KMS, and what carries none is not answered.
await kms.createKey({ alias: 'alias/devices', keySpec: 'ECC_NIST_P256', keyUsage: 'KEY_AGREEMENT' })
const recipient = kmsAgreementRecipient({
  keyId: 'alias/devices',
  awsClientOptions: kms.clientOptions,
  insecureEndpoint: kms.endpoint,
})
const published = await jwksHandler({ recipients: recipient })(sampleEvent('rest', { method: 'GET' }))
assert.equal(JSON.parse(published.body).keys[0].alg, 'ECDH-ES')
const devices = sessionEnvelope({ recipient, audience: 'https://api.example.com' })
const forDevices = middy()
  .use(decryptRequest({ fields: Card, envelope: devices, bind: () => binding }))
  .use(encryptResponse())
  .handler(async (event) => ({ statusCode: 200, body: event.body }))
await assert.rejects(
  invoke(forDevices, sampleEvent('rest', { body: sealed })),
  (error: unknown) => error instanceof GlassineError && error.code === 'ERR_FIELD_NOT_ENCRYPTED',
)
