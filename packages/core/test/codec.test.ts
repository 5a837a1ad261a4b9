import { runInNewContext } from 'node:vm'
import { decodeValue, encodeValue } from '@glassine/core'
import { maxDepth } from '@glassine/core/internal'
import { thrown } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'

const encode = (value: unknown) => encodeValue(value, '/visits/*/note', '@glassine/message')

// Jest's toEqual takes 0 for -0 in places, and a lone surrogate prints like another: this compares as Object.is does.
const same = (a: unknown, b: unknown): boolean => {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return Object.is(a, b)
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  return (
    keys.join('\0') === Object.keys(b).join('\0') &&
    keys.every((key) => same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  )
}

/** Strings that other codecs mangle: any code unit, so lone surrogates and U+FEFF, and names of prototypes. */
const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.nat(0xffff), { maxLength: 8 }).map((units) => String.fromCharCode(...units)),
  fc.constantFrom(
    '\ufeffbom',
    '\ud800',
    '\udfff\ud800',
    '',
    'toJSON',
    'constructor',
    'prototype',
    '\u2028',
    '\\u005f',
  ),
)
const values = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(
      null,
      true,
      false,
      0,
      -0,
      Number.MAX_SAFE_INTEGER,
      Number.MIN_VALUE,
      Number.MAX_VALUE,
      1e21,
    ),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    texts,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(
      texts.filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 5 },
    ),
  ),
})).value

describe('values that come back:', () => {
  test('every JSON value, exactly', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(same(decodeValue(encode(value)), value)).toBe(true)
      }),
      { seed: 20, numRuns: 1_000 },
    )
  })

  test("fast-check's own JSON values, from text that any JSON parser reads", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        fc.pre(!JSON.stringify(value).includes('__proto__'))
        const text = encode(value)
        expect(same(decodeValue(text), value)).toBe(true)
        expect(same(JSON.parse(text), value)).toBe(true)
      }),
      { seed: 20, numRuns: 500 },
    )
  })

  test('the text survives UTF-8, because it is encrypted as bytes', () => {
    const text = encode(['\ud800', '\ufeff', '🏔', '\u0000'])
    expect(text.isWellFormed()).toBe(true)
    expect(Buffer.from(text, 'utf8').toString('utf8')).toBe(text)
  })

  test('objects of another realm, without a prototype, and shared without a cycle', () => {
    expect(encode(runInNewContext('({ a: [1, { b: null }] })'))).toBe('{"a":[1,{"b":null}]}')
    expect(encode(Object.assign(Object.create(null), { a: 1 }))).toBe('{"a":1}')
    const shared = { a: 1 }
    expect(encode([shared, shared])).toBe('[{"a":1},{"a":1}]')
  })

  test('all but undefined members, which JSON.stringify drops too', () => {
    const value = { first: undefined, a: 1, note: undefined, deep: { b: undefined } }
    expect(encode(value)).toBe(JSON.stringify(value))
  })

  test(`a value of ${maxDepth} levels, and one around it for formats that hold several`, () => {
    const text = encode(nested(maxDepth))
    expect(same(decodeValue(text), nested(maxDepth))).toBe(true)
    expect(same(decodeValue(`{"/a":${text}}`, maxDepth + 1), { '/a': nested(maxDepth) })).toBe(true)
    expect(() => decodeValue(`{"/a":${text}}`)).toThrow(SyntaxError)
  })
})

describe('numbers written by other languages are read if they are exact', () => {
  test.each([
    ['1e3', 1000],
    ['1.0', 1],
    ['-0', -0],
    ['-0.0', -0],
    ['0.10000000000000001', 0.1],
    ['1.7976931348623157e308', Number.MAX_VALUE],
    ['5e-324', Number.MIN_VALUE],
    ['9007199254740992', 2 ** 53],
    ['100000000000000000000000', 1e23],
    ['36.60', 36.6],
  ])('%s is read', (text, value) => {
    expect(Object.is(decodeValue(text), value)).toBe(true)
    expect(same(decodeValue(`{"a":["x",${text}]}`), { a: ['x', value] })).toBe(true)
  })

  test('digits in a string are not a number', () => {
    for (const text of ['"12345678901234567890"', '{"a \\" 1":"\\\\12345678901234567890","b":"1e999"}'])
      expect(decodeValue(text)).toEqual(JSON.parse(text))
  })
})

