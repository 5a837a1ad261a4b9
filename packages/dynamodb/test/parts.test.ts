/**
 * The small parts below the client and the format: derived keys, modes, bounded work, conditions, images, branch keys.
 */
import { createCipheriv, hkdfSync } from 'node:crypto'
import { hasCode, settled } from '@glassine/test-support'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { branchKeyIdOfItem } from '../src/branch-key-id.ts'
import { mapLimited } from '../src/client/client-state.ts'
import { modeOf } from '../src/client/options.ts'
import { keyOf } from '../src/client/parts.ts'
import { fieldCipherKey, fieldKeyStream, fieldNonce, itemKeys, recipientKeys } from '../src/format/derive.ts'
import { itemOfImage } from '../src/index.ts'

const bytes = (length: number, value: number) => Buffer.alloc(length, value)
const hkdf = (key: Buffer, info: Buffer | string) => Buffer.from(hkdfSync('sha512', key, '', info, 32))

describe('derived keys', () => {
  test('of an item and of a recipient are those of HKDF', () => {
    const [dataKey, id] = [bytes(32, 1), bytes(32, 2)]
    const { commitKey, rootKey } = itemKeys(dataKey, id)
    expect(commitKey).toEqual(hkdf(dataKey, Buffer.concat([Buffer.from('AWS_DBE_COMMIT_KEY'), id])))
    expect(rootKey).toEqual(hkdf(dataKey, Buffer.concat([Buffer.from('AWS_DBE_DERIVE_KEY'), id])))
    const { macKey, wrappingKey } = recipientKeys(dataKey)
    expect(macKey).toEqual(hkdf(dataKey, 'AWS_MPL_INTERMEDIATE_KEYWRAP_MAC'))
    expect(wrappingKey).toEqual(hkdf(dataKey, 'AWS_MPL_INTERMEDIATE_KEYWRAP_ENC'))
  })

  test.each([1, 2, 31, 32, 33, 100])('of %i fields are a stream of AES-CTR, 48 bytes each', (fields) => {
    const root = bytes(32, 3)
    const counter = Buffer.concat([Buffer.from('AwsDbeField'), Buffer.of(0x2c, 0, 0, 0, 0)])
    const stream = createCipheriv('aes-256-ctr', root, counter).update(Buffer.alloc(48 * fields))
    const own = fieldKeyStream(root, fields)
    expect(own).toEqual(stream)
    for (const at of [0, fields - 1]) {
      expect(fieldCipherKey(own, at)).toEqual(stream.subarray(48 * at, 48 * at + 32))
      expect(fieldNonce(own, at)).toEqual(stream.subarray(48 * at + 32, 48 * at + 44))
    }
  })
})

describe('a mode', () => {
  afterEach(() => void jest.restoreAllMocks())

  test('is encrypted where none is said, and ends', () => {
    expect(modeOf({})()).toBe('encrypted')
    expect(modeOf({ mode: 'encrypted' })()).toBe('encrypted')
    const now = jest.spyOn(Date, 'now')
    for (const mode of ['write-plain-read-both', 'write-encrypted-read-both'] as const)
      for (const until of [new Date(5_000), '1970-01-01T00:00:05Z']) {
        const at = (ms: number) => {
          now.mockReturnValue(ms)
          return modeOf({ mode, until })()
        }
        expect([at(4_999), at(5_000), at(9_000)]).toEqual([mode, 'encrypted', 'encrypted'])
      }
  })

  test.each([
    [{ mode: 'other' }, 'mode', 'must be one of write-plain-read-both, write-encrypted-read-both, encrypted'],
    [{ until: new Date() }, 'until', 'is only for modes that read plaintext'],
    [{ mode: 'write-plain-read-both' }, 'until', 'must be a date: mode write-plain-read-both has to end'],
    [
      { mode: 'write-encrypted-read-both', until: 'soon' },
      'until',
      'must be a date: mode write-encrypted-read-both has to end',
    ],
    [
      { mode: 'write-encrypted-read-both', until: 5 },
      'until',
      'must be a date: mode write-encrypted-read-both has to end',
    ],
    [
      { mode: 'write-encrypted-read-both', until: new Date(Number.NaN) },
      'until',
      'must be a date: mode write-encrypted-read-both has to end',
    ],
  ])('%j is refused', (options, option, expected) => {
    expect(() => modeOf(options as never)).toThrow(
      hasCode('ERR_OPTION_INVALID', {
        message: `@glassine/dynamodb: option \`${option}\` ${expected}`,
        cause: { package: '@glassine/dynamodb', option },
      }),
    )
  })
})

