import { defineFields } from '@glassine/core'
import { redactor } from '@glassine/logger'
import { describe, expect, test } from '@jest/globals'
import { line, logged, Patient } from './capture.ts'

describe('encrypted fields', () => {
  test('become a constant with their label, for any value', () => {
    for (const ssn of [
      '078-05-1120',
      '',
      0,
      null,
      false,
      ['a', 'b'],
      { deep: 1 },
      new Map(),
      5n,
      new Date(0),
    ])
      expect(logged({ id: 'p-1', ssn })).toEqual({ id: 'p-1', ssn: '[redacted phi]' })
    expect(logged({ dateOfBirth: '1985-12-10' })).toEqual({ dateOfBirth: '[redacted]' })
  })

  test('stay absent if absent', () => {
    expect(logged({ id: 'p-1', ssn: undefined })).toEqual({ id: 'p-1' })
  })

  test('are found in any case and spelling, and as flattened paths', () => {
    for (const key of [
      'SSN',
      'Ssn',
      'sSn',
      '/patients/0/ssn',
      'patient.ssn',
      'patient[ssn]',
      'ssn[0]',
      ' ssn ',
    ])
      expect(logged({ [key]: 'MARK' })).toEqual({ [key]: '[redacted phi]' })
    for (const key of ['date_of_birth', 'DATE-OF-BIRTH', 'Date of birth', 'dateofbirth', 'DateOfBirth'])
      expect(logged({ [key]: 'MARK' })).toEqual({ [key]: '[redacted]' })
    expect(logged({ 'bloodPressure.systolic': 118 })).toEqual({ 'bloodPressure.systolic': '[redacted phi]' })
  })

  test('are redacted without a label under a name that only Unicode case folding makes equal', () => {
    expect(logged({ '\u017fsn': 'MARK' })).toEqual({ '\u017fsn': '[redacted]' })
  })

  test('are not found under names that merely contain theirs', () => {
    const value = { ssnVerified: true, lessn: 1, ssn_hash: 'x', 'x-ssn': 'y', telephone: '123' }
    expect(logged(value)).toEqual(value)
  })
})

describe('masked fields', () => {
  test('keep the characters that the declaration allows', () => {
    expect(logged({ phone: '+44 20 7946 0958', mobile: '0123' })).toEqual({
      phone: '***0958',
      mobile: '0123',
    })
    expect(logged({ phone: 442079460958 })).toEqual({ phone: '***0958' })
    expect(logged({ phone: '0958' })).toEqual({ phone: '***' })
    expect(logged({ phone: null })).toEqual({ phone: null })
    expect(logged({ phone: true })).toEqual({ phone: '[masked]' })
  })

  test('are masked in lists and records, member by member', () => {
    expect(logged({ phone: ['+44 20 7946 0958', '+44 20 7946 0123'] })).toEqual({
      phone: ['***0958', '***0123'],
    })
    expect(logged({ phone: { home: '+44 20 7946 0958', ssn: 'MARK' } })).toEqual({
      phone: { home: '***0958', ssn: '[redacted phi]' },
    })
    expect(logged({ phone: new Map([['home', '+44']]) })).toEqual({ phone: '[masked]' })
  })

  test('are masked in a list that contains itself', () => {
    const phone: unknown[] = []
    phone.push(phone, phone)
    expect(JSON.stringify({ phone }, redactor(Patient))).toContain('[masked]')
  })
})

describe('a name that several models declare', () => {
  const stringify = (...models: Parameters<typeof redactor>) =>
    JSON.parse(JSON.stringify({ a: '12345678' }, redactor(...models))).a
  const sealed = defineFields('m1', { a: { label: 'one' } })
  const other = defineFields('m2', { 'b.a': { label: 'two' } })
  const masked = defineFields('m3', { a: { masked: { keepFirst: 1, keepLast: 3 } } })
  const less = defineFields('m4', { a: { masked: { keepFirst: 2, keepLast: 1 } } })

  test('follows the one that shows less', () => {
    expect(stringify(sealed, masked)).toBe('[redacted one]')
    expect(stringify(masked, sealed)).toBe('[redacted one]')
    expect(stringify(masked, less)).toBe('1***8')
    expect(stringify(sealed, other)).toBe('[redacted]')
  })
})

describe('with wildcards', () => {
  const print = (value: unknown) =>
    JSON.parse(
      JSON.stringify(
        value,
        redactor(defineFields('m', { 'visits[*].note': {}, 'tags[*]': {}, 'by.*': {}, 'a.*.b': {} })),
      ),
    )
  test('a list or record of values is redacted as a whole under its name', () => {
    expect(
      print({ visits: [{ note: 'x', at: 1 }], tags: ['x', 'y'], by: { x: 'y' }, a: { k: { b: 1, c: 2 } } }),
    ).toEqual({
      visits: [{ note: '[redacted]', at: 1 }],
      tags: '[redacted]',
      by: '[redacted]',
      a: { k: { b: '[redacted]', c: 2 } },
    })
  })
})

