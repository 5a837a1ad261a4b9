// Every value of an item that is drawn at random, or that must not repeat: a constant in its place passes every other
// test, since what is encrypted with it opens just as well.
import { describe, expect, test } from '@jest/globals'
import { type Item, itemEncryptorOfActions } from '../src/index.ts'
import { testKeyring } from './support/keyrings.ts'

const rounds = 40
const actions = {
  id: 'SIGN_ONLY',
  a: 'ENCRYPT_AND_SIGN',
  b: 'ENCRYPT_AND_SIGN',
  c: 'ENCRYPT_AND_SIGN',
} as const
const same = { S: 'the same text in every attribute' }
const plain: Item = { id: { S: 'p-1' }, a: same, b: same, c: same }
const encryptorOf = (suite: '0x6700' | '0x6701') =>
  itemEncryptorOfActions({
    table: 'T',
    partitionKey: 'id',
    attributeActions: actions,
    suite,
    keys: testKeyring(),
  })

const bytes = (item: Item, name: string): Buffer => Buffer.from((item[name] as { B: Uint8Array }).B)

/** Fails unless the values are all different, and every byte of them varies. */
const expectRandom = (values: readonly Buffer[]): void => {
  expect(values).toHaveLength(rounds)
  expect(new Set(values.map((value) => value.toString('hex'))).size).toBe(rounds)
  const constant = [...values[0]!.keys()].filter((at) =>
    values.every((value) => value[at] === values[0]![at]),
  )
  expect(constant).toEqual([])
}

describe('items that are equal in the clear', () => {
  const encrypted = async (suite: '0x6700' | '0x6701') => {
    const encryptor = encryptorOf(suite)
    return Promise.all(Array.from({ length: rounds }, () => encryptor.encryptItem(plain)))
  }

  test('have a message id of their own each', async () => {
    expectRandom((await encrypted('0x6700')).map((item) => bytes(item, 'aws_dbe_head').subarray(2, 34)))
  })

  test('have a data key of their own each: no attribute has the same ciphertext in two items', async () => {
    const items = await encrypted('0x6700')
    for (const name of ['a', 'b', 'c']) expectRandom(items.map((item) => bytes(item, name).subarray(2)))
  })

  test('have a key of their own for each attribute: equal values have unequal ciphertexts', async () => {
    for (const item of await encrypted('0x6700')) {
      const [a, b, c] = ['a', 'b', 'c'].map((name) => bytes(item, name).subarray(2, -16))
      // Under one key stream the difference of two ciphertexts would be that of the plaintexts: nothing.
      expect(a).not.toEqual(b)
      expect(b).not.toEqual(c)
      expect(a).not.toEqual(c)
    }
  })

  test('have a signing key of their own each', async () => {
    const items = await encrypted('0x6701')
    const legend = 4
    const keys = items.map((item) => {
      const head = bytes(item, 'aws_dbe_head')
      const at = 36 + legend + 2 + 2 + 'aws-crypto-public-key'.length + 2
      return Buffer.from(head.toString('latin1', at, at + 68), 'base64')
    })
    expect(keys.map(({ length }) => length)).toEqual(Array(rounds).fill(49))
    // The first byte says which of two points has this coordinate.
    expectRandom(keys.map((key) => key.subarray(1)))
    expectRandom(items.map((item) => bytes(item, 'aws_dbe_foot').subarray(-40)))
  })
})
