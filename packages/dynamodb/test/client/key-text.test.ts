import { describe, expect, test } from '@jest/globals'
import type { Item } from '../../src/attributes/attribute-value.ts'
import { keyText } from '../../src/client/table.ts'

const simple = { partitionKey: 'id', sortKey: undefined }
const composite = { partitionKey: 'id', sortKey: 'at' }

describe('the text of a key', () => {
  test.each<[string, Item, Item]>([
    ['strings', { id: { S: 'a' } }, { id: { S: 'b' } }],
    ['numbers', { id: { N: '1' } }, { id: { N: '2' } }],
    ['bytes', { id: { B: Buffer.of(1) } }, { id: { B: Buffer.of(2) } }],
    ['a string and a number', { id: { S: '1' } }, { id: { N: '1' } }],
    ['a string and bytes', { id: { S: 'AQ==' } }, { id: { B: Buffer.of(1) } }],
  ])('tells %s apart', (_, one, other) => {
    for (const item of [one, other]) expect(keyText(simple, item)).toEqual(expect.any(String))
    expect(keyText(simple, one)).not.toBe(keyText(simple, other))
  })

  test('is the same for numbers that are written differently, and whatever else the item holds', () => {
    const text = keyText(simple, { id: { N: '10' } })
    for (const N of ['10.0', '1e1', '+10', '010']) expect(keyText(simple, { id: { N } })).toBe(text)
    expect(keyText(simple, { id: { N: '10' }, at: { S: 'x' } })).toBe(text)
  })

  test('has both parts of a composite key', () => {
    const of = (id: string, at: string) => keyText(composite, { id: { S: id }, at: { N: at } })
    const texts = [of('a', '1'), of('a', '2'), of('b', '1'), keyText(simple, { id: { S: 'a' } })]
    expect(new Set(texts).size).toBe(4)
    expect(keyText(composite, { at: { N: '1.0' }, id: { S: 'a' } })).toBe(texts[0])
    expect(keyText(composite, { id: { S: 'a","b' }, at: { S: 'c' } })).not.toBe(
      keyText(composite, { id: { S: 'a' }, at: { S: 'b","c' } }),
    )
  })

  test.each<[string, object]>([
    ['a part is missing', { id: { S: 'a' } }],
    ['the other part is missing', { at: { S: 'a' } }],
    ['a part is of another type', { id: { S: 'a' }, at: { BOOL: true } }],
    ['a part is bytes in another form', { id: { S: 'a' }, at: { B: 'AQ==' } }],
    ['a part is null', { id: { S: 'a' }, at: null }],
    ['a part is inherited', Object.create({ id: { S: 'a' }, at: { S: 'b' } })],
  ])('is not there where %s', (_, item) => {
    expect(keyText(composite, item as Item)).toBeUndefined()
  })
})
