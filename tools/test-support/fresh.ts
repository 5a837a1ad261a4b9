import { expect } from '@jest/globals'

/** Fewer values could agree in one byte by chance. */
const enough = 8

/**
 * Fails unless values that must never repeat are all different, of one length, and random in every byte. One constant
 * byte fails, as in an IV whose first bytes were never written.
 */
export const expectFresh = (values: readonly Uint8Array[], length: number): void => {
  expect(values.length).toBeGreaterThanOrEqual(enough)
  expect(values.map((value) => value.length)).toEqual(values.map(() => length))
  expect(new Set(values.map((value) => Buffer.from(value).toString('hex'))).size).toBe(values.length)
  const constant = Array.from({ length }, (_, at) => at).filter((at) =>
    values.every((value) => value[at] === values[0]![at]),
  )
  expect(constant).toEqual([])
}
