import { defineFields, Encrypted, Masked, Model, Nested, policyOf } from '@glassine/core'
import { expect, test } from '@jest/globals'

class Visit {
  @Encrypted() note!: Encrypted<string>
}

@Model('patient')
class Patient {
  @Encrypted({ label: 'phi' }) ssn!: Encrypted<string>
  @Nested(() => Visit, { in: 'array' }) visits!: Visit[]
  @Masked({ keepLast: 4 }) phone!: string
}

test('a class and the same paths make the same policy', () => {
  expect(policyOf(Patient)).toEqual(
    defineFields('patient', {
      ssn: { label: 'phi' },
      'visits[*].note': {},
      phone: { masked: { keepLast: 4 } },
    }),
  )
})
