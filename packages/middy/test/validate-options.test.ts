import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { defineFields } from '@glassine/core'
import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import { messageEnvelope } from '@glassine/message'
import {
  assertEncryptedValidateOptions,
  decryptRequestValidateOptions,
  encryptResponseValidateOptions,
  fieldEncryptionValidateOptions,
  requireTlsValidateOptions,
} from '@glassine/middy'
import { encryptedTablesValidateOptions } from '@glassine/middy/tables'
import { thrown } from '@glassine/test-support'
import { expect, test } from '@jest/globals'

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
