import { arrayOf, defineFields, Encrypted, Model, policyOf } from '@glassine/core'
import { distinctModels } from '@glassine/core/internal'
import { thrown } from '@glassine/test-support'
import { expect, test } from '@jest/globals'

const patient = () =>
  defineFields<any>('patient', { id: { authenticated: true }, ssn: {}, 'visits[*].note': {} })

test('the same declaration twice is one model, and so is a list of it', () => {
  distinctModels([patient(), patient(), arrayOf(patient())], 'mine')
  const classOf = () => {
    @Model('patient')
    class Patient {
      @Encrypted() ssn!: Encrypted<string>
    }
    return Patient
  }
  // As two copies of a bundle, or a module that was loaded again.
  distinctModels(
    [policyOf(classOf()), policyOf(classOf()), defineFields<any>('patient', { ssn: {} })],
    'mine',
  )
})

test('order, labels, masks and what may be absent make no other model', () => {
  const other = defineFields<any>('patient', {
    'visits[*].note': { label: 'phi' },
    ssn: { optional: true },
    id: { authenticated: true, optional: true },
    phone: { masked: {} },
  })
  distinctModels([patient(), other], 'mine')
})

test.each<[string, any]>([
  ['lacks a field', { id: { authenticated: true }, ssn: {} }],
  ['has a field more', { id: { authenticated: true }, ssn: {}, 'visits[*].note': {}, email: {} }],
  ['authenticates nothing', { ssn: {}, 'visits[*].note': {} }],
  ['encrypts what the other authenticates', { id: {}, ssn: {}, 'visits[*].note': {} }],
])('two models of one id are refused when one %s', (_name, fields) => {
  const error = thrown(() => distinctModels([patient(), defineFields<any>('patient', fields)], 'mine'))
  expect(error.code).toBe('ERR_MODEL_INVALID')
  expect(error.message).toBe(
    'mine: two models with different fields have the id patient; give one of them an id of its own',
  )
  distinctModels([patient(), defineFields<any>('person', fields)], 'mine')
})
