import { describe, expect, test } from '@jest/globals'
import { maxItemSize } from '../src/attributes/size.ts'
import { type AttributeValue, type Item, itemEncryptorOfActions, itemSize } from '../src/index.ts'
import { testKeyring } from './support/keyrings.ts'

// DynamoDB Developer Guide, "DynamoDB item sizes and formats".
describe('the size of an item as DynamoDB counts it', () => {
  test.each<[string, AttributeValue, number]>([
    ['a string in UTF-8', { S: 'Zürich 🏥' }, 12],
    ['bytes', { B: new Uint8Array(7) }, 7],
    ['true', { BOOL: true }, 1],
    ['NULL', { NULL: true }, 1],
    ['27, one byte and one more', { N: '27' }, 2],
    ['-27, one more for the sign', { N: '-27' }, 3],
    ['123456, three pairs', { N: '123456' }, 4],
    ['1e100, zeros are not stored', { N: '1e100' }, 2],
    ['0.0001', { N: '0.0001' }, 2],
    ['10.5', { N: '10.5' }, 3],
    ['38 digits', { N: '12345678901234567890123456789012345678' }, 20],
    ['a set of strings', { SS: ['a', 'bc'] }, 3],
    ['a set of numbers', { NS: ['1', '2'] }, 4],
    ['a set of bytes', { BS: [new Uint8Array(3)] }, 3],
    ['an empty list', { L: [] }, 3],
    ['a list', { L: [{ S: 'ab' }, { NULL: true }] }, 3 + 1 + 2 + 1 + 1],
    ['an empty map', { M: {} }, 3],
    ['a map', { M: { key: { S: 'ab' } } }, 3 + 1 + 3 + 2],
  ])('%s', (_, value, size) => {
    expect(itemSize({ name: value })).toBe(4 + size)
  })

  test('counts names in UTF-8, and nothing for what is undefined', () => {
    expect(itemSize({ 𐀂: { S: '' }, absent: undefined } as unknown as Item)).toBe(4)
  })

  test('is refused for anything but an attribute value', () => {
    for (const wrong of [{ X: 1 }, {}, { S: 'a', N: '1' }, { N: 'abc' }] as unknown as AttributeValue[])
      expect(() => itemSize({ wrong })).toThrow(expect.objectContaining({ code: 'ERR_VALUE_INVALID' }))
  })
})

describe('an item that DynamoDB would not take', () => {
  const calls: string[] = []
  const keyring = testKeyring()
  const counting = {
    ...keyring,
    generate: (request: Parameters<typeof keyring.generate>[0]) => {
      calls.push('generate')
      return keyring.generate(request)
    },
  }
  const encryptorWith = (suite: '0x6700' | '0x6701') =>
    itemEncryptorOfActions({
      table: 'T',
      partitionKey: 'id',
      attributeActions: {
        id: 'SIGN_ONLY',
        body: 'ENCRYPT_AND_SIGN',
        open: 'SIGN_ONLY',
        ':free': 'DO_NOTHING',
      },
      unsigned: [':free'],
      suite,
      keys: counting,
    })
  const itemOf = (length: number, name = 'body'): Item => ({
    id: { S: '1' },
    [name]: { S: 'x'.repeat(length) },
  })

  test.each(['0x6700', '0x6701'] as const)('is refused to the byte, with %s', async (suite) => {
    const encryptor = encryptorWith(suite)
    const overhead = itemSize(await encryptor.encryptItem(itemOf(0)))
    const largest = await encryptor.encryptItem(itemOf(maxItemSize - overhead))
    expect(itemSize(largest)).toBe(maxItemSize)
    await expect(encryptor.encryptItem(itemOf(maxItemSize - overhead + 1))).rejects.toMatchObject({
      code: 'ERR_TOO_LARGE',
      message: 'The encrypted item would be 1 bytes larger than the 409600 that DynamoDB stores',
    })
  })

  test.each(['body', 'open', ':free'])(
    'is refused before a key is fetched when it can be: %s',
    async (name) => {
      calls.length = 0
      await expect(encryptorWith('0x6700').encryptItem(itemOf(maxItemSize, name))).rejects.toMatchObject({
        code: 'ERR_TOO_LARGE',
        message: expect.stringMatching(/would be \d+ bytes larger/),
      })
      expect(calls).toEqual([])
    },
  )

  test('is told from one whose serialised form alone is larger', async () => {
    // Each element takes 6 bytes more where it is signed, and 1 byte more in the table.
    const open = { L: Array.from({ length: 60_000 }, () => ({ S: 'abc' })) }
    const encrypted = await encryptorWith('0x6700').encryptItem({ id: { S: '1' }, open })
    expect(itemSize(encrypted)).toBeLessThan(maxItemSize)
  })
})
