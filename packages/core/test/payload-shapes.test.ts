import { defineFields } from '@glassine/core'
import { ciphertextsOf, plaintextsOf } from '@glassine/core/internal'
import { thrown } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'

const packageName = '@glassine/test'
const fields = defineFields<{ id: string; ssn: string; notes?: string[] }>('patient', {
  ssn: {},
  'notes[*]': { optional: true },
})
const payload = { id: 'p-1', ssn: '1', notes: ['a', 'b'] }
const isSealed = (value: unknown): boolean => typeof value === 'string' && value.startsWith('</')

/** Seals by putting the text in angle brackets. */
const sealed = (value: unknown, options: { bundleMember?: string; partial?: boolean } = {}): any => {
  const { copy, items } = plaintextsOf(fields, value, { packageName, isSealed, ...options })
  for (const { holder, key, pointer, text } of items) holder[key] = `<${pointer} ${text}>`
  return copy
}
const opened = (value: unknown, options: { bundleMember?: string; partial?: boolean } = {}): unknown => {
  const { items, put } = ciphertextsOf(fields, value, { packageName, ...options })
  return put(
    items.map(({ pointer, value: text }) => {
      if (typeof text !== 'string' || !text.startsWith(`<${pointer} `))
        throw new Error('not sealed for this place')
      return JSON.parse(text.slice(pointer.length + 2, -1))
    }),
  )
}
const codeOf = (work: () => unknown): string => {
  const { code, cause } = thrown(work)
  expect(cause.package).toBe(packageName)
  return code
}

describe('the field shape', () => {
  test('puts a ciphertext in each place', () => {
    const value = sealed(payload)
    expect(value).toEqual({ id: 'p-1', ssn: '</ssn "1">', notes: ['</notes/0 "a">', '</notes/1 "b">'] })
    expect(opened(value)).toEqual(payload)
    expect(payload.ssn).toBe('1')
  })

  test('refuses to seal what is sealed already', () => {
    expect(codeOf(() => sealed(sealed(payload)))).toBe('ERR_ALREADY_ENCRYPTED')
  })

  test('refuses absent fields in whole payloads and skips them in partial ones', () => {
    expect(codeOf(() => sealed({ id: 'p-1' }))).toBe('ERR_FIELD_MISSING')
    expect(codeOf(() => opened({ id: 'p-1' }))).toBe('ERR_FIELD_MISSING')
    expect(opened(sealed({ id: 'p-1' }, { partial: true }), { partial: true })).toEqual({ id: 'p-1' })
  })
})

describe('the bundle shape', () => {
  const bundle = { bundleMember: 'sealed' }

  test('puts one ciphertext in a member of the root', () => {
    const value = sealed(payload, bundle)
    expect(value).toEqual({
      id: 'p-1',
      notes: [null, null],
      sealed: '</sealed {"/ssn":"1","/notes/0":"a","/notes/1":"b"}>',
    })
    expect(opened(value, bundle)).toEqual(payload)
  })

  test('refuses absent fields in whole payloads and skips them in partial ones', () => {
    const partial = { ...bundle, partial: true }
    expect(codeOf(() => sealed({ id: 'p-1' }, bundle))).toBe('ERR_FIELD_MISSING')
    expect(codeOf(() => opened({ id: 'p-1' }, bundle))).toBe('ERR_FIELD_MISSING')
    expect(sealed({ id: 'p-1' }, partial)).toEqual({ id: 'p-1' })
    expect(opened({ id: 'p-1' }, partial)).toEqual({ id: 'p-1' })
    expect(codeOf(() => opened({ notes: [null] }, partial))).toBe('ERR_FIELD_MISSING')
  })

  test('refuses an existing member, fields beside it, and a bundle that is not an object', () => {
    expect(codeOf(() => sealed({ ...payload, sealed: 'x' }, bundle))).toBe('ERR_VALUE_INVALID')
    expect(codeOf(() => sealed({ ...payload, sealed: '</sealed {}>' }, bundle))).toBe('ERR_ALREADY_ENCRYPTED')
    expect(codeOf(() => opened({ ssn: '1', sealed: '</sealed {}>' }, bundle))).toBe('ERR_FIELD_NOT_ENCRYPTED')
    for (const text of ['[]', '"x"', 'null'])
      expect(codeOf(() => opened({ sealed: `</sealed ${text}>` }, bundle))).toBe('ERR_DECRYPT_FAILED')
    expect(codeOf(() => opened({ sealed: '</sealed {"/id":"x","/ssn":"1"}>' }, bundle))).toBe(
      'ERR_DECRYPT_FAILED',
    )
  })

  test('refuses a member that the model declares', () => {
    expect(codeOf(() => sealed(payload, { bundleMember: 'ssn' }))).toBe('ERR_OPTION_INVALID')
  })
})