describe('a list', () => {
  test('is worked on 32 at a time, and comes back in its order', async () => {
    let [open, most] = [0, 0]
    const list = Array.from({ length: 100 }, (_, at) => at)
    const results = await mapLimited(list, async (element, at) => {
      most = Math.max(most, ++open)
      await new Promise((resolve) => setTimeout(resolve, element % 3))
      open--
      return [element, at]
    })
    expect(results).toEqual(list.map((at) => [at, at]))
    expect(most).toBe(32)
    expect(await mapLimited([], async () => 1)).toEqual([])
  })

  test('is left where an element fails', async () => {
    const begun: number[] = []
    const failing = mapLimited(
      Array.from({ length: 100 }, (_, at) => at),
      async (at) => {
        begun.push(at)
        await Promise.resolve()
        if (at === 3) throw new Error('three')
      },
    )
    await expect(failing).rejects.toThrow('three')
    await settled()
    expect(begun.length).toBeLessThan(100)
  })
})

test('the key of a part is said, or is in its item', () => {
  const [Key, Item] = [{ id: { S: 'a' } }, { id: { S: 'b' } }]
  expect(keyOf({ Key, Item } as never)).toBe(Key)
  expect(keyOf({ Item } as never)).toBe(Item)
  expect(keyOf({} as never)).toBeUndefined()
})

describe('an image of a stream', () => {
  test('becomes an item, with bytes in place of base64, at every depth', () => {
    const image = {
      s: { S: 'x' },
      n: { N: '1' },
      b: { B: 'AQI=' },
      bs: { BS: ['AQ==', ''] },
      m: { M: { b: { B: 'AQ==' } } },
      l: { L: [{ B: 'AQ==' }, { NULL: true }] },
    }
    expect(itemOfImage(image)).toEqual({
      s: { S: 'x' },
      n: { N: '1' },
      b: { B: new Uint8Array([1, 2]) },
      bs: { BS: [new Uint8Array([1]), new Uint8Array()] },
      m: { M: { b: { B: new Uint8Array([1]) } } },
      l: { L: [{ B: new Uint8Array([1]) }, { NULL: true }] },
    })
    const { B } = itemOfImage({ b: { B: 'AQI=' } }).b as { B: Uint8Array }
    expect([B.byteOffset, B.buffer.byteLength, Buffer.isBuffer(B)]).toEqual([0, 2, false])
  })

  test('with a member that reaches a prototype has it as its own', () => {
    const item = itemOfImage(JSON.parse('{"__proto__":{"S":"x"}}'))
    expect(Object.keys(item)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(item)).toBe(Object.prototype)
  })

  test.each([[null], ['x'], [5], [undefined]])('with %p for a value is refused', (value) => {
    expect(() => itemOfImage({ a: value as never })).toThrow(
      hasCode('ERR_VALUE_INVALID', { message: 'An image holds a value that is not an attribute value' }),
    )
  })
})

describe('the attributes that a branch key is chosen by', () => {
  const chosenBy = (encryptionContext: Record<string, string>) => {
    let seen: object = {}
    branchKeyIdOfItem((attributes) => {
      seen = { ...attributes }
      return 'id'
    })({ encryptionContext })
    return seen
  }
  const typed = (type: string, text: string) =>
    Buffer.concat([Buffer.from(type, 'hex'), Buffer.from(text)]).toString('base64')

  test('are the strings and numbers of an encryption context of version 1', () => {
    expect(
      chosenBy({
        'aws-crypto-attr.id': typed('0001', 'p-1'),
        'aws-crypto-attr.at': typed('0002', '5'),
        'aws-crypto-attr.bytes': typed('ffff', 'x'),
        'aws-crypto-attr.short': 'AA==',
        'aws-crypto-attr.empty': typed('0001', ''),
        'aws-crypto-table-name': typed('0001', 'T'),
      }),
    ).toEqual({ id: 'p-1', at: '5', empty: '' })
  })

  test('are those that the legend of version 2 names, by the bytes of their names', () => {
    expect(
      chosenBy({
        'aws-crypto-legend': 'SLNB',
        'aws-crypto-attr.\u{10000}': 'last',
        'aws-crypto-attr.a': 'p-1',
        'aws-crypto-attr.b': 'true',
        'aws-crypto-attr.\uffff': '5',
      }),
    ).toEqual({ a: 'p-1', '\uffff': '5' })
  })
})
