import { defineFields, encodeValue, type GlassineError, placesOf } from '@glassine/core'
import {
  bundleHolder,
  bundleMemberRule,
  declaresMember,
  putBack,
  refuseClear,
  takeOut,
} from '@glassine/core/internal'
import { describe, expect, test } from '@jest/globals'

const packageName = '@example/format'
const fields = defineFields<{ id: string; ssn: string; notes: string[]; tags?: Record<string, string> }>(
  'patient',
  { ssn: {}, 'notes[*]': {}, 'tags.*': { optional: true } },
)
const patient = { id: 'p-1', ssn: '078-05-1120', notes: ['a', 'b'], tags: { 'x/y': 'z' } }
const codeOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    const { code, cause } = error as GlassineError
    return `${code} ${cause.package}`
  }
  return 'none'
}
const out = () => {
  const { copy, places } = placesOf(fields, patient, { packageName, statusCode: 500 })
  const text = takeOut(places, ({ field, value }) => encodeValue(value, field.path, packageName))
  return { copy, text }
}
const back = (copy: unknown, members: Record<string, any>) => {
  const emptied = placesOf(fields, copy, { packageName, statusCode: 400, absent: 'collect' })
  refuseClear(emptied.places, packageName)
  putBack(members, emptied, fields, packageName)
  return emptied.copy
}

describe('a bundle', () => {
  test('takes the fields out, keeps the places of elements, and puts all back', () => {
    const { copy, text } = out()
    expect(copy).toEqual({ id: 'p-1', notes: [null, null], tags: { 'x/y': null } })
    expect(JSON.parse(text)).toEqual({
      '/ssn': patient.ssn,
      '/notes/0': 'a',
      '/notes/1': 'b',
      '/tags/x~1y': 'z',
    })
    expect(back(copy, JSON.parse(text))).toEqual(patient)
    expect(patient.ssn).toBe('078-05-1120')
  })

  test.each<[string, (members: Record<string, unknown>) => void, string]>([
    ['a value without a place', (members) => (members['/id'] = 'other'), 'ERR_DECRYPT_FAILED'],
    ['a placeholder without a value', (members) => delete members['/notes/1'], 'ERR_DECRYPT_FAILED'],
    ['a required field without a value', (members) => delete members['/ssn'], 'ERR_FIELD_MISSING'],
    ['an element that is not there', (members) => (members['/notes/2'] = 'c'), 'ERR_DECRYPT_FAILED'],
  ])('refuses %s, in the name of the format', (_what, change, code) => {
    const { copy, text } = out()
    const members = JSON.parse(text)
    change(members)
    expect(codeOf(() => back(copy, members))).toBe(`${code} ${packageName}`)
  })

  test('refuses what is declared and stands beside it in the clear', () => {
    const { copy, text } = out()
    expect(codeOf(() => back({ ...copy, ssn: 'x' }, JSON.parse(text)))).toBe(
      `ERR_FIELD_NOT_ENCRYPTED ${packageName}`,
    )
  })
})

test('its member is no declared one, and no name that reaches a prototype', () => {
  const [, isBundleMember] = bundleMemberRule
  for (const name of ['sealed', '$sealed', 'a.b']) expect(isBundleMember(name)).toBe(true)
  for (const name of ['', '__proto__', 'constructor', 'a/b', 'a~b', 7])
    expect(isBundleMember(name)).toBe(false)
  expect(declaresMember(fields, 'notes')).toBe(true)
  expect(declaresMember(fields, 'note')).toBe(false)
  const at = { packageName, statusCode: 400 } as const
  expect(codeOf(() => bundleHolder({}, 'ssn', fields, at))).toBe(`ERR_OPTION_INVALID ${packageName}`)
  expect(codeOf(() => bundleHolder([], 'sealed', fields, at))).toBe(`ERR_FIELD_MISSING ${packageName}`)
})
