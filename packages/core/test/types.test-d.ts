// Checked by tsc twice: with the rest of the repository for TC39 decorators, and by types.test.ts for legacy ones.
import {
  type Ciphertext,
  defineFields,
  Encrypted,
  type FieldPath,
  type FieldPolicy,
  type Fields,
  Masked,
  Model,
  Nested,
  type PayloadOf,
  policyOf,
  type Sealed,
} from '@glassine/core'
import { expectTypeOf } from 'expect-type'

class Visit {
  @Encrypted() note!: Encrypted<string>
}

@Model('patient')
class Patient {
  id!: string
  @Encrypted({ label: 'phi' }) ssn!: Encrypted<string>
  @Encrypted() born!: Encrypted<string | null>
  @Encrypted() flags!: Encrypted<boolean>
  @Encrypted() scores!: Encrypted<Record<string, number>>
  @Encrypted({ optional: true }) notes?: Encrypted<string[]>
  @Encrypted({ optional: true, label: 'phi' }) email: Encrypted<string> | undefined
  @Nested(() => Address) address!: Address
  @Nested(() => Address, { optional: true }) billing?: Address | null
  @Nested(() => Visit, { in: 'array' }) visits!: Visit[]
  @Nested(() => Visit, { in: 'array', optional: true }) past?: readonly Visit[]
  @Nested(() => Visit, { in: 'record' }) byDay!: Record<string, Visit>
  @Masked({ keepLast: 4 }) phone!: string
  @Masked() fax?: string | null
}

class Address {
  @Encrypted() street!: Encrypted<string>
}

// --- what a decorated field may be -------------------------------------------------------------------------------

export class Refused {
  // @ts-expect-error - no Encrypted<> type
  @Encrypted() plain!: string
  // @ts-expect-error - any proves nothing
  @Encrypted() anything!: any
  // @ts-expect-error - half of it has no Encrypted<> type
  @Encrypted() half!: Encrypted<string> | number
  // @ts-expect-error - may be absent
  @Encrypted() absent?: Encrypted<string>
  // @ts-expect-error - may be absent
  @Encrypted({ label: 'phi' }) undefinable: Encrypted<string> | undefined
  // @ts-expect-error - may be absent
  @Encrypted({ optional: false }) saidRequired?: Encrypted<string>
  // @ts-expect-error - a static member
  @Encrypted() static shared: Encrypted<string> = ''
  // @ts-expect-error - a #private member
  @Encrypted() #hidden!: Encrypted<string>
  hidden = () => this.#hidden
  // @ts-expect-error - a method
  @Encrypted() method(): void {}
  // @ts-expect-error - no JSON: it would be refused when it is sealed
  @Encrypted() since!: Encrypted<Date>
  // @ts-expect-error - no JSON
  @Encrypted({ optional: true }) maybe?: Encrypted<Date | null>
  // @ts-expect-error - no JSON
  @Encrypted() big!: Encrypted<bigint>
  // @ts-expect-error - no JSON
  @Encrypted() map!: Encrypted<Map<string, string>>
  // @ts-expect-error - no JSON
  @Encrypted() bytes!: Encrypted<Uint8Array>
  // @ts-expect-error - no JSON in it
  @Encrypted() deep!: Encrypted<{ visits: { at: Date }[] }>
  // @ts-expect-error - without the call
  @Encrypted uncalled!: Encrypted<string>
  // @ts-expect-error - a misspelt option
  @Encrypted({ label: 'phi', optinal: true }) misspelt!: Encrypted<string>
  // @ts-expect-error - an option of @Masked
  @Encrypted({ keepLast: 4 }) mixed!: Encrypted<string>

  // @ts-expect-error - a masked field is not sealed
  @Masked() sealed!: Encrypted<string>
  // @ts-expect-error - a masked field is a string
  @Masked() count!: number
  // @ts-expect-error - any proves nothing
  @Masked() whatever!: any
  // @ts-expect-error - a static member
  @Masked() static kept: string = ''

  // @ts-expect-error - a list without { in: 'array' }
  @Nested(() => Visit) list!: Visit[]
  // @ts-expect-error - a record without { in: 'record' }
  @Nested(() => Visit) record!: Record<string, Visit>
  // @ts-expect-error - not a list
  @Nested(() => Visit, { in: 'array' }) single!: Visit
  // @ts-expect-error - not a record
  @Nested(() => Visit, { in: 'record' }) notRecord!: Visit[]
  // @ts-expect-error - another class
  @Nested(() => Visit) other!: Address
  // @ts-expect-error - a subclass brings undeclared fields
  @Nested(() => Visit) more!: LongVisit
  // @ts-expect-error - an element may be null
  @Nested(() => Visit, { in: 'array', optional: true }) gaps!: (Visit | null)[]
  // @ts-expect-error - may be absent
  @Nested(() => Visit) missing?: Visit
  // @ts-expect-error - may be null
  @Nested(() => Visit) nullable!: Visit | null
  // @ts-expect-error - no such kind
  @Nested(() => Visit, { in: 'set' }) set!: Visit[]
  // @ts-expect-error - the class itself, not a function that returns it
  @Nested(Visit) direct!: Visit
}

