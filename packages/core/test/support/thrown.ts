import { GlassineError } from '@glassine/core'
import { expect } from '@jest/globals'

/** The GlassineError that a function throws; fails the test when it throws nothing or anything else. */
export const thrown = (work: () => unknown): GlassineError => {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(GlassineError)
    return error as GlassineError
  }
  throw new Error('Nothing was thrown')
}

/** Freezes a value and all that hangs on it: whoever writes to it then throws. */
export const deepFrozen = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) deepFrozen(part)
    Object.freeze(value)
  }
  return value
}
