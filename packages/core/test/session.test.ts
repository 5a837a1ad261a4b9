import { contextBytes } from '@glassine/core/session'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('contextBytes', () => {
  test('is route, model and sorted pairs, each behind its length', () => {
    const text = (value: string) =>
      Buffer.from(value.length.toString(16).padStart(8, '0'), 'hex').toString('latin1') + value
    const expected = ['POST /patients', 'patient', 'a', '2', 'b', '1'].map(text).join('')
    expect(
      Buffer.from(contextBytes('POST /patients', 'patient', { b: '1', a: '2' })).toString('latin1'),
    ).toBe(expected)
  })

  test('counts bytes and not characters', () => {
    expect(hex(contextBytes('', 'é', {}))).toBe('0000000000000002c3a9')
  })

  test('differs wherever route, model or binding differ', () => {
    const text = fc.string({ maxLength: 4 })
    const input = fc.tuple(text, text, fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true }))
    const canonical = ([route, model, binding]: [string, string, Record<string, string>]) =>
      JSON.stringify([route, model, Object.entries(binding).sort(([a], [b]) => (a < b ? -1 : 1))])
    fc.assert(
      fc.property(input, input, (one, other) => {
        const same = canonical(one) === canonical(other)
        expect(hex(contextBytes(...one)) === hex(contextBytes(...other))).toBe(same)
      }),
    )
  })
})