interface Tree {
  name: string
  branches: Tree[]
}

export class Taken {
  @Encrypted() unknown!: Encrypted<unknown[]>
  @Encrypted() anything!: Encrypted<Record<string, any>>
  @Encrypted() tree!: Encrypted<Tree>
  @Encrypted() tuple!: Encrypted<[string, number?]>
  @Encrypted() union!: Encrypted<'a' | 1 | { b?: string } | null>
}

class LongVisit extends Visit {
  @Encrypted() more!: Encrypted<string>
}

// @ts-expect-error - without the call
@Model
export class Uncalled {}

// @ts-expect-error - a class is not a field
@Encrypted()
export class NotAField {}

// --- plaintext and ciphertext ------------------------------------------------------------------------------------

declare const patient: Patient
declare const atRest: Sealed<Patient>
declare const numbers: Record<string, number>

// A plain value assigns without a cast, and reads as its plain type.
export const assigned: Pick<Patient, 'ssn' | 'born' | 'flags' | 'scores' | 'notes' | 'email'> = {
  ssn: '078-05-1120',
  born: null,
  flags: true,
  scores: numbers,
  notes: ['a'],
  email: undefined,
}
export const read: string = patient.ssn
export const upper: string | undefined = patient.notes?.[0]?.toUpperCase()

expectTypeOf(atRest.id).toEqualTypeOf<string>()
expectTypeOf(atRest.phone).toEqualTypeOf<string>()
expectTypeOf(atRest.ssn).toEqualTypeOf<Ciphertext<string>>()
expectTypeOf(atRest.born).toEqualTypeOf<Ciphertext<string | null>>()
expectTypeOf(atRest.flags).toEqualTypeOf<Ciphertext<boolean>>()
expectTypeOf(atRest.scores).toEqualTypeOf<Ciphertext<Record<string, number>>>()
expectTypeOf(atRest.notes).toEqualTypeOf<Ciphertext<string[]> | undefined>()
expectTypeOf<Pick<Sealed<Patient>, 'notes'>>().toEqualTypeOf<{ notes?: Ciphertext<string[]> }>()
expectTypeOf(atRest.address.street).toEqualTypeOf<Ciphertext<string>>()
expectTypeOf(atRest.billing).toEqualTypeOf<{ street: Ciphertext<string> } | null | undefined>()
expectTypeOf(atRest.visits).toEqualTypeOf<{ note: Ciphertext<string> }[]>()
expectTypeOf(atRest.past).toEqualTypeOf<readonly { note: Ciphertext<string> }[] | undefined>()
expectTypeOf(atRest.byDay.monday!.note).toEqualTypeOf<Ciphertext<string>>()
expectTypeOf<Sealed<Map<string, Encrypted<number>>>>().toEqualTypeOf<Map<string, Ciphertext<number>>>()
expectTypeOf<Sealed<[Encrypted<string>, number?]>>().toEqualTypeOf<[Ciphertext<string>, number?]>()
expectTypeOf<Sealed<{ at: Date; f: (a: string) => void; x: unknown }>>().toEqualTypeOf<{
  at: Date
  f: (a: string) => void
  x: unknown
}>()
expectTypeOf<Sealed<any>>().toBeAny()

// @ts-expect-error - plaintext where ciphertext is expected
export const leaked: Ciphertext<string> = patient.ssn
// @ts-expect-error - plaintext where ciphertext is expected
export const leakedText: Ciphertext<string> = '078-05-1120'
// @ts-expect-error - ciphertext where plaintext is expected
export const shown: string = atRest.ssn
// @ts-expect-error - ciphertext where plaintext is expected
export const shownFlavour: Encrypted<string> = atRest.ssn
// @ts-expect-error - the ciphertext of something else
export const swapped: Ciphertext<number> = atRest.ssn
// @ts-expect-error - a whole model in the clear
export const unsealed: Sealed<Patient> = patient
// @ts-expect-error - a sealed model
export const unopened: Patient = atRest

// --- fields options ----------------------------------------------------------------------------------------------

interface PatientDto {
  ssn: string
  age: number
  born: string | null
  address?: { street: string; geo: { lat: number } | null }
  visits: { note: string; extra?: string; grid: { cell: string }[][] }[]
  phones: Record<string, { number: string }>
  tags: string[]
  since: Date
  blob: unknown
  replies: PatientDto[]
  'with.dot': string
}

