/** Items with one bit changed somewhere: 10,000, or a million in `npm run long`. */
import { longOr, seed } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { type AttributeAction, type AttributeValue, type Item, itemEncryptorOfActions } from '../src/index.ts'
import { testKeyring } from './support/keyrings.ts'

const flips = longOr(1_000_000, 10_000)
const keyring = testKeyring()

/** Small, fast and repeatable; not for keys. */
const generator = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below) | 0
  }
}

/** All places of an item where a bit can be changed: the name of an attribute, or what it holds. */
interface Spot {
  readonly bits: number
  readonly flip: (bit: number) => Item
}

const flippedText = (text: string, bit: number): string => {
  const at = bit >> 3
  // The low bits of ASCII: the result is another character of one byte.
  return text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << (bit & 7))) + text.slice(at + 1)
}

const flippedBytes = (bytes: Uint8Array, bit: number): Uint8Array => {
  const copy = new Uint8Array(bytes)
  copy[bit >> 3]! ^= 1 << (bit & 7)
  return copy
}

const spotsOf = (item: Item): readonly Spot[] =>
  Object.entries(item).flatMap(([name, value]) => {
    const renamed = (bit: number): Item =>
      Object.fromEntries(
        Object.entries(item).map(([key, held]) => [key === name ? flippedText(name, bit) : key, held]),
      )
    const changed = (flip: (bit: number) => AttributeValue) => (bit: number) => ({
      ...item,
      [name]: flip(bit),
    })
    const held: Spot[] = []
    if ('B' in value)
      held.push({ bits: value.B.length * 8, flip: changed((bit) => ({ B: flippedBytes(value.B, bit) })) })
    if ('S' in value)
      held.push({ bits: value.S.length * 8, flip: changed((bit) => ({ S: flippedText(value.S, bit) })) })
    if ('N' in value)
      held.push({ bits: value.N.length * 8, flip: changed((bit) => ({ N: flippedText(value.N, bit) })) })
    if ('BOOL' in value) held.push({ bits: 1, flip: changed(() => ({ BOOL: !value.BOOL })) })
    if ('M' in value)
      held.push({
        bits: 8,
        flip: changed((bit) => ({ M: { ...value.M, deep: { S: flippedText('x', bit) } } })),
      })
    return [{ bits: name.length * 8, flip: renamed }, ...held]
  })

const item: Item = {
  id: { S: 'patient-0001' },
  at: { N: '20261124' },
  ssn: { S: '123-45-6789' },
  scan: { B: new Uint8Array([0, 1, 2, 253, 254, 255]) },
  tags: { SS: ['a', 'b'] },
  plan: { S: 'basic' },
  photo: { B: new Uint8Array(20) },
  age: { N: '42' },
  active: { BOOL: true },
  extra: { M: { deep: { S: 'x' } } },
}

const actions = (keys: AttributeAction): Record<string, AttributeAction> => ({
  id: keys,
  at: keys,
  ssn: 'ENCRYPT_AND_SIGN',
  scan: 'ENCRYPT_AND_SIGN',
  tags: 'ENCRYPT_AND_SIGN',
  plan: keys,
  photo: 'SIGN_ONLY',
  age: 'SIGN_ONLY',
  active: 'SIGN_ONLY',
  extra: 'SIGN_ONLY',
})

describe('one changed bit', () => {
  test.each([
    ['version 1 without a signature', '0x6700', 'SIGN_ONLY', 5],
    ['version 2 without a signature', '0x6700', 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT', 4],
    ['version 1 with a signature', '0x6701', 'SIGN_ONLY', 1],
  ] as const)(
    'is refused by the one error: %s',
    async (_, suite, keys, tenths) => {
      const table = { table: 'Patients', partitionKey: 'id', sortKey: 'at', suite, keys: keyring }
      const encryptor = itemEncryptorOfActions({ ...table, attributeActions: actions(keys) })
      const encrypted = await encryptor.encryptItem(item)
      expect(Object.keys(await encryptor.decryptItem(encrypted))).toEqual(Object.keys(item))

      const spots = spotsOf(encrypted)
      const total = spots.reduce((sum, { bits }) => sum + bits, 0)
      const start = seed(0x6700) + tenths
      const below = generator(start)
      const accepted: string[] = []
      const codes = new Set<string>()
      for (let left = (flips * tenths) / 10; left > 0; left--) {
        let bit = below(total)
        const spot = spots.find(({ bits }) => {
          if (bit < bits) return true
          bit -= bits
          return false
        })!
        try {
          await encryptor.decryptItem(spot.flip(bit))
          accepted.push(`spot ${spots.indexOf(spot)} bit ${bit} (seed ${start})`)
        } catch (error) {
          const { code, message, statusCode } = error as { code: string; message: string; statusCode: number }
          codes.add(`${code} ${statusCode} ${message}`)
        }
      }
      expect(accepted).toEqual([])
      expect([...codes]).toEqual(['ERR_DECRYPT_FAILED 500 The item could not be decrypted'])
    },
    600_000,
  )
})
