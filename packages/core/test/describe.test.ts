/** A declaration printed as JSON and read again is the same declaration. */
import { defineFields, Encrypted, Masked, Model, Nested, placesOf, policyOf } from '@glassine/core'
import { describeFields, type FieldsDescription, fieldsOf } from '@glassine/core/describe'
import { thrown } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'

class Visit {
  @Encrypted() note!: Encrypted<string>
}

class Address {
  @Encrypted({ label: 'pii' }) street!: Encrypted<string>
}

@Model('patient')
class Patient {
  id!: string
  @Encrypted({ label: 'phi' }) ssn!: Encrypted<string>
  @Encrypted({ optional: true }) notes?: Encrypted<string[]>
  @Masked({ keepLast: 4 }) phone!: string
  @Nested(() => Address, { optional: true }) address?: Address
  @Nested(() => Visit, { in: 'array' }) visits!: Visit[]
}

const throughJson = <T>(description: FieldsDescription<T>): FieldsDescription<T> =>
  JSON.parse(JSON.stringify(description))

describe('describeFields and fieldsOf', () => {
  test('carry a class through JSON, with every member of the policy', () => {
    expect(fieldsOf(throughJson(describeFields(Patient)))).toEqual(policyOf(Patient))
  })

  test('carry paths, records and lists of lists through JSON', () => {
    const fields = defineFields('table', {
      'rows[*][*].cell': {},
      'byName.*.value': { optional: true, label: 'x' },
      'a/b~c': { masked: { keepFirst: 1 } },
    })
    const read = fieldsOf(throughJson(describeFields(fields)))
    expect(read).toEqual(fields)
    const payload = { rows: [[{ cell: 1 }, { cell: 2 }]], byName: { x: { value: 3 } } }
    const pointers = (policy: typeof fields) =>
      placesOf(policy, payload, { packageName: 'test', statusCode: 500 }).places.map(({ pointer }) => pointer)
    expect(pointers(read)).toEqual(['/rows/0/0/cell', '/rows/0/1/cell', '/byName/x/value'])
    expect(pointers(read)).toEqual(pointers(fields))
  })

  test('give the same text for a description of a description', () => {
    const once = describeFields(Patient)
    expect(JSON.stringify(describeFields(fieldsOf(once)))).toBe(JSON.stringify(once))
  })

  test.each<[string, unknown]>([
    ['null', null],
    ['no fields', { model: 'patient' }],
    ['a field that is no object', { model: 'patient', fields: ['ssn'] }],
    ['an unknown kind', { model: 'patient', fields: [{ kind: 'nested', at: ['a'] }] }],
    ['no path', { model: 'patient', fields: [{ kind: 'encrypted', at: [] }] }],
    [
      'a step of both kinds',
      { model: 'patient', fields: [{ kind: 'encrypted', at: [{ name: 'a', each: 'array' }] }] },
    ],
    ['a step of no kind', { model: 'patient', fields: [{ kind: 'encrypted', at: [{ optional: true }] }] }],
    [
      'an `optional` that is not a boolean',
      { model: 'patient', fields: [{ kind: 'encrypted', at: [{ name: 'a', optional: 1 }] }] },
    ],
    ['a prototype', { model: 'patient', fields: [{ kind: 'encrypted', at: ['__proto__'] }] }],
    [
      'two overlapping fields',
      {
        model: 'patient',
        fields: [
          { kind: 'encrypted', at: ['a'] },
          { kind: 'masked', at: ['a', 'b'] },
        ],
      },
    ],
    ['a model without a name', { model: '', fields: [{ kind: 'encrypted', at: ['a'] }] }],
  ])('refuse %s', (_what, description) => {
    expect(thrown(() => fieldsOf(description as FieldsDescription))).toMatchObject({
      code: 'ERR_MODEL_INVALID',
    })
  })

  test('refuse an option that the declaration would refuse', () => {
    const description = { model: 'patient', fields: [{ kind: 'encrypted', at: ['a'], optinal: true }] }
    expect(thrown(() => fieldsOf(description as unknown as FieldsDescription))).toMatchObject({
      code: 'ERR_OPTION_INVALID',
    })
  })
})
