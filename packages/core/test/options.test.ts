/** The rules that options are checked by: what each takes, and the sentence about what it does not. */
import {
  anyFunction,
  anyObject,
  anything,
  checkedOptions,
  flag,
  group,
  integer,
  listOf,
  matching,
  methods,
  oneOf,
  type Rule,
  required,
  text,
} from '@glassine/core/internal'
import { hasCode } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'

const packageName = '@example/format'
const refusal = (option: string, expected: string) =>
  hasCode('ERR_OPTION_INVALID', {
    message: `${packageName}: option \`${option}\` ${expected}`,
    statusCode: 500,
    cause: { package: packageName, option },
  })

const nothing = () => {}

const rows: [what: string, rule: Rule, expected: string, taken: unknown[], refused: unknown[]][] = [
  ['a flag', flag, 'must be a boolean', [true, false], ['true', 0, 1, null, {}]],
  ['a function', anyFunction, 'must be a function', [nothing, class {}], [{}, null, 'x']],
  ['an object', anyObject, 'must be an object', [{}, [], new Date(0)], [null, 'x', nothing]],
  ['anything', anything, '', [null, 0, '', {}], []],
  [
    'a text',
    text,
    'must be a string that is not empty',
    ['x', ' ', '\u{1f600}'],
    ['', '\ud800', 'x\udc00', 5, null, ['x']],
  ],
  [
    'an integer in a range',
    integer(2, 5),
    'must be an integer from 2 to 5',
    [2, 3, 5],
    [1, 6, 2.5, '3', Number.NaN, null, 3n],
  ],
  [
    'an integer with an end on one side',
    integer(-1),
    'must be an integer, -1 or more',
    [-1, 0, Number.MAX_SAFE_INTEGER],
    [-2, Number.MAX_SAFE_INTEGER + 1, Number.POSITIVE_INFINITY],
  ],
  ['a text of a form', matching(/^a+$/, 'made of a'), 'must be made of a', ['a', 'aa'], ['', 'ab', 5, ['a']]],
  [
    'a list',
    listOf(flag),
    'must be an array, of which each must be a boolean',
    [[], [true], [true, false]],
    [[true, 5], [undefined], { length: 0 }, 'x', null],
  ],
  [
    'one of a few',
    oneOf('a', 5, false),
    'must be "a" or 5 or false',
    ['a', 5, false],
    ['b', '5', 'false', 0, null],
  ],
  [
    'an object with methods',
    methods('one', 'two'),
    'must have the methods one, two',
    [{ one: nothing, two: nothing }, Object.create({ one: nothing, two: nothing })],
    [{ one: nothing }, { two: nothing }, { one: nothing, two: 5 }, null, 'x'],
  ],
]

describe.each(rows)('%s', (_what, rule, expected, taken, refused) => {
  const check = (value: unknown) => checkedOptions(packageName, { option: rule }, { option: value })

  test('is taken as it is, and may be left out unless it is required', () => {
    for (const value of taken) {
      const options = { option: value }
      expect(checkedOptions(packageName, { option: rule }, options)).toBe(options)
    }
    for (const options of [{}, { option: undefined }]) {
      expect(checkedOptions(packageName, { option: rule }, options as object)).toBe(options)
      expect(() => checkedOptions(packageName, { option: required(rule) }, options as object)).toThrow(
        refusal('option', expected),
      )
    }
  })

  test('is refused otherwise, by what it must be', () => {
    for (const value of refused) expect(() => check(value)).toThrow(refusal('option', expected))
  })
})

describe('options', () => {
  const schema = { one: flag, two: required(text) }
  const check = (options: unknown, holder?: string) =>
    checkedOptions(packageName, schema, options as { one?: boolean; two: string }, holder)

  test('that the table does not have are refused, with the names that it has', () => {
    for (const name of ['three', 'toString', '__proto__x', 'One'])
      expect(() => check({ two: 'x', [name]: true })).toThrow(
        refusal(name, 'is not known; known are one, two'),
      )
    expect(() => check({ two: 'x', three: undefined })).toThrow(
      refusal('three', 'is not known; known are one, two'),
    )
  })

  test('are a plain object', () => {
    for (const options of [null, undefined, [], 'x', 5, nothing, new Date(0), new (class {})()])
      expect(() => check(options)).toThrow(refusal('options', 'must be a plain object'))
    expect(check(Object.assign(Object.create(null), { two: 'x' }))).toEqual({ two: 'x' })
  })

  test('of a holder are named after it', () => {
    expect(() => check({ two: '' }, 'cache')).toThrow(
      refusal('cache.two', 'must be a string that is not empty'),
    )
    expect(() => check({ three: 1, two: 'x' }, 'cache')).toThrow(
      refusal('cache.three', 'is not known; known are one, two'),
    )
    expect(() => check(5, 'cache')).toThrow(refusal('cache', 'must be a plain object'))
  })

  test('in options are checked by a table of their own', () => {
    const outer = { cache: group<{ one?: boolean }>(packageName, 'cache', { one: flag }) }
    const checkOuter = (cache: unknown) => checkedOptions(packageName, outer, { cache })
    expect(checkOuter({ one: true })).toEqual({ cache: { one: true } })
    expect(() => checkOuter({ one: 5 })).toThrow(refusal('cache.one', 'must be a boolean'))
    expect(() => checkOuter('x')).toThrow(refusal('cache', 'must be a plain object'))
  })
})
