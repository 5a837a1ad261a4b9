import { GlassineError } from '@glassine/core'
import { expect } from '@jest/globals'

/** Returns the GlassineError that a call throws; fails the test when it throws nothing or another error. */
export const thrown = (call: () => unknown): GlassineError => {
  try {
    call()
  } catch (error) {
    return ours(error)
  }
  throw new Error('Nothing was thrown')
}

/** Returns the GlassineError that a promise is rejected with; fails the test when it resolves or has another error. */
export const rejection = async (promise: Promise<unknown>): Promise<GlassineError> => {
  try {
    await promise
  } catch (error) {
    return ours(error)
  }
  throw new Error('The promise was not rejected')
}

const ours = (error: unknown): GlassineError => {
  expect(error).toBeInstanceOf(GlassineError)
  return error as GlassineError
}
