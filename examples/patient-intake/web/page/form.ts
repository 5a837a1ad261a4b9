import { patient as example } from '../../demo/patient.ts'
import type { Patient } from '../../src/model.ts'
import { byId, h, icon } from './dom.ts'
import { fieldAt, type Kind, valueAt } from './fields.ts'

/** An input: what it is called, where its value goes, and how it is written there. */
interface Input {
  readonly at: string
  readonly label: string
  readonly type?: 'text' | 'number' | 'date' | 'email' | 'boolean' | 'list'
  /** Takes the whole width. */
  readonly wide?: true
}

const inputs: readonly Input[] = [
  { at: '/id', label: 'Record' },
  { at: '/birthDate', label: 'Born', type: 'date' },
  { at: '/ssn', label: 'Social security no.' },
  { at: '/email', label: 'E-mail', type: 'email' },
  { at: '/phone', label: 'Phone' },
  { at: '/address/country', label: 'Country' },
  { at: '/address/street', label: 'Street' },
  { at: '/address/postcode', label: 'Postcode' },
  { at: '/bloodPressure/systolic', label: 'Systolic, mmHg', type: 'number' },
  { at: '/bloodPressure/diastolic', label: 'Diastolic, mmHg', type: 'number' },
  { at: '/medications', label: 'Medications', type: 'list', wide: true },
  { at: '/allergies', label: 'Allergies, if any', type: 'list' },
  { at: '/smoker', label: 'Smokes', type: 'boolean' },
  { at: '/visits/0/date', label: 'Visit', type: 'date' },
  { at: '/visits/0/note', label: 'Note' },
  { at: '/visits/1/date', label: 'Visit', type: 'date' },
  { at: '/visits/1/note', label: 'Note' },
]

/** The icon and the words of each kind of field. */
const kinds: Readonly<Record<Kind, readonly [icon: string, words: string]>> = {
  encrypted: ['lock', 'sealed before it leaves'],
  masked: ['half', 'masked in logs'],
  authenticated: ['dot', 'readable, authenticated'],
  clear: ['dot', 'readable'],
}

const idOf = (at: string): string => `input${at.replaceAll('/', '-')}`

const control = ({ at, type = 'text' }: Input): HTMLElement => {
  const value = valueAt(example, at)
  if (type === 'boolean') {
    const options = ['no', 'yes'].map((word) =>
      h('option', { value: word, selected: (value === true) === (word === 'yes') }, word),
    )
    return h('select', { id: idOf(at) }, ...options)
  }
  const text = Array.isArray(value) ? value.join(', ') : String(value ?? '')
  return h('input', { id: idOf(at), type: type === 'list' ? 'text' : type, value: text, spellcheck: 'false' })
}

export const drawForm = (): void => {
  byId('fields').append(
    ...inputs.map((input) => {
      const { at, kind } = fieldAt(input.at)
      const [name, words] = kinds[kind]
      return h(
        'div',
        { class: `field ${input.wide ? 'wide' : ''}`, 'data-kind': kind, 'data-field': at },
        h(
          'label',
          { for: idOf(input.at) },
          h('span', { class: 'kind', title: words }, icon(name)),
          input.label,
        ),
        control(input),
      )
    }),
  )
  byId('legend').append(
    ...Object.entries(kinds).map(([kind, [name, words]]) =>
      h('span', { class: 'kind', 'data-kind': kind }, icon(name), words),
    ),
  )
}

const read = ({ at, type }: Input): unknown => {
  const { value } = byId<HTMLInputElement | HTMLSelectElement>(idOf(at))
  if (type === 'number') return Number(value)
  if (type === 'boolean') return value === 'yes'
  if (type !== 'list') return value
  const list = value.split(',').map((word) => word.trim())
  return list.filter((word) => word !== '')
}

/** The patient as the form says. */
export const patientOf = (): Patient => {
  const value = Object.fromEntries(inputs.map((input) => [input.at, read(input)])) as Record<string, any>
  const allergies: string[] = value['/allergies']
  return {
    id: value['/id'],
    ssn: value['/ssn'],
    email: value['/email'],
    birthDate: value['/birthDate'],
    bloodPressure: {
      systolic: value['/bloodPressure/systolic'],
      diastolic: value['/bloodPressure/diastolic'],
    },
    medications: value['/medications'],
    smoker: value['/smoker'],
    ...(allergies.length > 0 && { allergies }),
    phone: value['/phone'],
    address: {
      street: value['/address/street'],
      postcode: value['/address/postcode'],
      country: value['/address/country'],
    },
    visits: [0, 1].map((at) => ({ date: value[`/visits/${at}/date`], note: value[`/visits/${at}/note`] })),
  }
}
