/** The first declared place of a payload that is in the clear, as the last look at a response asks for it. */
import { defineFields, policyOf } from '@glassine/core'
import { clearPlace, isHarmless } from '@glassine/core/internal'
import { describe, expect, test } from '@jest/globals'

const policy = policyOf(
  defineFields<any>('patient', {
    ssn: {},
    'address.street': { optional: true },
    'visits[*].note': { optional: true },
    'tags[*]': { optional: true },
    'phones.*': { optional: true },
    name: { masked: {} },
  }),
  '@example/format',
)
const isSealed = (value: unknown): boolean => typeof value === 'string' && value.startsWith('sealed')
const found = (payload: unknown) => clearPlace(policy.encrypted, payload, isSealed)
const withToJson = (value: object) => Object.assign(value, { toJSON: () => ({}) })

describe('a place in the clear', () => {
  test.each<[unknown, string | undefined]>([
    [{ ssn: 'clear' }, '/ssn'],
    [{ ssn: 'sealed' }, undefined],
    [{ ssn: null }, '/ssn'],
    [{ ssn: undefined }, undefined],
    [{}, undefined],
    [{ name: 'shown', other: 'shown' }, undefined],
    [{ address: { street: 'clear' } }, '/address/street'],
    [{ address: { street: 'sealed', city: 'shown' } }, undefined],
    [{ address: null }, undefined],
    [{ address: 'text' }, '/address'],
    [{ address: ['x'] }, '/address'],
    [{ address: new Map() }, '/address'],
    [{ address: withToJson({ street: 'sealed' }) }, '/address'],
    [{ visits: [{ note: 'sealed' }, {}, null, { note: 'clear' }] }, '/visits/*/note'],
    [{ visits: [{ note: 'sealed' }, {}, null] }, undefined],
    [{ visits: { 0: { note: 'sealed' } } }, '/visits'],
    [{ visits: [['x']] }, '/visits/*'],
    [{ tags: ['sealed', 'clear'] }, '/tags/*'],
    [{ tags: ['sealed', undefined] }, undefined],
    [{ tags: [] }, undefined],
    [{ phones: { home: 'sealed', work: 'clear' } }, '/phones/*'],
    [{ phones: { home: 'sealed' } }, undefined],
    [{ phones: ['clear'] }, '/phones'],
    [withToJson({ ssn: 'sealed' }), ''],
    [Object.create({ ssn: 'clear' }), ''],
    ['text', ''],
    [5, ''],
    [null, undefined],
    [undefined, undefined],
  ])('of %j is %j', (payload, path) => {
    expect(found(payload)).toBe(path)
  })
})

describe('a payload is harmless', () => {
  test.each<[unknown, boolean]>([
    ['text', true],
    [5, true],
    [null, true],
    [undefined, true],
    [{ error: 'not found' }, true],
    [{ ssn: 'sealed' }, false],
    [{ ssn: 'clear' }, false],
    [[], true],
    [[{ error: 'x' }], true],
    [[{ error: 'x' }, { ssn: 'x' }], false],
    [new Map(), false],
  ])('where it has no declared place: %j, %p', (payload, harmless) => {
    expect(isHarmless(policy, payload)).toBe(harmless)
  })

  test('where it is an error of a function that answers with a list', () => {
    const list = policyOf(defineFields<any>('list', { '[*].ssn': {} }), '@example/format')
    expect(isHarmless(list, { error: 'x' })).toBe(true)
    expect(isHarmless(list, { ssn: 'x' })).toBe(false)
    expect(isHarmless(list, [{ error: 'x' }])).toBe(true)
    expect(isHarmless(list, [{ ssn: 'x' }])).toBe(false)
  })
})
