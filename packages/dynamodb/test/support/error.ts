import { GlassineError } from '@glassine/core'
import { expect } from '@jest/globals'

/** What a call throws at once, as a GlassineError. */
export const thrownBy = (call: () => unknown): GlassineError => {
  try {
    call()
  } catch (error) {
    expect(error).toBeInstanceOf(GlassineError)
    return error as GlassineError
  }
  throw new Error('nothing was thrown')
}

/** What a promise is rejected with, as a GlassineError. */
export const rejectionOf = async (promise: Promise<unknown>): Promise<GlassineError> => {
  const error = await promise.then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(GlassineError)
  return error as GlassineError
}