describe('in values of every kind,', () => {
  test('maps and sets follow the same rules', () => {
    expect(
      logged(
        new Map<unknown, unknown>([
          ['ssn', 'MARK'],
          [1, { ssn: 'MARK', a: 1 }],
        ]),
      ),
    ).toEqual({
      ssn: '[redacted phi]',
      1: { ssn: '[redacted phi]', a: 1 },
    })
    expect(logged(new Map([[{ ssn: 'MARK' }, 'x']]))).toEqual([[{ ssn: '[redacted phi]' }, 'x']])
    expect(logged(new Set(['a', { ssn: 'MARK' }]))).toEqual(['a', { ssn: '[redacted phi]' }])
  })

  test('a map with an object key is a list of entries and follows the same rules', () => {
    expect(
      logged(
        new Map<unknown, unknown>([
          [{ ssn: 1 }, 'a'],
          ['ssn', 'MARK'],
          ['id', 'p-1'],
        ]),
      ),
    ).toEqual([
      [{ ssn: '[redacted phi]' }, 'a'],
      ['ssn', '[redacted phi]'],
      ['id', 'p-1'],
    ])
  })

  test('entries, and lists of names and values, are redacted', () => {
    expect(logged(Object.entries({ id: 'p-1', ssn: 'MARK' }))).toEqual([
      ['id', 'p-1'],
      ['ssn', '[redacted phi]'],
    ])
    expect(logged(['ssn', 'phone'])).toEqual(['ssn', 'phone'])
    expect(logged({ name: 'ssn', value: 'MARK', type: 'S' })).toEqual({
      name: 'ssn',
      value: '[redacted phi]',
      type: '[redacted phi]',
    })
    expect(logged({ path: ['patient', 'ssn'], received: 'MARK', code: 'x' })).toEqual({
      path: ['patient', 'ssn'],
      received: '[redacted phi]',
      code: '[redacted phi]',
    })
  })

  test.each(['name', 'key', 'field', 'path', 'param', 'property', 'instancePath', 'Name', 'Key'])(
    'a value beside a declared name under %j is redacted',
    (label) => {
      expect(logged({ [label]: 'ssn', value: 'MARK', a: 1 })).toEqual({
        [label]: 'ssn',
        value: '[redacted phi]',
        a: '[redacted phi]',
      })
      expect(logged({ [label]: 'city', value: 'shown' })).toEqual({ [label]: 'city', value: 'shown' })
    },
  )

  test.each([
    'value',
    'Value',
    'data',
    'received',
    'input',
    'actual',
    'originalValue',
    'oldValue',
    'newValue',
  ])('the member %j beside a declared name is redacted', (member) => {
    for (const value of ['MARK', { a: 'MARK' }, ['MARK']])
      expect(logged({ name: 'ssn', [member]: value })).toEqual({ name: 'ssn', [member]: '[redacted phi]' })
  })

  test('the scalars beside a declared name in a list are redacted', () => {
    expect(logged({ list: ['Host', 'MARK', 'ssn', 5, true, { city: 'shown' }] })).toEqual({
      list: [
        '[redacted phi]',
        '[redacted phi]',
        'ssn',
        '[redacted phi]',
        '[redacted phi]',
        { city: 'shown' },
      ],
    })
    expect(logged({ list: ['city', 'shown', 5] })).toEqual({ list: ['city', 'shown', 5] })
  })

  test('an entry of a map is a name and its value', () => {
    expect(logged({ list: ['ssn', 'MARK'] })).toEqual({ list: ['ssn', '[redacted phi]'] })
    expect(logged({ list: ['ssn', { a: 'MARK' }] })).toEqual({ list: ['ssn', '[redacted phi]'] })
  })

  test('a long text is not a name, and an absent value stays absent', () => {
    const long = `${'x.'.repeat(100)}ssn`
    expect(logged({ name: long, value: 'shown' })).toEqual({ name: long, value: 'shown' })
    expect(logged({ name: 'ssn', value: undefined })).toEqual({ name: 'ssn' })
  })

  test('bytes are never shown', () => {
    const bytes = Buffer.from('{"ssn":"MARK"}')
    for (const value of [
      bytes,
      new Uint8Array(bytes),
      new DataView(new ArrayBuffer(2)),
      new ArrayBuffer(2),
      bytes.toJSON(),
    ])
      expect(logged({ value, a: 1 })).toEqual({ value: '[bytes]', a: 1 })
  })

  test('toJSON is called, as in JSON', () => {
    class Secret {
      toJSON() {
        return { ssn: 'MARK', a: 1 }
      }
    }
    expect(logged(new Secret())).toEqual({ ssn: '[redacted phi]', a: 1 })
    expect(logged([new Date(0), new URL('https://x.example/?ssn=1&a=2')])).toEqual([
      '1970-01-01T00:00:00.000Z',
      'https://x.example/?ssn=[redacted phi]&a=2',
    ])
  })

  test('instances, getters, boxed and odd values are covered', () => {
    class Model {
      a = 1
      ssn = 'MARK'
      get hidden() {
        return 'x'
      }
    }
    expect(logged(new Model())).toEqual({ a: 1, ssn: '[redacted phi]' })
    expect(
      logged({
        get ssn() {
          return 'MARK'
        },
        get a() {
          return 1
        },
      }),
    ).toEqual({ ssn: '[redacted phi]', a: 1 })
    expect(logged([new String('ssn: MARK'), new Number(3), 5n, undefined, Number.NaN, () => 1])).toEqual([
      'ssn:[redacted phi]',
      3,
      '5',
      null,
      null,
      null,
    ])
  })

  test('a member named __proto__ is an ordinary member', () => {
    const value = JSON.parse('{"__proto__":{"ssn":"MARK","a":1}}')
    expect(JSON.stringify(value, (_, v) => v)).toContain('MARK')
    const text = JSON.stringify({ value }, redactor(defineFields('m', { ssn: {} })))
    expect(text).toBe('{"value":{"__proto__":{"ssn":"[redacted]","a":1}}}')
  })

  test('a cycle is left out, a repeated value is not', () => {
    const one = { a: 1 }
    const value: Record<string, unknown> = { one, two: one, ssn: 'MARK' }
    value.self = value
    expect(logged(value)).toEqual({ one, two: one, ssn: '[redacted phi]' })
  })

  test('keys that contain data are redacted', () => {
    expect(logged({ 'ssn=MARK': 1, a: 2 })).toEqual({ 'ssn=[redacted phi]': 1, a: 2 })
  })
})

