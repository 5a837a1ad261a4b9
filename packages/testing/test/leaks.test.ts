/** The notations in which a secret is found, and what does not count as a secret. */
import { hasCode } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { leaksOf } from '../src/leaks/index.ts'
import { readingsOf } from '../src/leaks/readings.ts'

const bytes = Buffer.from('00f1e2d3c4b5a69788796a5b4c3d2e1f', 'hex')
const signed = [...new Int8Array(bytes)]
const notationsOf = (value: unknown, secrets: Parameters<typeof leaksOf>[1] = bytes) => [
  ...new Set(leaksOf(value, secrets).map(({ notation }) => notation)),
]

describe('bytes are found', () => {
  const hex = bytes.toString('hex')
  test.each<[string, string, string]>([
    ['hex', hex, 'in hex'],
    ['hex in capitals', hex.toUpperCase(), 'in hex'],
    ['hex with blanks', hex.replace(/../g, '$& '), 'in hex'],
    ['hex with colons', hex.replace(/../g, '$&:'), 'in hex'],
    ['hex with prefixes', hex.replace(/../g, '0x$&, '), 'in hex'],
    ['hex behind a digit', `a${hex}`, 'in hex'],
    ['a list of numbers', [...bytes].join(), 'in a list of numbers'],
    ['a list of numbers with breaks', [...bytes].join(',\n  '), 'in a list of numbers'],
    ['a list of quoted numbers', [...bytes].map((byte) => `"${byte}"`).join(', '), 'in a list of numbers'],
    ['a list of signed numbers', signed.join(' '), 'in a list of numbers'],
    ['JSON of a Uint8Array', JSON.stringify({ ...bytes }), 'in an object of numbers'],
    [
      'a Map of numbers',
      [...bytes].map((byte, at) => `${at} => ${byte}`).join(', '),
      'in an object of numbers',
    ],
    ['base64', bytes.toString('base64'), 'in base64'],
    ['base64url', bytes.toString('base64url'), 'in base64'],
    ['base64 behind one character', `x${bytes.toString('base64')}`, 'in base64'],
    ['base64 behind two characters', `xy${bytes.toString('base64')}`, 'in base64'],
    ['base64 behind three characters', `xyz${bytes.toString('base64')}`, 'in base64'],
    [
      'percent-encoding',
      [...bytes].map((b) => `%${b.toString(16).padStart(2, '0')}`).join(''),
      'percent-encoded',
    ],
    ['escapes of JSON', [...bytes].map((b) => `\\u00${b.toString(16).padStart(2, '0')}`).join(''), 'escaped'],
    [
      'escapes of inspect',
      [...bytes].map((b) => `\\x${b.toString(16).padStart(2, '0')}`).join(''),
      'escaped',
    ],
    ['escapes with braces', [...bytes].map((b) => `\\u{${b.toString(16)}}`).join(''), 'escaped'],
    ['characters', bytes.toString('latin1'), 'as it is'],
    ['hex in base64', Buffer.from(hex).toString('base64'), 'in hex in base64'],
  ])('as %s', (_what, text, notation) => {
    expect(notationsOf(text)).toContain(notation)
    expect(leaksOf(text, bytes)[0]).toMatchObject({ secret: 'the secret', where: 'value' })
  })

  test('by eight of them in a row, from anywhere', () => {
    for (let at = 0; at + 8 <= bytes.length; at++)
      expect(notationsOf(bytes.subarray(at, at + 8).toString('base64'))).toEqual(['in base64'])
    expect(notationsOf(bytes.subarray(0, 7).toString('base64'))).toEqual([])
    expect(notationsOf(bytes.subarray(9, 16).toString('hex'))).toEqual([])
  })
})

describe('a text is found', () => {
  const secret = 'p\u00e4tient'
  test.each([
    ['as it is', `x${secret}x`],
    ['escaped', JSON.stringify(secret).replaceAll('\u00e4', '\\u00e4')],
    ['percent-encoded', encodeURIComponent(secret)],
    ['in base64', Buffer.from(secret).toString('base64')],
    ['in hex', Buffer.from(secret).toString('hex')],
  ])('%s', (notation, text) => {
    expect(notationsOf({ deep: [text] }, secret)).toContain(notation)
  })

  test('whole, and of six characters at least', () => {
    expect(notationsOf('123456', '123456')).toEqual(['as it is'])
    expect(notationsOf('12345', '123456')).toEqual([])
    for (const secret of [
      '12345',
      '',
      Buffer.alloc(7, 'abcdefg'),
      Buffer.alloc(32),
      5,
      null,
      [],
      {},
      ['123456', ''],
    ])
      expect(() => leaksOf('x', secret as string)).toThrow(
        hasCode('ERR_OPTION_INVALID', {
          cause: { package: '@glassine/testing', option: 'secrets' },
        }),
      )
  })

  test('by its name or its place in the list, where the path does not show it', () => {
    expect(leaksOf('x secret-one y', ['secret-one', 'secret-two'])).toEqual([
      { secret: 'secret 1 of 2', notation: 'as it is', where: 'value' },
    ])
    expect(leaksOf({ a: 'secret-two' }, { one: 'secret-one', two: 'secret-two' })[0]).toMatchObject({
      secret: 'two',
    })
    for (const { where } of leaksOf({ 'secret-one': 1 }, 'secret-one'))
      expect(where).not.toContain('secret-one')
  })
})

describe('what a text can be read as', () => {
  const texts = (text: string) => [...readingsOf(text)].map((reading) => reading.text)

  test('are its escapes', () => {
    expect(texts('\\n\\r\\t\\b\\f\\v\\0\\"\\\\')).toContain('\n\r\t\b\f\v\0"\\')
    expect(texts('\\u{110000}\\u{1f600}')).toContain('\u{10ffff}\u{1f600}')
    expect(texts('a+b%20c')).toEqual(expect.arrayContaining(['a+b c', 'a b c']))
  })

  test('goes four notations deep', () => {
    const times = (count: number) => {
      let text = 'canary'
      for (let at = 0; at < count; at++) text = Buffer.from(text).toString('hex')
      return text
    }
    expect(texts(times(4))).toContain('canary')
    expect(texts(times(5))).not.toContain('canary')
  })
})
