import { maskValue } from '@glassine/core/internal'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'

test.each<[string, unknown, { keepFirst?: number; keepLast?: number } | undefined, string]>([
  ['everything by default', '+49 170 5550123', undefined, '***'],
  ['the last four', '+49 170 5550123', { keepLast: 4 }, '***0123'],
  ['the first two', 'DE89370400440532013000', { keepFirst: 2 }, 'DE***'],
  ['both ends', 'DE89370400440532013000', { keepFirst: 2, keepLast: 4 }, 'DE***3000'],
  ['half of the text', '55550123', { keepLast: 4 }, '***0123'],
  ['a text of which more than half would show', '5550123', { keepLast: 4 }, '***'],
  ['a text no longer than what is kept', '0123', { keepLast: 4 }, '***'],
  ['an empty text', '', { keepLast: 4 }, '***'],
  ['by code points', '🏔🏔🏔🏔', { keepFirst: 1, keepLast: 1 }, '🏔***🏔'],
  ['a number', 123456789, { keepLast: 4 }, '***'],
  ['an object that would print itself', { toString: () => 'secret!!' }, { keepLast: 4 }, '***'],
])('masks %s', (_, text, options, expected) => {
  expect(maskValue(text, options)).toBe(expected)
})

test('never shows more than half, and never reveals the length', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(8), fc.nat(8), (text, keepFirst, keepLast) => {
      const [first, last, ...more] = maskValue(text.replaceAll('*', '+'), { keepFirst, keepLast }).split(
        '***',
      )
      expect(more).toEqual([])
      expect([...first!, ...last!].length * 2).toBeLessThanOrEqual([...text].length)
    }),
    { seed: 20 },
  )
})
