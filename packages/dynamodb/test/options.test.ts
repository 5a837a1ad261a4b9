import { defineFields } from '@glassine/core'
import { keyMaterial } from '@glassine/keys'
import { thrown } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import {
  type ActionOptions,
  type Item,
  type ItemEncryptorOptions,
  itemEncryptor,
  itemEncryptorOfActions,
} from '../src/index.ts'
import { rawAesTestKeyring, testKeyring } from './support/keyrings.ts'

const keyring = testKeyring()
const fields = defineFields<any>('patient', { ssn: {}, 'address.street': {}, phone: { masked: {} } })
const right: ItemEncryptorOptions = {
  table: 'Patients',
  fields,
  partitionKey: 'id',
  sortKey: 'at',
  keys: keyring,
}
const actions: ActionOptions = {
  table: 'Patients',
  partitionKey: 'id',
  attributeActions: { id: 'SIGN_ONLY', ssn: 'ENCRYPT_AND_SIGN' },
  keys: keyring,
}

test('`keys` is a keyring, key material, or a list of both: each decrypts what the others encrypted', async () => {
  const material = keyMaterial({ keyring })
  const encryptors = [keyring, material, [keyring], [material]].map((keys) =>
    itemEncryptor({ ...right, keys }),
  )
  const item: Item = {
    id: { S: 'p-1' },
    at: { N: '1' },
    ssn: { S: 's' },
    address: { M: {} },
    phone: { S: '1' },
  }
  for (const writer of encryptors) {
    const encrypted = await writer.encryptItem(item)
    for (const reader of encryptors) expect(await reader.decryptItem(encrypted)).toEqual(item)
  }
  const two = itemEncryptor({
    ...right,
    keys: [material, rawAesTestKeyring({ namespace: 'n', name: 'k', key: Buffer.alloc(32, 3) })],
  })
  expect(await encryptors[0]!.decryptItem(await two.encryptItem(item))).toEqual(item)
})

describe('an option that cannot be right throws at construction, with its name', () => {
  test('the options that the cases vary are right', () => {
    expect(itemEncryptor(right)).toEqual({
      encryptItem: expect.any(Function),
      decryptItem: expect.any(Function),
    })
    expect(itemEncryptorOfActions(actions)).toBeDefined()
  })

  test.each<[string, object]>([
    ['table', { table: '' }],
    ['table', { table: undefined }],
    ['table', { table: '\uD800' }],
    ['partitionKey', { partitionKey: '' }],
    ['partitionKey', { partitionKey: 1 }],
    ['partitionKey', { partitionKey: 'aws_dbe_head' }],
    ['sortKey', { sortKey: 'id' }],
    ['sortKey', { sortKey: '' }],
    ['keys', { keys: undefined }],
    ['keys', { keys: null }],
    ['keys', { keys: [] }],
    ['keys', { keys: {} }],
    ['keys', { keys: { keyring: {} } }],
    ['keys', { keys: [keyring, {}] }],
    ['keys', { keys: { ...keyring, generate: undefined } }],
    ['keys', { keys: { ...keyring, wrap: undefined } }],
    ['keys', { keys: { ...keyring, unwrap: undefined } }],
    ['keyring', { keyring }],
    ['fields', { fields: undefined }],
    ['fields', { fields: {} }],
    ['fields', { fields: defineFields<any>('all', { '*': {} }) }],
    ['fields', { fields: defineFields<any>('key', { id: {} }) }],
    ['fields', { fields: defineFields<any>('reserved', { aws_dbe_head: {} }) }],
    ['fields', { unsigned: ['ssn'] }],
    ['fields', { unsignedPrefix: 'addr' }],
    ['signOnly', { signOnly: ['ssn'] }],
    ['signOnly', { signOnly: 'plan' }],
    ['signOnly', { signOnly: ['plan', 'plan'] }],
    ['signAndInclude', { signAndInclude: ['ssn'] }],
    ['signAndInclude', { signAndInclude: ['aws_dbe_x'] }],
    ['signOnly', { signAndInclude: ['plan'], signOnly: ['plan'] }],
    ['unsigned', { unsigned: ['id'] }],
    ['unsigned', { unsigned: [''] }],
    ['unsigned', { unsignedPrefix: 'a' }],
    ['unsignedPrefix', { unsignedPrefix: '' }],
    ['undeclared', { undeclared: 'ignore' }],
    ['undeclared', { undeclared: 'toString' }],
    ['suite', { suite: '0x0478' }],
    ['suite', { suite: 'constructor' }],
    ['maxEncryptedDataKeys', { maxEncryptedDataKeys: 0 }],
    ['maxEncryptedDataKeys', { maxEncryptedDataKeys: 256 }],
    ['timeout', { timeout: 0 }],
    ['timeout', { timeout: 1.5 }],
    ['undeclard', { undeclard: 'error' }],
  ])('%s: %j', (option, wrong) => {
    const error = thrown(() => itemEncryptor({ ...right, ...wrong } as ItemEncryptorOptions))
    expect(error).toMatchObject({
      code: 'ERR_OPTION_INVALID',
      cause: { package: '@glassine/dynamodb', option },
    })
    expect(error.message).toContain(`\`${option}\``)
  })

  test.each<[string, object]>([
    ['attributeActions', { attributeActions: undefined }],
    ['attributeActions', { attributeActions: { id: 'SIGN_ONLY', ssn: 'ENCRYPT' } }],
    ['attributeActions', { attributeActions: { ssn: 'ENCRYPT_AND_SIGN' } }],
    ['attributeActions', { attributeActions: { id: 'ENCRYPT_AND_SIGN' } }],
    ['attributeActions', { attributeActions: { id: 'SIGN_ONLY', aws_dbe_b_x: 'SIGN_ONLY' } }],
    // Unsigned, and not listed; listed, and signed.
    ['attributeActions', { attributeActions: { id: 'SIGN_ONLY', free: 'DO_NOTHING' } }],
    ['attributeActions', { attributeActions: { id: 'SIGN_ONLY', free: 'SIGN_ONLY' }, unsigned: ['free'] }],
    ['attributeActions', { attributeActions: { id: 'SIGN_ONLY', ':a': 'SIGN_ONLY' }, unsignedPrefix: ':' }],
    // Version 2 wants the keys in the encryption context, version 1 does not.
    [
      'attributeActions',
      { attributeActions: { id: 'SIGN_ONLY', plan: 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT' } },
    ],
    ['fields', { fields }],
  ])('of actions, %s: %j', (option, wrong) => {
    const error = thrown(() => itemEncryptorOfActions({ ...actions, ...wrong } as ActionOptions))
    expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', cause: { option } })
  })

  test('options that are not an object are refused', () => {
    for (const wrong of [undefined, null, 'x'] as unknown as ItemEncryptorOptions[])
      expect(thrown(() => itemEncryptor(wrong)).cause.option).toBe('options')
  })
})
