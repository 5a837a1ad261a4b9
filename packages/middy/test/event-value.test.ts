import { describe, expect, test } from '@jest/globals'
import { getOwn, getOwnObject, getOwnString, textOfBase64 } from '../src/event-value.ts'

describe('a value at a path', () => {
  const event = { a: { b: 'text', c: 5, d: { e: null } }, list: ['x'] }
  test('is found by own members', () => {
    expect(getOwn(event, 'a', 'c')).toBe(5)
    expect(getOwn(event)).toBe(event)
    expect(getOwn(event, 'list', '0')).toBe('x')
    expect(getOwnString(event, 'a', 'b')).toBe('text')
    expect(getOwnString(event, 'a', 'c')).toBeUndefined()
    expect(getOwnObject(event, 'a', 'd')).toBe(event.a.d)
    for (const path of [['a', 'b'], ['list'], ['a', 'd', 'e'], ['none']])
      expect(getOwnObject(event, ...path)).toBeUndefined()
  })

  test('is absent below a non-object, if inherited, and behind a getter', () => {
    for (const path of [['none'], ['a', 'b', 'length'], ['a', 'd', 'e', 'f'], ['toString'], ['none', 'x']])
      expect(getOwn(event, ...path)).toBeUndefined()
    expect(getOwn(null, 'a')).toBeUndefined()
    const forged = {
      get a() {
        return 'x'
      },
    }
    expect(getOwn(forged, 'a')).toBeUndefined()
    expect(getOwn(Object.create({ a: 'x' }), 'a')).toBeUndefined()
  })
})

describe('text in base64', () => {
  test.each([
    ['', ''],
    ['YQ==', 'a'],
    ['YWI=', 'ab'],
    ['YWJj', 'abc'],
    ['w6k=', '\u00e9'],
  ])('%j is %j', (base64, text) => expect(textOfBase64(base64)).toBe(text))

  test.each(['YQ', 'YQ=', 'YWI', 'YQ===', '=', 'YW=j', 'YWJj\n', ' YWJj', 'YW-j', 'YWJjx', '/w==', 'wA=='])(
    '%j is none',
    (base64) => expect(textOfBase64(base64)).toBeUndefined(),
  )
})