const dto = defineFields<PatientDto>('patient', {
  ssn: { label: 'phi' },
  born: {},
  'address.street': { optional: true },
  'address.geo': { optional: true },
  'visits[*].note': {},
  'visits[*].extra': { optional: true },
  'visits[*].grid[*][*].cell': {},
  'phones.*.number': { masked: { keepLast: 4 } },
  'tags[*]': {},
  blob: {},
  'replies[*].replies[*].ssn': {},
})

expectTypeOf(dto).toEqualTypeOf<FieldPolicy<PatientDto>>()
expectTypeOf(policyOf(Patient)).toEqualTypeOf<FieldPolicy<Patient>>()
expectTypeOf<PayloadOf<typeof Patient>>().toEqualTypeOf<Patient>()
expectTypeOf<PayloadOf<typeof dto>>().toEqualTypeOf<PatientDto>()
expectTypeOf<FieldPath<{ a: string; b: { c: number[] } }>>().toEqualTypeOf<'a' | 'b' | 'b.c' | 'b.c[*]'>()
expectTypeOf<FieldPath<Record<string, { a: string }>>>().toEqualTypeOf<'*' | '*.a'>()

export const options: Fields<any>[] = [Patient, dto]
export const untyped = defineFields('anything', { 'goes.here[*]': {}, there: { masked: {} } })

// @ts-expect-error - no JSON: it would be refused when it is sealed
defineFields<PatientDto>('patient', { since: {} })
// @ts-expect-error - a typo
defineFields<PatientDto>('patient', { snn: {} })
// @ts-expect-error - a typo further down
defineFields<PatientDto>('patient', { 'visits[*].nota': {} })
// @ts-expect-error - a list without [*]
defineFields<PatientDto>('patient', { 'visits.note': {} })
// @ts-expect-error - a record without .*
defineFields<PatientDto>('patient', { 'phones.number': {} })
// @ts-expect-error - a Date contains no fields
defineFields<PatientDto>('patient', { 'since.getTime': {} })
// @ts-expect-error - would be read as two steps
defineFields<PatientDto>('patient', { 'with.dot': {} })
// @ts-expect-error - may be absent
defineFields<PatientDto>('patient', { 'visits[*].extra': {} })
// @ts-expect-error - an ancestor may be absent
defineFields<PatientDto>('patient', { 'address.street': {} })
// @ts-expect-error - an ancestor may be null
defineFields<Required<PatientDto>>('patient', { 'address.geo.lat': {} })
// @ts-expect-error - only a string can be masked
defineFields<PatientDto>('patient', { age: { masked: {} } })
// @ts-expect-error - a misspelt option
defineFields<PatientDto>('patient', { ssn: { label: 'phi', optinal: true } })
// @ts-expect-error - a misspelt option of a masked field
defineFields<PatientDto>('patient', { ssn: { masked: { keep: 4 } } })
// @ts-expect-error - neither a class nor a policy
export const wrong: Fields = { model: 'patient' }

// --- what a payload is at run time -------------------------------------------------------------------------------

class Stay {
  @Encrypted() note!: Encrypted<string>
  shorten() {
    return this.note.slice(0, 9)
  }
}

@Model('guest')
class Guest {
  #cache = 1
  id!: string
  @Encrypted() ssn!: Encrypted<string>
  @Encrypted({ optional: true }) notes?: Encrypted<string[]>
  @Nested(() => Stay) stay!: Stay
  @Nested(() => Stay, { in: 'array' }) stays!: Stay[]
  readonly at!: Date
  greet() {
    return `${this.id} ${this.#cache}`
  }
  static make() {
    return new Guest()
  }
}

// Methods and private members are not in it, at any depth; everything else is as it was declared.
expectTypeOf<PayloadOf<typeof Guest>>().toEqualTypeOf<{
  id: string
  ssn: Encrypted<string>
  notes?: Encrypted<string[]>
  stay: { note: Encrypted<string> }
  stays: { note: Encrypted<string> }[]
  readonly at: Date
}>()
expectTypeOf<PayloadOf<typeof Guest>>().not.toHaveProperty('greet')
expectTypeOf<PayloadOf<FieldPolicy<any>>>().toBeAny()
expectTypeOf<PayloadOf<FieldPolicy<Tree>>['branches'][number]['branches']>().toExtend<{ name: string }[]>()

declare const opened: PayloadOf<typeof Guest>
// @ts-expect-error - a payload is no instance
opened.greet()
// @ts-expect-error - a payload is no instance
export const instance: Guest = opened
// What is sealed is a plain object too.
export const payload: PayloadOf<typeof Guest> = {
  id: 'g-1',
  ssn: '078-05-1120',
  stay: { note: 'first' },
  stays: [],
  at: new Date(),
}