describe('beyond the limits', () => {
  const deep = (levels: number) => {
    let value: unknown = { ssn: 'MARK' }
    for (let at = 0; at < levels; at++) value = { down: value }
    return value
  }
  const stringify = (value: unknown) => JSON.stringify(value, redactor(defineFields('m', { ssn: {} })))

  test('nothing too deep is shown', () => {
    expect(stringify(deep(50))).toContain('"ssn":"[redacted]"')
    expect(stringify(deep(5_000))).toContain('"[not logged: too deep]"')
  })

  test('no JSON in JSON too deep is shown', () => {
    let text = '{"ssn":"MARK"}'
    for (let at = 0; at < 9; at++) text = JSON.stringify({ a: text })
    expect(stringify(text)).not.toContain('MARK')
    expect(stringify(`${'['.repeat(50_000)}"ssn: MARK`)).not.toContain('MARK')
  })

  test('the rest of a line that is too large is not shown', () => {
    const value = { first: 'shown', big: 'ssn: MARK'.repeat(200_000), last: 'x' }
    expect(JSON.parse(stringify(value))).toEqual({
      first: 'shown',
      big: '[not logged: too large]',
      '[not logged: too large]': '[not logged: too large]',
    })
    expect(stringify(Array.from({ length: 200_000 }, () => ({})))).toContain('[not logged: too large]')
  })

  test('an object that throws when read leaves a line that reports it', () => {
    class Bad {
      constructor() {
        // An own member, and not of a plain object: the logger reads those itself, before anything can be redacted.
        Object.defineProperty(this, 'bad', { enumerable: true, get: () => JSON.parse('{"ssn":"MARK') })
      }
    }
    const output = line((logger) => logger.info('MARK', { list: [new Bad()] }))
    expect(output).toEqual({ message: 'not logged: the line could not be redacted' })
  })
})

test('invalid options are refused', () => {
  const refused = expect.objectContaining({
    code: 'ERR_OPTION_INVALID',
    cause: expect.objectContaining({ option: 'fields' }),
  })
  expect(() => redactor()).toThrow(refused)
  expect(() => redactor({} as never)).toThrow(refused)
  expect(() => redactor(defineFields<any>('m', { '*': {} }))).toThrow(refused)
})

test('two models with different fields and one id are refused', () => {
  const other = defineFields<any>('patient', { unheard: {} })
  const one = defineFields<any>('patient', { ssn: {} })
  expect(() => redactor(one, other)).toThrow('two models with different fields have the id patient')
  redactor(one, defineFields<any>('patient', { ssn: { label: 'phi' } }))
})
