import { defineFields } from '@glassine/core'
import { thrown } from '@glassine/test-support'
import { describe, expect, it } from '@jest/globals'
import { spliced } from '../src/splice.ts'

const policy = defineFields('patient', {
  ssn: {},
  'address.street': { optional: true },
  'visits[*].note': { optional: true },
  'phones.*': { optional: true },
})

describe('undeclared JSON leaves byte for byte:', () => {
  it.each([
    [
      'numbers',
      '{"n":12345678901234567890,"ssn":"1"}',
      { n: 1, ssn: 'S' },
      '{"n":12345678901234567890,"ssn":"S"}',
    ],
    [
      'spelling',
      '{ "a" : 1.0e+3 , "\\u0062":[ 1, {"x":"}"} ],"ssn" :"1" }',
      { ssn: 'S' },
      '{"a" : 1.0e+3,"\\u0062":[ 1, {"x":"}"} ],"ssn":"S"}',
    ],
    [
      'nested places',
      '{"ssn":"1","address":{"zip":"\\"}","street":"x"},"visits":[{"note":"a","n":1.10},{"n":2}]}',
      { ssn: 'S', address: { street: 'T' }, visits: [{ note: 'N' }, {}] },
      '{"ssn":"S","address":{"zip":"\\"}","street":"T"},"visits":[{"note":"N","n":1.10},{"n":2}]}',
    ],
    [
      'records',
      '{"ssn":"1","phones":{"home":"1","x":"2"}}',
      { ssn: 'S', phones: { home: 'A', x: 'B' } },
      '{"ssn":"S","phones":{"home":"A","x":"B"}}',
    ],
    ['a name with escapes', '{"\\u0073sn":"1"}', { ssn: 'S' }, '{"\\u0073sn":"S"}'],
    [
      'objects and lists in a place',
      '{"ssn":{"a":["]","}"]},"z":1}',
      { ssn: 'S', z: 1 },
      '{"ssn":"S","z":1}',
    ],
    [
      'empty containers',
      '{"ssn":1,"visits":[ ],"phones":{ }}',
      { ssn: 'S', visits: [], phones: {} },
      '{"ssn":"S","visits":[],"phones":{}}',
    ],
    [
      'null above a place',
      '{"ssn":1,"address":null}',
      { ssn: 'S', address: null },
      '{"ssn":"S","address":null}',
    ],
    ['a text that ends in a backslash', '{"a":"\\\\","ssn":"\\\\"}', { ssn: 'S' }, '{"a":"\\\\","ssn":"S"}'],
  ])('%s', (_, text, sealed, expected) => {
    expect(spliced(text, policy, sealed)).toBe(expected)
    JSON.parse(expected)
  })

  it('what went into a bundle is removed, and new members are added', () => {
    expect(
      spliced('{"id":1.50,"ssn":"1","address":{"street":"x"}}', policy, {
        id: 1.5,
        address: {},
        sealed: 'B',
      }),
    ).toBe('{"id":1.50,"address":{},"sealed":"B"}')
    expect(spliced('{"ssn":"1"}', policy, { sealed: 'B', $jwe: 'T' })).toBe('{"sealed":"B","$jwe":"T"}')
  })

  it('a repeated declared member is refused', () => {
    for (const text of [
      '{"ssn":"1","ssn":"2"}',
      '{"ssn":"1","\\u0073sn":"2"}',
      '{"ssn":"1","address":{},"address":{"street":"x"}}',
    ])
      expect(thrown(() => spliced(text, policy, { ssn: 'S', address: {} })).code).toBe('ERR_RESPONSE_INVALID')
  })

  it('a declared number that JavaScript reads as a different one is refused', () => {
    const error = thrown(() => spliced('{"ssn":{"a":12345678901234567890}}', policy, { ssn: 'S' }))
    expect([error.code, error.cause.path]).toEqual(['ERR_VALUE_INVALID', '/ssn'])
    expect(error.message).not.toContain('1234')
  })

  it('lists at the root work too', () => {
    const list = defineFields('p', { '[*].ssn': {} })
    expect(spliced('[{"ssn":"1","n":1.0}, {"ssn":"2"}]', list, [{ ssn: 'A' }, { ssn: 'B' }])).toBe(
      '[{"ssn":"A","n":1.0},{"ssn":"B"}]',
    )
  })
})
