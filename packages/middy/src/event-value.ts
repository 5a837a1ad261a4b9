// Reads parts of an event that a stranger may have written.
import { isUtf8 } from 'node:buffer'
import { isPlainObject } from '@glassine/core/internal'

/**
 * The value at a path of own data properties. Inherited properties and getters count as absent: Lambda parses events
 * from JSON, which has neither, so an event with one of them is treated as forged.
 */
export const getOwn = (value: unknown, ...path: readonly string[]): unknown => {
  let found = value
  for (const name of path)
    found =
      typeof found === 'object' && found !== null
        ? Object.getOwnPropertyDescriptor(found, name)?.value
        : undefined
  return found
}

/** A string at a path of own data properties. */
export const getOwnString = (value: unknown, ...path: readonly string[]): string | undefined => {
  const found = getOwn(value, ...path)
  return typeof found === 'string' ? found : undefined
}

/** A plain object at a path of own data properties. */
export const getOwnObject = (
  value: unknown,
  ...path: readonly string[]
): Record<string, unknown> | undefined => {
  const found = getOwn(value, ...path)
  return isPlainObject(found) ? found : undefined
}

/** Node decodes anything and skips invalid characters. */
export const strictBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Decodes base64 to text; `undefined` if it is not base64, or not UTF-8, which Node would replace by U+FFFD. */
export const textOfBase64 = (base64: string): string | undefined => {
  if (!strictBase64.test(base64)) return undefined
  const bytes = Buffer.from(base64, 'base64')
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}
