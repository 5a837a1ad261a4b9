/** On versions of Node that are slow with Buffers as keys: one KeyObject for each key of an item, and no Buffer. */
import { recordCrypto } from '@glassine/test-support'
import { expect, test } from '@jest/globals'

const recorder = recordCrypto()
Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '24.21.0' } })
// Dynamically, and after the lines above.
const { itemEncryptorOfActions } = await import('../src/index.ts')
const { localKeyring } = await import('@glassine/keys/raw-aes')

test('an item takes one KeyObject for each of its keys, to write and to read', async () => {
  const encryptor = itemEncryptorOfActions({
    table: 'Patients',
    partitionKey: 'id',
    attributeActions: { id: 'SIGN_ONLY', ssn: 'ENCRYPT_AND_SIGN', email: 'ENCRYPT_AND_SIGN' },
    keys: localKeyring(),
  })
  const item = { id: { S: 'p-1' }, ssn: { S: '123' }, email: { S: 'a@b' } }
  const expectOneForEach = () => {
    // The recorder notes keys that are Buffers: none may go anywhere else.
    const keys = recorder.seen.filter(({ role }) => role === 'key')
    expect(new Set(keys.map(({ call }) => call))).toEqual(new Set(['createSecretKey']))
    // What data key and intermediate key are extracted to, commitment, root, tag, wrapping key, and two fields.
    expect(new Set(keys.map(({ held }) => held.toString('hex'))).size).toBe(8)
    expect(keys).toHaveLength(8)
    expect(recorder.seen.filter(({ call }) => call === 'createHmac').length).toBeGreaterThan(5)
  }

  // The keyring has made its own wrapping key by the first item.
  await encryptor.encryptItem(item)
  recorder.reset()
  const encrypted = await encryptor.encryptItem(item)
  expectOneForEach()
  recorder.reset()
  expect(await encryptor.decryptItem(encrypted)).toEqual(item)
  expectOneForEach()
})
