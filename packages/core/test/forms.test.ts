/** Texts of a form: the whole of them counts, so nothing may stand before or behind it. */
import { checkedBinding, defineFields } from '@glassine/core'
import { bearerToken, checkedOptions, shapeOptions } from '@glassine/core/internal'
import { hasCode, thrown } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'

const packageName = '@example/format'
const takes = (work: () => unknown): boolean => {
  try {
    work()
    return true
  } catch {
    return false
  }
}

describe('the id of a model', () => {
  test.each(['a', 'Patient', 'a.b-c_d9', `a${'b'.repeat(63)}`])('may be %j', (id) => {
    expect(defineFields<any>(id, { a: {} }).model).toBe(id)
  })

  test.each(['', '9a', '-a', ' a', 'a ', 'a\n', 'a b', 'a/b', '\u00e9', `a${'b'.repeat(64)}`, 5, null])(
    'may not be %j',
    (id) => {
      expect(() => defineFields<any>(id as string, { a: {} })).toThrow(hasCode('ERR_MODEL_INVALID'))
    },
  )
})

describe('a path', () => {
  test.each(['a', 'a.b', 'a[*]', 'a[*].b', 'a[*][*]', 'a.*', '[*]', '[*].a', 'a.*.b'])(
    'may be %j',
    (path) => {
      expect(takes(() => defineFields<any>('m', { [path]: {} }))).toBe(true)
    },
  )

  test.each(['', 'a.', '.a', 'a..b', 'a[', 'a]', 'a[0]', 'a[*', 'a[*]x', 'x[*]y[*]', 'a.[*]', '[*]a'])(
    'may not be %j',
    (path) => {
      expect(thrown(() => defineFields<any>('m', { [path]: {} })).code).toBe('ERR_MODEL_INVALID')
    },
  )
})

describe('a name of the binding', () => {
  test.each(['tenant', 'x-aws-crypto-', 'aws-crypto', 'x:glassine:', 'glassine'])('may be %j', (name) => {
    expect(checkedBinding({ [name]: 'x' }, packageName)).toEqual({ [name]: 'x' })
  })

  test.each(['', 'aws-crypto-', 'aws-crypto-public-key', 'glassine:', 'glassine:use'])(
    'may not be %j',
    (name) => {
      expect(() => checkedBinding({ [name]: 'x' }, packageName)).toThrow(
        hasCode('ERR_BINDING_INVALID', {
          message: 'The binding has a name that is empty or reserved',
          cause: { package: packageName },
        }),
      )
    },
  )
})

describe('the member of a bundle', () => {
  const check = (bundleMember: unknown) =>
    takes(() => checkedOptions(packageName, shapeOptions, { bundleMember } as object))

  test.each(['sealed', '$', 'x__proto__', '__proto__x', 'constructors', 'aprototype'])('may be %j', (name) =>
    expect(check(name)).toBe(true),
  )

  test.each(['', '__proto__', 'constructor', 'prototype', 'a/b', '/a', 'a~', 5, null])(
    'may not be %j',
    (name) => expect(check(name)).toBe(false),
  )
})

describe('the token of a header', () => {
  test.each([
    ['Bearer abc', 'abc'],
    ['bearer  a.b-c ', 'a.b-c'],
    ['BEARER x', 'x'],
    ['xBearer abc', undefined],
    ['Bearer', undefined],
    ['Bearer ', undefined],
    ['Bearerabc', undefined],
    ['Bearer a b', undefined],
    ['Basic abc', undefined],
    ['', undefined],
    [null, undefined],
    [undefined, undefined],
  ])('%j is %j', (header, token) => expect(bearerToken(header)).toBe(token))
})
