import { checkedBinding } from '@glassine/core'
import { fieldContextKey, modelContextKey } from '@glassine/core/internal'
import { thrown } from '@glassine/test-support'
import { expect, test } from '@jest/globals'

test('a binding is returned as a frozen copy, so that it stays as checked', () => {
  const given = { tenant: 't-1', région: 'höhe 🏔' }
  const checked = checkedBinding(given, '@glassine/core')
  given.tenant = 't-2'
  expect(checked).toEqual({ tenant: 't-1', région: 'höhe 🏔' })
  expect(Object.isFrozen(checked)).toBe(true)
  expect(checkedBinding({}, '@glassine/core')).toEqual({})
})

test.each<[string, unknown]>([
  ['undefined', undefined],
  ['null', null],
  ['a string', 'tenant'],
  ['an array', ['t-1']],
  ['a Map, which would bind nothing', new Map([['tenant', 't-1']])],
  ['an absent tenant', { tenant: undefined }],
  ['a null tenant', { tenant: null }],
  ['an empty tenant', { tenant: '' }],
  ['a number', { tenant: 1 }],
  ['an empty name', { '': 't-1' }],
  ['a name of ours', { [modelContextKey]: 'patient' }],
  ['another reserved name', { [fieldContextKey]: '/ssn' }],
  ["a name of AWS's", { 'aws-crypto-public-key': 'x' }],
  ['a value with a lone surrogate', { tenant: 't-\ud800' }],
  ['a name with a lone surrogate', { 'tenant\udfff': 't-1' }],
])('%s is refused, without its value', (_, binding) => {
  const error = thrown(() => checkedBinding(binding, '@glassine/middy'))
  expect(error.code).toBe('ERR_BINDING_INVALID')
  expect(error.cause).toEqual({ package: '@glassine/middy' })
  expect(error.message).not.toContain('t-1')
})

test('only names with the prefixes of the format are reserved', () => {
  expect([modelContextKey, fieldContextKey]).toEqual(['glassine:model', 'glassine:field'])
  const binding = { 'my-aws-crypto-id': 'a', 'x-glassine:model': 'b' }
  expect(checkedBinding(binding, '@glassine/core')).toEqual(binding)
})