const nested = (levels: number): unknown => {
  let value: unknown[] = []
  for (let level = 1; level < levels; level++) value = [value]
  return value
}

class Point {
  x = 1
}
class Rootless extends (null as unknown as ObjectConstructor) {
  declare x: number
}
class Tags extends Array<string> {}
const cycle: Record<string, unknown> = {}
cycle.a = [{ cycle }]

const canary = 'canary-7c1f'

describe('values that are refused, with the path and never the value:', () => {
  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['a BigInt', 10n],
    ['a Date', new Date(0)],
    ['an invalid Date', new Date(Number.NaN)],
    ['a Map', new Map([[canary, canary]])],
    ['a Set', new Set([canary])],
    ['a RegExp', /canary-7c1f/],
    ['a Uint8Array', new Uint8Array(2)],
    ['a Buffer', Buffer.from(canary)],
    ['an ArrayBuffer', new ArrayBuffer(2)],
    ['a function', () => canary],
    ['a symbol', Symbol(canary)],
    ['a class instance', new Point()],
    ['an instance of a class that extends null', Object.create(Rootless.prototype)],
    ['an object that inherits', Object.create({ canary })],
    ['a boxed string', new String(canary)],
    ['an Error', new Error(canary)],
    ['a promise', Promise.resolve(canary)],
    ['a cycle', cycle],
    // biome-ignore lint/suspicious/noSparseArray: the hole is the point
    ['a hole in an array', [canary, , canary]],
    ['undefined in an array', [canary, undefined]],
    ['an array with names', /(c)anary/.exec(canary)],
    ['an array with its own class', Tags.of(canary)],
    ['a symbol key', { [Symbol(canary)]: 1 }],
    ['a member named __proto__', JSON.parse('{ "__proto__": "canary-7c1f" }')],
    ['a toJSON of its own', { canary, toJSON: () => canary }],
    [`more than ${maxDepth} levels`, nested(maxDepth + 1)],
  ])('%s', (_, value) => {
    // Not as a member itself, where undefined is left out: the rule of the test above.
    for (const wrapped of [value, { a: { b: [value] } }, [[value]]]) {
      const error = thrown(() => encode(wrapped))
      expect(error.code).toBe('ERR_VALUE_INVALID')
      expect(error.cause).toEqual({ package: '@glassine/message', path: '/visits/*/note' })
      expect(error.message).toMatch(/^\/visits\/\*\/note: .+ cannot be encrypted$/)
      expect(`${error.stack}${JSON.stringify(error)}`).not.toContain(canary)
    }
  })

  test('no toJSON is called, neither of the value nor of its class nor of a patched prototype', () => {
    const patched = Object.prototype as { toJSON?: () => string }
    patched.toJSON = () => {
      throw new Error('toJSON was called')
    }
    try {
      expect(encode({ a: ['b'] })).toBe('{"a":["b"]}')
    } finally {
      delete patched.toJSON
    }
  })
})

describe('text that is not read:', () => {
  test.each([
    ['a member named __proto__', '{"__proto__":{"admin":true}}'],
    ['a nested one', '[1,{"a":{"__proto__":1}}]'],
    ['one written with escapes', '{"\\u005f_proto__":{"admin":true}}'],
    ['more levels than can be written', '['.repeat(101) + ']'.repeat(101)],
    ['a number beyond a double', '1e999'],
    ['a number below a double', '[1e-400]'],
    ['an integer that would be written as a different one', '18446744073709551616'],
    ['an integer that no double represents', '12345678901234567890'],
    ['an integer that is rounded', '{"a":[9007199254740993]}'],
    ['an integer with an exponent that is rounded', '1234567890123456789e1'],
    ['a fraction with more digits than a double has', '{"a":0.1234567890123456789}'],
    ['a depth that would exhaust the stack', '['.repeat(1_000_000) + ']'.repeat(1_000_000)],
    ['no JSON', 'canary'],
    ['nothing', ''],
    ['more than JSON', '1 2'],
    ['a BOM before JSON', '\ufeff1'],
    ['NaN', 'NaN'],
  ])('%s', (_, text) => {
    expect(() => decodeValue(text)).toThrow(SyntaxError)
  })

  test('names of prototype members are valid as values and, except __proto__, as members', () => {
    expect(decodeValue('["__proto__","\\u005f_proto__"]')).toEqual(['__proto__', '__proto__'])
    expect(decodeValue('{"constructor":1}')).toEqual({ constructor: 1 })
  })
})
