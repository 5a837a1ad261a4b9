import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { configOfActions } from '../src/config/encryptor-options.ts'
import { type AttributeAction, type AttributeValue, type Item, itemEncryptorOfActions } from '../src/index.ts'
import { encryptorOf } from '../src/item-encryptor.ts'
import * as any from './support/arbitraries.ts'
import { canonical } from './support/canonical.ts'
import { testKeyring } from './support/keyrings.ts'
import { replaying } from './support/randomness.ts'
import { type ReferenceInput, referenceEncrypt } from './support/reference.ts'

const keyring = testKeyring()
const signOnly = 'SIGN_ONLY' as const
const encrypt = 'ENCRYPT_AND_SIGN' as const
const include = 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT' as const

const keyValue: fc.Arbitrary<AttributeValue> = fc.oneof(
  any.text.map((S) => ({ S })),
  any.number.map((N) => ({ N })),
  any.bytes.map((B) => ({ B })),
)

interface Case {
  readonly table: string
  readonly item: Item
  readonly attributeActions: Record<string, AttributeAction>
}

/** An item of any attributes, each with any action, in either version of the format. */
const anyCase: fc.Arbitrary<Case> = fc
  .record({
    table: fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }),
    id: keyValue,
    attributes: fc.uniqueArray(
      fc.tuple(any.name, any.value, fc.constantFrom<AttributeAction>(encrypt, encrypt, signOnly, include)),
      { selector: ([name]) => name, maxLength: 8 },
    ),
  })
  .map(({ table, id, attributes }) => {
    const others = attributes.filter(([name]) => name !== 'id')
    const keyAction = others.some(([, , action]) => action === include) ? include : signOnly
    return {
      table,
      item: any.ownMembers([['id', id], ...others.map(([name, value]) => [name, value] as const)]),
      attributeActions: any.ownMembers<AttributeAction>([
        ['id', keyAction],
        ...others.map(([name, , action]) => [name, action] as const),
      ]),
    }
  })

describe('every item', () => {
  test('comes back as it was, type for type', async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, async ({ table, item, attributeActions }) => {
        const options = {
          table,
          partitionKey: 'id',
          attributeActions,
          keys: keyring,
          suite: '0x6700',
        } as const
        const encryptor = itemEncryptorOfActions(options)
        const encrypted = await encryptor.encryptItem(item)
        const opened = await encryptor.decryptItem(encrypted)
        expect(Object.keys(opened)).toEqual(Object.keys(item))
        // Not the strict comparison, which reads `constructor` and trips over attributes of that name.
        expect(canonical(opened)).toEqual(canonical(item))
        // What is only signed stays exactly as it was written.
        for (const name of Object.keys(item))
          if (attributeActions[name] !== encrypt) expect(opened[name]).toBe(encrypted[name])
      }),
      { numRuns: 300 },
    )
  })

  test('has the bytes that the second implementation gives it', async () => {
    const key = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes))
    await fc.assert(
      fc.asyncProperty(anyCase, key, key, key, async (input, messageId, dataKey, intermediateKey) => {
        const { table, item, attributeActions } = input
        const letters = { [encrypt]: 'e', [signOnly]: 's', [include]: 'c', DO_NOTHING: '' }
        const reference: ReferenceInput = {
          table,
          partitionKey: 'id',
          item,
          actions: any.ownMembers(
            Object.entries(attributeActions).map(([name, action]) => [name, letters[action]] as const),
          ),
          messageId,
          dataKey,
          recipients: [
            {
              intermediateKey,
              providerId: 'p',
              providerInfo: Buffer.from('info'),
              wrapped: Buffer.from('wrapped'),
            },
          ],
        }
        const config = configOfActions({
          table,
          partitionKey: 'id',
          attributeActions,
          suite: '0x6700',
          keys: replaying(reference),
        })
        const encryptor = encryptorOf(config, {
          fill: (out) => void Buffer.concat([messageId, dataKey]).copy(out),
          newSigner: () => {
            throw new Error('0x6700 has no signature')
          },
        })
        const ours = await encryptor.encryptItem(item)
        for (const [name, expected] of Object.entries(referenceEncrypt(reference)))
          expect(Buffer.from((ours[name] as { B: Uint8Array }).B).toString('hex')).toBe(
            expected.toString('hex'),
          )
      }),
      { numRuns: 200 },
    )
  })

  test('of one table does not open in another', async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, async ({ table, item, attributeActions }) => {
        const options = { partitionKey: 'id', attributeActions, keys: keyring, suite: '0x6700' } as const
        const encrypted = await itemEncryptorOfActions({ ...options, table }).encryptItem(item)
        const other = itemEncryptorOfActions({ ...options, table: `${table}2` })
        await expect(other.decryptItem(encrypted)).rejects.toMatchObject({ code: 'ERR_DECRYPT_FAILED' })
      }),
      { numRuns: 50 },
    )
  })
})
