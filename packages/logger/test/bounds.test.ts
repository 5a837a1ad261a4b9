import { defineFields } from '@glassine/core'
import { maxDepth } from '@glassine/core/internal'
import { redactor } from '@glassine/logger'
import { expect, test } from '@jest/globals'
import { mayBeEncoded } from '../src/encoded.ts'

const printed = (value: unknown): any =>
  JSON.parse(JSON.stringify(value, redactor(defineFields('m', { ssn: {} }))))

/** A value nested in this many objects. */
const within = (levels: number, value: unknown): unknown =>
  Array.from({ length: levels }).reduce((inner) => ({ a: inner }), value)

const innermost = (value: any): unknown =>
  typeof value === 'object' && 'a' in value ? innermost(value.a) : value

test('shows objects down to the greatest depth, and none below it', () => {
  expect(innermost(printed(within(maxDepth, { b: 1 })))).toEqual({ b: 1 })
  expect(innermost(printed(within(maxDepth + 1, { b: 1 })))).toBe('[not logged: too deep]')
})

test('shows texts down to the greatest depth, and none below it', () => {
  expect(innermost(printed(within(maxDepth, 'text')))).toBe('text')
  expect(innermost(printed(within(maxDepth + 1, 'text')))).toBe('[not logged: too deep]')
})

test('rewrites JSON text if a part of it is too deep to be shown', () => {
  const text = JSON.stringify(within(maxDepth + 9, { note: 'no ssn' }))
  expect(printed([text])[0]).toContain('[not logged: too deep]')
})

test('rewrites JSON text if a text in it is too deep to be shown', () => {
  const shown = (levels: number) => innermost(JSON.parse(printed([JSON.stringify(within(levels, 'ssn'))])[0]))
  expect(shown(maxDepth - 2)).toBe('ssn')
  expect(shown(maxDepth - 1)).toBe('[not logged: too deep]')
})

test('shows boxed texts down to the greatest depth', () => {
  expect(innermost(printed(within(maxDepth - 1, Object('text'))))).toBe('text')
  expect(innermost(printed(within(maxDepth, Object('text'))))).toBe('[not logged: too deep]')
})

test('looks into percent-encoding down to the greatest depth', () => {
  expect(innermost(printed(within(maxDepth - 1, 'a%20b')))).toBe('a%20b')
  expect(innermost(printed(within(maxDepth, 'a%20b')))).toBe('[not logged: too deep]')
})

test('shows the frames of an error down to the greatest depth', () => {
  const replacer = redactor(defineFields('m', { ssn: {} }))
  const error = new Error('boom')
  error.stack = 'Error: boom\n    at x (y.js:1:1)'
  const stack = (levels: number) => {
    const value = within(levels, error)
    return (innermost(replacer.call({ '': value }, '', value)) as Error).stack
  }
  expect(stack(maxDepth - 1)).toBe('Error: boom\n    at x (y.js:1:1)')
  expect(stack(maxDepth)).toContain('[not logged: too deep]')
})

test('terminates if each toJSON returns another object with toJSON', () => {
  const endless = (): object => ({ toJSON: endless })
  expect(printed([endless()])).toEqual(['[not logged: too deep]'])
})

test('masks a list down to the greatest depth', () => {
  const replacer = redactor(defineFields('m', { ssn: { masked: { keepLast: 2 } } }))
  const lists = (levels: number): unknown =>
    Array.from({ length: levels }).reduce((inner) => [inner], '123456')
  const shown = (levels: number) => JSON.stringify({ ssn: lists(levels) }, replacer)
  expect(shown(maxDepth - 1)).toContain('***56')
  expect(shown(maxDepth)).toContain('[masked]')
})

test('shows 100,000 values of a line, and no more', () => {
  const tooLarge = '[not logged: too large]'
  const list = (length: number) => printed(Array.from({ length }, () => ({})))
  expect(list(99_999)).not.toContain(tooLarge)
  const shown = list(100_001)
  expect(shown.slice(99_998)).toEqual([{}, tooLarge, tooLarge])
})

test('shows 1,000,000 characters of a line, and no more', () => {
  const blank = ' '.repeat(999_999)
  expect(printed([blank, 'x'])).toEqual([blank, 'x'])
  expect(printed([blank, 'xy', ''])).toEqual([blank, '[not logged: too large]', '[not logged: too large]'])
})

test('counts the characters of masked values too', () => {
  const replacer = redactor(defineFields('m', { ssn: { masked: { keepLast: 2 } } }))
  const shown = (length: number) =>
    JSON.parse(JSON.stringify({ ssn: ['x'.repeat(length), '1234'] }, replacer))
  expect(shown(999_993).ssn[1]).toBe('***34')
  expect(shown(999_994).ssn[1]).toBe('[masked]')
})

test('looks into 12 characters of base64 in a row, and into every percent sign and backslash', () => {
  for (let code = 0; code < 256; code++) {
    const character = String.fromCharCode(code)
    const isAlways = character === '%' || character === '\\'
    const isBase64 = /[A-Za-z0-9+/_-]/.test(character)
    expect([code, mayBeEncoded(character.repeat(12))]).toEqual([code, isAlways || isBase64])
    expect([code, mayBeEncoded(character.repeat(11))]).toEqual([code, isAlways])
  }
  expect(mayBeEncoded('abcdef abcdef')).toBe(false)
})
