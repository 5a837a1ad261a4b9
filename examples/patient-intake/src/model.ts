import { Authenticated, Encrypted, Masked, Model, Nested } from '@glassine/core'

@Model('address')
export class Address {
  @Encrypted({ label: 'pii' }) street!: Encrypted<string>
  @Encrypted({ label: 'pii' }) postcode!: Encrypted<string>
  country!: string
}

@Model('visit')
export class Visit {
  date!: string
  @Encrypted({ label: 'phi' }) note!: Encrypted<string>
}

/** What the intake form sends: ten sealed values for a patient with two visits. */
@Model('patient')
export class Patient {
  /** Readable; every sealed value of the patient opens beside this id and no other. */
  @Authenticated() id!: string
  @Encrypted({ label: 'pii' }) ssn!: Encrypted<string>
  @Encrypted({ label: 'pii' }) email!: Encrypted<string>
  @Encrypted({ label: 'pii' }) birthDate!: Encrypted<string>
  @Encrypted({ label: 'phi' }) bloodPressure!: Encrypted<{ systolic: number; diastolic: number }>
  @Encrypted({ label: 'phi' }) medications!: Encrypted<string[]>
  @Encrypted({ label: 'phi' }) smoker!: Encrypted<boolean>
  @Encrypted({ label: 'phi', optional: true }) allergies?: Encrypted<string[]>
  @Masked({ label: 'pii', keepLast: 4 }) phone!: string
  @Nested(() => Address) address!: Address
  @Nested(() => Visit, { in: 'array' }) visits!: Visit[]
}
