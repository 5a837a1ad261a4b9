import { defineFields } from '@glassine/core'

/** A payload with every kind of place: a member, a nested member, elements of arrays and members of a record. */
export interface PatientDto {
  id: string
  ssn: string
  address: { street: unknown; city: string }
  visits: { note: string; date: string }[]
  tags: string[]
  phones: Record<string, string>
  remark?: string
}

export const patient = defineFields<PatientDto>('patient', {
  ssn: { label: 'phi' },
  'address.street': {},
  'visits[*].note': {},
  'tags[*]': {},
  'phones.*': {},
  remark: { optional: true },
})

export const samplePatient = (): PatientDto => ({
  id: 'p-1',
  ssn: '123-45-6789',
  address: { street: ['Main St', 1, null, { b: -0 }], city: 'Bern' },
  visits: [
    { note: 'first note', date: '2026-01-01' },
    { note: 'second note', date: '2026-02-01' },
  ],
  tags: ['red', ''],
  phones: { home: '555-0100', 'a/b~c': '555-0101' },
})

/** One field, one message. */
export interface OneDto {
  ssn: unknown
}

export const one = defineFields<OneDto>('one', { ssn: {} })
