import { optionError } from '@glassine/core'
import { from } from './errors.ts'

/** Refuses what is no object, and names that no option has: a typo must not turn a limit off. */
export const knownOptions = (options: unknown, known: readonly string[]): void => {
  if (typeof options !== 'object' || options === null) throw optionError(from, 'options', 'must be an object')
  for (const name of Object.keys(options))
    if (!known.includes(name)) throw optionError(from, name, `is unknown; known are ${known.join(', ')}`)
}

/** Refuses everything but an integer in the range, both ends included. */
export const integerOption = (name: string, value: unknown, least: number, most: number): void => {
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most)
    throw optionError(from, name, `must be an integer from ${least} to ${most}`)
}

/** Refuses everything but a string that is not empty and has a UTF-8 form. */
export const textOption = (name: string, value: unknown): void => {
  if (typeof value !== 'string' || value === '' || !value.isWellFormed())
    throw optionError(from, name, 'must be a string that is not empty')
}

/** Refuses everything but `true`, `false` and absence. */
export const flagOption = (name: string, value: unknown): void => {
  if (value !== undefined && typeof value !== 'boolean') throw optionError(from, name, 'must be a boolean')
}

/** Refuses what lacks one of these methods. */
export const methodsOption = (name: string, value: unknown, methods: readonly string[]): void => {
  const object = value as Record<string, unknown> | null | undefined
  for (const method of methods)
    if (typeof object?.[method] !== 'function')
      throw optionError(from, name, `must have the methods ${methods.join(', ')}`)
}
