import { optionError } from '@glassine/core'
import { from } from './errors.ts'

/** Refuses what is no object, and names that no option has: a typo must not turn a limit off. */
export const knownOptions = (options: unknown, known: readonly string[]): void => {
  if (typeof options !== 'object' || options === null) throw optionError(from, 'options', 'must be an object')
  for (const name of Object.keys(options))
    if (!known.includes(name)) throw optionError(from, name, `is unknown; known are ${known.join(', ')}`)
}

/** Refuses everything but an integer in the range, both ends included; returns the default for none. */
export const integerOption = (
  name: string,
  value: unknown,
  standard: number,
  least: number,
  most: number,
): number => {
  const given = value ?? standard
  if (!Number.isSafeInteger(given) || (given as number) < least || (given as number) > most)
    throw optionError(from, name, `must be an integer from ${least} to ${most}`)
  return given as number
}

/** Refuses everything but a function; returns the default for none. */
export const functionOption = <F>(name: string, value: F | undefined, standard: F): F => {
  if (value !== undefined && typeof value !== 'function') throw optionError(from, name, 'must be a function')
  return value ?? standard
}

/** Refuses what lacks one of these methods. */
export const methodsOption = (name: string, value: unknown, methods: readonly string[]): void => {
  const object = value as Record<string, unknown> | null | undefined
  for (const method of methods)
    if (typeof object?.[method] !== 'function')
      throw optionError(from, name, `must have the methods ${methods.join(', ')}`)
}
