import { type ErrorCode, GlassineError } from '@glassine/core'
import { expect } from '@jest/globals'

/** Returns the GlassineError that a call throws; fails the test if it throws nothing or another error. */
export const thrown = (call: () => unknown): GlassineError => {
  try {
    call()
  } catch (error) {
    return ours(error)
  }
  throw new Error('Nothing was thrown')
}

/** Returns the GlassineError that a promise is rejected with; fails the test if it resolves or has another error. */
export const rejection = async (promise: Promise<unknown>): Promise<GlassineError> => {
  try {
    await promise
  } catch (error) {
    return ours(error)
  }
  throw new Error('The promise was not rejected')
}

/** Matches an error with this code, in `toThrow` and `rejects.toEqual`. */
export const hasCode = (code: string, more: object = {}) => expect.objectContaining({ code, ...more })

/** Resolves to the code of the GlassineError that a promise is rejected with, or to `none` if it resolves. */
export const codeOf = async (
  work: Promise<unknown> | (() => Promise<unknown>),
): Promise<ErrorCode | 'none'> => {
  try {
    await (typeof work === 'function' ? work() : work)
  } catch (error) {
    return ours(error).code
  }
  return 'none'
}

/** Returns the option that a call refuses by `ERR_OPTION_INVALID`; `undefined` if it refuses none. */
export const refusedOption = (call: () => unknown): string | undefined => {
  try {
    call()
  } catch (error) {
    expect(ours(error).code).toBe('ERR_OPTION_INVALID')
    return ours(error).cause.option
  }
  return undefined
}

/** Returns the message of a failing expectation; fails the test if it holds. */
export const failureOf = (expectation: () => void): string => {
  try {
    expectation()
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('The expectation holds')
}

const ours = (error: unknown): GlassineError => {
  expect(error).toBeInstanceOf(GlassineError)
  return error as GlassineError
}
