// Conditions on the encryption context that the documents print name pairs that KMS sees: of the calls on a local KMS.
import { readFileSync } from 'node:fs'
import { createClient } from '@glassine/client'
import { defineFields } from '@glassine/core'
import { itemEncryptor } from '@glassine/dynamodb'
import { keyMaterial, kmsKeyring } from '@glassine/keys'
import { hierarchicalKeyring, keyStore } from '@glassine/keys/key-store'
import { type KmsCall, type LocalKms, startLocalKms } from '@glassine/local-kms'
import { messageEnvelope } from '@glassine/message'
import { decryptRequest, encryptResponse } from '@glassine/middy'
import { jwksHandler } from '@glassine/middy/jwks'
import { localRecipient, publishedKeys, sessionEnvelope } from '@glassine/session'
import { describeDynamoDB, filesUnder } from '@glassine/test-support'
import { handlerFetch } from '@glassine/testing'
import { type LocalDynamoDB, startLocalDynamoDB } from '@glassine/testing/dynamodb'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import middy from '@middy/core'

const pages = [
  'README.md',
  'SECURITY.md',
  ...filesUnder('docs').filter((file) => file.endsWith('.md')),
  // The local KMS is for every user of KMS: its page restricts by any pairs.
  ...filesUnder('packages').filter((file) => /^packages\/(?!local-kms)\w[\w-]*\/README\.md$/.test(file)),
  ...filesUnder('examples').filter((file) => /\.(md|ya?ml|mjs)$/.test(file)),
]
/** Every pair that a page restricts by, and the value where it prints one. */
const printed = pages.flatMap((page) =>
  [
    ...readFileSync(page, 'utf8').matchAll(
      /kms:EncryptionContext:([a-z][\w:-]*\w)["'`]?(?:: ?["']?(\w[\w-]*)["']?(?=[\s"',}]))?/g,
    ),
  ].map(([, name, value]) => ({ page, name: name!, value })),
)

const fields = defineFields<{ id: string; ssn: string }>('patient', { ssn: {} })
const patient = { id: 'p-1', ssn: '078-05-1120' }
const scope = { binding: { tenant: 't-1' }, use: 'request' }

describeDynamoDB('dynoxide', 'conditions on the encryption context', () => {
  let kms: LocalKms
  let server: LocalDynamoDB
  beforeAll(async () => {
    kms = await startLocalKms({ keys: ['alias/patients', 'alias/further'] })
    server = await startLocalDynamoDB({ kind: 'dynoxide' })
  }, 60_000)
  afterAll(async () => {
    await server.close()
    await kms.close()
  })

  const reach = () => ({ awsClientOptions: kms.clientOptions, insecureEndpoint: kms.endpoint })
  const keyringOf = (more: object = {}) => kmsKeyring({ keyId: 'alias/patients', ...reach(), ...more })
  const keysOf = (more?: object) => keyMaterial({ keyring: keyringOf(more) })
  /** The contexts of the calls of each operation, which must not fail. */
  const contextsOf = async (run: () => Promise<unknown>): Promise<Record<string, object>> => {
    kms.resetCalls()
    await run()
    const calls = kms.calls.filter(({ encryptionContext }) => encryptionContext !== undefined) as KmsCall[]
    expect(kms.calls.filter(({ errorCode }) => errorCode !== undefined)).toEqual([])
    return Object.fromEntries(
      calls.map(({ operation, encryptionContext }) => [operation, encryptionContext!]),
    )
  }

  const messages = () =>
    contextsOf(async () => {
      const writing = messageEnvelope({ keys: keysOf({ keyIds: ['alias/further'] }) })
      const message = await writing.encrypt(patient, fields, scope)
      await messageEnvelope({ keys: keysOf() }).decrypt(message, fields, scope)
    })

  const items = () =>
    contextsOf(async () => {
      const of = () => itemEncryptor({ table: 'Patients', fields, keys: keyringOf(), partitionKey: 'id' })
      const item = await of().encryptItem({ id: { S: 'p-1' }, ssn: { S: '078-05-1120' } })
      await of().decryptItem(item)
    })

  /** A ticket that one instance writes, and another reads. */
  const tickets = () =>
    contextsOf(async () => {
      const recipients = localRecipient()
      const handler = () =>
        middy()
          .use(
            decryptRequest({
              fields,
              envelope: sessionEnvelope({
                recipients,
                audience: 'https://api.example.com',
                ticketKeys: keysOf(),
              }),
            }),
          )
          .use(encryptResponse())
          .handler(async (event) => ({ statusCode: 200, body: event.body }))
      const jwks = jwksHandler({ keySet: publishedKeys({ recipients }) })
      const instances = [handler(), handler()].map((one) =>
        handlerFetch({ '/.well-known/jwks.json': jwks, '*': one }),
      )
      let requests = 0
      const fetch: typeof globalThis.fetch = (input, init) => {
        const isKeySet = String(input instanceof Request ? input.url : input).endsWith('jwks.json')
        return instances[isKeySet ? 0 : Math.min(requests++, 1)]!(input, init)
      }
      const api = createClient({ baseUrl: 'https://api.example.com', fields, fetch })
      for (let left = 2; left > 0; left--)
        expect((await api.fetch('/patients', { method: 'POST', body: patient })).status).toBe(200)
    })

  const branchKeys = () =>
    contextsOf(async () => {
      const store = keyStore({
        tableName: 'BranchKeys',
        logicalKeyStoreName: 'BranchKeys',
        kms: { keyArn: kms.keys[0]!.arn, ...reach() },
        dynamoDB: { awsClientOptions: server.clientOptions, insecureEndpoint: server.endpoint },
      })
      await store.createKeyStore()
      await store.createKey({ branchKeyId: 'tenant-t-1', encryptionContext: { tenant: 't-1' } })
      const keyring = hierarchicalKeyring({ keyStore: store, branchKeyId: 'tenant-t-1' })
      await itemEncryptor({ table: 'Patients', fields, keys: keyring, partitionKey: 'id' }).encryptItem({
        id: { S: 'p-1' },
        ssn: { S: '078-05-1120' },
      })
    })

  test('each feature shows KMS the pairs that the pages restrict by, and a model only for messages', async () => {
    const [ofMessages, ofItems, ofTickets, ofBranchKeys] = [
      await messages(),
      await items(),
      await tickets(),
      await branchKeys(),
    ]
    const model = { 'glassine:model': 'patient', 'glassine:use': 'request', tenant: 't-1' }
    expect(ofMessages).toEqual({ GenerateDataKey: model, Encrypt: model, Decrypt: model })
    const table = expect.objectContaining({
      'aws-crypto-table-name': 'Patients',
      'aws-crypto-partition-name': 'id',
    })
    expect(ofItems).toEqual({ GenerateDataKey: table, Decrypt: table })
    const ticket = expect.objectContaining({ 'glassine:purpose': 'glassine-ticket' })
    expect(ofTickets).toEqual({ GenerateDataKey: ticket, Decrypt: ticket })
    const record = {
      'branch-key-id': 'tenant-t-1',
      tablename: 'BranchKeys',
      'aws-crypto-ec:tenant': 't-1',
      type: expect.any(String),
    }
    expect(ofBranchKeys.Decrypt).toMatchObject(record)
    for (const contexts of [ofItems, ofTickets, ofBranchKeys])
      expect(JSON.stringify(contexts)).not.toContain('glassine:model')

    // What the pages print is one of these pairs, and its value is what KMS saw.
    const seen = [ofMessages, ofItems, ofTickets, ofBranchKeys].flatMap((contexts) => Object.values(contexts))
    const wrong = printed.filter(
      ({ name, value }) =>
        !seen.some((context) => {
          const found = (context as Record<string, string>)[name]
          return found !== undefined && (value === undefined || found === value)
        }),
    )
    expect(wrong).toEqual([])
    expect([...new Set(printed.map(({ name }) => name))].sort()).toEqual([
      'aws-crypto-table-name',
      'branch-key-id',
      'glassine:model',
      'glassine:purpose',
      'glassine:use',
      'tenant',
    ])
    expect(printed.filter(({ value }) => value !== undefined).map(({ page }) => page)).toEqual(
      expect.arrayContaining(['docs/keys-and-kms.md', 'packages/keys/README.md']),
    )
  }, 60_000)
})
