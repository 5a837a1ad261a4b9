import { errorCodes, GlassineError } from '@glassine/core'
import { optionError } from '@glassine/core/internal'
import { describe, expect, test } from '@jest/globals'

test('the codes are a closed list: changing it changes the public contract', () => {
  const status = Object.fromEntries(
    errorCodes.map((code) => [code, new GlassineError(code, { package: '@glassine/core' }).statusCode]),
  )
  expect(status).toEqual({
    ERR_OPTION_INVALID: 500,
    ERR_MODEL_INVALID: 500,
    ERR_TLS_REQUIRED: 403,
    ERR_ORIGIN_REFUSED: 403,
    ERR_CLIENT_CERT_REFUSED: 403,
    ERR_EVENT_UNKNOWN: 403,
    ERR_BODY_INVALID: 400,
    ERR_BINDING_INVALID: 400,
    ERR_FIELD_MISSING: 400,
    ERR_FIELD_NOT_ENCRYPTED: 400,
    ERR_DECRYPT_FAILED: 400,
    ERR_VALUE_INVALID: 500,
    ERR_ALREADY_ENCRYPTED: 500,
    ERR_ENCRYPT_FAILED: 500,
    ERR_RESPONSE_INVALID: 500,
    ERR_TOO_LARGE: 500,
    ERR_KEY_UNAVAILABLE: 503,
    ERR_OPERATION_REFUSED: 500,
    ERR_UPDATE_CONFLICT: 409,
    ERR_SESSION_MISSING: 400,
    ERR_SESSION_EXPIRED: 400,
    ERR_RECIPIENT_UNKNOWN: 400,
    ERR_REPLAYED: 409,
    ERR_BUDGET_EXCEEDED: 429,
    ERR_KEY_DENIED: 503,
    ERR_KEY_REFUSED: 500,
  })
})

test('all refusals of a request have the same message, so they are not an oracle', () => {
  // These three repeat what anyone can read in the request's own clear header, and the client must distinguish them.
  const ofClearHeaders = /^ERR_(SESSION_|RECIPIENT_)/
  const messages = errorCodes
    .filter((code) => !ofClearHeaders.test(code))
    .map((code) => new GlassineError(code, { package: '@glassine/core' }))
    .filter(({ statusCode }) => statusCode === 400)
    .map(({ message }) => message)
  expect(messages.length).toBeGreaterThan(1)
  expect(new Set(messages).size).toBe(1)
})

test.each(['ERR_TOO_LARGE', 'ERR_VALUE_INVALID'] as const)(
  '%s in a request is about decryption, and in a response about encryption',
  (code) => {
    const messageOf = (statusCode: 400 | 500) =>
      new GlassineError(code, { package: '@glassine/core', statusCode }).message
    expect(messageOf(400)).toBe('The encrypted fields of the request could not be decrypted')
    expect(messageOf(500)).toBe('The fields could not be encrypted')
  },
)

describe('an error', () => {
  const error = new GlassineError('ERR_FIELD_MISSING', {
    package: '@glassine/message',
    path: '/address/street',
    option: 'fields',
  })

  test('has no own enumerable properties but these: the Lambda runtime logs them', () => {
    expect({ ...error }).toEqual({
      code: 'ERR_FIELD_MISSING',
      statusCode: 400,
      expose: true,
      cause: { package: '@glassine/message', path: '/address/street', option: 'fields' },
    })
    expect(Object.getOwnPropertySymbols(error)).toEqual([])
  })

  test('takes nothing else from its arguments', () => {
    const init = { package: '@glassine/message', path: undefined, value: '078-05-1120' }
    const { cause } = new GlassineError('ERR_FIELD_MISSING', init)
    expect(Object.keys(cause)).toEqual(['package'])
    expect(Object.isFrozen(cause)).toBe(true)
  })

  test('starts its stack with its own name', () => {
    expect(error.name).toBe('GlassineError')
    expect(error.stack).toMatch(
      /^GlassineError: The encrypted fields of the request could not be decrypted\n/,
    )
    expect(Object.prototype.toString.call(error)).toBe('[object Error]')
  })

  test('is exposed only below 500 and at 503, for every code', () => {
    const later = new GlassineError('ERR_KEY_UNAVAILABLE', { package: 'p' })
    expect([later.statusCode, later.expose]).toEqual([503, true])
    const sealing = new GlassineError('ERR_FIELD_MISSING', { package: 'p', statusCode: 500, message: 'm' })
    expect([sealing.statusCode, sealing.expose, sealing.message]).toEqual([500, false, 'm'])
  })
})

test('optionError names the package and the option', () => {
  const error = optionError('@glassine/keys', 'cacheExpiry', 'must be a number')
  expect(error.message).toBe('@glassine/keys: option `cacheExpiry` must be a number')
  expect(error.code).toBe('ERR_OPTION_INVALID')
  expect(error.cause).toEqual({ package: '@glassine/keys', option: 'cacheExpiry' })
})
