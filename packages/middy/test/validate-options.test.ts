import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { defineFields } from '@glassine/core'
import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import { messageEnvelope } from '@glassine/message'
import {
  anyInvoker,
  assertEncryptedValidateOptions,
  decryptRequest,
  decryptRequestValidateOptions,
  encryptResponse,
  encryptResponseValidateOptions,
  fieldEncryptionValidateOptions,
  requireTlsValidateOptions,
} from '@glassine/middy'
import { encryptedTablesValidateOptions } from '@glassine/middy/tables'
import { thrown } from '@glassine/test-support'
import { sampleContext, sampleEvent } from '@glassine/testing'
import { expect, test } from '@jest/globals'
import middy from '@middy/core'

const fields = defineFields<{ id: string; ssn: string }>('patient', { ssn: {} })
const keyring = localKeyring()
const keys = keyMaterial({ keyring })
const envelope = messageEnvelope({ keys })
const client = new DynamoDBClient({ region: 'eu-west-1' })

const validators: readonly (readonly [
  name: string,
  validate: (options: any) => void,
  right: object,
  wrong: object,
])[] = [
  ['requireTls', requireTlsValidateOptions, { origins: ['https://app.example.com'] }, { hsts: 'no age' }],
  ['decryptRequest', decryptRequestValidateOptions, { fields, envelope }, { fields }],
  ['encryptResponse', encryptResponseValidateOptions, { fields, envelope }, { partial: 'yes' }],
  ['assertEncrypted', assertEncryptedValidateOptions, { fields }, { fields, envelope: [] }],
  ['fieldEncryption', fieldEncryptionValidateOptions, { fields, keys }, { fields, keys, envelope }],
  [
    'encryptedTables',
    encryptedTablesValidateOptions,
    { client, tables: { Patients: { fields, keys: keyring, partitionKey: 'id' } } },
    { client, tables: { Patients: { fields, keys: keyring } } },
  ],
]

test('a declaration of which the envelope would drop a part is refused at construction', () => {
  const record = defineFields<any>('record', { id: { authenticated: true }, ssn: {} })
  const bare = messageEnvelope({ keys, bindFields: false, use: false, values: 'json' })
  const refusal = { code: 'ERR_OPTION_INVALID', cause: { option: 'bindFields' } }
  const list = [{ envelope }, { envelope: bare, from: anyInvoker }]
  for (const option of [bare, list])
    expect(thrown(() => decryptRequest({ fields: record, envelope: option }))).toMatchObject(refusal)
  expect(thrown(() => encryptResponse({ fields: record, envelope: bare }))).toMatchObject(refusal)
  expect(() => decryptRequest({ fields, envelope: bare })).not.toThrow()
})

test('the model of the response and the envelope of the request are compared before the handler', async () => {
  const record = defineFields<any>('record', { id: { authenticated: true }, ssn: {} })
  const bare = messageEnvelope({ keys, bindFields: false, use: false, values: 'json' })
  let ran = false
  const handler = middy()
    .use(decryptRequest({ fields, envelope: bare, bind: () => ({ tenant: 't-1' }), partial: true }) as any)
    .use(encryptResponse({ fields: record }))
    .handler(async () => {
      ran = true
      return { statusCode: 200, body: { id: 'p-1', ssn: 'x' } } as never
    })
  await expect(
    handler(sampleEvent('http-api', { body: {} }) as never, sampleContext()),
  ).rejects.toMatchObject({
    code: 'ERR_OPTION_INVALID',
    cause: { option: 'bindFields' },
  })
  expect(ran).toBe(false)
})

test.each(validators)(
  '%sValidateOptions accepts what the middleware accepts, and refuses unknown and wrong options',
  (_name, validate, right, wrong) => {
    expect(validate(right)).toBeUndefined()
    expect(thrown(() => validate(wrong)).code).toBe('ERR_OPTION_INVALID')
    expect(thrown(() => validate({ ...right, unknown: true }))).toMatchObject({
      code: 'ERR_OPTION_INVALID',
      cause: { option: 'unknown' },
    })
  },
)
