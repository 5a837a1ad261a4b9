/**
 * Bytes that every future version must write and open. They were written by the second implementation in
 * `../support/reference.ts`, which in turn writes AWS's own bytes when it is given the random values of AWS's items
 * (`../vectors/known-answers.test.ts`). No release may change or remove a file here; new ones are added.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { configOfActions } from '../../src/config/encryptor-options.ts'
import type { AttributeAction, Item } from '../../src/index.ts'
import { encryptorOf } from '../../src/item-encryptor.ts'
import { canonical } from '../support/canonical.ts'
import { rawAesTestKeyring, staticHierarchicalKeyring } from '../support/keyrings.ts'
import { replaying } from '../support/randomness.ts'
import { type ReferenceInput, referenceEncrypt } from '../support/reference.ts'
import { itemOf } from '../support/vectors.ts'

const bytes = (base64: string): Buffer => Buffer.from(base64, 'base64')
const letters = { ENCRYPT_AND_SIGN: 'e', SIGN_ONLY: 's', SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT: 'c' }
const golden = JSON.parse(readFileSync(new URL('items-0.1.0.json', import.meta.url), 'utf8'))

describe('golden items of version 0.1.0, suite 0x6700', () => {
  test('there are six golden items', () => expect(golden.tests).toHaveLength(6))

  test.each(golden.tests as any[])('$name', async (vector) => {
    const { table, partitionKey, sortKey, unsignedPrefix } = vector
    const attributeActions: Record<string, AttributeAction> = vector.attributeActions
    const item = itemOf(vector.item)
    const encrypted = itemOf(vector.encrypted)
    const signed = Object.entries(attributeActions).filter(([, action]) => action !== 'DO_NOTHING')
    const input: ReferenceInput = {
      table,
      partitionKey,
      sortKey,
      item,
      actions: Object.fromEntries(signed.map(([name, action]) => [name, letters[action as 'SIGN_ONLY']])),
      messageId: bytes(vector.messageId),
      dataKey: bytes(vector.dataKey),
      recipients: vector.recipients.map((recipient: Record<string, string>) => ({
        intermediateKey: bytes(recipient.intermediateKey!),
        providerId: recipient.providerId,
        providerInfo: bytes(recipient.providerInfo!),
        wrapped: bytes(recipient.wrapped!),
      })),
    }
    const options = {
      table,
      partitionKey,
      sortKey,
      unsignedPrefix,
      attributeActions,
      suite: '0x6700',
    } as const

    // Written by us and by the second implementation alike.
    const ours = encryptorOf(configOfActions({ ...options, keys: replaying(input) }), {
      fill: (out) => void Buffer.concat([input.messageId, input.dataKey]).copy(out),
      newSigner: () => {
        throw new Error('0x6700 has no signature')
      },
    })
    expect(await ours.encryptItem(item)).toEqual(encrypted)
    const replaced = Object.entries(referenceEncrypt(input)).map(([name, B]) => [
      name,
      { B: new Uint8Array(B) },
    ])
    expect({ ...item, ...Object.fromEntries(replaced) }).toEqual(encrypted)

    // And opened under each recipient's keyring.
    const { branch, aes } = golden.keyrings
    const keyrings = {
      branch: staticHierarchicalKeyring({ ...branch, key: bytes(branch.key) }),
      aes: rawAesTestKeyring({ ...aes, key: bytes(aes.key) }),
    }
    for (const { keyring } of vector.recipients as { keyring: keyof typeof keyrings }[]) {
      const reader = encryptorOf(configOfActions({ ...options, keys: keyrings[keyring] }))
      const opened: Item = await reader.decryptItem(encrypted)
      expect(canonical(opened)).toEqual(canonical(item))
    }
  })
})
