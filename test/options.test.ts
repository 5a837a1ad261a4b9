// Every public function that takes options refuses invalid ones, in the same words, and never names the value.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { createClient } from '@glassine/client'
import { defineFields, GlassineError } from '@glassine/core'
import { itemEncryptor, itemEncryptorOfActions, withEncryption } from '@glassine/dynamodb'
import { keyMaterial, kmsKeyring, multiKeyring } from '@glassine/keys'
import { hierarchicalKeyring, keyStore } from '@glassine/keys/key-store'
import { localKeyring, rawAesKeyring } from '@glassine/keys/raw-aes'
import { messageEnvelope } from '@glassine/message'
import {
  assertEncrypted,
  decryptRequest,
  encryptResponse,
  fieldEncryption,
  requireTls,
} from '@glassine/middy'
import { jwksHandler } from '@glassine/middy/jwks'
import { encryptedTables } from '@glassine/middy/tables'
import { localRecipient, publishedKeys, sessionEnvelope } from '@glassine/session'
import { sampleContext, sampleEvent } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'

const fields = defineFields<{ id: string; ssn: string }>('patient', { ssn: {} })
const keyring = localKeyring()
const keys = keyMaterial({ keyring })
const envelope = messageEnvelope({ keys })
const recipients = localRecipient()
const client = new DynamoDBClient({ region: 'eu-west-1' })
const kms = { keyArn: 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab' }
const store = keyStore({ tableName: 'Keys', logicalKeyStoreName: 'Keys', kms })
const tables = { Patients: { fields, keys: keyring, partitionKey: 'id' } }

/** Each function with valid options. */
const functions: readonly (readonly [name: string, make: (options: any) => unknown, right: object])[] = [
  ['createClient', createClient, { baseUrl: 'https://api.example.com', fields }],
  ['keyMaterial', keyMaterial, { keyring }],
  ['kmsKeyring', kmsKeyring, { keyId: kms.keyArn }],
  ['multiKeyring', multiKeyring, { generator: keyring }],
  ['rawAesKeyring', rawAesKeyring, { namespace: 'n', name: 'k', key: new Uint8Array(32) }],
  ['localKeyring', localKeyring, {}],
  ['keyStore', keyStore, { tableName: 'Keys', logicalKeyStoreName: 'Keys', kms }],
  ['hierarchicalKeyring', hierarchicalKeyring, { keyStore: store, branchKeyId: 'b-1' }],
  ['messageEnvelope', messageEnvelope, { keys }],
  ['sessionEnvelope', sessionEnvelope, { recipients, audience: 'https://api.example.com' }],
  ['localRecipient', localRecipient, {}],
  ['publishedKeys', publishedKeys, { recipients }],
  ['jwksHandler', jwksHandler, { keySet: publishedKeys({ recipients }) }],
  ['itemEncryptor', itemEncryptor, { table: 'T', fields, keys: keyring, partitionKey: 'id' }],
  [
    'itemEncryptorOfActions',
    itemEncryptorOfActions,
    { table: 'T', keys: keyring, partitionKey: 'id', attributeActions: { id: 'SIGN_ONLY' } },
  ],
  ['withEncryption', (options) => withEncryption(client as never, options), { tables }],
  ['requireTls', requireTls, {}],
  ['decryptRequest', decryptRequest, { fields, envelope }],
  ['encryptResponse', encryptResponse, { fields, envelope }],
  ['assertEncrypted', assertEncrypted, { fields }],
  ['fieldEncryption', fieldEncryption, { fields, keys }],
  ['encryptedTables', encryptedTables, { client, tables }],
  ['sampleEvent', (options) => sampleEvent('http-api', options), {}],
  ['sampleContext', sampleContext, {}],
]

/** The option that a call refuses; fails the test if it is accepted, or refused with another error. */
const refusal = (call: () => unknown): GlassineError => {
  try {
    call()
  } catch (error) {
    if (error instanceof GlassineError && error.code === 'ERR_OPTION_INVALID') return error
    throw error
  }
  throw new Error('It was accepted')
}

class Options {
  constructor(members: object) {
    Object.assign(this, members)
  }
}

describe.each(functions)('%s', (_name, make, right) => {
  test('accepts valid options', () => {
    make(right)
  })

  test('refuses an unknown option by its name', () => {
    const error = refusal(() => make({ ...right, misspelt: 'canary-4711' }))
    expect(error.cause.option).toBe('misspelt')
    expect(error.message).toContain('is not known; known are ')
    expect(error.message).not.toContain('canary')
  })

  test('refuses anything but a plain object', () => {
    for (const wrong of [null, 7, 'text', [right], new Options(right), new Map(Object.entries(right))])
      refusal(() => make(wrong))
  })

  test('refuses each option of a wrong type, and never shows the value', () => {
    for (const option of Object.keys(right)) {
      const wrong = { ...right, [option]: Symbol('canary-4711') }
      const error = refusal(() => make(wrong))
      expect(error.cause.option?.split('.')[0]).toBe(option)
      expect(error.message).not.toContain('canary')
    }
  })
})
