import type { GlassineError } from '@glassine/core'
import { rejection } from '@glassine/test-support'
import { expect } from '@jest/globals'

/** Everything about an error that somebody might see, but for the stack's lines. */
export const facts = (error: GlassineError) => ({
  ...error,
  name: error.name,
  message: error.message,
  own: Object.getOwnPropertyNames(error).sort(),
})

/** Fails unless the promise is rejected with the one error for all failures of decryption, equal in every fact. */
export const expectUniformFailure = async (promise: Promise<unknown>): Promise<void> => {
  expect(facts(await rejection(promise))).toEqual({
    name: 'GlassineError',
    code: 'ERR_DECRYPT_FAILED',
    statusCode: 400,
    expose: true,
    cause: { package: '@glassine/message' },
    message: 'The encrypted fields of the request could not be decrypted',
    own: ['cause', 'code', 'expose', 'message', 'stack', 'statusCode'],
  })
}
