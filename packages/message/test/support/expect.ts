import type { GlassineError } from '@glassine/core'
import { rejection } from '@glassine/test-support'
import { expect } from '@jest/globals'

/**
 * Everything about an error that a caller might see, except the stack's lines; field, reason and key are for the
 * operator only.
 */
export const facts = (error: GlassineError) => {
  const { reason: _, path: _path, keyId: _keyId, ...cause } = error.cause
  return {
    ...error,
    cause,
    name: error.name,
    message: error.message,
    own: Object.getOwnPropertyNames(error).sort(),
  }
}

/**
 * Fails unless the promise is rejected with the one error for all decryption failures, with equal properties, and
 * with a reason for the operator.
 */
export const expectUniformFailure = async (promise: Promise<unknown>): Promise<void> => {
  const error = await rejection(promise)
  expect(error.cause.reason).toMatch(/^[^\n]{10,200}$/)
  expect(facts(error)).toEqual({
    name: 'GlassineError',
    code: 'ERR_DECRYPT_FAILED',
    statusCode: 400,
    expose: true,
    cause: { package: '@glassine/message' },
    message: 'The encrypted fields of the request could not be decrypted',
    own: ['cause', 'code', 'expose', 'message', 'stack', 'statusCode'],
  })
}
