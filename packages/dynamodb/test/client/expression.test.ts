import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { attributesIn } from '../../src/client/expression.ts'

const names = { '#a': 'ssn', '#dot': 'a.b', '#set': 'set' }
const found = (kind: 'condition' | 'update', expression: string) => {
  const set = attributesIn(kind, expression, names)
  return set && [...set].sort()
}

describe('conditions', () => {
  test.each<[string, string[]]>([
    ['a = :a', ['a']],
    ['#a = :a AND b.c[3].d <> :b', ['b', 'ssn']],
    ['#dot.x = :a', ['a.b']],
    ['NOT (a < :a OR not b >= c) and d BETWEEN e AND :f', ['a', 'b', 'c', 'd', 'e']],
    ['a IN (:a, b, :c)', ['a', 'b']],
    ['attribute_not_exists(id)', ['id']],
    ['attribute_type ( a , :t ) AND size(b[0]) > size(#a)', ['a', 'b', 'ssn']],
    ['begins_with(a,:p)AND contains(b,c)', ['a', 'b', 'c']],
    // Where an operand is due, no word is a keyword.
    ['between = :a', ['between']],
    ['a = between', ['a', 'between']],
    ['  a\n=\t:a  ', ['a']],
    ['_a = :a', ['_a']],
  ])('%s', (expression, expected) => {
    expect(found('condition', expression)).toEqual(expected)
  })

  test.each([
    '',
    'a =',
    'a b',
    'a = :a,',
    'a = :a :b',
    '#unknown = :a',
    '#toString = :a',
    'hash(a) = :a',
    'a.:b = :a',
    'a[b] = :a',
    'a[0 = :a',
    'a. = :a',
    '"ssn" = :a',
    "ssn = 'x'",
    'ssn/* */ = :a',
    'ssnö = :a',
    'a = :a; b',
    'SET a = :a',
  ])('not understood: %s', (expression) => {
    expect(attributesIn('condition', expression, names)).toBeUndefined()
  })
})

describe('updates', () => {
  test.each<[string, string[]]>([
    ['SET a = :a', ['a']],
    [
      'set a.b = :a, c[1] = if_not_exists(#a, :z) + d REMOVE e, #dot ADD f :f DELETE g :g',
      'a a.b c d e f g ssn'.split(' '),
    ],
    ['SET a = list_append(b, :c) - e', ['a', 'b', 'e']],
    ['REMOVE remove', ['remove']],
    ['ADD add :a, #set :b', ['add', 'set']],
    ['SET a = (:b)', ['a']],
  ])('%s', (expression, expected) => {
    expect(found('update', expression)).toEqual(expected)
  })

  test.each([
    '',
    'a = :a',
    'SET',
    'SET a = size(b)',
    'SET a = :a AND b',
    'SET a = :a; REMOVE b',
    'SET #b = :a',
  ])('not understood: %s', (expression) => {
    expect(attributesIn('update', expression, names)).toBeUndefined()
  })
})

test('no attribute of a condition that is put together is overlooked', () => {
  const word = fc.stringMatching(/^[a-z_]\w{0,8}$/).filter((text) => text.toLowerCase() !== 'not')
  const path = fc
    .tuple(
      word,
      fc.array(
        fc.oneof(
          word.map((text) => `.${text}`),
          fc.nat(9).map((at) => `[${at}]`),
        ),
        { maxLength: 3 },
      ),
    )
    .map(([first, rest]) => ({ text: first + rest.join(''), used: [first] }))
  type Piece = { text: string; used: string[] }
  const join = (separator: string) => (pieces: Piece[]) => ({
    text: pieces.map(({ text }) => text).join(separator),
    used: pieces.flatMap(({ used }) => used),
  })
  const value = word.map((text): Piece => ({ text: `:${text}`, used: [] }))
  const operand: fc.Arbitrary<Piece> = fc.oneof(
    path,
    value,
    path.map(({ text, used }) => ({ text: `size(${text})`, used })),
  )
  const space = fc.constantFrom('', ' ', '\n ')
  const comparison = fc
    .tuple(operand, fc.constantFrom('=', '<>', '<', '<=', '>', '>='), operand, space)
    .map(([a, sign, b, gap]) => join(`${gap}${sign}${gap}`)([a, b]))
  const call = fc
    .tuple(fc.constantFrom('begins_with', 'contains', 'attribute_type'), path, operand)
    .map(([name, a, b]) => ({ text: `${name}(${a.text}, ${b.text})`, used: [...a.used, ...b.used] }))
  const range = fc.tuple(operand, operand, operand).map(([a, b, c]) => ({
    text: `${a.text} BETWEEN ${b.text} AND ${c.text}`,
    used: [a, b, c].flatMap((p) => p.used),
  }))
  const list = fc.tuple(operand, fc.array(operand, { minLength: 1, maxLength: 4 })).map(([a, rest]) => ({
    text: `${a.text} in (${join(',')(rest).text})`,
    used: [...a.used, ...join('')(rest).used],
  }))
  const { condition } = fc.letrec<{ condition: Piece }>((tie) => ({
    condition: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      comparison,
      call,
      range,
      list,
      tie('condition').map(({ text, used }) => ({ text: `NOT (${text})`, used })),
      fc
        .tuple(tie('condition'), fc.constantFrom(' AND ', ' or '), tie('condition'))
        .map(([a, word, b]) => join(word)([a, b])),
    ),
  }))
  fc.assert(
    fc.property(condition, ({ text, used }) => {
      expect(attributesIn('condition', text, undefined)).toEqual(new Set(used))
    }),
    { numRuns: 500 },
  )
})

test('any text gets a result', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom('condition' as const, 'update' as const), (text, kind) => {
      const set = attributesIn(kind, text, undefined)
      expect(set === undefined || set instanceof Set).toBe(true)
    }),
  )
  for (const text of [null, 7, {}, ['a = :a']])
    expect(attributesIn('condition', text as unknown as string, undefined)).toBeUndefined()
})
