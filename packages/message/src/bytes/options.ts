import type { Rule } from '@glassine/core/internal'
import type { EncryptionContext } from '@glassine/keys'
import { badOption } from '../errors.ts'

export const nothing: EncryptionContext = Object.freeze({})
export const noNames: readonly string[] = Object.freeze([])

/**
 * Checks one option of a function that is called for every message, so that there is no table to walk through.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 */
export const checkOption = (option: string, value: unknown, [expected, holds]: Rule): void => {
  if (value !== undefined && !holds(value)) throw badOption(option, expected)
}
