import { canonicalPath, canonicalQuery } from '@glassine/core/internal'
import { describe, expect, it } from '@jest/globals'

describe('canonicalPath', () => {
  it.each([
    ['/', '/'],
    ['', '/'],
    ['/patients/p-1', '/patients/p-1'],
    ['patients//p-1/', '/patients/p-1'],
    ['/a%20b', '/a b'],
    ['/a%2Fb', '/a/b'],
    ['/a%2fb', '/a/b'],
    ['/a\\b', '/a\\b'],
    ['/a%5Cb', '/a\\b'],
    ['/a%5C/b', '/a\\/b'],
    ['/%41', '/A'],
    ['/%2541', '/A'],
    ['/%25252541', '/A'],
    ['/m%C3%BCller', '/müller'],
    ['/m\u00fcller', '/müller'],
    ['/100%', '/100%'],
    ['/a%zz', '/a%zz'],
    ['/Ä', '/Ä'],
    ['/A', '/A'],
    ['/a+b', '/a+b'],
    ['/a;b=c', '/a;b=c'],
    ['/...', '/...'],
    ['/%F0%9F%98%80', '/\u{1f600}'],
  ])('reduces %j to %j', (path, expected) => {
    expect(canonicalPath(path)).toBe(expected)
  })

  it.each([
    ['/a/../b'],
    ['/a/./b'],
    ['/%2e%2e/b'],
    ['/%252e%252e/b'],
    ['/a%2F..%2Fb'],
    ['/a\\..\\b'],
    ['/a%5C..%5Cb'],
    ['/a/..%5Cb'],
    ['/a%5C.'],
    ['/%ff'],
    ['/%C0%AF'],
    ['/%ED%A0%80'],
    ['/%00'],
    ['/a\nb'],
    ['/%0a'],
    ['/%7f'],
    ['/%C2%85'],
    ['/\ufffd'],
    ['/%EF%BF%BD'],
    ['/\ud800'],
    ['/%2525252541'],
  ])('refuses %j, which two readers may read differently', (path) => {
    expect(canonicalPath(path)).toBeUndefined()
  })

  it('is idempotent', () => {
    for (const path of ['/a%20b', '/a%2Fb//c', '/%2541', '/100%', '/m%C3%BCller']) {
      const once = canonicalPath(path) as string
      expect(canonicalPath(once)).toBe(once)
    }
  })
})

describe('canonicalQuery', () => {
  it('sorts by name and keeps the order within a name', () => {
    expect(canonicalQuery('?b=2&a=9&b=1&a=0')).toEqual([
      ['a', '9'],
      ['a', '0'],
      ['b', '2'],
      ['b', '1'],
    ])
  })

  it('decodes like URLSearchParams', () => {
    expect(canonicalQuery('x=a+b&y=%C3%BC&c')).toEqual([
      ['c', ''],
      ['x', 'a b'],
      ['y', 'ü'],
    ])
  })

  it('accepts decoded pairs and leaves them unchanged', () => {
    expect(
      canonicalQuery([
        ['b', 'a+b'],
        ['a', '%41'],
      ]),
    ).toEqual([
      ['a', '%41'],
      ['b', 'a+b'],
    ])
  })

  it('keeps only the given names', () => {
    expect(canonicalQuery('utm=1&id=2', ['id'])).toEqual([['id', '2']])
  })

  it('sorts by code units, not by locale', () => {
    expect(canonicalQuery('ä=1&z=2&Z=3').map(([name]) => name)).toEqual(['Z', 'z', 'ä'])
  })
})
