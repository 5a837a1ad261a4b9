import { describe, expect, test } from '@jest/globals'
import { normaliseNumber } from '../src/attributes/number.ts'

const digits38 = '12345678901234567890123456789012345678'

describe('a number in normal form', () => {
  test.each([
    ['0', '0'],
    ['-0', '0'],
    ['+0.000e99', '0'],
    ['0e99999999999999999999', '0'],
    ['42', '42'],
    ['+42', '42'],
    ['-42', '-42'],
    ['007', '7'],
    ['1.0', '1'],
    ['00.0011', '0.0011'],
    ['2000.000', '2000'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['-.5e1', '-5'],
    ['1e3', '1000'],
    ['1E-3', '0.001'],
    ['123.456e5', '12345600'],
    ['123.456e1', '1234.56'],
    [digits38, digits38],
    [`-0.${digits38}`, `-0.${digits38}`],
    // More digits than 38 are written, but no more are significant.
    [`000${digits38}000`, `${digits38}000`],
  ])('%s is %s', (text, normal) => {
    expect(normaliseNumber(text)).toBe(normal)
    expect(normaliseNumber(normal)).toBe(normal)
  })

  test('reaches from 1e-130 to 38 nines and 88 zeros', () => {
    expect(normaliseNumber('1e-130')).toBe(`0.${'0'.repeat(129)}1`)
    expect(normaliseNumber('.99999999999999999999999999999999999999E+126')).toBe(
      '9'.repeat(38) + '0'.repeat(88),
    )
  })

  test.each([
    ...[
      '1e126',
      '1e127',
      '-1e126',
      '1e-131',
      '0.1e-130',
      '1e99999999999999999999',
      '1e-99999999999999999999',
    ],
    ...[`${digits38}9`, `1${digits38}`, `${digits38}.1`],
    ...[
      '',
      '.',
      '-',
      'e5',
      '1e',
      '1e+',
      '0x10',
      '1_000',
      ' 1',
      '1 ',
      '1\n',
      'NaN',
      'Infinity',
      '--1',
      '1.2.3',
      '١',
    ],
  ])('there is none for %j', (text) => {
    expect(normaliseNumber(text)).toBeUndefined()
  })
})
