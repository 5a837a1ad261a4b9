import { serialiseContext } from '@glassine/keys/internal'
import { hasCode } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'

/** Reads the serialised form back: count, then pairs of length-prefixed names and values. */
const parsed = (bytes: Buffer): [string, string][] => {
  let at = 2
  const text = () => {
    const length = bytes.readUInt16BE(at)
    at += 2 + length
    return bytes.toString('utf8', at - length, at)
  }
  const pairs = Array.from({ length: bytes.readUInt16BE(0) }, (): [string, string] => [text(), text()])
  expect(at).toBe(bytes.length)
  return pairs
}

describe('serialiseContext', () => {
  test('has the format of AWS Encryption SDK messages, byte for byte', () => {
    const { bytes, pairs, id } = serialiseContext({ b: 'é', a: '1' })
    expect(bytes.toString('hex')).toBe(
      ['0002', '0001', '61', '0001', '31', '0001', '62', '0002', 'c3a9'].join(''),
    )
    expect(pairs).toEqual({ b: 'é', a: '1' })
    expect(Buffer.from(id, 'latin1').equals(bytes)).toBe(true)
  })

  test('is empty for an empty context', () => {
    expect(serialiseContext({}).bytes).toHaveLength(0)
  })

  test('sorts by UTF-8 bytes, not by UTF-16 units: U+FF5E comes before U+1F600', () => {
    expect(parsed(serialiseContext({ '\u{1F600}': 'x', '\uFF5E': 'y' }).bytes)[0]![0]).toBe('\uFF5E')
  })

  test('keeps the pairs of any context, sorted; different contexts have different ids', () => {
    const context = fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), {
      maxKeys: 5,
    })
    fc.assert(
      fc.property(context, context, (one, two) => {
        const { bytes, id } = serialiseContext(one)
        if (bytes.length > 0) expect(Object.fromEntries(parsed(bytes))).toEqual({ ...one })
        const names = bytes.length > 0 ? parsed(bytes).map(([name]) => Buffer.from(name)) : []
        expect(names).toEqual([...names].sort(Buffer.compare))
        const same = JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(two).sort())
        expect(id === serialiseContext(two).id).toBe(same)
      }),
    )
  })

  test('refuses a context that exceeds a message header', () => {
    expect(serialiseContext({ a: 'x'.repeat(65_528) }).bytes).toHaveLength(65_535)
    expect(() => serialiseContext({ a: 'x'.repeat(65_529) })).toThrow(hasCode('ERR_BINDING_INVALID'))
  })
})
