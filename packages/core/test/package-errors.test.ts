import { thrown } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { GlassineError } from '../src/index.ts'
import { isGlassineError, isUnavailable, packageErrors } from '../src/internal.ts'

const { fault, badOption, decryptFailed, unavailable, replaceForeign, hideRefusal } =
  packageErrors('@example/format')

/** Created like another copy of the library in the same process would: of another class with the same name. */
const ofAnotherCopy = (code: string): Error =>
  Object.assign(
    new (class extends Error {
      override get name() {
        return 'GlassineError'
      }
    })('The encryption keys are not available at the moment'),
    { code },
  )

test('every error names its package', () => {
  const errors = [
    fault('ERR_TOO_LARGE', { path: '/ssn' }),
    badOption('shape', 'must be one'),
    decryptFailed(),
    unavailable(),
    replaceForeign(new Error('078-05-1120'), 'ERR_ENCRYPT_FAILED'),
  ]
  expect(errors.map(({ code, cause }) => [code, cause])).toEqual([
    ['ERR_TOO_LARGE', { package: '@example/format', path: '/ssn' }],
    ['ERR_OPTION_INVALID', { package: '@example/format', option: 'shape' }],
    ['ERR_DECRYPT_FAILED', { package: '@example/format' }],
    ['ERR_KEY_UNAVAILABLE', { package: '@example/format' }],
    ['ERR_ENCRYPT_FAILED', { package: '@example/format' }],
  ])
})

describe('replaceForeign', () => {
  test('passes errors of Glassine on unchanged', () => {
    const error = new GlassineError('ERR_KEY_UNAVAILABLE', { package: '@glassine/keys' })
    expect(replaceForeign(error, 'ERR_DECRYPT_FAILED')).toBe(error)
    const copy = ofAnotherCopy('ERR_KEY_UNAVAILABLE')
    expect(replaceForeign(copy, 'ERR_DECRYPT_FAILED')).toBe(copy)
  })

  test.each([
    new Error('078-05-1120'),
    Object.assign(new Error('078-05-1120'), { name: 'GlassineError', code: 'ERR_OF_ANOTHER' }),
    Object.assign(new Error('078-05-1120'), { code: 'ERR_DECRYPT_FAILED' }),
    { name: 'GlassineError', code: 'ERR_DECRYPT_FAILED', message: '078-05-1120' },
    '078-05-1120',
    undefined,
  ])('replaces foreign errors, and keeps nothing of them: %p', (foreign) => {
    const error = replaceForeign(foreign, 'ERR_DECRYPT_FAILED', { message: 'A keyring failed' })
    expect(error).toBeInstanceOf(GlassineError)
    expect(error).toMatchObject({ code: 'ERR_DECRYPT_FAILED', message: 'A keyring failed' })
    expect(JSON.stringify([error, error.message, error.cause])).not.toContain('078')
  })
})

describe('hideRefusal', () => {
  test('makes the refusal of a key look like every other failure of the package', () => {
    const refusal = new GlassineError('ERR_DECRYPT_FAILED', { package: '@glassine/keys', path: '/ssn' })
    expect(thrown(() => hideRefusal(refusal))).toEqual(decryptFailed())
    expect(thrown(() => hideRefusal(refusal)).cause).toEqual({ package: '@example/format' })
    expect(thrown(() => hideRefusal(ofAnotherCopy('ERR_DECRYPT_FAILED'))).cause).toEqual({
      package: '@example/format',
    })
    expect(thrown(() => hideRefusal(refusal, 'ERR_SESSION_EXPIRED')).code).toBe('ERR_SESSION_EXPIRED')
  })

  test('passes on errors that say that keys may be available later', () => {
    const error = unavailable()
    expect(thrown(() => hideRefusal(error))).toBe(error)
  })
})

test('recognises errors of another copy of the library by name and code', () => {
  expect(isGlassineError(ofAnotherCopy('ERR_DECRYPT_FAILED'))).toBe(true)
  expect(isGlassineError(ofAnotherCopy('ERR_NEVER_HEARD_OF'))).toBe(false)
  expect(isUnavailable(ofAnotherCopy('ERR_KEY_UNAVAILABLE'))).toBe(true)
  expect(isUnavailable(ofAnotherCopy('ERR_DECRYPT_FAILED'))).toBe(false)
})
