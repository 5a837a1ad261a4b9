import { defineFields } from '@glassine/core'
import { thrown } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'

const loose = defineFields as (model: string, fields: unknown) => unknown

test('a policy lists its fields by their template paths', () => {
  const policy = defineFields('patient', {
    ssn: { label: 'phi' },
    'address.street': {},
    'visits[*].note': { optional: true },
    'matrix[*][*]': {},
    'phones.*': { masked: { keepFirst: 1, keepLast: 4 } },
    'byDay.*[*].reason': {},
    'byYear.*.*': {},
    phone: { masked: {} },
  })
  expect(policy.model).toBe('patient')
  expect(policy.fields).toEqual([
    { kind: 'encrypted', path: '/ssn', label: 'phi' },
    { kind: 'encrypted', path: '/address/street' },
    { kind: 'encrypted', path: '/visits/*/note', optional: true },
    { kind: 'encrypted', path: '/matrix/*/*' },
    { kind: 'masked', path: '/phones/*', keepFirst: 1, keepLast: 4 },
    { kind: 'encrypted', path: '/byDay/*/*/reason' },
    { kind: 'encrypted', path: '/byYear/*/*' },
    { kind: 'masked', path: '/phone' },
  ])
})

test('the tree has only the encrypted fields, with their pointers if no wildcard is on the way', () => {
  const { encrypted } = defineFields('patient', {
    'a/b.c~d': {},
    'list[*].x': {},
    phone: { masked: {} },
  })
  expect(encrypted).toEqual({
    optional: false,
    path: '',
    pointer: '',
    members: [
      [
        'a/b',
        {
          optional: false,
          path: '/a~1b',
          pointer: '/a~1b',
          members: [
            [
              'c~d',
              {
                optional: false,
                path: '/a~1b/c~0d',
                pointer: '/a~1b/c~0d',
                field: { kind: 'encrypted', path: '/a~1b/c~0d' },
              },
            ],
          ],
        },
      ],
      [
        'list',
        {
          optional: false,
          path: '/list',
          pointer: '/list',
          each: {
            kind: 'array',
            node: {
              optional: false,
              path: '/list/*',
              members: [
                [
                  'x',
                  { optional: false, path: '/list/*/x', field: { kind: 'encrypted', path: '/list/*/x' } },
                ],
              ],
            },
          },
        },
      ],
    ],
  })
})

test('a policy cannot be changed afterwards, at any depth', () => {
  const frozen = (value: unknown): boolean =>
    typeof value !== 'object' ||
    value === null ||
    (Object.isFrozen(value) && Object.values(value).every((part) => frozen(part)))
  const options = { label: 'phi' }
  const policy = defineFields('patient', {
    ssn: options,
    'visits[*].note': {},
    'a.b.*.c': { optional: true },
  })
  options.label = 'none'
  expect(frozen(policy)).toBe(true)
  expect(policy.fields[0]).toMatchObject({ label: 'phi' })
})

describe('overlaps are refused with the path:', () => {
  test.each<[string, string, string]>([
    ['a', 'a.b', '/a/b'],
    ['a.b', 'a', '/a'],
    ['a', 'a[*]', '/a/*'],
    ['a[*]', 'a', '/a'],
    ['a[*]', 'a.*', '/a/*'],
    ['a.*', 'a.b', '/a/b'],
    ['a.b', 'a.*', '/a/*'],
    ['a[*].b', 'a.b', '/a/b'],
    ['a[*].b', 'a.*.c', '/a/*/c'],
    ['a.*.b', 'a.b.c', '/a/b/c'],
    ['a[*][*]', 'a[*].b', '/a/*/b'],
  ])('%s and %s', (first, second, path) => {
    for (const [one, other] of [
      [{}, {}],
      [{ masked: {} }, {}],
      [{}, { masked: {} }],
      [{ masked: {} }, { masked: {} }],
    ]) {
      const error = thrown(() => loose('patient', { [first]: one, [second]: other }))
      expect([error.code, error.cause.path]).toEqual(['ERR_MODEL_INVALID', path])
    }
  })

  test('names that only begin alike do not overlap', () => {
    const { fields } = defineFields('patient', { note: {}, notes: {}, 'notes2.a': {}, 'no.te': {} })
    expect(fields).toHaveLength(4)
  })
})

describe('refused paths:', () => {
  test.each(['', '.', 'a.', '.a', 'a..b', 'a[0]', 'a[', 'a]', 'a[*', 'a[*]b', 'a[].b', 'a.[*]'])(
    '%p',
    (path) => {
      const error = thrown(() => loose('patient', { [path]: {} }))
      expect([error.code, error.cause.path]).toEqual(['ERR_MODEL_INVALID', path])
    },
  )

  test.each([
    ['__proto__', '/__proto__'],
    ['a.__proto__.b', '/a/__proto__/b'],
    ['constructor.prototype', '/constructor/prototype'],
    ['list[*].prototype', '/list/*/prototype'],
  ])('%s reaches a prototype', (path, template) => {
    const error = thrown(() => loose('patient', { [path]: {} }))
    expect([error.code, error.cause.path]).toEqual(['ERR_MODEL_INVALID', template])
    expect(thrown(() => loose('patient', { [path]: { masked: {} } })).cause.path).toBe(template)
  })
})

describe('refused declarations:', () => {
  test('an empty one', () => {
    expect(thrown(() => loose('patient', {})).code).toBe('ERR_MODEL_INVALID')
  })

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a list of paths', ['ssn']],
    ['a Map', new Map([['ssn', {}]])],
  ])('%s', (_, fields) => {
    const error = thrown(() => loose('patient', fields))
    expect([error.code, error.cause.option]).toEqual(['ERR_OPTION_INVALID', 'fields'])
  })

  test.each<[string, unknown, string]>([
    ['true', true, 'ssn'],
    ['undefined', undefined, 'ssn'],
    ['null', null, 'ssn'],
    ['an unknown option', { optinal: true }, 'optinal'],
    ['a reserved option', { beacon: { bits: 24 } }, 'beacon'],
    ['a wrong option', { label: 7 }, 'label'],
    ['options beside `masked`', { masked: {}, label: 'phi' }, 'masked'],
    ['a wrong `masked`', { masked: true }, 'masked'],
    ['null for `masked`', { masked: null }, 'masked'],
    ['an option of a sealed field in `masked`', { masked: { optional: true } }, 'masked.optional'],
  ])('%s for a field', (_, options, option) => {
    const error = thrown(() => loose('patient', { ssn: options }))
    expect([error.code, error.cause.option]).toEqual(['ERR_OPTION_INVALID', option])
  })
})
